#pragma once

#include <brotli/encode.h>
#include <bzlib.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace pg::verify {

// Packs code as submissions do, for tests of the unwrapper.

inline std::string b85(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += 4) {
    std::uint32_t group = 0;
    const std::size_t count = std::min<std::size_t>(4, bytes.size() - at);
    for (std::size_t i = 0; i < 4; ++i)
      group = group << 8 | (i < count ? static_cast<unsigned char>(bytes[at + i]) : 0u);
    std::string digits(5, ' ');
    for (int i = 4; i >= 0; --i, group /= 85) digits[static_cast<std::size_t>(i)] = kDigits[group % 85];
    out += digits.substr(0, count + 1);
  }
  return out;
}

inline std::string b64(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  std::uint32_t held = 0;
  int bits = 0;
  for (const char c : bytes) {
    held = held << 8 | static_cast<unsigned char>(c);
    for (bits += 8; bits >= 6;) {
      bits -= 6;
      out.push_back(kDigits[held >> bits & 63]);
    }
  }
  if (bits > 0) out.push_back(kDigits[held << (6 - bits) & 63]);
  while (out.size() % 4 != 0) out.push_back('=');
  return out;
}

inline std::string hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    out.push_back("0123456789abcdef"[static_cast<unsigned char>(c) >> 4]);
    out.push_back("0123456789abcdef"[c & 15]);
  }
  return out;
}

inline std::string pack_xz(std::string_view bytes) {
  std::string out(lzma_stream_buffer_bound(bytes.size()), '\0');
  std::size_t used = 0;
  lzma_easy_buffer_encode(6, LZMA_CHECK_CRC64, nullptr, reinterpret_cast<const std::uint8_t*>(bytes.data()),
                          bytes.size(), reinterpret_cast<std::uint8_t*>(out.data()), &used, out.size());
  out.resize(used);
  return out;
}

inline std::string pack_raw(std::string_view bytes) {
  lzma_options_lzma options{};
  lzma_lzma_preset(&options, 9);
  const lzma_filter filters[] = {{LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, nullptr}};
  std::string out(bytes.size() + 1024, '\0');
  std::size_t used = 0;
  lzma_raw_buffer_encode(filters, nullptr, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size(),
                         reinterpret_cast<std::uint8_t*>(out.data()), &used, out.size());
  out.resize(used);
  return out;
}

inline std::string pack_zlib(std::string_view bytes) {
  uLongf used = compressBound(bytes.size());
  std::string out(used, '\0');
  compress2(reinterpret_cast<Bytef*>(out.data()), &used, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size(), 9);
  out.resize(used);
  return out;
}

inline std::string pack_bz2(std::string_view bytes) {
  auto used = static_cast<unsigned>(bytes.size() + bytes.size() / 100 + 600);
  std::string out(used, '\0');
  BZ2_bzBuffToBuffCompress(out.data(), &used, const_cast<char*>(bytes.data()), static_cast<unsigned>(bytes.size()), 9,
                           0, 0);
  out.resize(used);
  return out;
}

inline std::string pack_zstd(std::string_view bytes) {
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), 19));
  return out;
}

inline std::string pack_brotli(std::string_view bytes) {
  std::size_t used = BrotliEncoderMaxCompressedSize(bytes.size());
  std::string out(used, '\0');
  BrotliEncoderCompress(11, 22, BROTLI_MODE_TEXT, bytes.size(), reinterpret_cast<const std::uint8_t*>(bytes.data()),
                        &used, reinterpret_cast<std::uint8_t*>(out.data()));
  out.resize(used);
  return out;
}

// A script large enough for its packed literal to be found by looks alone.
inline std::string sample_script() {
  std::string script = "import torch\nfrom helper import Muon\n\n\ndef main():\n";
  for (int i = 0; i < 60; ++i)
    script.append("    layer_")
        .append(std::to_string(i * 7919 % 997))
        .append(" = Muon(" + std::to_string(i * i) + ")\n");
  return script.append("\n\nif __name__ == \"__main__\":\n    main()\n");
}

// The wrapper that most packed submissions use.
inline std::string xz_wrapper(std::string_view script) {
  return "import lzma as L,base64 as B\nexec(L.decompress(B.b85decode(\"" + b85(pack_xz(script)) + "\")))\n";
}

}  // namespace pg::verify
