#pragma once

#include <cstdint>
#include <string_view>

namespace pg {

// Random numbers that are a function of (seed, name, index): SplitMix64's finaliser (Steele, Lea and Flood 2014) on a
// counter. Nothing is drawn in sequence, so threads may share the work, and a new name leaves the others' values alone.
// export_parity.py computes the same ones.
class CounterRandom {
 public:
  CounterRandom(std::uint64_t seed, std::string_view name) {
    std::uint64_t hash = 0xCBF29CE484222325U;  // FNV-1a
    for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
    key_ = mix(mix(seed + kGolden) ^ hash);
  }

  std::uint64_t bits(std::uint64_t index) const { return mix(key_ + (index + 1) * kGolden); }
  // In [0, 1).
  double uniform(std::uint64_t index) const { return static_cast<double>(bits(index) >> 11) * 0x1p-53; }

 private:
  static constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15U;
  static constexpr std::uint64_t mix(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
  }

  std::uint64_t key_ = 0;
};

}  // namespace pg
