#pragma once

#include <string_view>
#include <vector>

#include "verify/submission/code.h"
#include "verify/submission/unpack_lexer.h"

namespace pg::verify {

// What Python source may reach: modules it imports ("a.b" as "a/b.py"), and string literals that are file names, sorted
// into kinds by the calls of their statement. Targets are as written, "./" taken off; at most 2,000.
std::vector<CodeReference> find_references(const PyTokens& tokens);

// #include "..." of C, C++ and CUDA source.
std::vector<CodeReference> find_includes(std::string_view source);

}  // namespace pg::verify
