#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace pg::data {

// numpy.random.Generator(PCG64(seed)) of numpy 2.x, number for number: the loaders of the challenge's scripts draw
// from it. Sources: O'Neill's SeedSequence and PCG-XSL-RR-128/64, Lemire's bounded integers, Kachitvichyanukul and
// Schmeiser's binomial (BTPE). Held to numpy's own output by testdata/numpy_random.json (make_numpy_vectors.py).
class NumpyRandom {
 public:
  explicit NumpyRandom(std::uint64_t seed);

  std::uint64_t next64();
  std::uint32_t next32();  // two per 64-bit word, the lower half first
  double random();         // uniform in [0, 1), 53 bits

  // Generator.integers(low, high): uniform in [low, high); high > low.
  std::int64_t integers(std::int64_t low, std::int64_t high);
  // Generator.permutation(n).
  std::vector<std::int64_t> permutation(std::int64_t n);
  // Generator.choice(len(p), p=p): one index; p sums to 1.
  std::size_t choice(std::span<const double> p);
  // Generator.choice(len(p), size=count, replace=False, p=p); at least `count` of p are positive.
  std::vector<std::size_t> choice_without_replacement(std::span<const double> p, std::size_t count);
  // Generator.multinomial(n, p); p sums to 1.
  std::vector<std::int64_t> multinomial(std::int64_t n, std::span<const double> p);
  // Generator.binomial(n, p).
  std::int64_t binomial(std::int64_t n, double p);

 private:
  __extension__ typedef unsigned __int128 Wide;

  std::uint64_t bounded(std::uint64_t range);  // uniform in [0, range], as integers() draws
  std::uint64_t interval(std::uint64_t max);   // uniform in [0, max], as permutation() draws; max < 2^63
  std::int64_t binomial_inversion(std::int64_t n, double p);
  std::int64_t binomial_btpe(std::int64_t n, double p);

  Wide state_ = 0, increment_ = 0;
  bool has_half_ = false;
  std::uint32_t half_ = 0;
};

// numpy.sum of float64: pairwise, so that rounding is numpy's.
double numpy_sum(std::span<const double> values);

}  // namespace pg::data
