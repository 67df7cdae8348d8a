#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Weights and tokens that a file of numbers stands for, made from integers so that no weights are exchanged
// (export_parity.py has the other side). bits(seed, name)[i] is SplitMix64's finaliser of key + (i + 1) * G with
// G = 0x9E3779B97F4A7C15 and key = mix(mix(seed + G) ^ fnv1a(name)).

namespace pg::model::parity {

constexpr std::size_t kProjections = 16;

std::vector<std::uint64_t> bits(std::uint64_t seed, std::string_view name, std::size_t count);

// With u = (bits >> 40) / 2^24: tok_emb.weight (2u - 1) / 16; other names in .weight (2u - 1) / 2^floor(log2(in) / 2);
// everything else u + 1/2. f32, exact in it.
at::Tensor weights(std::uint64_t seed, const std::string& name, at::IntArrayRef shape);

// bits("tokens WHICH") % vocab, [sequences, length + 1], as inputs and targets [sequences, length].
std::pair<at::Tensor, at::Tensor> tokens(std::uint64_t seed, std::string_view which, std::int64_t sequences,
                                         std::int64_t length, int vocab);

// Sums of a tensor's entries with random signs: entry i has + in sum k where bit k of bits("NAME projections")[i] is
// set. The mean of the squares of the sums of a difference has the square of its norm as expectation, so 16 numbers
// measure how far two gradients are apart, to +- 18 % (one standard deviation).
using Projections = std::array<double, kProjections>;
Projections project(std::uint64_t seed, const std::string& name, const at::Tensor& tensor);
double norm_of_difference(const Projections& a, const Projections& b);

}  // namespace pg::model::parity
