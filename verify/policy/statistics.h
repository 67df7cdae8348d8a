#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "verify/stats/units.h"

namespace pg::verify {

// The test a reading asks for.
enum class StatTest {
  welch,        // one-sided Welch, both samples measured
  one_sample,   // one-sided t against the old mean as a fixed bar
  fixed_sigma,  // one-sided z with StatisticsPolicy::sigma_bpb
};
const char* to_string(StatTest test);

// One published reading of "beats the record": by more than `margin` at p < alpha.
struct StatisticsReading {
  std::string name, title;
  StatTest test = StatTest::welch;
  double margin = 0;
  stats::Unit unit = stats::Unit::bpb;
  double alpha = 0.01;
};

struct StatisticsPolicy {
  std::vector<StatisticsReading> readings;  // all are shown side by side
  std::size_t decides = 0;                  // index of the one that decides
  double sigma_bpb = 0;       // standard deviation over seeds, pooled over the contest: planning and the z test
  double power = 0.8;         // for "minimum detectable gain" and "seeds needed"
  double chain_alpha = 0.05;  // Holm and online columns of a leaderboard
  struct Equivalence {        // of a rerun with a claim
    double margin = 0;
    stats::Unit unit = stats::Unit::bpb;
    double alpha = 0.05;
  } equivalence;

  const StatisticsReading& deciding() const { return readings[decides]; }
};

// Reads the "statistics" member of a policy. Throws std::runtime_error that names the key; for verify/policy/ only.
StatisticsPolicy read_statistics(const nlohmann::json& value);

}  // namespace pg::verify
