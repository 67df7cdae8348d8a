#include "verify/cli/tally.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <set>
#include <vector>

#include "reference/base/text.h"
#include "verify/cli/exit_code.h"

namespace pg::verify {
namespace {

constexpr std::size_t kMaxListed = 10;

std::string n_of(std::size_t n) {
  return with_commas(static_cast<std::int64_t>(n));
}

std::string rules_table(const Tally& tally) {
  std::vector<std::pair<std::string, Tally::RuleCounts>> rows(tally.rules.begin(), tally.rules.end());
  if (rows.empty()) return "";
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
    return std::tie(a.second.error, a.second.undecided, a.second.warning, a.second.info) >
           std::tie(b.second.error, b.second.undecided, b.second.warning, b.second.info);
  });
  std::size_t width = 4;
  for (const auto& [id, counts] : rows) width = std::max(width, id.size());
  std::string out = fmt::format("\n{:<{}} {:>9} {:>9} {:>9} {:>9}   folders\n", "rule", width, "error", "undecided",
                                "warning", "info");
  for (const auto& [id, c] : rows)
    out += fmt::format("{:<{}} {:>9} {:>9} {:>9} {:>9}\n", id, width, n_of(c.error), n_of(c.undecided), n_of(c.warning),
                       n_of(c.info));
  return out;
}

std::string coverage_text(const Discovery& discovery, const Coverage& c) {
  std::string out = fmt::format(
      "\ncoverage: {} directories below the root = {} answered + {} inside those + {} on the way + {} without a "
      "submission\n          {} lines for {} submission folders: {}\n",
      n_of(c.directories), n_of(c.answered), n_of(c.inside), n_of(c.containers), n_of(c.none), n_of(c.lines),
      n_of(discovery.submissions.size()), c.complete() ? "complete" : "INCOMPLETE");
  std::size_t listed = 0;
  for (const auto& [path, reason] : discovery.none)
    if (listed++ < kMaxListed) out += fmt::format("  no submission: {} ({})\n", escape_line(path, 120), reason);
  if (listed > kMaxListed) {
    out += fmt::format("  ... and {} more:", n_of(listed - kMaxListed));
    for (const auto& [reason, n] : c.reason) out += fmt::format(" {} {};", n_of(n), reason);
    out.back() = '\n';
  }
  for (const std::string& link : discovery.links)
    out += fmt::format("  not followed: {} (symbolic link)\n", escape_line(link, 120));
  for (const std::string& problem : c.problems) out += fmt::format("  PROBLEM: {}\n", problem);
  return out;
}

}  // namespace

void Tally::add(const Report& report) {
  ++folders;
  for (const FileEntry& file : report.submission.folder.files) bytes += file.bytes;
  if (!report.error.empty()) {
    ++errors;
    return;
  }
  ++verdicts[report.verdict];
  std::set<std::pair<std::string, int>> seen;  // a folder counts once per rule and column
  for (const RuleResult& r : report.results) {
    if (r.verdict != Verdict::fail && r.verdict != Verdict::inconclusive) continue;
    if (r.verdict == Verdict::inconclusive && r.severity == Severity::info) continue;  // read, nothing found
    const int column = r.verdict == Verdict::inconclusive ? 3 : static_cast<int>(r.severity);
    if (!seen.emplace(r.id, column).second) continue;
    RuleCounts& counts = rules[r.id];
    std::size_t* columns[] = {&counts.error, &counts.warning, &counts.info, &counts.undecided};
    ++*columns[column];
  }
}

void Tally::merge(const Tally& other) {
  folders += other.folders;
  errors += other.errors;
  bytes += other.bytes;
  for (const auto& [verdict, n] : other.verdicts) verdicts[verdict] += n;
  for (const auto& [id, counts] : other.rules) {
    RuleCounts& mine = rules[id];
    mine.error += counts.error;
    mine.undecided += counts.undecided;
    mine.warning += counts.warning;
    mine.info += counts.info;
  }
}

int Tally::exit_code() const {
  int code = errors > 0 ? kExitError : kExitOk;
  for (const auto& [verdict, n] : verdicts) code = worse(code, verify::exit_code(verdict));
  return code;
}

std::uint64_t peak_rss_bytes() {
  struct rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

std::string summary_text(const Tally& tally, const RunFigures& figures, const Discovery& discovery,
                         const Coverage& coverage) {
  const double seconds = std::max(figures.seconds, 1e-9), megabytes = static_cast<double>(tally.bytes) / 1e6;
  std::string out = fmt::format(
      "{} folders, {:.1f} MB in {:.2f} s on {} thread{}: {:.0f} folders/s, {:.1f} MB/s, peak memory {:.1f} MB\n",
      n_of(tally.folders), megabytes, figures.seconds, figures.threads, figures.threads == 1 ? "" : "s",
      static_cast<double>(tally.folders) / seconds, megabytes / seconds,
      static_cast<double>(figures.peak_rss_bytes) / 1e6);
  for (const Verdict verdict : {Verdict::pass, Verdict::fail, Verdict::inconclusive}) {
    const auto it = tally.verdicts.find(verdict);
    out += fmt::format("  {:<14}{:>8}\n", to_string(verdict), n_of(it == tally.verdicts.end() ? 0 : it->second));
  }
  out += fmt::format("  {:<14}{:>8}\n", "not examined", n_of(tally.errors));
  return out + rules_table(tally) + coverage_text(discovery, coverage);
}

}  // namespace pg::verify
