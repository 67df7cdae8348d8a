#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "reference/base/result.h"
#include "reference/data/vocabulary.h"

namespace pg::data {

// How many bytes of text a token stands for, as the challenge's scripts count (build_sentencepiece_luts of its
// train_gpt.py): what bits per byte are divided by. Every column has max(pieces, vocab_size) entries:
//   control, unknown, unused, and ids beyond the model's pieces: 0 bytes, no leading space, boundary
//   byte pieces: 1 byte
//   all others: UTF-8 bytes of the piece without a leading mark U+2581; leading_space says whether there was one
struct ByteTable {
  std::vector<std::int32_t> base_bytes;
  std::vector<std::uint8_t> leading_space, boundary;

  std::size_t size() const { return base_bytes.size(); }

  // Bytes that `target` stands for behind `previous`: a leading space counts unless `previous` is a boundary. Both
  // below size().
  std::int32_t count_bytes(std::uint16_t previous, std::uint16_t target) const {
    return base_bytes[target] + ((leading_space[target] & static_cast<std::uint8_t>(boundary[previous] == 0)) != 0);
  }
};

// #1394 asserts that the bare mark is a piece: without it a space that stands alone is encoded as the three bytes of
// the mark and counted as three (issue #897 of the challenge).
bool has_bare_space_mark(const Vocabulary& vocabulary);

// Where it is missing, an Error that names the tokenizer and the way out; as a warning where any tokenizer will do.
Status check_bare_space_mark(const Vocabulary& vocabulary);

// `vocab_size`: rows of the model's embedding, may exceed the pieces (padding). `require_bare_mark`: with
// check_bare_space_mark(), as #1394 and its descendants have it.
Result<ByteTable> make_byte_table(const Vocabulary& vocabulary, std::size_t vocab_size, bool require_bare_mark = false);

}  // namespace pg::data
