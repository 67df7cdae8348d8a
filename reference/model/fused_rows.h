#pragma once

#include "reference/model/fused_kernels.h"
#include "reference/model/fused_simd.h"

// The row kernels, for fused_kernel_set.cc alone.

namespace pg::model {
namespace {

template <class T>
void rms_norm(const T* x, T* y, float* r, Index rows, Index n, float eps, float scale) {
  for (Index row = 0; row < rows; ++row, x += n, y += n) {
    Vec squares{};
    for_vectors(n, [&](Index i, auto part) {
      const Vec v = load(x + i, part);
      squares += v * v;
    });
    const float inverse = 1.0F / square_root(sum(squares) / static_cast<float>(n) + eps);
    r[row] = inverse;
    const float factor = inverse * scale;
    for_vectors(n, [&](Index i, auto part) { store(y + i, load(x + i, part) * factor, part); });
  }
}

template <class T>
void rms_norm_grad(const T* g, const T* x, const float* r, T* dx, Index rows, Index n, float scale) {
  for (Index row = 0; row < rows; ++row, g += n, x += n, dx += n) {
    Vec products{};
    for_vectors(n, [&](Index i, auto part) { products += load(g + i, part) * load(x + i, part); });
    const float factor = r[row] * scale;
    const float back = factor * r[row] * r[row] * sum(products) / static_cast<float>(n);
    for_vectors(
        n, [&](Index i, auto part) { store(dx + i, load(g + i, part) * factor - load(x + i, part) * back, part); });
  }
}

template <class T>
void norm_rope_gain(const T* x, const T* cos, const T* sin, const float* gain, T* y, float* r, Index first, Index rows,
                    Index period, Index heads, Index width, Index half, float eps) {
  for (Index row = 0; row < rows; ++row) {
    const T* c = cos + (first + row) % period * half;
    const T* s = sin + (first + row) % period * half;
    for (Index head = 0; head < heads; ++head, x += width, y += width, ++r) {
      Vec squares{};
      for_vectors(width, [&](Index i, auto part) {
        const Vec v = load(x + i, part);
        squares += v * v;
      });
      *r = 1.0F / square_root(sum(squares) / static_cast<float>(width) + eps);
      const float factor = gain != nullptr ? *r * gain[head] : *r;
      for_vectors(half, [&](Index i, auto part) {
        const Vec x1 = load(x + i, part) * factor;
        const Vec x2 = load(x + half + i, part) * factor;
        const Vec vc = load(c + i, part);
        const Vec vs = load(s + i, part);
        store(y + i, x1 * vc + x2 * vs, part);
        store(y + half + i, x2 * vc - x1 * vs, part);
      });
      for_vectors(width - 2 * half,
                  [&](Index i, auto part) { store(y + 2 * half + i, load(x + 2 * half + i, part) * factor, part); });
    }
  }
}

// The rotation turned back is the gradient of the normed entries without the gain; its product with x serves the gain
// and the norm.
template <class T>
void norm_rope_gain_grad(const T* g, const T* x, const T* cos, const T* sin, const float* gain, const float* r, T* dx,
                         float* dgain, Index first, Index rows, Index period, Index heads, Index width, Index half) {
  for (Index head = 0; dgain != nullptr && head < heads; ++head) dgain[head] = 0;
  for (Index row = 0; row < rows; ++row) {
    const T* c = cos + (first + row) % period * half;
    const T* s = sin + (first + row) % period * half;
    for (Index head = 0; head < heads; ++head, g += width, x += width, dx += width, ++r) {
      Vec products{};
      for_vectors(half, [&](Index i, auto part) {
        const Vec g1 = load(g + i, part), g2 = load(g + half + i, part);
        const Vec vc = load(c + i, part), vs = load(s + i, part);
        products += (g1 * vc - g2 * vs) * load(x + i, part) + (g1 * vs + g2 * vc) * load(x + half + i, part);
      });
      for_vectors(width - 2 * half,
                  [&](Index i, auto part) { products += load(g + 2 * half + i, part) * load(x + 2 * half + i, part); });
      const float along = sum(products) * *r;
      if (dgain != nullptr) dgain[head] += along;
      const float factor = gain != nullptr ? *r * gain[head] : *r;
      const float back = factor * *r * along / static_cast<float>(width);
      for_vectors(half, [&](Index i, auto part) {
        const Vec g1 = load(g + i, part), g2 = load(g + half + i, part);
        const Vec vc = load(c + i, part), vs = load(s + i, part);
        const Vec d1 = (g1 * vc - g2 * vs) * factor - load(x + i, part) * back;
        const Vec d2 = (g1 * vs + g2 * vc) * factor - load(x + half + i, part) * back;
        store(dx + i, d1, part);
        store(dx + half + i, d2, part);
      });
      for_vectors(width - 2 * half, [&](Index i, auto part) {
        const Index j = 2 * half + i;
        store(dx + j, load(g + j, part) * factor - load(x + j, part) * back, part);
      });
    }
  }
}

constexpr float kSmallestNorm = 1e-12F;  // of F.normalize

template <class T>
PG_INLINE float dot(const T* a, const T* b, Index n) {
  Vec products{};
  for_vectors(n, [&](Index i, auto part) { products += load(a + i, part) * load(b + i, part); });
  return sum(products);
}

template <class T>
void exclude_self(const T* y, const T* v, T* out, Index rows, Index heads, Index kv_heads, Index width) {
  const Index group = heads / kv_heads;
  for (Index kv = 0; kv < rows * kv_heads; ++kv, v += width) {
    const float norm = square_root(dot(v, v, width));
    const float inverse = 1.0F / (norm < kSmallestNorm ? kSmallestNorm : norm);
    for (Index head = 0; head < group; ++head, y += width, out += width) {
      const float along = dot(y, v, width) * inverse * inverse;
      for_vectors(width,
                  [&](Index i, auto part) { store(out + i, load(y + i, part) - load(v + i, part) * along, part); });
    }
  }
}

// With u = v / |v|: dy = g - (g.u) u; du = - sum over heads of (g.u) y + (y.u) g; dv = (du - (du.u) u) / |v|. A vector
// shorter than the smallest norm is divided by that constant instead.
template <class T>
void exclude_self_grad(const T* g, const T* y, const T* v, T* dy, T* dv, Index rows, Index heads, Index kv_heads,
                       Index width) {
  const Index group = heads / kv_heads;
  float gu[kMaxGroup], yu[kMaxGroup];
  for (Index kv = 0; kv < rows * kv_heads; ++kv, v += width, dv += width) {
    const float norm = square_root(dot(v, v, width));
    const bool clamped = norm < kSmallestNorm;
    const float inverse = 1.0F / (clamped ? kSmallestNorm : norm);
    float along = 0;  // du.u
    for (Index head = 0; head < group; ++head) {
      gu[head] = dot(g + head * width, v, width) * inverse;
      yu[head] = dot(y + head * width, v, width) * inverse;
      along -= 2 * gu[head] * yu[head];
    }
    const float turn = clamped ? 0.0F : along * inverse;
    for_vectors(width, [&](Index i, auto part) {
      const Vec vv = load(v + i, part);
      Vec du = vv * -turn;
      for (Index head = 0; head < group; ++head) {
        const Vec vg = load(g + head * width + i, part);
        du -= load(y + head * width + i, part) * gu[head] + vg * yu[head];
        store(dy + head * width + i, vg - vv * (gu[head] * inverse), part);
      }
      store(dv + i, du * inverse, part);
    });
    g += group * width, y += group * width, dy += group * width;
  }
}

template <class T>
void leaky_relu_squared(const T* x, T* y, Index n, float slope) {
  const Vec below = splat(slope);
  for_vectors(n, [&](Index i, auto part) {
    const Vec v = load(x + i, part);
    // Not slope * v where the slope is 0: minus infinity has to give 0.
    const Vec a = select(v <= 0.0F, slope == 0.0F ? Vec{} : v * below, v);
    store(y + i, a * a, part);
  });
}

template <class T>
void leaky_relu_squared_grad(const T* g, const T* x, T* dx, Index n, float slope) {
  const Vec below = splat(2 * slope * slope);
  for_vectors(n, [&](Index i, auto part) {
    const Vec v = load(x + i, part);
    const Vec a = select(v <= 0.0F, slope == 0.0F ? Vec{} : v * below, v + v);
    store(dx + i, load(g + i, part) * a, part);
  });
}

PG_INLINE void zero(float* p, Index n) {
  for (Index i = 0; i < n; ++i) p[i] = 0;
}

template <class T>
void add_scaled(const T* x, const T* y, const float* scale, T* out, Index rows, Index n) {
  for (Index row = 0; row < rows; ++row, x += n, y += n, out += n)
    for_vectors(n, [&](Index i, auto part) {
      store(out + i, load(x + i, part) + load(scale + i, part) * load(y + i, part), part);
    });
}

template <class T>
void add_scaled_grad(const T* g, const T* y, const float* scale, T* dy, float* dscale, Index rows, Index n) {
  zero(dscale, n);
  for (Index row = 0; row < rows; ++row, g += n, y += n, dy += n)
    for_vectors(n, [&](Index i, auto part) {
      const Vec vg = load(g + i, part);
      store(dy + i, load(scale + i, part) * vg, part);
      store(dscale + i, load(dscale + i, part) + vg * load(y + i, part), part);
    });
}

// One row: sum = f(i), and its norm.
template <class T, class F>
PG_INLINE float sum_and_norm(T* sums, T* normed, Index n, float eps, float factor, F f) {
  Vec squares{};
  for_vectors(n, [&](Index i, auto part) {
    store(sums + i, f(i, part), part);
    const Vec v = load(sums + i, part);
    squares += v * v;
  });
  const float inverse = 1.0F / square_root(sum(squares) / static_cast<float>(n) + eps);
  for_vectors(n, [&](Index i, auto part) { store(normed + i, load(sums + i, part) * (inverse * factor), part); });
  return inverse;
}

// One row: f(i, part, gradient of the sum, with what comes through the norm).
template <class T, class F>
PG_INLINE void through_sum_and_norm(const T* gsum, const T* gnormed, const T* sums, float r, Index n, float factor,
                                    F f) {
  const float by = r * factor;
  const float back = by * r * r * dot(gnormed, sums, n) / static_cast<float>(n);
  for_vectors(n, [&](Index i, auto part) {
    f(i, part, load(gsum + i, part) + load(gnormed + i, part) * by - load(sums + i, part) * back);
  });
}

template <class T>
void residual_mix_norm(const T* x, const T* x0, const float* mix, T* sums, T* normed, float* r, Index rows, Index n,
                       float eps, float factor) {
  for (Index row = 0; row < rows; ++row, x += n, x0 += n, sums += n, normed += n)
    r[row] = sum_and_norm(sums, normed, n, eps, factor, [&](Index i, auto part) {
      return load(mix + i, part) * load(x + i, part) + load(mix + n + i, part) * load(x0 + i, part);
    });
}

template <class T>
void residual_mix_norm_grad(const T* gsum, const T* gnormed, const T* x, const T* x0, const T* sums, const float* mix,
                            const float* r, T* dx, T* dx0, float* dmix, Index rows, Index n, float factor) {
  zero(dmix, 2 * n);
  for (Index row = 0; row < rows; ++row) {
    const Index at = row * n;
    through_sum_and_norm(gsum + at, gnormed + at, sums + at, r[row], n, factor, [&](Index i, auto part, Vec g) {
      store(dx + at + i, load(mix + i, part) * g, part);
      store(dx0 + at + i, load(mix + n + i, part) * g, part);
      store(dmix + i, load(dmix + i, part) + g * load(x + at + i, part), part);
      store(dmix + n + i, load(dmix + n + i, part) + g * load(x0 + at + i, part), part);
    });
  }
}

template <class T>
void add_scaled_norm(const T* x, const T* y, const float* scale, T* sums, T* normed, float* r, Index rows, Index n,
                     float eps, float factor) {
  for (Index row = 0; row < rows; ++row, x += n, y += n, sums += n, normed += n)
    r[row] = sum_and_norm(sums, normed, n, eps, factor, [&](Index i, auto part) {
      return load(x + i, part) + load(scale + i, part) * load(y + i, part);
    });
}

template <class T>
void add_scaled_norm_grad(const T* gsum, const T* gnormed, const T* y, const T* sums, const float* scale,
                          const float* r, T* dx, T* dy, float* dscale, Index rows, Index n, float factor) {
  zero(dscale, n);
  for (Index row = 0; row < rows; ++row) {
    const Index at = row * n;
    through_sum_and_norm(gsum + at, gnormed + at, sums + at, r[row], n, factor, [&](Index i, auto part, Vec g) {
      store(dx + at + i, g, part);
      store(dy + at + i, load(scale + i, part) * g, part);
      store(dscale + i, load(dscale + i, part) + g * load(y + at + i, part), part);
    });
  }
}

template <class T>
void gated_skip(const T* x, const T* skip, const float* weight, const float* keep, T* out, Index rows, Index n) {
  for (Index row = 0; row < rows; ++row, x += n, skip += n, out += n)
    for_vectors(n, [&](Index i, auto part) {
      const Vec start = load(weight + i, part) * load(skip + i, part);
      store(out + i, start + load(keep + i, part) * (load(x + i, part) - start), part);
    });
}

template <class T>
void gated_skip_grad(const T* g, const T* x, const T* skip, const float* weight, const float* keep, T* dx, T* dskip,
                     float* dweight, float* dkeep, Index rows, Index n) {
  zero(dweight, n);
  zero(dkeep, n);
  for (Index row = 0; row < rows; ++row, g += n, x += n, skip += n, dx += n, dskip += n)
    for_vectors(n, [&](Index i, auto part) {
      const Vec vg = load(g + i, part), vk = load(keep + i, part), vw = load(weight + i, part);
      const Vec vs = load(skip + i, part);
      const Vec through = vg - vg * vk;
      store(dx + i, vg * vk, part);
      store(dskip + i, through * vw, part);
      store(dweight + i, load(dweight + i, part) + through * vs, part);
      store(dkeep + i, load(dkeep + i, part) + vg * (load(x + i, part) - vw * vs), part);
    });
}

// The capped scores lie within +-cap, so that up to this cap the sum of their powers needs no maximum.
constexpr float kSafeCap = 60.0F;

template <class T>
void softcap_nll(T* z, const Index* targets, float* nll, float* scratch, Index rows, Index n, float cap,
                 bool gradient) {
  float* const tanhs = scratch;
  float* const powers = scratch + n;
  const float by_cap = 1.0F / cap;
  for (Index row = 0; row < rows; ++row, z += n) {
    for_vectors(n, [&](Index i, auto part) { store(tanhs + i, tanh(load(z + i, part) * by_cap), part); });
    float shift = 0;
    if (cap > kSafeCap) {
      shift = tanhs[0];
      for (Index i = 1; i < n; ++i) shift = tanhs[i] > shift ? tanhs[i] : shift;
      shift *= cap;
    }
    Vec sums{};
    for_vectors(n, [&](Index i, auto part) {
      store(powers + i, exp(load(tanhs + i, part) * cap - shift), part);
      sums += load(powers + i, part);  // again from memory: without what lies behind the row's end
    });
    const float total = sum(sums);
    // In f64, as a confident row's loss is a small difference.
    nll[row] = static_cast<float>(__builtin_log(static_cast<double>(total)) + static_cast<double>(shift) -
                                  static_cast<double>(cap) * static_cast<double>(tanhs[targets[row]]));
    if (!gradient) continue;
    const float inverse = 1.0F / total;
    powers[targets[row]] -= total;
    for_vectors(n, [&](Index i, auto part) {
      const Vec t = load(tanhs + i, part);
      store(z + i, load(powers + i, part) * inverse * (1.0F - t * t), part);
    });
  }
}

template <class T>
void scale_rows(T* z, const float* by, Index rows, Index n) {
  for (Index row = 0; row < rows; ++row, z += n)
    for_vectors(n, [&](Index i, auto part) { store(z + i, load(z + i, part) * by[row], part); });
}

template <class T>
constexpr RowKernels<T> kRowKernels{rms_norm<T>,           rms_norm_grad<T>,
                                    norm_rope_gain<T>,     norm_rope_gain_grad<T>,
                                    exclude_self<T>,       exclude_self_grad<T>,
                                    leaky_relu_squared<T>, leaky_relu_squared_grad<T>,
                                    add_scaled<T>,         add_scaled_grad<T>,
                                    residual_mix_norm<T>,  residual_mix_norm_grad<T>,
                                    add_scaled_norm<T>,    add_scaled_norm_grad<T>,
                                    gated_skip<T>,         gated_skip_grad<T>,
                                    softcap_nll<T>,        scale_rows<T>};

}  // namespace
}  // namespace pg::model
