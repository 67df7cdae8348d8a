#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "verify/submission/code.h"

namespace pg::verify {

// Gives the content of another file of the folder ("ngram/kernel.cpp"), or nothing where there is no such file. Must
// refuse paths outside the folder and files over 64 MiB.
using SiblingReader = std::function<std::optional<std::string>(std::string_view path)>;

// unpack_code with the folder's other files at hand, for scripts whose packed code lies in one
// (`lzma.decompress(open("code.xz","rb").read())`). Without a reader such a script is opaque.
CodeFile unpack_code(std::string_view path, std::string_view content, const SiblingReader& read_sibling);

// Limits, all per file: 64 MiB of decoded output in all steps together; no decompression over 2000-fold above 1 MiB; 8
// wrappers inside each other; 256 MiB of LZMA memory; time linear in input plus decoded output.

}  // namespace pg::verify
