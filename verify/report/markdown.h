#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "verify/report/digest.h"

namespace pg::verify {

// Caps of those who read it, in bytes; each is kept with room for the line that says what was left out.
inline constexpr std::size_t kCommentBytes = 65'536;         // a pull-request comment: 65,536 characters
inline constexpr std::size_t kStepSummaryBytes = 1'048'576;  // a job summary: 1 MiB per step, else none is shown

struct MarkdownOptions {
  std::size_t max_bytes = kCommentBytes;
  std::string docs_url{};  // rule ids link to their pages where given
};

// GitHub-flavoured Markdown over one or many folders, gravest folders first: headline, table, counts per rule, then the
// findings of each folder. What does not fit is left out from the end, the lightest first, and counted in the last
// line. No text of a submission can become markup, a link or a mention.
std::string markdown(std::vector<Digest> digests, const MarkdownOptions& options = {});

}  // namespace pg::verify
