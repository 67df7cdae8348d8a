// Rows -> tables: order, steps between neighbours, ties, and how many steps each reading of the rule accepts.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "verify/leaderboard/row.h"
#include "verify/stats/multiplicity.h"
#include "verify/stats/significance.h"

namespace pg::verify {

// One row against the row that it follows in a chain. Indices into Board::rows.
struct BoardStep {
  std::size_t row = 0, before = 0;
  std::optional<double> delta;  // bpb, negative: better
  Verdict verdict = Verdict::inconclusive;
  std::string reason;                    // why inconclusive
  std::vector<std::optional<double>> p;  // per reading of the policy
  std::vector<bool> passes;              // per reading
  std::optional<double> deciding_p;
  // Over the whole chain, from its first step to its last; advisory.
  std::optional<double> holm;
  std::optional<stats::OnlineStep> spending, lord;
};

struct BoardChain {
  std::vector<BoardStep> steps;  // oldest or highest-scoring step first
  std::vector<int> passing;      // per reading: steps that pass
  int decided = 0;               // steps with a p under the deciding reading
};

struct BoardTable {
  std::string track;
  std::vector<std::size_t> order;   // rows of this track, lowest score first, then those without a score by name
  std::map<std::size_t, int> rank;  // of rows with a score: 1 + number of lower ones
  // Rows of one group: the first of them does not beat the others under the deciding reading. Rows that cannot be
  // compared (BoardRow::comparable) belong to none.
  std::map<std::size_t, int> tie_group;
  // Each comparable row against the next higher-scoring one.
  BoardChain by_score;
  // Each new record against the record before it, by date: what had to be beaten when it came. Comparable rows with
  // a date.
  BoardChain by_time;
};

struct Board {
  std::vector<BoardRow> rows;  // by path
  Policy policy;
  ScoreSource source = ScoreSource::best;
  std::vector<BoardTable> tables;  // by track: the record track first, unknown last
};

// Rows that failed or could not be examined stay in their table. Steps need policy.statistics; without it chains are
// empty.
Board build_board(std::vector<BoardRow> rows, Policy policy, ScoreSource source);

}  // namespace pg::verify
