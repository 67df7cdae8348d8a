#include "verify/rules/meta_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "reference/base/text.h"
#include "verify/rules/results.h"

namespace pg::verify {
namespace {

using Kind = MetadataDeviation::Kind;

constexpr std::string_view kId = "PG-META-FIELDS";
constexpr std::size_t kMaxEvidence = 8;

// Whether the model holds a usable value for a key of a policy; empty for keys that the model does not read.
std::optional<bool> usable(const Metadata& m, std::string_view key) {
  if (key == "name") return bool(m.name);
  if (key == "author") return bool(m.author);
  if (key == "github_id") return bool(m.github_id);
  if (key == "date") return bool(m.date);
  if (key == "track") return bool(m.track);
  if (key == "blurb") return bool(m.blurb);
  if (key == "val_bpb") return bool(m.val_bpb);
  if (key == "val_loss") return bool(m.val_loss);
  if (key == "bytes_total") return bool(m.bytes_total);
  if (key == "bytes_code") return bool(m.bytes_code);
  return std::nullopt;
}

bool stands(const Metadata& m, std::string_view key) {
  return std::ranges::find(m.keys, key) != m.keys.end();
}

const MetadataDeviation* deviation_of(const Metadata& m, std::string_view key) {
  const auto at = std::ranges::find_if(m.deviations, [&](const MetadataDeviation& d) {
    return d.key == key && (d.kind == Kind::blank || d.kind == Kind::null_value || d.kind == Kind::wrong_type);
  });
  return at == m.deviations.end() ? nullptr : &*at;
}

void append(std::string& list, std::string_view item) {
  if (!list.empty()) list += ", ";
  list += item;
}

// The keys that the policy requires; "author|github_id" asks for one of the two.
void check_required(const Metadata& m, const Policy& policy, std::vector<RuleResult>& results) {
  std::string absent, unusable, required;
  std::vector<Evidence> evidence;
  for (const std::string& alternatives : policy.required_keys) {
    append(required, alternatives);
    bool found = false;
    const MetadataDeviation* why = nullptr;
    std::string_view rest = alternatives;
    while (!found && !rest.empty()) {
      const std::string_view key = rest.substr(0, rest.find('|'));
      rest.remove_prefix(std::min(key.size() + 1, rest.size()));
      found = usable(m, key).value_or(stands(m, key));
      if (why == nullptr) why = deviation_of(m, key);
    }
    if (found) continue;
    if (why == nullptr) {
      append(absent, alternatives);
    } else {
      append(unusable, escape_line(why->message, 80));
      evidence.push_back({m.path, why->line, why->message, 0});
    }
  }
  const std::string file = escape_line(m.path);
  if (!absent.empty())
    results.push_back(failed(kId, {Severity::warning,
                                   fmt::format("{} lacks {}", file, absent),
                                   "lacks " + absent,
                                   required,
                                   {{m.path, 1, "", 0}},
                                   fmt::format("add {}", absent)}));
  if (!unusable.empty())
    results.push_back(failed(kId, {Severity::warning, fmt::format("{}: {}", file, unusable), unusable, required,
                                   std::move(evidence), "fill them in before the pull request"}));
}

// All deviations of some kinds as one result.
void check_deviations(const Metadata& m, Severity severity, std::string_view what, std::string_view help,
                      bool (*wanted)(const MetadataDeviation&), std::vector<RuleResult>& results) {
  Failure failure;
  failure.severity = severity;
  std::size_t count = 0;
  for (const MetadataDeviation& deviation : m.deviations) {
    if (!wanted(deviation)) continue;
    ++count;
    if (failure.evidence.size() == kMaxEvidence) continue;
    failure.evidence.push_back({m.path, deviation.line, deviation.message, 0});
    if (failure.evidence.size() <= 3) {
      if (!failure.observed.empty()) failure.observed += "; ";
      failure.observed += escape_line(deviation.message);
    }
  }
  if (count == 0) return;
  if (count > 3) failure.observed += fmt::format("; and {} more", count - 3);
  failure.message = fmt::format("{}: {}: {}", escape_line(m.path), what, failure.observed);
  failure.help = help;
  results.push_back(failed(kId, std::move(failure)));
}

bool is_odd_value(const MetadataDeviation& d) {
  return !d.key.empty() &&
         (d.kind == Kind::wrong_type || d.kind == Kind::inconsistent || d.kind == Kind::duplicate_key);
}

// Synonyms of what leaderboards and reviewers read; how somebody names his step count is nobody's concern.
bool is_noted_synonym(const MetadataDeviation& d) {
  if (d.kind != Kind::synonym && d.kind != Kind::odd_name) return false;
  return std::ranges::any_of(
      std::initializer_list<std::string_view>{" for val_bpb", " for bytes_total", " for github_id", " for author",
                                              " for name", "bytes_total is missing"},
      [&](std::string_view part) {
        return d.message.find(part) != std::string::npos && d.message.find("for val_bpb_") == std::string::npos;
      });
}

std::vector<RuleResult> check(const Submission& submission, const Policy& policy) {
  const Metadata& m = submission.metadata;
  if (m.path.empty()) return {not_applicable(kId, "skipped because there is no metadata file (PG-FILES-REQUIRED)")};
  if (!m.parsed && !m.recovered)
    return {not_applicable(kId, "skipped because the metadata file cannot be read (PG-META-PARSE)")};
  std::vector<RuleResult> results;
  check_required(m, policy, results);
  check_deviations(m, Severity::warning, "values to correct",
                   "write numbers as bare JSON numbers, in the key's unit, once", is_odd_value, results);
  check_deviations(m, Severity::info, "other names for standard keys",
                   "use val_bpb, bytes_total, name, author, github_id: tools look for those", is_noted_synonym,
                   results);
  if (results.empty()) results.push_back(passed(kId, "every required key holds a value"));
  return results;
}

}  // namespace

const Rule kRuleMetaFields{kId, "metadata fields",
                           "whether the keys that the policy requires hold values of the right kind",
                           "that the values are true: PG-CLAIM-* compares them with the logs", check};

}  // namespace pg::verify
