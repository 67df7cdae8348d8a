#include "reference/eval/compressors.h"

#include <brotli/encode.h>
#include <fmt/format.h>
#include <lzma.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <functional>
#include <memory>

#include "reference/base/parallel.h"
#include "reference/base/text.h"
#include "reference/score/bpb.h"

namespace pg::eval {
namespace {

constexpr std::size_t kBuffer = 1 << 16;

Error failed(std::string_view tool, std::string_view why) {
  return Error{
      fmt::format("{}: {}. The comparison needs about 1 GB of memory; leave it out (pgref train --no-compressors, "
                  "pgref eval without --compare-compressors)",
                  tool, why)};
}

// The settings of `zstd --ultra -22 --patch-from`: a window that holds the whole of the longer text.
void set_patch_window(ZSTD_CCtx* context, std::size_t text, std::size_t prefix) {
  const ZSTD_bounds limits = ZSTD_cParam_getBounds(ZSTD_c_windowLog);
  const int window = static_cast<int>(std::bit_width(std::max(text, prefix)));
  ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, std::clamp(window, limits.lowerBound, limits.upperBound));
}

}  // namespace

Result<std::uint64_t> xz_size(std::string_view text) {
  lzma_stream stream = LZMA_STREAM_INIT;
  if (lzma_easy_encoder(&stream, 9 | LZMA_PRESET_EXTREME, LZMA_CHECK_CRC64) != LZMA_OK)
    return failed("xz -9e", "liblzma could not start");
  const std::unique_ptr<lzma_stream, void (*)(lzma_stream*)> ends(&stream, lzma_end);
  stream.next_in = reinterpret_cast<const std::uint8_t*>(text.data());
  stream.avail_in = text.size();
  std::vector<std::uint8_t> buffer(kBuffer);
  for (;;) {
    stream.next_out = buffer.data();
    stream.avail_out = buffer.size();
    const lzma_ret result = lzma_code(&stream, LZMA_FINISH);
    if (result == LZMA_STREAM_END) return std::uint64_t{stream.total_out};
    if (result != LZMA_OK) return failed("xz -9e", fmt::format("liblzma error {}", static_cast<int>(result)));
  }
}

Result<std::uint64_t> brotli_size(std::string_view text) {
  std::size_t size = BrotliEncoderMaxCompressedSize(text.size());
  std::vector<std::uint8_t> buffer(std::max<std::size_t>(size, 64));
  size = buffer.size();
  if (!BrotliEncoderCompress(BROTLI_MAX_QUALITY, BROTLI_MAX_WINDOW_BITS, BROTLI_MODE_GENERIC, text.size(),
                             reinterpret_cast<const std::uint8_t*>(text.data()), &size, buffer.data()))
    return failed("brotli -q 11", "libbrotlienc gave up");
  return std::uint64_t{size};
}

Result<std::uint64_t> zstd_size(std::string_view text, std::string_view prefix) {
  const std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> context(ZSTD_createCCtx(), ZSTD_freeCCtx);
  if (!context) return failed("zstd --ultra -22", "libzstd could not start");
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, 22);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);  // the tool's default
  ZSTD_CCtx_setPledgedSrcSize(context.get(), text.size());
  if (!prefix.empty()) {
    set_patch_window(context.get(), text.size(), prefix.size());
    ZSTD_CCtx_refPrefix(context.get(), prefix.data(), prefix.size());
  }
  std::vector<char> buffer(kBuffer);
  ZSTD_inBuffer in{text.data(), text.size(), 0};
  std::uint64_t total = 0;
  for (;;) {
    ZSTD_outBuffer out{buffer.data(), buffer.size(), 0};
    const std::size_t left = ZSTD_compressStream2(context.get(), &out, &in, ZSTD_e_end);
    if (ZSTD_isError(left)) return failed("zstd --ultra -22", ZSTD_getErrorName(left));
    total += out.pos;
    if (left == 0) return total;
  }
}

Result<std::vector<CompressorRow>> compare_with_compressors(std::string_view val_text, std::string_view train_text,
                                                            unsigned threads) {
  // The longest first, so that two threads end together.
  const std::array<std::function<Result<std::uint64_t>()>, 4> work = {
      [&]() -> Result<std::uint64_t> {
        return train_text.empty() ? Result<std::uint64_t>(std::uint64_t{0}) : zstd_size(val_text, train_text);
      },
      [&] { return brotli_size(val_text); }, [&] { return xz_size(val_text); }, [&] { return zstd_size(val_text); }};
  std::array<Result<std::uint64_t>, 4> sizes = {std::uint64_t{0}, std::uint64_t{0}, std::uint64_t{0}, std::uint64_t{0}};
  parallel_for(work.size(), threads, [&](std::size_t i) { sizes[i] = work[i](); });
  for (const auto& size : sizes)
    if (!size) return size.error();
  const auto row = [&](std::string tool, std::uint64_t bytes, std::string primed) {
    CompressorRow r;
    r.tool = std::move(tool);
    r.bytes = bytes;
    r.bpb = score::bpb_of_compressed(bytes, val_text.size());
    r.primed_tool = std::move(primed);
    return r;
  };
  std::vector<CompressorRow> rows = {
      row("xz -9e", *sizes[2], "the tool takes no dictionary"),
      row("zstd --ultra -22", *sizes[3], train_text.empty() ? "no training text" : "zstd --ultra -22 --patch-from"),
      row("brotli -q 11", *sizes[1], "the tool takes no dictionary"),
  };
  if (!train_text.empty()) {
    rows[1].primed_bytes = *sizes[0];
    rows[1].primed_bpb = score::bpb_of_compressed(*sizes[0], val_text.size());
  }
  return rows;
}

std::string compressor_table(const std::vector<CompressorRow>& rows, std::uint64_t text_bytes, double model_bpb) {
  std::string out;
  const auto line = [&](std::string_view tool, std::string_view bytes, std::string_view bpb) {
    out += fmt::format("{:<62}{:>14}{:>16}\n", tool, bytes, bpb);
  };
  const auto number = [](std::uint64_t value) { return with_commas(static_cast<std::int64_t>(value)); };
  line("on the same validation text", "bytes", "bits per byte");
  line("as it is", number(text_bytes), "8.0000");
  for (const CompressorRow& r : rows) {
    line(r.tool, number(r.bytes), fmt::format("{:.4f}", r.bpb));
    if (r.primed_bpb)
      line(r.primed_tool + ", the training text as dictionary", number(*r.primed_bytes),
           fmt::format("{:.4f}", *r.primed_bpb));
    else
      line("  with the training text as dictionary: " + r.primed_tool, "-", "-");
  }
  line("this model", "", fmt::format("{:.4f}", model_bpb));
  return out;
}

}  // namespace pg::eval
