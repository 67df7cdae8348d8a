// Throughput of the three readers of untrusted text over material made in memory: no file, no network, no contest data.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <zlib.h>

#include <string>
#include <vector>

#include "verify/submission/code.h"
#include "verify/submission/log.h"
#include "verify/submission/metadata.h"

namespace pg::verify {
namespace {

std::string python_source(std::size_t bytes) {
  std::string text = "import torch\n";
  for (int i = 0; text.size() < bytes; ++i)
    text += fmt::format("def layer_{0}(x, w={1}):\n    y = x * {1} + {0}  # residual\n    return y if y > {0} else x\n",
                        i, i * 7919 % 1000);
  return text;
}

// A script's own log: source, two rulers, hyper-parameters, progress, stop, sizes, metrics.
std::string log_text(std::size_t steps, std::size_t source_bytes) {
  const std::string ruler(100, '=');
  std::string text = python_source(source_bytes) + ruler + "\nRunning Python 3.12.3\nRunning PyTorch 2.9.1+cu128\n" +
                     ruler +
                     "\nval_loader:shards pattern=val tokens:40540160\nworld_size:8 grad_accum_steps:1\nseed:1337\n";
  for (std::size_t i = 1; i <= steps; ++i)
    text += fmt::format("step:{}/20000 train_loss:{:.4f} train_time:{}ms step_avg:{:.2f}ms\n", i,
                        2.4 + 4.5 / static_cast<double>(i), i * 43, 43.5);
  return text +
         "stopping_early: wallclock_cap train_time:600038ms step:13764/20000\nSerialized model: 67224983 bytes\n"
         "Code size: 47642 bytes\nSerialized model int8+zlib: 15815847 bytes\nTotal submission size int8+zlib: "
         "15863489 bytes\n"
         "final_int8_zlib_roundtrip val_loss:2.0727 val_bpb:1.2244 eval_time:1401ms\n"
         "final_int8_zlib_roundtrip_exact val_loss:2.07269931 val_bpb:1.22436570\n";
}

// RFC 1924 digits, as Python's base64.b85encode writes them.
std::string base85(std::string bytes) {
  static constexpr char kDigits[] =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";
  const std::size_t padding = (4 - bytes.size() % 4) % 4;
  bytes.append(padding, '\0');
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 4) {
    std::uint32_t word = 0;
    for (std::size_t k = 0; k < 4; ++k) word = word << 8 | static_cast<unsigned char>(bytes[i + k]);
    char digits[5];
    for (int k = 4; k >= 0; --k, word /= 85) digits[k] = kDigits[word % 85];
    out.append(digits, 5);
  }
  out.resize(out.size() - padding);
  return out;
}

std::string packed_script(std::size_t source_bytes) {
  const std::string source = python_source(source_bytes);
  uLongf size = ::compressBound(source.size());
  std::string packed(size, '\0');
  ::compress2(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(source.data()),
              source.size(), 9);
  packed.resize(size);
  return "import zlib,base64\nexec(zlib.decompress(base64.b85decode(\"" + base85(packed) + "\")))\n";
}

std::string metadata_text(int seeds) {
  std::string text = R"({"name": "A", "author": "B", "github_id": "c", "date": "2026-04-09", "val_bpb": 1.0810,
  "val_bpb_std": 0.0002, "artifact_bytes_max": 15987547, "compliance": {"train_under_600s": true}, "seed_results": {)";
  for (int i = 0; i < seeds; ++i)
    text += fmt::format("{}\"{}\": {{\"val_bpb\": 1.08{:04}, \"val_loss\": 2.79{:04}, \"artifact_bytes\": {}}}",
                        i == 0 ? "" : ", ", i, i % 10000, i % 10000, 15'900'000 + i);
  return text + "}}";
}

void BM_ReadLog(benchmark::State& state) {
  const std::string text = log_text(static_cast<std::size_t>(state.range(0)), static_cast<std::size_t>(state.range(1)));
  const LogFile once = read_log_text("train.log", text);
  if (once.runs.empty() || !once.runs.back().val_bpb) state.SkipWithError("the log was not understood");
  for (auto _ : state) benchmark::DoNotOptimize(read_log_text("train.log", text));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(BM_ReadLog)->ArgNames({"steps", "source"})->Args({200, 50'000})->Args({20'000, 50'000})->Args({500'000, 0});

void BM_UnpackCode(benchmark::State& state) {
  const std::string text = packed_script(static_cast<std::size_t>(state.range(0)));
  const CodeFile once = unpack_code("train_gpt.py", text);
  if (once.packed.empty() || !once.opaque.empty()) state.SkipWithError("the script was not unpacked");
  for (auto _ : state) benchmark::DoNotOptimize(unpack_code("train_gpt.py", text));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(once.decoded_bytes));
}
BENCHMARK(BM_UnpackCode)->ArgName("source")->Arg(60'000)->Arg(1'000'000);

void BM_PlainCode(benchmark::State& state) {
  const std::string text = python_source(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(unpack_code("train_gpt.py", text));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(BM_PlainCode)->ArgName("source")->Arg(60'000)->Arg(1'000'000);

void BM_ParseMetadata(benchmark::State& state) {
  const std::string text = metadata_text(static_cast<int>(state.range(0)));
  if (!parse_metadata("submission.json", text).val_bpb) state.SkipWithError("the metadata was not understood");
  for (auto _ : state) benchmark::DoNotOptimize(parse_metadata("submission.json", text));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(BM_ParseMetadata)->ArgName("seeds")->Arg(3)->Arg(1000);

}  // namespace
}  // namespace pg::verify

BENCHMARK_MAIN();
