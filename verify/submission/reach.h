#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "verify/submission/submission.h"

namespace pg::verify {

// Settles which code the claim ran, from `code` as unpack_code left it, the folder's listing, the claimed runs and the
// README. To be called once all of those are filled. It
//  - drops the reference candidates that are no files of the folder (exec and subprocess targets stay: a script that
//    runs a missing file is worth knowing) and makes targets full paths,
//  - drops C, C++ and CUDA files that no script reaches,
//  - chooses `entry`, says why in `entry_reason`, and fills `reachable`.
void resolve_code(Submission& submission);

// Paths reached from `from` by import, exec, open, compile or subprocess, transitively, without itself; sorted.
std::vector<std::string> reachable_from(const Submission& submission, std::string_view from);

// nullptr where there is no such code file (or no entry script).
const CodeFile* find_code(const Submission& submission, std::string_view path);
const CodeFile* entry_script(const Submission& submission);

// Bytes of plain source that the run counted: "Code size (uncompressed)" where the log counts a packed form beside it,
// else "Code size".
Logged<std::int64_t> plain_code_bytes(const LogRun& run);

}  // namespace pg::verify
