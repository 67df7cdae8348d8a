#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "verify/cli/discover.h"

namespace pg::verify {

// Proof that an archive run left no folder out: every directory below the root is walked a second time, independently
// of the discovery, and has to be one of: answered by exactly one line, inside an answered one, the way to one, or
// listed with the reason why it holds no submission.
struct Coverage {
  std::size_t directories = 0;  // below the root, links not counted
  std::size_t answered = 0, inside = 0, containers = 0, none = 0;
  std::size_t lines = 0;                      // lines written
  std::map<std::string, std::size_t> reason;  // for those of `none`
  std::vector<std::string> problems;          // unexplained, answered twice, or answered and not there any more
  bool complete() const { return problems.empty(); }
};

// `lines`: how many lines were written for each submission folder.
Coverage prove_coverage(const Discovery& discovery, const std::map<std::string, std::size_t>& lines);

}  // namespace pg::verify
