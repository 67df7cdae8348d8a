// Metadata reader: any bytes as submission.json. Beyond "no crash" it checks what the rules rely on: numbers that are
// finite and positive, bounded lists, and that reading is deterministic.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "verify/submission/metadata.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const pg::verify::Metadata m = pg::verify::parse_metadata("submission.json", text);
  require(!(m.parsed && m.recovered));
  require(m.parsed || !m.parse_error.empty());
  require(!m.val_bpb || (std::isfinite(m.val_bpb->value) && m.val_bpb->value > 0 && m.val_bpb.line > 0));
  require(!m.bytes_total || *m.bytes_total >= 0);
  require(!m.train_time_ms || std::isfinite(*m.train_time_ms));
  require(m.per_seed.size() <= 1000 && m.seeds.size() <= 1000 && m.deviations.size() <= 600);
  const pg::verify::Metadata again = pg::verify::parse_metadata("submission.json", text);
  require(again.deviations.size() == m.deviations.size() && again.seeds == m.seeds);
  return 0;
}
