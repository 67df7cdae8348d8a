#include "reference/data/byte_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "reference/base/text.h"

namespace pg::data {

bool has_bare_space_mark(const Vocabulary& vocabulary) {
  for (std::size_t id = 0; id < vocabulary.size(); ++id)
    if (vocabulary.piece(id) == kSpaceMark) return true;
  return false;
}

Status check_bare_space_mark(const Vocabulary& vocabulary) {
  if (has_bare_space_mark(vocabulary)) return {};
  return Error{
      fmt::format("{} has no piece that is the bare space mark U+2581: a space that stands alone would be counted as "
                  "the mark's three bytes, and bits per byte would be too low (issue #897 of the challenge). Use a "
                  "tokenizer that has it: pgref tokenizer train makes one of texts with spaces, and pgref tokenizer "
                  "info says whether a model has it",
                  escape_line(vocabulary.name()))};
}

Result<ByteTable> make_byte_table(const Vocabulary& vocabulary, std::size_t vocab_size, bool require_bare_mark) {
  if (require_bare_mark)
    if (const Status marked = check_bare_space_mark(vocabulary); !marked) return marked.error();
  const std::size_t size = std::max(vocabulary.size(), vocab_size);
  ByteTable table{std::vector<std::int32_t>(size, 0), std::vector<std::uint8_t>(size, 0),
                  std::vector<std::uint8_t>(size, 1)};
  for (std::size_t id = 0; id < vocabulary.size(); ++id) {
    const PieceType type = vocabulary.type(id);
    if (type != PieceType::normal && type != PieceType::byte) continue;
    table.boundary[id] = 0;
    std::string_view piece = vocabulary.piece(id);
    if (type == PieceType::normal && piece.starts_with(kSpaceMark)) {
      table.leading_space[id] = 1;
      piece.remove_prefix(kSpaceMark.size());
    }
    table.base_bytes[id] = type == PieceType::byte ? 1 : static_cast<std::int32_t>(piece.size());
  }
  return table;
}

}  // namespace pg::data
