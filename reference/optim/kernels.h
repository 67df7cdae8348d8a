#pragma once

#include <ATen/core/Tensor.h>

namespace pg::optim {

// Elementwise passes of the optimizers; one pass over memory for f32 on the CPU, composed of ATen's elsewhere. The
// result does not depend on the number of threads. All tensors have the same number of elements and are contiguous.

// momentum <- mu * momentum + grad; update <- grad + mu * momentum (Nesterov, optim.md 1.2).
void nesterov(const at::Tensor& grad, at::Tensor& momentum, at::Tensor& update, double mu);

// data <- data * keep + scale * update. update: the type of data, or bf16.
void decay_and_add(at::Tensor& data, double keep, const at::Tensor& update, double scale);

// average <- decay * average + (1 - decay) * data. average: f32.
void moving_average(at::Tensor& average, const at::Tensor& data, double decay);

}  // namespace pg::optim
