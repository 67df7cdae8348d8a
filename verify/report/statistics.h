#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "verify/report/layout.h"
#include "verify/report/report.h"
#include "verify/stats/significance.h"

namespace pg::verify {

// The report's submission against each of its baselines; empty where it has none or the policy says nothing about
// gains. Computed anew from the submission at each call.
std::vector<Significance> comparisons(const Report& report);

// One comparison as it stands in a report's "statistics.comparisons" and in `pgverify stats --format json`.
nlohmann::json significance_json(const Significance& s);
// The report's "statistics": null without comparisons.
nlohmann::json statistics_json(const Report& report);

// One comparison for a terminal: every number with its unit, every reading with its p.
void write_significance(Layout& out, const Significance& s);
// "gain  0.00117 bpb better than NAME, p 0.020 ...": one field per baseline.
void write_gains(Layout& out, const Report& report);

// Three significant digits, or "<1e-12".
std::string p_text(double p);

}  // namespace pg::verify
