#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "verify/report/digest.h"

namespace pg::verify {

// GitHub shows 10 annotations of a kind per step and says nothing about the rest.
inline constexpr std::size_t kMaxAnnotations = 10;

// Lines for the log of a GitHub Actions step: workflow commands ("::error file=...,line=...,title=...::...") for the
// gravest findings, at most 10 errors, 10 warnings (what could not be decided, then warnings) and 10 notices, then how
// many of each were dropped and one line per folder. Nothing of a submission can become a command.
std::string github_annotations(const std::vector<Digest>& digests);

}  // namespace pg::verify
