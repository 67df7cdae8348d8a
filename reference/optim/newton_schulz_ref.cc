#include <algorithm>
#include <cmath>

#include "reference/optim/newton_schulz.h"

namespace pg::optim {
namespace {

using Matrix = std::vector<double>;

// a [n, k] times b [k, m].
Matrix product(const Matrix& a, const Matrix& b, std::size_t n, std::size_t k, std::size_t m) {
  Matrix out(n * m, 0.0);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t l = 0; l < k; ++l)
      for (std::size_t j = 0; j < m; ++j) out[i * m + j] += a[i * k + l] * b[l * m + j];
  return out;
}

Matrix transpose(const Matrix& a, std::size_t rows, std::size_t cols) {
  Matrix out(a.size());
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = 0; j < cols; ++j) out[j * rows + i] = a[i * cols + j];
  return out;
}

void divide(double* values, std::size_t count, double by) {
  for (std::size_t i = 0; i < count; ++i) values[i] /= by;
}

double norm(const double* values, std::size_t count) {
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += values[i] * values[i];
  return std::sqrt(sum);
}

}  // namespace

std::vector<double> orthogonalize_ref(std::vector<double> x, std::size_t rows, std::size_t cols,
                                      const Orthogonalization& how) {
  if (how.row_normalize)
    for (std::size_t i = 0; i < rows; ++i)
      divide(&x[i * cols], cols, std::max(norm(&x[i * cols], cols), 1e-7));
  divide(x.data(), x.size(), norm(x.data(), x.size()) + 1e-7);
  const bool transposed = rows > cols;
  if (transposed) {
    x = transpose(x, rows, cols);
    std::swap(rows, cols);
  }
  for (const auto& [a, b, c] : coefficients(how.form, how.steps)) {
    const Matrix gram = product(x, transpose(x, rows, cols), rows, cols, rows);
    Matrix poly = product(gram, gram, rows, rows, rows);
    for (std::size_t i = 0; i < poly.size(); ++i) poly[i] = b * gram[i] + c * poly[i];
    const Matrix correction = product(poly, x, rows, rows, cols);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = a * x[i] + correction[i];
  }
  return transposed ? transpose(x, rows, cols) : x;
}

}  // namespace pg::optim
