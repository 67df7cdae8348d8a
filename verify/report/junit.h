#pragma once

#include <cstddef>
#include <set>
#include <string>

#include "verify/report/report.h"

namespace pg::verify {

// JUnit XML in the subset that Jenkins' schema describes and GitLab, Azure and others read: one suite per folder, one
// case per rule result. A failed rule of severity error is a <failure>, one that could not be decided an <error>;
// warnings and infos pass with their text in <system-out>, as they do not make a folder fail. All text stands in the
// elements' bodies, because some readers drop the attributes. Suites and the cases of a suite have unique names.
class JUnitLog {
 public:
  void add(const Report& report);
  std::string take();

 private:
  std::string suites_;
  std::set<std::string> names_;
  std::size_t tests_ = 0, failures_ = 0, errors_ = 0;
};

}  // namespace pg::verify
