#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "verify/submission/unpack_eval.h"

namespace pg::verify {

// Literals of at least 200 bytes without blanks inside, adjacent ones (also with ',' or '+' between them) taken as one:
// the shape of packed code, whatever the calls around it.

// Opens such literals that no payload of `payloads` covers, trying the text encodings that their characters allow and
// then the compressed formats; appends those that hold Python source.
void add_sniffed_literals(const PyTokens& tokens, UnpackBudget& budget, std::vector<Payload>& payloads);

// The bytes of all of them together, and the largest one.
std::uint64_t long_literal_bytes(const PyTokens& tokens);
std::optional<Span> largest_packed_literal(const PyTokens& tokens);

}  // namespace pg::verify
