#pragma once

#include <optional>
#include <string>
#include <vector>

#include "verify/report/report.h"

namespace pg::verify {

// Which scores a row rests on.
enum class ScoreSource {
  best,     // the logs' where they give two, else the claims' (seed_sample)
  logged,   // the logs' alone
  claimed,  // the per-seed values of submission.json alone
};
const char* to_string(ScoreSource source);

// What a leaderboard keeps of a folder's report.
struct BoardRow {
  std::string path;    // below the root
  std::string name;    // of the folder
  std::string track;   // "" where nothing says it
  std::string author;  // author, else GitHub id
  std::string date;    // YYYY-MM-DD of submission.json, else of the folder's name, else ""
  std::optional<Decimal> claimed;
  std::optional<double> score;  // the sample's mean, else the claim
  SeedSample sample;
  Verdict verdict = Verdict::inconclusive;
  std::vector<std::string> failing;               // rules of severity error that failed, each once
  std::string error;                              // not empty: the folder could not be examined, and why
  std::optional<std::int64_t> bytes;              // under the policy's convention
  std::optional<std::int64_t> train_ms, eval_ms;  // longest of the claimed runs
  bool excluded = false;                          // by the caller: listed, but without rank and in no chain

  // Fit to be compared: two runs, and nothing that speaks against them.
  bool comparable() const { return score && !excluded && sample.scores.size() >= 2 && sample.objections.empty(); }
};

BoardRow make_row(const Report& report, std::string path, ScoreSource source);

// "2026-04-09T12:00:00Z" or "2026-04-09_Name" -> "2026-04-09"; "" where the text does not begin with a date.
std::string leading_date(std::string_view text);

}  // namespace pg::verify
