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
constexpr Index kBlock = 48;      // a multiple of kRowsOfTile
constexpr Index kInnerRun = 256;  // rows of a panel per pass: 16 KiB at a width of 8

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

struct Left {  // the operand A
  const float* data;
  Index row_step, inner_step;
};

// C[rows, columns] (+)= A * B; B packed as [columns / kPanel][panel_rows][kPanel], of which the first `inner` rows
// count. rows and columns are multiples of the tile's.
void product(Index rows, Index columns, Index inner, Left a, const float* b, Index panel_rows, float* c, Index ldc,
             bool add) {
  for (Index k = 0; k < inner; k += kInnerRun) {
    const Index run = inner - k < kInnerRun ? inner - k : kInnerRun;
    for (Index column = 0; column < columns; column += kPanel)
      for (Index row = 0; row < rows; row += kRowsOfTile)
        tile(run, a.data + row * a.row_step + k * a.inner_step, a.row_step, a.inner_step,
             b + column * panel_rows + k * kPanel, c + row * ldc + column, ldc, add || k > 0);
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

// Scores of a row's first `valid` keys -> powers; zero up to `columns`. The sum of the powers and their largest score.
PG_INLINE float soften(float* row, Index valid, Index columns, float* largest_score) {
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
  for (Index i = valid; i < columns; ++i) row[i] = 0;
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
      const Index columns = round_up(first + rows, kPanel);
      pack_block(q + first * shape.q_step, shape.q_step, rows, width, shape.scale, queries);
      product(kBlock, columns, width, {queries, width, 1}, keys, width, scores, plan.score_step, false);
      float inverse[kBlock];
      for (Index row = 0; row < rows; ++row) {
        float most = 0;
        const float total = soften(scores + row * plan.score_step, first + row + 1, first + rows, &most);
        inverse[row] = 1.0F / total;
        lse[first + row] = most + __builtin_logf(total);
      }
      product(kBlock, padded, first + rows, {scores, plan.score_step, 1}, values, plan.length, sums, padded, false);
      for (Index row = 0; row < rows; ++row)
        for_vectors(width, [&](Index i, auto part) {
          store(out + (first + row) * shape.q_step + i, load(sums + row * padded + i, part) * inverse[row], part);
        });
    }
}

// scores -> probabilities; products (of the output's gradient with the values) -> gradients of the scores.
PG_INLINE void unsoften(float* scores, float* products, Index valid, Index columns, float lse, float along) {
  for_vectors(valid, [&](Index i, auto part) {
    const Vec p = exp(load(scores + i, part) - lse);
    store(scores + i, p, part);
    store(products + i, p * (load(products + i, part) - along), part);
  });
  for (Index i = valid; i < columns; ++i) scores[i] = products[i] = 0;
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
      const Index columns = round_up(first + rows, kPanel), tiles = round_up(first + rows, kRowsOfTile);
      const Index at = first * shape.q_step;
      pack_block(q + at, shape.q_step, rows, width, shape.scale, queries);
      pack_block(g + at, shape.q_step, rows, width, 1.0F, grads);
      pack_rows(q + at, shape.q_step, rows, kBlock, width, shape.scale, query_rows);
      pack_rows(g + at, shape.q_step, rows, kBlock, width, 1.0F, grad_rows);
      product(kBlock, columns, width, {queries, width, 1}, keys, width, scores, step, false);
      product(kBlock, columns, width, {grads, width, 1}, values, width, products, step, false);
      for (Index row = 0; row < kBlock; ++row) {
        const bool real = row < rows;
        Vec along{};
        if (real)
          for_vectors(width, [&](Index i, auto part) {
            along += load(grads + row * width + i, part) * load(out + at + row * shape.q_step + i, part);
          });
        unsoften(scores + row * step, products + row * step, real ? first + row + 1 : 0, tiles,
                 real ? lse[head * plan.length + first + row] : 0.0F, sum(along));
      }
      product(kBlock, padded, first + rows, {products, step, 1}, key_rows, plan.length, query_sums, padded, false);
      unpack(query_sums, rows, width, padded, dq + at, shape.q_step);
      product(tiles, padded, kBlock, {scores, 1, step}, grad_rows, kBlock, value_sums, padded, true);
      product(tiles, padded, kBlock, {products, 1, step}, query_rows, kBlock, key_sums, padded, true);
    }
  unpack(key_sums, plan.length, width, padded, dk, shape.kv_step);
  unpack(value_sums, plan.length, width, padded, dv, shape.kv_step);
}

template <class T>
constexpr AttentionKernels<T> kAttentionKernels{forward_scratch, backward_scratch, attention_forward<T>,
                                                attention_backward<T>};

}  // namespace
}  // namespace pg::model
