#include "verify/rules/claim_figures.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "reference/base/text.h"
#include "verify/rules/claim_numbers.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-CLAIM-FIGURES";
constexpr std::size_t kMaxFindings = 20;

using Words = std::set<std::string>;

Words words_of(std::string_view key) {
  Words out;
  std::string word;
  for (const char c : to_lower(key) + "_") {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      word += c;
    } else if (!word.empty()) {
      out.insert(word);
      word.clear();
    }
  }
  return out;
}

Words without(Words words, std::initializer_list<const char*> dropped) {
  for (const char* word : dropped) words.erase(word);
  return words;
}

// "3seed", "5seeds"
Words without_counts(Words words) {
  std::erase_if(words, [](const std::string& w) {
    return w.size() > 1 && w[0] >= '0' && w[0] <= '9' && w.find("seed") != std::string::npos;
  });
  return words;
}

// What a mean is of: the words that are left.
Words mean_of(const std::string& key) {
  return without_counts(without(words_of(key), {"mean", "avg", "average"}));
}
Words std_of(const std::string& key) {
  return without_counts(without(words_of(key), {"std", "stdev", "sample", "population", "pop"}));
}
Words group_of(const std::string& key) {
  return without(words_of(key), {"per", "by", "seed", "seeds", "values", "scores", "all", "list", "each"});
}

// Training steps go by several names; a rate or a time is something else.
bool counts_steps(const Words& words) {
  return (words.contains("step") || words.contains("steps")) && std::ranges::none_of(words, [](const std::string& w) {
           return w == "ms" || w == "time" || w == "s" || w == "seconds" || w == "avg" || w == "sec";
         });
}

bool is_seed(std::string_view key) {
  if (key.starts_with("seed")) key.remove_prefix(4);
  if (key.starts_with('_')) key.remove_prefix(1);
  if (key.starts_with('[')) return true;
  return !key.empty() && key.size() <= 10 && key.find_first_not_of("0123456789") == std::string_view::npos;
}

// "seeds", "extended_seeds": a list of seeds, not of results; "val_bpb_per_seed" is one of results.
bool names_seeds(const std::string& key) {
  const Words words = words_of(key);
  return to_lower(key).ends_with("seeds") && !words.contains("per") && !words.contains("by");
}

// The values of one quantity over the seeds, in one of the two shapes seen: {"42": 1.1, ...} or [1.1, ...] under a key
// ("val_bpb_per_seed"), and {"42": {"val_bpb": 1.1}, ...} or a list of objects.
struct Group {
  std::string name;  // for messages
  std::vector<std::string> parent;
  Words words;
  std::vector<double> values;
  double half_unit = 0;
  bool mixed = false;  // other keys stand among the seeds ("2024_rerun"): which of them count is not known
};

std::vector<Group> groups_of(const Metadata& m) {
  std::map<std::pair<std::vector<std::string>, std::string>, Group> found;
  std::vector<const MetadataFigure*> strangers;
  for (const MetadataFigure& figure : m.figures) {
    const auto& path = figure.path;
    const std::size_t n = path.size();
    std::string name;
    std::vector<std::string> parent, above;
    Words words;
    if (n >= 2 && is_seed(path[n - 1]) && !is_seed(path[n - 2])) {
      if (names_seeds(path[n - 2])) continue;
      name = path[n - 2];
      words = group_of(name);
      above.assign(path.begin(), path.end() - 1);
      parent.assign(path.begin(), path.end() - 2);
    } else if (n >= 3 && is_seed(path[n - 2])) {
      name = path[n - 1];
      words = words_of(name);
      above.assign(path.begin(), path.end() - 2);
      above.push_back(name);
      parent.assign(path.begin(), path.end() - 3);
    } else {
      strangers.push_back(&figure);
      continue;
    }
    Group& group = found[{above, name}];
    group.name = name;
    group.parent = parent;
    group.words = words;
    group.values.push_back(figure.value.value);
    group.half_unit = std::max(group.half_unit, figure.value.decimals() == 0 ? 0.5 : figure.value.half_unit());
  }
  for (const MetadataFigure* figure : strangers) {
    const auto& path = figure->path;
    for (const std::size_t behind : {1u, 2u}) {  // {"42": 1.1, "x": 1.2}; {"42": {"bpb": 1.1}, "x": {"bpb": 1.2}}
      if (path.size() <= behind) continue;
      std::vector<std::string> above(path.begin(), path.end() - static_cast<std::ptrdiff_t>(behind));
      if (behind == 2) above.push_back(path.back());
      const auto at = found.find({above, behind == 1 ? above.back() : path.back()});
      if (at != found.end()) at->second.mixed = true;
    }
  }
  std::vector<Group> out;
  for (auto& [key, group] : found)
    if (group.values.size() >= 2 && !group.mixed) out.push_back(std::move(group));
  return out;
}

// The one group a mean can be of: the same words beside it, else the only one that counts steps as the mean does.
const Group* group_for(const std::vector<Group>& groups, const std::vector<std::string>& parent, const Words& words) {
  const Group* same = nullptr;
  const Group* steps = nullptr;
  int n_same = 0, n_steps = 0;
  for (const Group& group : groups) {
    if (group.parent != parent) continue;
    if (group.words == words && !words.empty()) same = &group, ++n_same;
    if (counts_steps(group.words) && counts_steps(words)) steps = &group, ++n_steps;
  }
  return n_same == 1 ? same : n_same == 0 && n_steps == 1 ? steps : nullptr;
}

class Checker {
 public:
  explicit Checker(const Submission& s) : s_(s), groups_(groups_of(s.metadata)) {}
  int checked = 0;
  std::vector<RuleResult> results;

  void figure(const MetadataFigure& figure) {
    const std::string& key = figure.path.back();
    const Words words = words_of(key);
    const bool mean = words.contains("mean") || words.contains("avg") || words.contains("average");
    const bool deviation = words.contains("std") || words.contains("stdev");
    if (mean == deviation) return;
    // The claimed deviation is compared with the logs where those have all runs.
    if (deviation && key == s_.metadata.val_bpb_std.key && s_.recomputed.std_bpb) return;
    const std::vector<std::string> parent(figure.path.begin(), figure.path.end() - 1);
    const Group* group = group_for(groups_, parent, mean ? mean_of(key) : std_of(key));
    if (group == nullptr) return;
    ++checked;
    const Spread s = spread(group->values);
    if (mean) {
      const double unit = figure.value.decimals() == 0 ? 1.0 : 2 * figure.value.half_unit();
      if (std::abs(figure.value.value - s.mean) <= (unit + group->half_unit) * (1 + 1e-9)) return;
      report(figure,
             fmt::format("{} is {}, but the {} values of {} have the mean {:.8g}", key, figure.value.text,
                         group->values.size(), group->name, s.mean),
             fmt::format("{:.8g}", s.mean));
      return;
    }
    const auto severity = wrong_deviation(figure.value, s, 1.5 * group->half_unit);
    if (!severity) return;
    report(figure,
           fmt::format("{} is {}, but the {} values of {} have the standard deviation {:.4g} (n - 1) or {:.4g} (n)",
                       key, figure.value.text, group->values.size(), group->name, s.sample, s.population),
           fmt::format("{:.8g} (sample) or {:.8g} (population)", s.sample, s.population), *severity);
  }

 private:
  void report(const MetadataFigure& figure, std::string message, std::string required,
              Severity severity = Severity::warning) {
    if (results.size() >= kMaxFindings) return;
    results.push_back(
        failed(kId, Failure{severity,
                            std::move(message),
                            figure.value.text,
                            std::move(required),
                            {metadata_evidence(s_, figure.line,
                                               fmt::format("{}: {}", fmt::join(figure.path, "."), figure.value.text))},
                            "Compute it again from the values beside it."}));
  }

  const Submission& s_;
  std::vector<Group> groups_;
};

}  // namespace

std::vector<RuleResult> check_claim_figures(const Submission& s, const Policy&) {
  if (s.metadata.path.empty()) return {not_applicable(kId, "skipped: no submission.json (PG-FILES-REQUIRED)")};
  Checker checker(s);
  for (const MetadataFigure& figure : s.metadata.figures)
    if (!figure.path.empty()) checker.figure(figure);
  if (checker.checked == 0) return {not_applicable(kId, "submission.json gives no mean beside the values it is of")};
  return or_passed(
      std::move(checker.results),
      passed(kId, fmt::format("{} means and deviations in submission.json follow from its values", checker.checked)));
}

const Rule kRuleClaimFigures{
    kId, "means and deviations in submission.json",
    "A mean or deviation in submission.json follows from the values of the seeds that stand beside it.",
    "The values themselves are compared with the logs by the other PG-CLAIM rules.", check_claim_figures};

}  // namespace pg::verify
