#pragma once

#include <cstdint>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

// Vectors of floats for the kernels, by the compilers' vector extension: as wide as the instruction set for which the
// including file is compiled. Everything here is in an unnamed namespace on purpose: the same file is compiled for
// several instruction sets, and a shared inline function would be taken from any of them.

#if defined(PG_SIMD_WIDTH)  // to try a width that this machine's instructions do not have
#elif defined(__AVX512F__)
#define PG_SIMD_WIDTH 16
#elif defined(__AVX2__)
#define PG_SIMD_WIDTH 8
#else
#define PG_SIMD_WIDTH 4
#endif
#define PG_INLINE [[maybe_unused]] static inline __attribute__((always_inline))

namespace pg::model {
namespace {

using Index = std::int64_t;
using Bf16 = std::uint16_t;  // the upper half of a float
constexpr int kWidth = PG_SIMD_WIDTH;

typedef float Vec __attribute__((vector_size(4 * PG_SIMD_WIDTH)));
typedef std::int32_t VecI __attribute__((vector_size(4 * PG_SIMD_WIDTH)));
typedef std::uint32_t VecU __attribute__((vector_size(4 * PG_SIMD_WIDTH)));
typedef std::uint16_t VecH __attribute__((vector_size(2 * PG_SIMD_WIDTH)));

PG_INLINE Vec splat(float x) {
  return x - Vec{};
}
PG_INLINE VecI bits(Vec x) {
  return reinterpret_cast<VecI>(x);
}
PG_INLINE Vec from_bits(VecI x) {
  return reinterpret_cast<Vec>(x);
}
PG_INLINE Vec select(VecI mask, Vec a, Vec b) {
  return from_bits((mask & bits(a)) | (~mask & bits(b)));
}
// The larger and the smaller one; the second where one is NaN, as the instructions have it.
#if defined(__AVX512F__) && PG_SIMD_WIDTH == 16
PG_INLINE Vec max(Vec a, Vec b) {
  return _mm512_maskz_max_ps(0xffff, a, b);
}
PG_INLINE Vec min(Vec a, Vec b) {
  return _mm512_maskz_min_ps(0xffff, a, b);
}
#elif defined(__AVX2__) && PG_SIMD_WIDTH == 8
PG_INLINE Vec max(Vec a, Vec b) {
  return _mm256_max_ps(a, b);
}
PG_INLINE Vec min(Vec a, Vec b) {
  return _mm256_min_ps(a, b);
}
#else
PG_INLINE Vec max(Vec a, Vec b) {
  return select(a > b, a, b);
}
PG_INLINE Vec min(Vec a, Vec b) {
  return select(a < b, a, b);
}
#endif

// How many entries of a vector a load or store means: all, or the first few at the end of a row (the rest reads 0).
struct Full {};
struct Part {
  int n;
};

PG_INLINE Vec load(const float* p, Full) {
  Vec x;
  __builtin_memcpy(&x, p, sizeof x);
  return x;
}
PG_INLINE Vec load(const float* p, Part part) {
  Vec x{};
  for (int i = 0; i < part.n; ++i) x[i] = p[i];
  return x;
}
PG_INLINE void store(float* p, Vec x, Full) {
  __builtin_memcpy(p, &x, sizeof x);
}
PG_INLINE void store(float* p, Vec x, Part part) {
  for (int i = 0; i < part.n; ++i) p[i] = x[i];
}

PG_INLINE float to_float(float x) {
  return x;
}
PG_INLINE float to_float(Bf16 x) {
  return __builtin_bit_cast(float, static_cast<std::uint32_t>(x) << 16);
}
PG_INLINE Vec widen(VecH h) {
  return reinterpret_cast<Vec>(__builtin_convertvector(h, VecU) << 16);
}
// To the nearest, ties to even; NaN stays NaN.
PG_INLINE VecH narrow(Vec x) {
  const VecU u = reinterpret_cast<VecU>(x);
  const VecU rounded = (u + 0x7fffU + ((u >> 16) & 1U)) >> 16;
  const VecU nan = (u >> 16) | 0x40U;
  const VecU is_nan = reinterpret_cast<VecU>(x != x);
  return __builtin_convertvector((is_nan & nan) | (~is_nan & rounded), VecH);
}
PG_INLINE Vec load(const Bf16* p, Full) {
  VecH h;
  __builtin_memcpy(&h, p, sizeof h);
  return widen(h);
}
PG_INLINE Vec load(const Bf16* p, Part part) {
  VecH h{};
  for (int i = 0; i < part.n; ++i) h[i] = p[i];
  return widen(h);
}
PG_INLINE void store(Bf16* p, Vec x, Full) {
  const VecH h = narrow(x);
  __builtin_memcpy(p, &h, sizeof h);
}
PG_INLINE void store(Bf16* p, Vec x, Part part) {
  const VecH h = narrow(x);
  for (int i = 0; i < part.n; ++i) p[i] = h[i];
}

// f(i, part) for every vector of a row of n.
template <class F>
PG_INLINE void for_vectors(Index n, F f) {
  Index i = 0;
  for (; i + kWidth <= n; i += kWidth) f(i, Full{});
  if (i < n) f(i, Part{static_cast<int>(n - i)});
}

PG_INLINE float sum(Vec x) {
  float s = 0;
  for (int i = 0; i < kWidth; ++i) s += x[i];
  return s;
}
PG_INLINE float largest(Vec x) {  // NaN where one is NaN is not promised
  float m = x[0];
  for (int i = 1; i < kWidth; ++i) m = x[i] > m ? x[i] : m;
  return m;
}

// e^x to about 1 ulp, within e^-87 and e^88; NaN stays. x = n log 2 + r, a polynomial of degree 7 in r (the
// coefficients of Cephes' expf), and n into the exponent.
PG_INLINE Vec exp(Vec x) {
  const Vec in = min(splat(88.0F), max(splat(-87.0F), x));
  const Vec shifted = in * 1.44269504088896341F + 12582912.0F;  // 1.5 * 2^23: leaves an integer in the low bits
  const Vec n = shifted - 12582912.0F;
  Vec r = in - n * 0.693359375F;
  r = r - n * -2.12194440e-4F;
  Vec p = r * 1.9875691500e-4F + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  p = p * (r * r) + (r + 1.0F);
  return p * from_bits((bits(shifted) << 23) + (127 << 23));
}

// tanh x to a few ulp: Eigen's ratio of odd and even polynomials of degree 13 and 6; NaN stays.
PG_INLINE Vec tanh(Vec x) {
  const Vec in = min(splat(7.90531110763549805F), max(splat(-7.90531110763549805F), x));
  const Vec s = in * in;
  Vec p = s * -2.76076847742355e-16F + 2.00018790482477e-13F;
  p = p * s + -8.60467152213735e-11F;
  p = p * s + 5.12229709037114e-08F;
  p = p * s + 1.48572235717979e-05F;
  p = p * s + 6.37261928875436e-04F;
  p = p * s + 4.89352455891786e-03F;
  Vec q = s * 1.19825839466702e-06F + 1.18534705686654e-04F;
  q = q * s + 2.26843463243900e-03F;
  q = q * s + 4.89352518554385e-03F;
  return in * p / q;
}

PG_INLINE float square_root(float x) {
  return __builtin_sqrtf(x);
}

}  // namespace
}  // namespace pg::model
