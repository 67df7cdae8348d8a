#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "verify/cli/coverage.h"
#include "verify/report/report.h"

namespace pg::verify {

// Counts over the folders of an archive.
struct Tally {
  std::size_t folders = 0, errors = 0;  // errors: folders that could not be examined
  std::uint64_t bytes = 0;              // of their files
  std::map<Verdict, std::size_t> verdicts;
  struct RuleCounts {
    std::size_t error = 0, undecided = 0, warning = 0, info = 0;  // folders with at least one such result
  };
  std::map<std::string, RuleCounts> rules;

  void add(const Report& report);
  void merge(const Tally& other);
  int exit_code() const;
};

// How the run went.
struct RunFigures {
  double seconds = 0;
  unsigned threads = 0;
  std::uint64_t peak_rss_bytes = 0;
};
std::uint64_t peak_rss_bytes();

// The table behind an archive run: verdicts, failing rules, speed, and the proof of coverage.
std::string summary_text(const Tally& tally, const RunFigures& figures, const Discovery& discovery,
                         const Coverage& coverage);

}  // namespace pg::verify
