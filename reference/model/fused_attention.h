#pragma once

#include "reference/model/fused_kernels.h"
#include "reference/model/fused_simd.h"

// Causal attention in f32, for fused_kernel_set.cc alone. A block of kBlock query rows is multiplied with the keys up
// to the block's end only; its scores, [kBlock, up to T], stay in the cache. Operands of the inner products are packed
// into panels of kPanel columns so that a product reads them in one run; packing also converts from bf16 and pads with
// zeros, so that no product has a remainder. Keys and values are packed once for all query heads that share them.

namespace pg::model {
namespace {

constexpr Index kRowsOfTile = kWidth == 16 ? 12 : 6;
constexpr Index kPanel = 2 * kWidth;
constexpr Index kBlock = 48;  // a multiple of kRowsOfTile

PG_INLINE Index round_up(Index n, Index to) {
  return (n + to - 1) / to * to;
}

// C[kRowsOfTile, kPanel] (+)= A * panel; A(m, k) = a[m * am + k * ak].
PG_INLINE void tile(Index inner, const float* a, Index am, Index ak, const float* panel, float* c, Index ldc,
                    bool add) {
  Vec sums[kRowsOfTile][2];
#pragma GCC unroll 16
  for (Index m = 0; m < kRowsOfTile; ++m) sums[m][0] = sums[m][1] = Vec{};
  for (Index k = 0; k < inner; ++k, a += ak, panel += kPanel) {
    const Vec left = load(panel, Full{}), right = load(panel + kWidth, Full{});
#pragma GCC unroll 16
    for (Index m = 0; m < kRowsOfTile; ++m) {
      const Vec by = splat(a[m * am]);
      sums[m][0] += by * left;
      sums[m][1] += by * right;
    }
  }
#pragma GCC unroll 16
  for (Index m = 0; m < kRowsOfTile; ++m) {
    float* const row = c + m * ldc;
    store(row, add ? sums[m][0] + load(row, Full{}) : sums[m][0], Full{});
    store(row + kWidth, add ? sums[m][1] + load(row + kWidth, Full{}) : sums[m][1], Full{});
  }
}

// The three products of causal attention leave out the tiles in which no query sees a key. Right operands are packed as
// panels.

// scores[kBlock, keys] = left[kBlock, inner] * panels, for the queries from `first` on and the keys before `end`.
[[gnu::noinline]] void block_by_keys(Index first, Index end, Index inner, const float* left, const float* panels,
                                     float* scores, Index step) {
  for (Index key = 0; key < end; key += kPanel, panels += inner * kPanel)
    for (Index row = key <= first ? 0 : (key - first) / kRowsOfTile * kRowsOfTile; row < kBlock; row += kRowsOfTile)
      tile(inner, left + row * inner, inner, 1, panels, scores + row * step + key, step, false);
}

// out[kBlock, columns] = weights[kBlock, keys] * rows[keys, columns]. As many keys at once as keep the panels in the
// first-level cache.
[[gnu::noinline]] void weights_by_rows(Index first, Index keys, const float* weights, Index step, const float* panels,
                                       Index panel_rows, float* out, Index columns) {
  const Index run = columns <= 64 ? 4096 / columns : 64;
  for (Index key = 0; key < keys; key += run)
    for (Index row = 0; row < kBlock; row += kRowsOfTile) {
      const Index end = first + row + kRowsOfTile < keys ? first + row + kRowsOfTile : keys;
      const Index inner = end - key < run ? end - key : run;
      for (Index column = 0; inner > 0 && column < columns; column += kPanel)
        tile(inner, weights + row * step + key, step, 1, panels + column * panel_rows + key * kPanel,
             out + row * columns + column, columns, key > 0);
    }
}

// out[keys, columns] += weights[rows, keys]^T * panels[rows, columns].
[[gnu::noinline]] void transposed_weights_by_block(Index first, Index rows, const float* weights, Index step,
                                                   const float* panels, float* out, Index columns) {
  for (Index key = 0; key < first + rows; key += kRowsOfTile) {
    const Index from = key <= first ? 0 : key - first;
    for (Index column = 0; column < columns; column += kPanel)
      tile(rows - from, weights + from * step + key, 1, step, panels + column * kBlock + from * kPanel,
           out + key * columns + column, columns, true);
  }
}

// Rows of [rows, width] as panels over the width: [width / kPanel][rows_padded][kPanel].
template <class T>
void pack_rows(const T* x, Index step, Index rows, Index rows_padded, Index width, float factor, float* out) {
  for (Index column = 0; column < width; column += kPanel)
    for (Index row = 0; row < rows_padded; ++row, out += kPanel)
      for (Index half = 0; half < kPanel; half += kWidth) {
        const Index left = row < rows ? width - column - half : 0;
        const T* from = x + row * step + column + half;
        store(out + half, (left >= kWidth ? load(from, Full{}) : load(from, Part{left < 0 ? 0 : int(left)})) * factor,
              Full{});
      }
}

// The transpose of [rows, width] as panels over the rows: [rows / kPanel][width][kPanel].
template <class T>
void pack_transposed(const T* x, Index step, Index rows, Index width, float* out) {
  for (Index first = 0; first < rows; first += kPanel, out += width * kPanel)
    for (Index lane = 0; lane < kPanel; ++lane) {
      const T* from = x + (first + lane) * step;
      if (first + lane < rows)
        for (Index i = 0; i < width; ++i) out[i * kPanel + lane] = to_float(from[i]);
      else
        for (Index i = 0; i < width; ++i) out[i * kPanel + lane] = 0;
    }
}

// Rows of a block as they are, [kBlock, width]: the left operand.
template <class T>
void pack_block(const T* x, Index step, Index rows, Index width, float factor, float* out) {
  for (Index row = 0; row < kBlock; ++row, out += width)
    for_vectors(width, [&](Index i, auto part) {
      store(out + i, row < rows ? load(x + row * step + i, part) * factor : Vec{}, part);
    });
}

// Sizes that follow from a shape.
struct Plan {
  Index length, width, keys, padded_width, score_step;
  explicit Plan(const AttentionShape& shape)
      : length(shape.length),
        width(shape.width),
        keys(round_up(shape.length, kPanel)),
        padded_width(round_up(shape.width, kPanel)),
        score_step(round_up(keys, kBlock) + kBlock) {}
  Index transposed() const { return keys * width; }
  Index rows() const { return round_up(length, kBlock) * padded_width; }
  Index scores() const { return kBlock * score_step; }
  Index block() const { return kBlock * padded_width; }
};

struct Cursor {  // hands out parts of the scratch memory
  float* at;
  float* take(Index n) {
    float* const p = at;
    at += n;
    return p;
  }
};

Index forward_scratch(const AttentionShape& shape) {
  const Plan plan(shape);
  return plan.transposed() + plan.rows() + plan.scores() + 2 * plan.block();
}

Index backward_scratch(const AttentionShape& shape) {
  const Plan plan(shape);
  return 2 * plan.transposed() + 3 * plan.rows() + 2 * plan.scores() + 5 * plan.block();
}

// The tiles on the diagonal read up to this many entries behind a row's last key.
PG_INLINE void clear_behind(float* row, Index valid) {
  for (Index i = 0; i < kRowsOfTile; ++i) row[valid + i] = 0;
}

// Scores of a row's first `valid` keys -> powers. The sum of the powers, and the largest score.
PG_INLINE float soften(float* row, Index valid, float* largest_score) {
  Vec most = splat(row[0]);
  for_vectors(valid, [&](Index i, auto part) {
    Vec x = load(row + i, part);
    if constexpr (!__is_same(decltype(part), Full))
      for (int lane = part.n; lane < kWidth; ++lane) x[lane] = row[0];
    most = max(x, most);
  });
  const float m = largest(most);
  Vec sums{};
  for_vectors(valid, [&](Index i, auto part) {
    store(row + i, exp(load(row + i, part) - m), part);
    sums += load(row + i, part);
  });
  clear_behind(row, valid);
  *largest_score = m;
  return sum(sums);
}

template <class T>
void attention_forward(const AttentionShape& shape, const T* q, const T* k, const T* v, T* out, float* lse,
                       float* scratch) {
  const Plan plan(shape);
  const Index width = plan.width, padded = plan.padded_width;
  Cursor cursor{scratch};
  float* const keys = cursor.take(plan.transposed());
  float* const values = cursor.take(plan.rows());
  float* const scores = cursor.take(plan.scores());
  float* const queries = cursor.take(plan.block());
  float* const sums = cursor.take(plan.block());
  pack_transposed(k, shape.kv_step, plan.length, width, keys);
  pack_rows(v, shape.kv_step, plan.length, plan.length, width, 1.0F, values);
  for (Index head = 0; head < shape.group; ++head, q += width, out += width, lse += plan.length)
    for (Index first = 0; first < plan.length; first += kBlock) {
      const Index rows = plan.length - first < kBlock ? plan.length - first : kBlock;
      pack_block(q + first * shape.q_step, shape.q_step, rows, width, shape.scale, queries);
      block_by_keys(first, first + rows, width, queries, keys, scores, plan.score_step);
      float inverse[kBlock];
      for (Index row = 0; row < rows; ++row) {
        float most = 0;
        const float total = soften(scores + row * plan.score_step, first + row + 1, &most);
        inverse[row] = 1.0F / total;
        lse[first + row] = most + __builtin_logf(total);
      }
      weights_by_rows(first, first + rows, scores, plan.score_step, values, plan.length, sums, padded);
      for (Index row = 0; row < rows; ++row)
        for_vectors(width, [&](Index i, auto part) {
          store(out + (first + row) * shape.q_step + i, load(sums + row * padded + i, part) * inverse[row], part);
        });
    }
}

// scores -> probabilities; products (of the output's gradient with the values) -> gradients of the scores.
PG_INLINE void unsoften(float* scores, float* products, Index valid, float lse, float along) {
  for_vectors(valid, [&](Index i, auto part) {
    const Vec p = exp(load(scores + i, part) - lse);
    store(scores + i, p, part);
    store(products + i, p * (load(products + i, part) - along), part);
  });
  clear_behind(scores, valid);
  clear_behind(products, valid);
}

template <class T>
void unpack(const float* x, Index rows, Index width, Index padded, T* out, Index step) {
  for (Index row = 0; row < rows; ++row)
    for_vectors(width,
                [&](Index i, auto part) { store(out + row * step + i, load(x + row * padded + i, part), part); });
}

template <class T>
void attention_backward(const AttentionShape& shape, const T* q, const T* k, const T* v, const T* out, const T* g,
                        const float* lse, T* dq, T* dk, T* dv, float* scratch) {
  const Plan plan(shape);
  const Index width = plan.width, padded = plan.padded_width, step = plan.score_step;
  Cursor cursor{scratch};
  float* const keys = cursor.take(plan.transposed());
  float* const values = cursor.take(plan.transposed());
  float* const key_rows = cursor.take(plan.rows());
  float* const key_sums = cursor.take(plan.rows());
  float* const value_sums = cursor.take(plan.rows());
  float* const scores = cursor.take(plan.scores());
  float* const products = cursor.take(plan.scores());
  float* const queries = cursor.take(plan.block());
  float* const query_rows = cursor.take(plan.block());
  float* const grads = cursor.take(plan.block());
  float* const grad_rows = cursor.take(plan.block());
  float* const query_sums = cursor.take(plan.block());
  pack_transposed(k, shape.kv_step, plan.length, width, keys);
  pack_transposed(v, shape.kv_step, plan.length, width, values);
  pack_rows(k, shape.kv_step, plan.length, plan.length, width, shape.scale, key_rows);
  __builtin_memset(key_sums, 0, sizeof(float) * 2 * plan.rows());
  for (Index head = 0; head < shape.group; ++head, q += width, out += width, g += width, dq += width)
    for (Index first = 0; first < plan.length; first += kBlock) {
      const Index rows = plan.length - first < kBlock ? plan.length - first : kBlock;
      const Index at = first * shape.q_step;
      pack_block(q + at, shape.q_step, rows, width, shape.scale, queries);
      pack_block(g + at, shape.q_step, rows, width, 1.0F, grads);
      pack_rows(q + at, shape.q_step, rows, kBlock, width, shape.scale, query_rows);
      pack_rows(g + at, shape.q_step, rows, kBlock, width, 1.0F, grad_rows);
      block_by_keys(first, first + rows, width, queries, keys, scores, step);
      block_by_keys(first, first + rows, width, grads, values, products, step);
      for (Index row = 0; row < rows; ++row) {
        Vec along{};
        for_vectors(width, [&](Index i, auto part) {
          along += load(grads + row * width + i, part) * load(out + at + row * shape.q_step + i, part);
        });
        unsoften(scores + row * step, products + row * step, first + row + 1, lse[head * plan.length + first + row],
                 sum(along));
      }
      weights_by_rows(first, first + rows, products, step, key_rows, plan.length, query_sums, padded);
      unpack(query_sums, rows, width, padded, dq + at, shape.q_step);
      transposed_weights_by_block(first, rows, scores, step, grad_rows, value_sums, padded);
      transposed_weights_by_block(first, rows, products, step, query_rows, key_sums, padded);
    }
  unpack(key_sums, plan.length, width, padded, dk, shape.kv_step);
  unpack(value_sums, plan.length, width, padded, dv, shape.kv_step);
}

template <class T>
constexpr AttentionKernels<T> kAttentionKernels{forward_scratch, backward_scratch, attention_forward<T>,
                                                attention_backward<T>};

}  // namespace
}  // namespace pg::model
