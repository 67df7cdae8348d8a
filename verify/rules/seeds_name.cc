#include "verify/rules/seeds_name.h"

#include <fmt/format.h>

#include "verify/rules/results.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-SEEDS-NAME";

// Whether `number` stands in the file name as a whole number.
bool names_number(const std::string& path, std::int64_t number) {
  const std::string name = path.substr(path.rfind('/') + 1), digits = std::to_string(number);
  const auto is_digit = [&](std::size_t i) { return i < name.size() && name[i] >= '0' && name[i] <= '9'; };
  for (std::size_t at = name.find(digits); at != std::string::npos; at = name.find(digits, at + 1))
    if ((at == 0 || !is_digit(at - 1)) && !is_digit(at + digits.size())) return true;
  return false;
}

}  // namespace

std::vector<RuleResult> check_seeds_name(const Submission& s, const Policy&) {
  if (s.runs.empty()) return {not_applicable(kId, "skipped: no run log (PG-FILES-REQUIRED)")};
  std::vector<RuleResult> results;
  for (const SubmittedRun& run : s.runs) {
    const auto& logged = s.last_run(run).seed;
    if (!run.seed_in_name || !logged || *logged == *run.seed_in_name) continue;
    // "v6_seed1337_2024.log" names several runs; 2024 is one of them.
    if (names_number(s.logs[run.log].path, *logged)) continue;
    // An evaluation's seed is the evaluating process's own, not the training's.
    const bool counts = run.role == Role::claim && s.last_run(run).last_step.has_value();
    auto r = failed(kId, counts ? Severity::error : Severity::warning,
                    fmt::format("{} is named after seed {}, but ran with seed {}", s.logs[run.log].path,
                                *run.seed_in_name, *logged),
                    "Ship the log of the named seed, or rename the file and correct submission.json; the same seed "
                    "twice is one seed.");
    r.observed = fmt::format("seed {}", *logged);
    r.required = fmt::format("seed {}", *run.seed_in_name);
    r.evidence.push_back(log_evidence(s, run, logged.line, fmt::format("seed: {}", *logged)));
    results.push_back(std::move(r));
  }
  return or_passed(std::move(results), passed(kId, "no log's name contradicts the seed it prints"));
}

const Rule kRuleSeedsName{kId, "seed in the file name", "A log named after a seed ran with that seed.",
                          "The seed line is the script's own word for what it used.", check_seeds_name};

}  // namespace pg::verify
