// Unwrapper: any bytes as a Python file, with the input's second half (behind a NUL line) as a sibling file that the
// script may read. Beyond "no crash" it checks what the rules rely on: bounds, positions inside the file, and that a
// plain file comes back as it is.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "verify/submission/unpack.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check(const pg::verify::CodeFile& file, std::string_view content) {
  require(file.bytes == content.size());
  require(file.opaque.empty() || file.source.empty());
  require(file.decoded_bytes == file.source.size());
  require(file.source.size() <= content.size() + (65u << 20));
  if (file.opaque.empty() && file.packed.empty()) require(file.source == content);
  require(file.packed.empty() == file.layers.empty());
  for (const auto& segment : file.segments) {
    require(segment.offset + segment.length <= file.source.size());
    require(segment.shipped.offset + segment.shipped.length <= content.size());
  }
  for (const std::uint64_t offset :
       {std::uint64_t{0}, std::uint64_t{file.source.size() / 2}, std::uint64_t{file.source.size()}}) {
    const pg::verify::Span span = file.shipped_position(offset);
    require(span.offset <= content.size() + 1 && span.line >= 1 && span.column >= 1);
  }
  for (const auto& reference : file.references) require(!reference.target.empty() && reference.target.size() <= 4200);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t cut = input.find(std::string_view("\n\0\n", 3));
  const std::string_view script = input.substr(0, cut);
  const std::string_view sibling = cut == std::string_view::npos ? std::string_view() : input.substr(cut + 3);
  check(pg::verify::unpack_code("train_gpt.py", script,
                                [&](std::string_view) { return std::optional(std::string(sibling)); }),
        script);
  check(pg::verify::unpack_code("kernel.cu", script), script);
  return 0;
}
