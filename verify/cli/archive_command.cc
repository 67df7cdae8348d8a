#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <thread>

#include "reference/base/file.h"
#include "reference/base/parallel.h"
#include "reference/base/text.h"
#include "verify/cli/command.h"
#include "verify/cli/coverage.h"
#include "verify/cli/discover.h"
#include "verify/cli/examine.h"
#include "verify/cli/exit_code.h"
#include "verify/cli/labels_agreement.h"
#include "verify/cli/ordered_writer.h"
#include "verify/cli/output.h"
#include "verify/cli/step_summary.h"
#include "verify/cli/tally.h"
#include "verify/report/digest.h"
#include "verify/report/github.h"
#include "verify/report/json.h"
#include "verify/report/markdown.h"
#include "verify/report/rule_pages.h"

namespace pg::verify {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  std::string root, policy{kDefaultPolicy}, format = "jsonl", output, labels, labels_output;
  unsigned jobs = 0;
  bool summary_only = false, quiet = false;

  bool lines() const { return !summary_only && format == "jsonl"; }
  // Markdown and annotations need all folders before their first byte.
  bool digests() const { return !summary_only && format != "jsonl"; }
};

// "1,234 of 2,501 folders" on a terminal's stderr, ten times a second, wiped at the end.
class Progress {
 public:
  Progress(std::size_t total, bool wanted) : total_(total), shown_(wanted && is_terminal(stderr)) {}
  ~Progress() {
    if (shown_) std::fputs("\r\x1b[K", stderr);
  }
  void at(std::size_t done) {
    if (!shown_ || Clock::now() - last_ < std::chrono::milliseconds(100)) return;
    last_ = Clock::now();
    const std::size_t bar = done * 40 / std::max<std::size_t>(total_, 1);
    const std::string text =
        fmt::format("\r[{}{}] {} of {} folders\x1b[K", std::string(bar, '#'), std::string(40 - bar, ' '), done, total_);
    std::fputs(text.c_str(), stderr);
  }

 private:
  std::size_t total_;
  bool shown_;
  Clock::time_point last_ = Clock::now();
};

// What a folder leaves behind: its Submission is dropped in the thread that read it.
struct Line {
  std::string json;
  std::optional<Digest> digest;
  Tally tally;
  std::optional<std::vector<std::string>> failing;  // rules; nothing where the folder could not be examined
};

struct Outcome {
  Tally tally;
  std::map<std::string, std::size_t> lines;  // per submission folder
  std::vector<Digest> digests;
  std::map<std::string, std::vector<std::string>> failing;  // rules per examined folder, for labels
  Status written;
};

Outcome examine_all(const Discovery& found, const Options& options, const Policy& policy, unsigned threads,
                    Output& out) {
  Outcome outcome;
  Progress progress(found.submissions.size(), !options.quiet);
  OrderedWriter<Line> writer(8 * std::size_t{threads} + 8, [&](std::size_t index, Line& line) {
    if (!outcome.written) return;
    if (options.lines()) outcome.written = out.write(line.json);
    if (line.digest) outcome.digests.push_back(std::move(*line.digest));
    outcome.tally.merge(line.tally);
    ++outcome.lines[found.submissions[index]];
    if (!options.labels.empty() && line.failing)
      outcome.failing.emplace(found.submissions[index], std::move(*line.failing));
    progress.at(index + 1);
  });
  parallel_for(found.submissions.size(), threads, [&](std::size_t i) {
    const std::string& path = found.submissions[i];
    Line line;
    {
      const Report report = examine(path == "." ? found.root : found.root / path, path, policy);
      line.tally.add(report);
      if (options.lines()) line.json = report_json(report) + "\n";
      if (options.digests()) line.digest = digest(report);
      if (report.error.empty()) line.failing = failing_rules(report);
    }
    writer.put(i, std::move(line));
  });
  return outcome;
}

int give_up(const std::string& message) {
  complain(message);
  return kExitError;
}

// The summary is data when it is all that was asked for or the lines went into a file, else it goes beside them.
void print_summary(const std::string& text, const Options& options, bool lines_on_stdout) {
  if (options.quiet && !options.summary_only) return;
  std::fputs(text.c_str(), lines_on_stdout && !options.summary_only ? stderr : stdout);
}

// What --format markdown and github print: the whole of it, or the annotations beside the job summary.
Status write_digests(std::vector<Digest> digests, const Options& options, Output& out) {
  const std::string docs = docs_url();
  if (options.format == "markdown")
    return out.write(markdown(std::move(digests), {.max_bytes = kStepSummaryBytes - 1, .docs_url = docs}));
  if (const Status written = out.write(github_annotations(digests)); !written) return written;
  return append_step_summary(std::move(digests), docs);
}

Result<std::vector<Label>> labels_for(const Options& options) {
  if (options.labels.empty()) return std::vector<Label>();
  auto labels = read_labels(options.labels);
  if (!labels) return labels;
  if (const Status placed = place_labels(*labels, options.root); !placed) return placed.error();
  return labels;
}

// The text that joins the summary; the JSON goes into a file.
Result<std::string> report_agreement(const Options& options, const std::vector<Label>& labels, const Outcome& outcome) {
  if (options.labels.empty()) return std::string();
  const Agreement agreement = compare(options.labels, labels, outcome.failing);
  if (agreement.placed == 0)
    complain(
        fmt::format("{}: none of its {} labels belongs to a folder below {}; labels name folders by their path "
                    "from there, or by the ids of an index.json that lies there",
                    escape_line(options.labels, 500), agreement.labels, escape_line(options.root, 500)));
  if (!options.labels_output.empty())
    if (const Status written = write_file_atomic(options.labels_output, agreement_json(agreement)); !written)
      return written.error();
  return agreement_text(agreement);
}

int run(const Options& options) {
  if (!options.labels_output.empty())
    if (const Status distinct = distinct_outputs({{options.output.empty() ? "the lines" : "-o", options.output},
                                                  {"--labels-output", options.labels_output}});
        !distinct)
      return give_up(distinct.error().message);
  const auto policy = policy_for(options.policy);
  if (!policy) return give_up(policy.error().message);
  const auto start = Clock::now();
  const auto found = discover(options.root);
  if (!found) return give_up(found.error().message);
  if (found->submissions.empty())
    return give_up(
        fmt::format("no submission folder in or below {}: none holds a submission*.json, train*.py, *.log or "
                    "README.md and none lies in a track_* folder",
                    escape_line(options.root, 500)));
  const auto labels = labels_for(options);
  if (!labels) return give_up(labels.error().message);
  const unsigned threads = options.jobs > 0 ? options.jobs : std::max(1u, std::thread::hardware_concurrency());
  Output out;
  if (!options.summary_only)
    if (const Status opened = out.open(options.output); !opened) return give_up(opened.error().message);
  Outcome outcome = examine_all(*found, options, *policy, threads, out);
  if (outcome.written && options.digests()) outcome.written = write_digests(std::move(outcome.digests), options, out);
  if (!outcome.written) return give_up(outcome.written.error().message);
  if (const Status finished = out.finish(); !finished) return give_up(finished.error().message);
  const std::chrono::duration<double> seconds = Clock::now() - start;
  const Coverage coverage = prove_coverage(*found, outcome.lines);
  const auto agreement = report_agreement(options, *labels, outcome);
  if (!agreement) return give_up(agreement.error().message);
  print_summary(
      summary_text(outcome.tally, {seconds.count(), threads, peak_rss_bytes()}, *found, coverage) + *agreement, options,
      out.to_stdout());
  if (!coverage.complete())
    return give_up(fmt::format("the proof of coverage failed: {}", fmt::join(coverage.problems, "; ")));
  return outcome.tally.exit_code();
}

}  // namespace

void add_archive_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "archive", "Verify every submission folder below ROOT: JSON Lines, a summary, a proof of coverage");
  command->add_option("ROOT", options->root, "A checkout of the challenge, its records/, or any folder of submissions")
      ->required();
  command->add_option("-j,--jobs", options->jobs, "Threads; default: one per core")->check(CLI::Range(1, 1024));
  command->add_option("--policy", options->policy, "Rule set: a name that `pgverify policies` lists, or a file")
      ->capture_default_str();
  command
      ->add_option(
          "--format", options->format,
          "jsonl (one report a line); markdown (one table and the findings, under 1 MiB); github (annotations,\n"
          "and that Markdown as job summary where $GITHUB_STEP_SUMMARY is set)")
      ->check(CLI::IsMember({"jsonl", "markdown", "github"}))
      ->capture_default_str();
  command
      ->add_option("-o,--output", options->output,
                   "Write (replace) FILE with the lines, whole or not at all; summary on stdout")
      ->type_name("FILE");
  auto* labels = command
                     ->add_option("--labels", options->labels,
                                  "Compare with the judgements in FILE (pgverify/labels/v1); joins the summary")
                     ->type_name("FILE");
  command->add_option("--labels-output", options->labels_output, "Write that comparison to FILE as JSON")
      ->type_name("FILE")
      ->needs(labels);
  command->add_flag("--summary", options->summary_only, "Only the summary, on stdout");
  command->add_flag("-q,--quiet", options->quiet, "No progress and no summary");
  command->footer(
      "A submission folder is a child of a track_* folder or of a ROOT full of <number>__<name> folders, or any other\n"
      "folder with a submission*.json, train*.py, *.log or README.md that is not inside another one. Of a checkout of\n"
      "the challenge only records/ counts, unless it stands beside other submissions, has no .git and a train*.py at "
      "its\n"
      "top: then this script is the submission. Each gives one line, in the order of its path, whatever the number of "
      "threads; a folder that cannot be examined gives a line\n"
      "with \"error\". The summary (stderr, or stdout with -o) ends with the proof that no folder was left out.\n\n"
      "--labels FILE adds how far the verdicts agree with what people ruled: a confusion table per family and per "
      "rule,\n"
      "precision, recall and every disagreement. It does not change the exit code. Format: docs/formats/labels.md.\n\n"
      "Exit code: 2 if that proof fails or a folder could not be examined, else 1 if any fails, else 3, else 0.\n\n"
      "Examples:\n"
      "  pgverify archive parameter-golf -o reports.jsonl\n"
      "  pgverify archive records/track_10min_16mb --summary\n"
      "  pgverify archive heads --format markdown -o heads.md\n"
      "  pgverify archive cases --summary --labels rulings.json\n"
      "  pgverify archive heads | jq -r 'select(.verdict==\"fail\") | .subject.name'");
  command->callback([options, &action] { action = [options] { return run(*options); }; });
}

}  // namespace pg::verify
