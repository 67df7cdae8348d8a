#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <vector>

#include "reference/optim/config.h"

namespace pg::optim {

// X <- aX + (bA + cAA)X with A = XX^T, once per row of coefficients.
using Coefficients = std::array<double, 3>;
std::vector<Coefficients> coefficients(Orthogonalizer form, int steps);

struct Orthogonalization {
  Orthogonalizer form = Orthogonalizer::kNs5;
  int steps = 5;
  bool row_normalize = false;  // rows to length 1 first (optim.md 1.5)
  bool bf16 = true;            // iterate in bf16, as the originals; otherwise in f32
};

// Every matrix of `g` towards U V^T of its own U S V^T (optim.md 1.1): g [n, rows, cols] f32 or bf16; result the same
// shape in bf16 or f32. Zero stays zero. On the CPU in bf16 it rounds where the originals round, operation by
// operation; on a GPU the sums stay in f32 up to the end of each product.
at::Tensor orthogonalize(const at::Tensor& g, const Orthogonalization& how);

// The same for one matrix, row-major, in plain loops and double: the truth that the fast one is tested against.
std::vector<double> orthogonalize_ref(std::vector<double> g, std::size_t rows, std::size_t cols,
                                      const Orthogonalization& how);

}  // namespace pg::optim
