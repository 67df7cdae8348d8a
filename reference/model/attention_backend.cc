#include "reference/model/attention_backend.h"

#include <ATen/Context.h>
#include <ATen/ops/_fused_sdp_choice.h>
#include <ATen/ops/empty.h>

#include <array>

namespace pg::model {

void order_attention_kernels() {
  using at::SDPBackend;
  static constexpr std::array kOrder = {SDPBackend::cudnn_attention, SDPBackend::flash_attention,
                                        SDPBackend::efficient_attention, SDPBackend::math, SDPBackend::overrideable};
  static_assert(kOrder.size() == at::num_sdp_backends, "the order has to name every kernel");
  std::vector<std::int64_t> order;
  for (const SDPBackend backend : kOrder) order.push_back(static_cast<std::int64_t>(backend));
  at::globalContext().setSDPPriorityOrder(order);
}

std::string attention_kernel(const Config& config, const Runtime& runtime, std::int64_t sequences,
                             std::int64_t seq_len) {
  if (runtime.device.is_cpu()) return runtime.kernels == Kernels::kFused ? "own" : "sdpa";
  const auto type = runtime.precision == Precision::kBf16 ? at::kBFloat16 : at::kFloat;
  // As causal_attention() hands them over: heads behind positions in memory.
  const auto of = [&](int heads) {
    return at::empty({sequences, seq_len, heads, config.head_dim()}, at::TensorOptions(runtime.device).dtype(type))
        .transpose(1, 2)
        .requires_grad_(true);
  };
  const at::Tensor q = of(config.heads), k = of(config.kv_heads);
  switch (static_cast<at::SDPBackend>(at::_fused_sdp_choice(q, k, k, std::nullopt, 0.0, /*is_causal=*/true,
                                                            std::nullopt, config.heads != config.kv_heads))) {
    case at::SDPBackend::cudnn_attention:
      return "cudnn";
    case at::SDPBackend::flash_attention:
      return "flash";
    case at::SDPBackend::efficient_attention:
      return "efficient";
    case at::SDPBackend::math:
      return "math";
    default:
      return "unknown";
  }
}

}  // namespace pg::model
