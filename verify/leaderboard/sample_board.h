// Rows put together by hand for this folder's tests.
#pragma once

#include <string>
#include <vector>

#include "verify/leaderboard/render.h"

namespace pg::verify {

inline BoardRow board_row(const std::string& path, const std::vector<double>& scores, const std::string& date,
                          const std::string& author = "someone", double ratio = 2.583104) {
  BoardRow row;
  row.path = path;
  row.name = path.substr(path.rfind('/') + 1);
  row.track = "10min_16mb";
  row.author = author;
  row.date = date;
  row.verdict = Verdict::pass;
  row.sample.name = row.name;
  std::int64_t seed = 1;
  for (const double score : scores) row.sample.scores.push_back({seed++, score, score * ratio, 8});
  examine_sample(row.sample);
  double sum = 0;
  for (const double score : scores) sum += score;
  if (!scores.empty()) row.score = sum / static_cast<double>(scores.size());
  row.bytes = 15'900'000;
  row.train_ms = 588'000;
  return row;
}

// Three steps in time (a, b, d), one run that lies between, one folder that could not be read, one with a copied run.
inline std::vector<BoardRow> sample_rows() {
  std::vector<BoardRow> rows = {
      board_row("track_10min_16mb/a", {1.2001, 1.2004, 1.2007}, "2026-03-01"),
      board_row("track_10min_16mb/b", {1.1001, 1.1004, 1.1007}, "2026-03-02", "Ann B."),
      board_row("track_10min_16mb/c", {1.1005, 1.1008, 1.1012}, "2026-03-03"),
      board_row("track_10min_16mb/d", {1.0901, 1.0904, 1.0907}, "2026-03-04"),
      board_row("track_10min_16mb/single", {1.0950}, "2026-03-04"),
      board_row("track_10min_16mb/copied", {1.01234567, 1.01234567}, "2026-03-05"),
      board_row("track_10min_16mb/locked", {}, ""),
  };
  rows.back().error = "cannot open locked: Permission denied";
  rows.back().verdict = Verdict::inconclusive;
  rows[2].verdict = Verdict::fail;
  rows[2].failing = {"PG-SIZE-CAP", "PG-TIME-TRAIN"};
  return rows;
}

inline Board sample_board() {
  return build_board(sample_rows(), *load_policy("practice-2026-04"), ScoreSource::best);
}

}  // namespace pg::verify
