#include "reference/train/flops.h"

#include <algorithm>
#include <vector>

#include "reference/base/decimal.h"
#include "reference/model/parameter_spec.h"

namespace pg::train {
namespace {

constexpr double kSxmPeak = 989.4e12;  // H100 and H200 SXM (NVIDIA's data sheets)
constexpr std::string_view kBlocks = "blocks.";

// The number of the block that a parameter belongs to; -1: none.
std::int64_t block_of(std::string_view name) {
  if (!name.starts_with(kBlocks)) return -1;
  name.remove_prefix(kBlocks.size());
  return parse_int(name.substr(0, name.find('.'))).value_or(-1);
}

}  // namespace

double flops_per_token(const model::Config& config, bool looping, std::int64_t seq_len) {
  const model::Config::Order order = config.order(looping);
  std::vector<int> runs = order.encoder;
  runs.insert(runs.end(), order.decoder.begin(), order.decoder.end());
  double weights = config.tie_embeddings ? static_cast<double>(config.vocab_size) * config.embedding_width() : 0;
  for (const model::ParameterSpec& spec : model::parameter_specs(config)) {
    if (spec.role != model::Role::kLinear) continue;
    const std::int64_t block = block_of(spec.name);
    const auto times = block < 0 ? 1 : std::count(runs.begin(), runs.end(), static_cast<int>(block));
    weights += static_cast<double>(times) * static_cast<double>(spec.numel());
  }
  const double attention = static_cast<double>(runs.size()) * config.dim * static_cast<double>(seq_len);
  return 6 * (weights + attention);
}

double peak_flops(std::string_view gpu) {
  const auto has = [&](std::string_view part) { return gpu.find(part) != std::string_view::npos; };
  // The cards with less power, the superchips (GH200) and slices of a GPU are slower.
  const bool sxm = (has(" H100") || has(" H200")) && !has("PCIe") && !has("NVL") && !has("MIG");
  return sxm ? kSxmPeak : 0;
}

}  // namespace pg::train
