#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "reference/base/file.h"
#include "reference/base/parallel.h"
#include "reference/base/text.h"
#include "verify/cli/command.h"
#include "verify/cli/coverage.h"
#include "verify/cli/discover.h"
#include "verify/cli/examine.h"
#include "verify/cli/exit_code.h"
#include "verify/cli/output.h"
#include "verify/leaderboard/render.h"
#include "verify/report/canonical.h"

namespace pg::verify {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxReadmeBytes = 8 << 20;

struct Options {
  std::string root, policy{kDefaultPolicy}, format = "text", output, readme, scores = "best";
  std::vector<std::string> exclude;
  unsigned jobs = 0;
  bool no_readme = false;
};

ScoreSource source_of(const std::string& name) {
  return name == "claimed" ? ScoreSource::claimed : name == "logged" ? ScoreSource::logged : ScoreSource::best;
}

std::vector<BoardRow> examine_all(const Discovery& found, const Options& o, const Policy& policy) {
  std::vector<BoardRow> rows(found.submissions.size());
  parallel_for(rows.size(), o.jobs > 0 ? o.jobs : std::max(1u, std::thread::hardware_concurrency()),
               [&](std::size_t i) {
                 const std::string& path = found.submissions[i];
                 const Report report = examine(path == "." ? found.root : found.root / path, path, policy);
                 rows[i] = make_row(report, path, source_of(o.scores));
               });
  return rows;
}

Status exclude(const std::vector<std::string>& names, std::vector<BoardRow>& rows) {
  for (const std::string& name : names) {
    bool known = false;
    for (BoardRow& row : rows)
      if (row.name == name || row.path == name) known = row.excluded = true;
    if (!known) return Error{fmt::format("--exclude {}: no folder below the root has this name", escape_line(name))};
  }
  return {};
}

BoardCoverage prove(const Discovery& found, const std::vector<BoardRow>& rows) {
  std::map<std::string, std::size_t> lines;
  for (const BoardRow& row : rows) ++lines[row.path];
  const Coverage proof = prove_coverage(found, lines);
  BoardCoverage out{proof.directories, proof.answered, proof.inside, proof.containers, proof.none, {},
                    found.links,       proof.problems};
  out.without_row.assign(found.none.begin(), found.none.end());
  return out;
}

// The README with the tables: the one named, else ROOT/README.md or that of the checkout ROOT lies in, where it has
// such tables. "" where there is none.
Result<std::string> readme_text(const Options& o) {
  if (o.no_readme) return std::string();
  if (!o.readme.empty()) {
    auto text = read_file(o.readme, kMaxReadmeBytes);
    if (text && read_readme_tables(*text).empty())
      return Error{fmt::format("{}: no table with the columns Run and Score", escape_line(o.readme, 500))};
    return text;
  }
  std::error_code error;
  const fs::path root = fs::canonical(o.root, error);
  if (error) return std::string();
  for (fs::path folder = root;; folder = folder.parent_path()) {
    const auto text = read_file(folder / "README.md", kMaxReadmeBytes);
    if (text && !read_readme_tables(*text).empty()) return *text;
    const std::string name = folder.filename().string();
    if (name != "records" && !name.starts_with("track_")) return std::string();
  }
}

// The track's folder where ROOT is one: then only its rows of the README are compared. "" otherwise.
std::string only_track(const std::string& root) {
  std::error_code error;
  const std::string name = fs::canonical(root, error).filename().string();
  return !error && name.starts_with("track_") ? name : "";
}

std::string rendered(const BoardPage& page, const std::string& format) {
  if (format == "json") return canonical_json(board_json(page)) + "\n";
  if (format == "markdown") return board_markdown(page);
  if (format == "html") return board_html(page);
  return board_text(page);
}

int give_up(const std::string& message) {
  complain(message);
  return kExitError;
}

int run(const Options& o) {
  auto policy = policy_for(o.policy);
  if (!policy) return give_up(policy.error().message);
  const auto found = discover(o.root);
  if (!found) return give_up(found.error().message);
  if (found->submissions.empty())
    return give_up(fmt::format("no submission folder in or below {}", escape_line(o.root, 500)));
  const auto readme = readme_text(o);
  if (!readme) return give_up(readme.error().message);
  BoardPage page;
  std::vector<BoardRow> rows = examine_all(*found, o, *policy);
  page.coverage = prove(*found, rows);
  if (const Status excluded = exclude(o.exclude, rows); !excluded) return give_up(excluded.error().message);
  page.board = build_board(std::move(rows), std::move(*policy), source_of(o.scores));
  if (!readme->empty()) page.readme = compare_with_readme(page.board, read_readme_tables(*readme), only_track(o.root));
  Output out;
  if (const Status opened = out.open(o.output); !opened) return give_up(opened.error().message);
  if (const Status written = out.write(rendered(page, o.format)); !written) return give_up(written.error().message);
  if (const Status finished = out.finish(); !finished) return give_up(finished.error().message);
  if (!page.coverage.problems.empty())
    return give_up(fmt::format("the proof of coverage failed: {}", fmt::join(page.coverage.problems, "; ")));
  return kExitOk;
}

}  // namespace

void add_leaderboard_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  Options& o = *options;
  CLI::App* command = app.add_subcommand(
      "leaderboard", "The table of every submission below ROOT: verdicts, significance of each step, ties");
  command->add_option("ROOT", o.root, "A checkout of the challenge, its records/, or any folder of submissions")
      ->required();
  command->add_option("--policy", o.policy, "Rule set: a name that `pgverify policies` lists, or a file")
      ->capture_default_str();
  command->add_option("--scores", o.scores, "best (logs, else claims), logged, or claimed (submission.json alone)")
      ->check(CLI::IsMember({"best", "logged", "claimed"}))
      ->capture_default_str();
  command
      ->add_option("--exclude", o.exclude, "A folder that is listed, but gets no rank and is in no chain; repeatable")
      ->type_name("NAME")
      ->allow_extra_args(false);
  CLI::Option* readme = command
                            ->add_option("--readme", o.readme,
                                         "README whose leaderboard tables are compared; default: "
                                         "that of the checkout. Of a ROOT that is one track's folder (track_...)\n"
                                         "only that track's rows")
                            ->type_name("FILE");
  command->add_flag("--no-readme", o.no_readme, "Compare with no README")->excludes(readme);
  command
      ->add_option("--format", o.format, "text, markdown, json (pgverify/leaderboard/v1), html (one file, no script)")
      ->check(CLI::IsMember({"text", "markdown", "json", "html"}))
      ->capture_default_str();
  command->add_option("-o,--output", o.output, "Write (replace) FILE, whole or not at all, instead of stdout")
      ->type_name("FILE");
  command->add_option("-j,--jobs", o.jobs, "Threads; default: one per core")->check(CLI::Range(1, 1024));
  command->footer(
      "Exit code: 0 the table was made, whatever the verdicts in it; 2 usage or internal error, or a folder was left\n"
      "out. pgverify archive gives the verdicts an exit code.\n\n"
      "Examples:\n"
      "  pgverify leaderboard parameter-golf\n"
      "  pgverify leaderboard parameter-golf --format html -o leaderboard.html\n"
      "  pgverify leaderboard records/track_10min_16mb --scores claimed --policy readme-2026-03");
  command->callback([options, &action] { action = [options] { return run(*options); }; });
}

}  // namespace pg::verify
