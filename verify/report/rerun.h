#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "verify/policy/statistics.h"
#include "verify/report/layout.h"
#include "verify/stats/equivalence.h"
#include "verify/stats/sequential.h"
#include "verify/stats/significance.h"

namespace pg::verify {

// A rerun held against a claim.
struct RerunCheck {
  SeedSample rerun, claim;
  stats::Unit unit = stats::Unit::bpb;
  StatisticsPolicy::Equivalence wanted;
  stats::Outcome outcome;        // of the samples and the margin's conversion; then of the tests
  std::optional<double> margin;  // converted by the rerun's own ratio
  stats::Equivalence result;
  Verdict verdict() const;  // consistent and better pass, worse fails, anything else is inconclusive
};
RerunCheck check_rerun(const SeedSample& rerun, const SeedSample& claim, const StatisticsPolicy::Equivalence& wanted,
                       stats::Unit unit);

// A rerun plan and, where runs exist already, the look they are at.
struct PlannedLook {
  stats::Plan plan;
  StatisticsReading reading;  // its alpha is the plan's
  std::string alpha_from;     // where that alpha comes from, for the reader; "" where the caller does not say
  std::string digest;         // SHA-256 of the plan's settings: publish it before the first seed runs
  std::optional<Significance> comparison;
  std::optional<std::size_t> look;  // index into plan.looks; empty: no look with this number of new seeds
  bool passes = false;              // p below the look's level
  Verdict verdict() const;          // pass; fail at the last look; inconclusive before it and between looks
};
PlannedLook plan_reruns(const std::vector<int>& seeds, stats::Spending spending, const StatisticsReading& reading,
                        const std::optional<Significance>& comparison);

nlohmann::json rerun_json(const RerunCheck& check);
nlohmann::json plan_json(const PlannedLook& planned);
void write_rerun(Layout& out, const RerunCheck& check);
void write_plan(Layout& out, const PlannedLook& planned);

}  // namespace pg::verify
