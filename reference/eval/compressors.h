#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/result.h"

namespace pg::eval {

// What a general compressor makes of the validation text. The sizes are those of the tool's file, header included.
struct CompressorRow {
  std::string tool;         // command line: "xz -9e"
  std::uint64_t bytes = 0;  // validation text alone
  double bpb = 0;
  std::optional<std::uint64_t> primed_bytes;  // with the training text as dictionary
  std::optional<double> primed_bpb;
  std::string primed_tool;  // "zstd --ultra -22 --patch-from"; or why there is none
};

// Sizes of `val_text` under xz -9e, zstd --ultra -22 and brotli -q 11, by the libraries of those tools with the tools'
// settings; with `train_text` as dictionary where a tool takes one (zstd). Empty train_text: without. In parallel on
// `threads` threads (0: one per core). About 2 s per MB of validation text, and for zstd 1 s per MB of training text.
Result<std::vector<CompressorRow>> compare_with_compressors(std::string_view val_text, std::string_view train_text,
                                                            unsigned threads = 0);

// The rows beside a model's bits per byte on the same text, as lines for a terminal.
std::string compressor_table(const std::vector<CompressorRow>& rows, std::uint64_t text_bytes, double model_bpb);

// Size of `text` compressed by one tool.
Result<std::uint64_t> xz_size(std::string_view text);      // xz -9e
Result<std::uint64_t> brotli_size(std::string_view text);  // brotli -q 11
// zstd --ultra -22, with --patch-from=prefix unless that is empty.
Result<std::uint64_t> zstd_size(std::string_view text, std::string_view prefix = {});

}  // namespace pg::eval
