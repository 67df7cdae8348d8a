#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/result.h"

namespace pg::verify {

// What unwrapping one file may cost, all layers together.
struct UnpackLimits {
  std::uint64_t max_output_bytes = 64ull << 20;  // of all decoding steps together
  std::uint64_t max_ratio = 2000;                // output / input of one decompression, above the floor
  std::uint64_t ratio_floor_bytes = 1ull << 20;  // smaller outputs may have any ratio
  std::uint64_t lzma_memory_bytes = 256ull << 20;
  int max_depth = 8;  // wrappers inside wrappers
};

// Output still allowed to one file.
class UnpackBudget {
 public:
  explicit UnpackBudget(const UnpackLimits& limits = {}) : limits_(limits), left_(limits.max_output_bytes) {}

  const UnpackLimits& limits() const { return limits_; }
  std::uint64_t left() const { return left_; }
  // Takes `bytes` off; false (and nothing left) where there are fewer.
  bool take(std::uint64_t bytes) {
    const bool enough = bytes <= left_;
    left_ = enough ? left_ - bytes : 0;
    return enough;
  }

 private:
  UnpackLimits limits_;
  std::uint64_t left_;
};

// Text encodings as Python's base64 and binascii read them.
enum class TextCodec { b85, a85, b64, b32, hex };
const char* codec_name(TextCodec codec);
Result<std::string> decode_text(TextCodec codec, std::string_view text, UnpackBudget& budget);

// Compressed streams. lzma_raw follows `RawFilter`s; detect goes by magic numbers, then tries raw LZMA2 and brotli.
enum class StreamCodec { lzma, lzma_raw, zlib, bz2, gzip, zstd, brotli, detect };
const char* codec_name(StreamCodec codec);

// One entry of the filters argument of lzma.decompress(format=FORMAT_RAW).
struct RawFilter {
  enum class Kind { lzma2, lzma1, delta, x86 } kind = Kind::lzma2;
  std::uint32_t lc = 3, lp = 0, pb = 2;  // lzma1
  std::uint32_t distance = 1;            // delta, bytes
};

struct DecodedStream {
  std::string bytes;
  StreamCodec codec;  // what it was; never detect
};

// Decompresses within the budget and the ratio limit. Trailing bytes behind the stream are ignored, as zlib.decompress
// does. An Error says what was wrong with the stream or which limit it hit.
Result<DecodedStream> decode_stream(StreamCodec codec, std::string_view packed, UnpackBudget& budget,
                                    const std::vector<RawFilter>& filters = {});

// Whether `bytes` can be source text: UTF-8 apart from a few bytes, no NUL, hardly any control character.
bool looks_like_text(std::string_view bytes);
// Whether text reads as Python source, or as another self-extracting wrapper.
bool looks_like_python(std::string_view text);

}  // namespace pg::verify
