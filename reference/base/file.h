#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "reference/base/result.h"

namespace pg {

// The whole file; an Error naming it if it cannot be read, is no regular file or holds more than `max_bytes`.
Result<std::string> read_file(const std::filesystem::path& path, std::uint64_t max_bytes);

// Feeds the file to `sink` in pieces of at most 256 KiB until its end or until `sink` returns false; returns the bytes
// read. Memory does not depend on the file's size; FIFOs and devices are refused, so it cannot hang.
Result<std::uint64_t> read_chunks(const std::filesystem::path& path, const std::function<bool(std::string_view)>& sink);

// Writes `bytes` to a temporary file beside `path`, flushes it to disk and renames it: readers see the old content or
// the new one, and a failure leaves the old one.
Status write_file_atomic(const std::filesystem::path& path, std::string_view bytes);

}  // namespace pg
