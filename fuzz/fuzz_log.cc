// Log reader: any bytes as a train log.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "verify/submission/log.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)pg::verify::read_log_text("x.log", std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
