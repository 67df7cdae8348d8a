#include <ATen/TensorOperators.h>
#include <ATen/ops/pad.h>
#include <ATen/ops/sigmoid.h>

#include "reference/model/feature.h"

// SmearGate, old form (model.md 2.10): x_t becomes (1 - g) x_t + g x_(t-1) per channel, g = sigmoid(gate); before the
// first position stands zero. It reaches across the borders of documents, as the originals' does.

namespace pg::model {
namespace {

class SmearGate final : public Feature {
 public:
  explicit SmearGate(at::Tensor gate) : gate_(std::move(gate)) {}

  at::Tensor stream(const Hook&, const at::Tensor& x) override {
    const at::Tensor g = at::sigmoid(gate_.to(x.scalar_type()));
    const at::Tensor before = at::pad(x.narrow(1, 0, x.size(1) - 1), {0, 0, 1, 0});
    return (1 - g) * x + g * before;
  }

 private:
  at::Tensor gate_;  // [d]
};

std::vector<ParameterSpec> parameters(const Config& config, const Settings&, Place place, int) {
  if (place != Place::kAfterEmbedding) return {};
  return {{"smear.gate", {config.dim}, Role::kControl, Fill::kConstant, 0.0}};
}

std::unique_ptr<Feature> create(const Config&, const Settings&, const Lookup& parameter) {
  return std::make_unique<SmearGate>(parameter("smear.gate"));
}

}  // namespace

extern const FeatureType kSmearGate;
const FeatureType kSmearGate{
    "smear_gate", {}, [](const Config&, const Settings&) { return Status(); }, parameters, create};

}  // namespace pg::model
