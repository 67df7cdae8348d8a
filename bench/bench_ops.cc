// Every operation of reference/model/ops.h forward and backward, the plain table beside the fused one, at the shapes of
// the nano preset and of the 17 M baseline. The two are timed in turns, so that a busy machine burdens both alike; the
// reported time is the fused one's, medians and `ratio` (plain / fused) stand beside it. `cpu_ratio` is that of the
// processor time: with OMP_NUM_THREADS=1 it is fair even where other programs take most of the machine.
#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <functional>
#include <string>
#include <vector>

#include "reference/model/ops.h"

namespace pg::model {
namespace {

struct Shape {
  const char* name;
  std::int64_t batch, length, dim, heads, kv_heads, hidden, vocab;
  std::int64_t width() const { return dim / heads; }
};
constexpr Shape kShapes[] = {{"nano", 8, 256, 128, 4, 2, 256, 1024}, {"baseline", 4, 1024, 512, 8, 4, 1024, 1024}};
constexpr double kEps = 1.1920929e-7;

using Inputs = std::vector<at::Tensor>;
struct Case {
  const char* name;
  std::function<Inputs(const Shape&, at::ScalarType)> inputs;
  std::function<at::Tensor(const Ops&, const Inputs&)> call;
};

at::Tensor activations(std::vector<std::int64_t> shape, at::ScalarType type) {
  return at::randn(shape, type).requires_grad_(true);
}
at::Tensor stream(const Shape& s, at::ScalarType type) {
  return activations({s.batch, s.length, s.dim}, type);
}
at::Tensor heads(const Shape& s, std::int64_t count, at::ScalarType type) {
  return activations({s.batch, s.length, count, s.width()}, type);
}
at::Tensor channels(const Shape& s) {
  return at::randn({s.dim}).requires_grad_(true);
}

const std::vector<Case>& cases() {
  static const std::vector<Case> kCases{
      {"rms_norm", [](const Shape& s, at::ScalarType t) { return Inputs{stream(s, t)}; },
       [](const Ops& ops, const Inputs& x) { return ops.rms_norm(x[0], kEps, 1.0); }},
      {"norm_rope_gain",
       [](const Shape& s, at::ScalarType t) {
         const at::Tensor angle = at::randn({s.length, s.width() / 2});
         return Inputs{heads(s, s.heads, t), angle.cos().to(t), angle.sin().to(t),
                       at::ones({s.heads}).requires_grad_(true)};
       },
       [](const Ops& ops, const Inputs& x) { return ops.norm_rope_gain(x[0], x[1], x[2], x[3], kEps); }},
      {"causal_attention",
       [](const Shape& s, at::ScalarType t) {
         return Inputs{heads(s, s.heads, t), heads(s, s.kv_heads, t), heads(s, s.kv_heads, t)};
       },
       [](const Ops& ops, const Inputs& x) { return ops.causal_attention(x[0], x[1], x[2]); }},
      {"exclude_self",
       [](const Shape& s, at::ScalarType t) {
         return Inputs{heads(s, s.heads, t), heads(s, s.kv_heads, t)};
       },
       [](const Ops& ops, const Inputs& x) { return ops.exclude_self(x[0], x[1]); }},
      {"leaky_relu_squared",
       [](const Shape& s, at::ScalarType t) {
         return Inputs{activations({s.batch, s.length, s.hidden}, t)};
       },
       [](const Ops& ops, const Inputs& x) { return ops.leaky_relu_squared(x[0], 0.5); }},
      {"add_scaled",
       [](const Shape& s, at::ScalarType t) {
         return Inputs{stream(s, t), stream(s, t), channels(s)};
       },
       [](const Ops& ops, const Inputs& x) { return ops.add_scaled(x[0], x[1], x[2]); }},
      {"residual_mix_norm",
       [](const Shape& s, at::ScalarType t) {
         return Inputs{stream(s, t), stream(s, t), at::randn({2, s.dim}).requires_grad_(true)};
       },
       [](const Ops& ops, const Inputs& x) {
         const auto both = ops.residual_mix_norm(x[0], x[1], x[2], kEps, 1.0);
         return at::cat(at::TensorList({both.first, both.second}), -1);
       }},
      {"add_scaled_norm",
       [](const Shape& s, at::ScalarType t) {
         return Inputs{stream(s, t), stream(s, t), channels(s)};
       },
       [](const Ops& ops, const Inputs& x) {
         const auto both = ops.add_scaled_norm(x[0], x[1], x[2], kEps, 1.0);
         return at::cat(at::TensorList({both.first, both.second}), -1);
       }},
      {"linear",
       [](const Shape& s, at::ScalarType t) {
         return Inputs{stream(s, t), at::randn({s.hidden, s.dim}).requires_grad_(true)};
       },
       [](const Ops& ops, const Inputs& x) { return ops.linear(x[0], x[1]); }},
      {"gated_skip",
       [](const Shape& s, at::ScalarType t) {
         return Inputs{stream(s, t), stream(s, t), channels(s), channels(s)};
       },
       [](const Ops& ops, const Inputs& x) { return ops.gated_skip(x[0], x[1], x[2], x[3]); }},
      {"softcap_nll",
       [](const Shape& s, at::ScalarType t) {
         const std::int64_t rows = s.batch * s.length;
         return Inputs{activations({rows, s.vocab}, t), at::randint(s.vocab, {rows}, at::kLong)};
       },
       [](const Ops& ops, const Inputs& x) { return ops.softcap_nll(x[0], x[1], 30.0); }},
  };
  return kCases;
}

struct Spent {
  double wall, cpu;
};

Spent once(const Ops& ops, const Case& c, const Inputs& inputs, const at::Tensor& grad) {
  Inputs given = inputs;
  if (std::string(c.name) == "softcap_nll") given[0] = given[0].detach().clone().requires_grad_(true);
  const auto start = std::chrono::steady_clock::now();
  const std::clock_t cpu = std::clock();
  c.call(ops, given).backward(grad);
  const Spent spent{std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(),
                    static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC};
  for (const at::Tensor& x : inputs)
    if (x.requires_grad()) x.mutable_grad() = at::Tensor();
  return spent;
}

double median(std::vector<double> x) {
  std::nth_element(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(x.size() / 2), x.end());
  return x[x.size() / 2];
}

void both(benchmark::State& state, const Case& c, const Shape& shape, at::ScalarType type) {
  const Inputs inputs = c.inputs(shape, type);
  const at::Tensor like = c.call(plain_ops(), inputs).detach();
  const at::Tensor grad = at::randn(like.sizes(), like.scalar_type());
  std::vector<double> wall[2], cpu[2];
  for (auto _ : state) {
    for (const int which : {0, 1}) {
      const Spent spent = once(which == 0 ? plain_ops() : fused_ops(), c, inputs, grad);
      wall[which].push_back(spent.wall);
      cpu[which].push_back(spent.cpu);
    }
    state.SetIterationTime(wall[1].back());
  }
  state.counters["plain_ms"] = median(wall[0]) * 1e3;
  state.counters["fused_ms"] = median(wall[1]) * 1e3;
  state.counters["ratio"] = median(wall[0]) / median(wall[1]);
  state.counters["cpu_plain_ms"] = median(cpu[0]) * 1e3;
  state.counters["cpu_fused_ms"] = median(cpu[1]) * 1e3;
  state.counters["cpu_ratio"] = median(cpu[0]) / median(cpu[1]);
}

}  // namespace

void add_benchmarks() {
  for (const Shape& shape : kShapes)
    for (const auto type : {at::kFloat, at::kBFloat16})
      for (const Case& c : cases()) {
        const std::string name = std::string(c.name) + "/" + shape.name + "/" + (type == at::kFloat ? "f32" : "bf16");
        benchmark::RegisterBenchmark(name.c_str(), [&c, &shape, type](benchmark::State& s) { both(s, c, shape, type); })
            ->UseManualTime()
            ->Unit(benchmark::kMillisecond);
      }
}

}  // namespace pg::model

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  pg::model::add_benchmarks();
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
