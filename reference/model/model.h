#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "reference/base/result.h"
#include "reference/model/config.h"

namespace pg::model {

enum class Precision {
  kF32,
  kBf16
};  // of activations and matrix products; see model.md 0.2 for the types of parameters
enum class Kernels { kPlain, kFused };  // which table of ops.h

struct Runtime {
  c10::Device device = c10::kCPU;
  Precision precision = Precision::kF32;
  Kernels kernels = Kernels::kFused;
};

// A parameter under the name that the Python originals give it in a checkpoint, in the order of named_parameters().
struct Parameter {
  std::string name;
  at::Tensor tensor;  // a leaf that requires its gradient
};

// The network of a Config. Its parameters are reachable by name; everything else (optimizers, checkpoints, averages,
// parity) works on that list.
class Model {
 public:
  // Draws the weights from `seed` alone: the same seed gives the same weights whatever the device and thread count.
  // The distributions are those of the originals (model.md 2.8); the random numbers are not PyTorch's.
  static Result<std::unique_ptr<Model>> create(const Config& config, const Runtime& runtime, std::uint64_t seed);
  virtual ~Model() = default;

  virtual const Config& config() const = 0;
  virtual const Runtime& runtime() const = 0;
  virtual std::vector<Parameter>& parameters() = 0;

  // Depth recurrence on or off (model.md 2.17). Off after create(), as the originals start; no effect without a loop.
  virtual void set_looping(bool active) = 0;
  virtual bool looping() const = 0;

  // ids: [B, T] int64. Result: [B, T, V], soft-capped, in the activations' type.
  virtual at::Tensor logits(const at::Tensor& ids) = 0;
  // Natural-log loss of the targets at the positions from, from + 1, ...: what lies before is context, and the head
  // is not computed for it. ids, targets: [B, T] int64; 0 <= from < T. Result: [B, T - from] f32. Differentiable.
  virtual at::Tensor token_nll(const at::Tensor& ids, const at::Tensor& targets, std::int64_t from) = 0;
  at::Tensor token_nll(const at::Tensor& ids, const at::Tensor& targets) { return token_nll(ids, targets, 0); }
  // Mean loss in nats, a scalar tensor; adds `scale` times its gradient to the parameters' gradients.
  virtual at::Tensor accumulate_gradients(const at::Tensor& ids, const at::Tensor& targets, double scale) = 0;

  // Takes over weights by name, converting types. All must be there, in the right shape; nothing changes on an error.
  Status load(const std::map<std::string, at::Tensor>& weights);
  std::map<std::string, at::Tensor> state();  // detached, shares memory
  std::int64_t parameter_count();
};

}  // namespace pg::model
