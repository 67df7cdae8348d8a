#include <brotli/decode.h>
#include <bzlib.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <memory>

#include "verify/submission/unpack_decoders.h"

namespace pg::verify {
namespace {

constexpr std::size_t kChunk = 64 * 1024;

// Grows `out` chunk by chunk up to `limit` bytes.
class Sink {
 public:
  // `produced` counts what was written, also where the stream fails later: failures cost budget too.
  Sink(std::uint64_t limit, bool limit_is_ratio, std::uint64_t* produced)
      : limit_(limit), limit_is_ratio_(limit_is_ratio), produced_(produced) {}

  std::uint64_t limit() const { return limit_; }

  // Room for the next piece, at most kChunk and one byte more than the limit allows.
  std::size_t prepare() {
    used_ = out_.size();
    const std::uint64_t room = limit_ + 1 - std::min<std::uint64_t>(used_, limit_ + 1);
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(room, kChunk));
    out_.resize(used_ + size);
    return size;
  }
  unsigned char* space() { return reinterpret_cast<unsigned char*>(out_.data()) + used_; }
  // `written` of the prepared bytes were used. False once the limit is passed.
  bool commit(std::size_t written) {
    out_.resize(used_ + written);
    *produced_ += written;
    return out_.size() <= limit_;
  }
  Error over_limit() const {
    return Error{limit_is_ratio_ ? "expands more than 2000-fold (limit " + std::to_string(limit_) + " bytes)"
                                 : "decoded output is over the limit of 64 MiB"};
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
  std::size_t used_ = 0;
  std::uint64_t limit_;
  bool limit_is_ratio_;
  std::uint64_t* produced_;
};

// Runs a stream of the zlib shape (next_in, avail_in, next_out, avail_out) to its end.
template <class Step>
Result<std::string> pump(Sink sink, const char* name, Step&& step) {
  while (true) {
    const std::size_t room = sink.prepare();
    if (room == 0) return sink.over_limit();
    // step: bytes written, whether the stream ended, whether it is broken.
    const auto [written, ended, broken] = step(sink.space(), room);
    if (!sink.commit(written)) return sink.over_limit();
    if (broken) return Error{std::string("no valid ") + name + " stream"};
    if (ended) return sink.take();
    if (written == 0) return Error{std::string("the ") + name + " stream is cut off"};
  }
}

struct Step {
  std::size_t written;
  bool ended, broken;
};

Result<std::string> inflate_stream(std::string_view packed, int window_bits, const char* name, Sink sink) {
  z_stream z{};
  if (inflateInit2(&z, window_bits) != Z_OK) return Error{"zlib is out of memory"};
  const std::unique_ptr<z_stream, int (*)(z_stream*)> guard(&z, inflateEnd);
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  z.avail_in = static_cast<uInt>(packed.size());
  return pump(std::move(sink), name, [&](unsigned char* out, std::size_t room) -> Step {
    z.next_out = out;
    z.avail_out = static_cast<uInt>(room);
    const int code = inflate(&z, Z_NO_FLUSH);
    return {room - z.avail_out, code == Z_STREAM_END, code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR};
  });
}

Result<std::string> bunzip2(std::string_view packed, Sink sink) {
  bz_stream z{};
  if (BZ2_bzDecompressInit(&z, 0, 0) != BZ_OK) return Error{"bz2 is out of memory"};
  const std::unique_ptr<bz_stream, int (*)(bz_stream*)> guard(&z, BZ2_bzDecompressEnd);
  z.next_in = const_cast<char*>(packed.data());
  z.avail_in = static_cast<unsigned>(packed.size());
  return pump(std::move(sink), "bz2", [&](unsigned char* out, std::size_t room) -> Step {
    z.next_out = reinterpret_cast<char*>(out);
    z.avail_out = static_cast<unsigned>(room);
    const int code = BZ2_bzDecompress(&z);
    return {room - z.avail_out, code == BZ_STREAM_END, code != BZ_OK && code != BZ_STREAM_END};
  });
}

Result<std::string> run_lzma(lzma_stream& z, std::string_view packed, bool may_lack_end, Sink sink) {
  const std::unique_ptr<lzma_stream, void (*)(lzma_stream*)> guard(&z, lzma_end);
  z.next_in = reinterpret_cast<const std::uint8_t*>(packed.data());
  z.avail_in = packed.size();
  return pump(std::move(sink), may_lack_end ? "raw lzma" : "xz", [&](unsigned char* out, std::size_t room) -> Step {
    z.next_out = out;
    z.avail_out = room;
    lzma_ret code = lzma_code(&z, LZMA_RUN);
    if (code == LZMA_OK && z.avail_out == room) code = lzma_code(&z, LZMA_RUN);  // says BUF_ERROR on the second try
    const std::size_t written = room - z.avail_out;
    // A raw stream may lack its end marker; all input used and nothing more to come is its end then.
    const bool drained = code == LZMA_BUF_ERROR && z.avail_in == 0 && z.total_out > 0 && may_lack_end;
    return {written, code == LZMA_STREAM_END || drained,
            code != LZMA_OK && code != LZMA_STREAM_END && code != LZMA_BUF_ERROR};
  });
}

Result<std::string> unlzma(std::string_view packed, std::uint64_t memory, Sink sink) {
  lzma_stream z = LZMA_STREAM_INIT;
  if (lzma_auto_decoder(&z, memory, 0) != LZMA_OK) return Error{"lzma is out of memory"};
  return run_lzma(z, packed, false, std::move(sink));
}

Result<std::string> unlzma_raw(std::string_view packed, const std::vector<RawFilter>& wanted, Sink sink) {
  // The window has to be at least the encoder's; whatever that was, no more than the output can be used of it.
  const auto dictionary = static_cast<std::uint32_t>(std::clamp<std::uint64_t>(sink.limit(), 4096, 1u << 30));
  std::array<lzma_options_lzma, LZMA_FILTERS_MAX> lzma_options{};
  std::array<lzma_options_delta, LZMA_FILTERS_MAX> delta_options{};
  std::array<lzma_filter, LZMA_FILTERS_MAX + 1> filters{};
  std::size_t count = 0;
  for (const RawFilter& filter : wanted.empty() ? std::vector<RawFilter>(1) : wanted) {
    if (count == LZMA_FILTERS_MAX) return Error{"more than four lzma filters"};
    lzma_options_lzma& lzma = lzma_options[count];
    switch (filter.kind) {
      case RawFilter::Kind::lzma1:
      case RawFilter::Kind::lzma2:
        lzma.dict_size = dictionary;
        lzma.lc = filter.lc, lzma.lp = filter.lp, lzma.pb = filter.pb;
        filters[count] = {filter.kind == RawFilter::Kind::lzma1 ? LZMA_FILTER_LZMA1 : LZMA_FILTER_LZMA2, &lzma};
        break;
      case RawFilter::Kind::delta:
        delta_options[count].type = LZMA_DELTA_TYPE_BYTE;
        delta_options[count].dist = filter.distance;
        filters[count] = {LZMA_FILTER_DELTA, &delta_options[count]};
        break;
      case RawFilter::Kind::x86:
        filters[count] = {LZMA_FILTER_X86, nullptr};
        break;
    }
    ++count;
  }
  filters[count] = {LZMA_VLI_UNKNOWN, nullptr};
  lzma_stream z = LZMA_STREAM_INIT;
  if (lzma_raw_decoder(&z, filters.data()) != LZMA_OK) {
    lzma_end(&z);
    return Error{"the lzma filter chain is not valid"};
  }
  return run_lzma(z, packed, true, std::move(sink));
}

Result<std::string> unzstd(std::string_view packed, Sink sink) {
  const std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  if (context == nullptr) return Error{"zstd is out of memory"};
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, 27);
  ZSTD_inBuffer in{packed.data(), packed.size(), 0};
  return pump(std::move(sink), "zstd", [&](unsigned char* out, std::size_t room) -> Step {
    ZSTD_outBuffer buffer{out, room, 0};
    const std::size_t code = ZSTD_decompressStream(context.get(), &buffer, &in);
    return {buffer.pos, code == 0, ZSTD_isError(code) != 0};
  });
}

Result<std::string> unbrotli(std::string_view packed, Sink sink) {
  const std::unique_ptr<BrotliDecoderState, void (*)(BrotliDecoderState*)> state(
      BrotliDecoderCreateInstance(nullptr, nullptr, nullptr), BrotliDecoderDestroyInstance);
  if (state == nullptr) return Error{"brotli is out of memory"};
  std::size_t available_in = packed.size();
  const auto* next_in = reinterpret_cast<const std::uint8_t*>(packed.data());
  return pump(std::move(sink), "brotli", [&](unsigned char* out, std::size_t room) -> Step {
    std::size_t available_out = room;
    std::uint8_t* next_out = out;
    const auto code =
        BrotliDecoderDecompressStream(state.get(), &available_in, &next_in, &available_out, &next_out, nullptr);
    return {room - available_out, code == BROTLI_DECODER_RESULT_SUCCESS, code == BROTLI_DECODER_RESULT_ERROR};
  });
}

// The codec that the first bytes announce; brotli and raw LZMA2 announce nothing.
StreamCodec announced(std::string_view packed) {
  const auto byte = [&](std::size_t i) { return i < packed.size() ? static_cast<unsigned char>(packed[i]) : 0u; };
  if (packed.substr(0, 6) == std::string_view("\xFD"
                                              "7zXZ\0",
                                              6))
    return StreamCodec::lzma;
  if (byte(0) == 0x5D && byte(1) == 0 && byte(2) == 0) return StreamCodec::lzma;
  if (byte(0) == 0x1F && byte(1) == 0x8B) return StreamCodec::gzip;
  if (packed.substr(0, 3) == "BZh") return StreamCodec::bz2;
  if (packed.substr(0, 4) == "\x28\xB5\x2F\xFD") return StreamCodec::zstd;
  if ((byte(0) & 0x0F) == 8 && (byte(0) >> 4) <= 7 && (byte(0) * 256 + byte(1)) % 31 == 0) return StreamCodec::zlib;
  return StreamCodec::detect;
}

}  // namespace

const char* codec_name(StreamCodec codec) {
  switch (codec) {
    case StreamCodec::lzma:
      return "lzma";
    case StreamCodec::lzma_raw:
      return "lzma-raw";
    case StreamCodec::zlib:
      return "zlib";
    case StreamCodec::bz2:
      return "bz2";
    case StreamCodec::gzip:
      return "gzip";
    case StreamCodec::zstd:
      return "zstd";
    case StreamCodec::brotli:
      return "brotli";
    case StreamCodec::detect:
      return "unknown";
  }
  return "";
}

Result<DecodedStream> decode_stream(StreamCodec codec, std::string_view packed, UnpackBudget& budget,
                                    const std::vector<RawFilter>& filters) {
  if (codec == StreamCodec::detect) {
    codec = announced(packed);
    if (codec == StreamCodec::detect) {
      const unsigned first = packed.empty() ? 0 : static_cast<unsigned char>(packed[0]);
      if (first == 1 || first >= 0xE0) {  // LZMA2 chunks that reset the dictionary
        auto raw = decode_stream(StreamCodec::lzma_raw, packed, budget, {});
        if (raw) return raw;
      }
      return decode_stream(StreamCodec::brotli, packed, budget, {});
    }
  }
  const UnpackLimits& limits = budget.limits();
  const std::uint64_t by_ratio = std::max(limits.ratio_floor_bytes, limits.max_ratio * packed.size());
  std::uint64_t produced = 0;
  const Sink sink(std::min(by_ratio, budget.left()), by_ratio < budget.left(), &produced);
  Result<std::string> out = Error{""};
  switch (codec) {
    case StreamCodec::lzma:
      out = unlzma(packed, limits.lzma_memory_bytes, sink);
      break;
    case StreamCodec::lzma_raw:
      out = unlzma_raw(packed, filters, sink);
      break;
    case StreamCodec::zlib:
      out = inflate_stream(packed, 15, "zlib", sink);
      break;
    case StreamCodec::gzip:
      out = inflate_stream(packed, 15 + 16, "gzip", sink);
      break;
    case StreamCodec::bz2:
      out = bunzip2(packed, sink);
      break;
    case StreamCodec::zstd:
      out = unzstd(packed, sink);
      break;
    default:
      out = unbrotli(packed, sink);
      break;
  }
  if (!out && produced == 0 && codec == StreamCodec::zlib)
    out = inflate_stream(packed, -15, "zlib", sink);  // wbits=-15
  budget.take(produced);
  if (!out) return out.error();
  return DecodedStream{std::move(*out), codec};
}

}  // namespace pg::verify
