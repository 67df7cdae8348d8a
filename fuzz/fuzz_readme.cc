// README scores: any bytes. The scores must lie in their range and in the text's order.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "verify/submission/readme.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto scores = pg::verify::readme_scores(text);
  const bool sane = scores.size() <= 1000 && std::ranges::all_of(scores, [](const pg::verify::ReadmeHeadline& score) {
                      return score.val_bpb.value >= 0.3 && score.val_bpb.value <= 5 && score.line > 0;
                    });
  if (!sane || !std::ranges::is_sorted(scores, {}, &pg::verify::ReadmeHeadline::line)) std::abort();
  return 0;
}
