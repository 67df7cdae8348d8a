// All rules of the program. A new rule is one include and one line of all_rules() below, beside its own files
// verify/rules/<name>.{h,cc}, <name>_test.cc and docs/rules/<ID>.md.
#include <fmt/format.h>

#include <algorithm>
#include <exception>

#include "verify/rules/bytes_accounting.h"
#include "verify/rules/bytes_coverage.h"
#include "verify/rules/bytes_table.h"
#include "verify/rules/c1_choice.h"
#include "verify/rules/c1_kernel.h"
#include "verify/rules/c1_smear.h"
#include "verify/rules/c2_blend.h"
#include "verify/rules/c2_floor.h"
#include "verify/rules/c3_adapt.h"
#include "verify/rules/c4_passes.h"
#include "verify/rules/claim_arithmetic.h"
#include "verify/rules/claim_fields.h"
#include "verify/rules/claim_figures.h"
#include "verify/rules/claim_gain.h"
#include "verify/rules/claim_per_seed.h"
#include "verify/rules/claim_readme.h"
#include "verify/rules/claim_score.h"
#include "verify/rules/claim_selected.h"
#include "verify/rules/claim_std.h"
#include "verify/rules/claim_table.h"
#include "verify/rules/claim_units.h"
#include "verify/rules/code_embedded.h"
#include "verify/rules/code_entry.h"
#include "verify/rules/code_log.h"
#include "verify/rules/code_logged.h"
#include "verify/rules/code_opaque.h"
#include "verify/rules/data_late.h"
#include "verify/rules/data_network.h"
#include "verify/rules/data_overlap.h"
#include "verify/rules/data_payload.h"
#include "verify/rules/data_subset.h"
#include "verify/rules/data_targets.h"
#include "verify/rules/files_listed.h"
#include "verify/rules/files_names.h"
#include "verify/rules/files_required.h"
#include "verify/rules/meta_compliance.h"
#include "verify/rules/meta_fields.h"
#include "verify/rules/meta_parse.h"
#include "verify/rules/meta_track.h"
#include "verify/rules/rule.h"
#include "verify/rules/seeds_count.h"
#include "verify/rules/seeds_declared.h"
#include "verify/rules/seeds_disclosed.h"
#include "verify/rules/seeds_name.h"
#include "verify/rules/seeds_same.h"
#include "verify/rules/size_arithmetic.h"
#include "verify/rules/size_cap.h"
#include "verify/rules/size_conventions.h"
#include "verify/rules/stat_significance.h"
#include "verify/rules/time_eval.h"
#include "verify/rules/time_hardware.h"
#include "verify/rules/time_phases.h"
#include "verify/rules/time_timer.h"
#include "verify/rules/time_train.h"

namespace pg::verify {
namespace {

// A rule that could not be run decides nothing and must not pass: the defect is ours, so the folder's verdict says
// "cannot tell" and not "fail".
RuleResult broken(const Rule& rule, std::string what) {
  RuleResult result;
  result.id = rule.id;
  result.verdict = Verdict::inconclusive;
  result.severity = Severity::error;
  result.message = fmt::format("the rule could not be evaluated: {}", what);
  result.help = "this is a defect of pgverify: report it with the folder's name";
  return result;
}

std::vector<RuleResult> run_rule(const Rule& rule, const Submission& submission, const Policy& policy) {
  std::vector<RuleResult> results;
  try {
    results = rule.check(submission, policy);
  } catch (const std::exception& problem) {
    return {broken(rule, problem.what())};
  } catch (...) {
    return {broken(rule, "unknown exception")};
  }
  if (results.empty()) return {broken(rule, "it gave no result")};
  for (const RuleResult& result : results)
    if (result.id != rule.id) return {broken(rule, fmt::format("it gave a result under the id \"{}\"", result.id))};
  return results;
}

}  // namespace

const std::vector<Rule>& all_rules() {
  static const std::vector<Rule> rules = {
      // In the order reports list them: files, metadata, size, time, claims, seeds, byte accounting, code.
      kRuleFilesRequired,  kRuleFilesNames,       kRuleFilesListed,     kRuleMetaParse,       kRuleMetaFields,
      kRuleMetaTrack,      kRuleMetaCompliance,   kRuleSizeCap,         kRuleSizeConventions, kRuleSizeArithmetic,
      kRuleTimeTrain,      kRuleTimeEval,         kRuleTimePhases,      kRuleTimeHardware,    kRuleTimeTimer,
      kRuleClaimScore,     kRuleClaimReadme,      kRuleClaimStd,        kRuleClaimFields,     kRuleClaimPerSeed,
      kRuleClaimTable,     kRuleClaimArithmetic,  kRuleClaimUnits,      kRuleClaimGain,       kRuleClaimFigures,
      kRuleClaimSelected,  kRuleSeedsCount,       kRuleSeedsName,       kRuleSeedsDeclared,   kRuleSeedsSame,
      kRuleSeedsDisclosed, kRuleStatSignificance, kRuleBytesAccounting, kRuleBytesCoverage,   kRuleBytesTable,
      kRuleBytesConstant,  kRuleCodeEntry,        kRuleCodeOpaque,      kRuleCodeLogged,      kRuleCodeLog,
      kRuleCodeEmbedded,   kRuleC1Choice,         kRuleC1Kernel,        kRuleC1Smear,         kRuleC2Blend,
      kRuleC2Floor,        kRuleC3Adapt,          kRuleC4Passes,        kRuleDataLate,        kRuleDataNetwork,
      kRuleDataOverlap,    kRuleDataPayload,      kRuleDataSubset,      kRuleDataTargets,
  };
  return rules;
}

const Rule* find_rule(std::string_view id) {
  const auto& rules = all_rules();
  const auto it = std::find_if(rules.begin(), rules.end(), [&](const Rule& rule) { return rule.id == id; });
  return it == rules.end() ? nullptr : &*it;
}

std::vector<RuleResult> check_rules(const std::vector<Rule>& rules, const Submission& submission,
                                    const Policy& policy) {
  std::vector<RuleResult> all;
  for (const Rule& rule : rules) {
    for (RuleResult& result : run_rule(rule, submission, policy)) {
      const bool weighs = result.verdict == Verdict::fail || result.verdict == Verdict::inconclusive;
      const auto wanted = policy.severity.find(result.id);
      if (weighs && wanted != policy.severity.end()) result.severity = wanted->second;
      all.push_back(std::move(result));
    }
  }
  return all;
}

std::vector<RuleResult> check_all(const Submission& submission, const Policy& policy) {
  return check_rules(all_rules(), submission, policy);
}

Verdict overall_verdict(const std::vector<RuleResult>& results) {
  const auto any = [&](Verdict verdict) {
    return std::any_of(results.begin(), results.end(), [&](const RuleResult& result) {
      return result.verdict == verdict && result.severity == Severity::error;
    });
  };
  if (any(Verdict::fail)) return Verdict::fail;
  return any(Verdict::inconclusive) ? Verdict::inconclusive : Verdict::pass;
}

Status check_policy(const Policy& policy, const std::vector<Rule>& rules) {
  for (const auto& [id, severity] : policy.severity)
    if (std::none_of(rules.begin(), rules.end(), [&](const Rule& rule) { return rule.id == id; }))
      return Error{
          fmt::format("policy {}: unknown rule id: \"severity\" names {}, which is no rule of this program "
                      "(`pgverify explain` lists them)",
                      policy.name, id)};
  return {};
}

}  // namespace pg::verify
