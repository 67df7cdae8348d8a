#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "reference/base/file.h"
#include "reference/train/checkpoint.h"
#include "reference/train/run_log.h"
#include "reference/train/safetensors.h"
#include "reference/train/submission_folder.h"
#include "reference/train/torch_zip.h"

namespace pg::train {
namespace {

namespace fs = std::filesystem;

fs::path temporary(const std::string& name) {
  return fs::path(testing::TempDir()) / (std::to_string(::getpid()) + name);
}

NamedTensors sample() {
  return {{"b", at::arange(6, at::kFloat).view({2, 3})},
          {"a.weight", at::full({4}, 1.5, at::kBFloat16)},
          {"step", at::full({}, 7, at::kFloat)},
          {"empty", at::full({0, 3}, 0, at::kDouble)}};
}

TEST(Safetensors, ReadsWhatItWrites) {
  const fs::path path = temporary("a.safetensors");
  const auto written = write_safetensors(path, sample(), {{"k", "v"}});
  ASSERT_TRUE(written.ok());
  EXPECT_EQ(*written, fs::file_size(path));
  const auto read = read_safetensors(path);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->metadata.at("k"), "v");
  for (const auto& [name, tensor] : sample()) {
    EXPECT_TRUE(read->tensors.at(name).equal(tensor)) << name;
    EXPECT_EQ(read->tensors.at(name).scalar_type(), tensor.scalar_type());
  }
}

std::string with_header(const std::string& header, const std::string& data) {
  std::string out(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) out[i] = static_cast<char>(header.size() >> (8 * i) & 0xFF);
  return out + header + data;
}

TEST(Safetensors, RefusesWhatDoesNotFit) {
  const fs::path path = temporary("bad.safetensors");
  const auto error = [&](const std::string& content) {
    std::ofstream(path, std::ios::binary) << content;
    const auto read = read_safetensors(path);
    return read.ok() ? std::string() : read.error().message;
  };
  const std::string good = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  EXPECT_EQ(error(with_header(good, std::string(8, 'x'))), "");
  EXPECT_NE(error("abc").find("shorter"), std::string::npos);
  EXPECT_NE(error(std::string(8, '\xff')).find("header"), std::string::npos);
  EXPECT_NE(error(with_header("[]", "")).find("JSON"), std::string::npos);
  EXPECT_NE(error(with_header(good, std::string(7, 'x'))).find("'a'"), std::string::npos);
  EXPECT_NE(error(with_header(good, std::string(9, 'x'))).find("behind its last"), std::string::npos);
  for (const char* bad : {R"({"a":{"dtype":"F33","shape":[2],"data_offsets":[0,8]}})",
                          R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})",
                          R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})",
                          R"({"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}})",
                          R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})",
                          R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", R"({"a":7})"})
    EXPECT_NE(error(with_header(bad, std::string(8, 'x'))).find("no safetensors file"), std::string::npos) << bad;
  const std::string overlap =
      R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})";
  EXPECT_NE(error(with_header(overlap, std::string(8, 'x'))).find("overlap"), std::string::npos);
}

TEST(Safetensors, AMissingFolderIsAnErrorWithItsName) {
  const auto written = write_safetensors("/nowhere/at/all/x.safetensors", sample());
  ASSERT_FALSE(written.ok());
  EXPECT_NE(written.error().message.find("/nowhere/at/all/x.safetensors"), std::string::npos);
  EXPECT_NE(read_safetensors("/nowhere/x").error().message.find("cannot open /nowhere/x"), std::string::npos);
}

// That PyTorch reads it is checked by ci/check_torch_file; here, that the zip's layout is what PyTorch maps.
TEST(TorchFile, RecordsBeginAtMultiplesOf64AndRepeatByteForByte) {
  const fs::path a = temporary("a") / "m.pt", b = temporary("b") / "m.pt";
  fs::create_directories(a.parent_path());
  fs::create_directories(b.parent_path());
  ASSERT_TRUE(write_torch_file(a, {{"w", at::full({3}, 2.0, at::kFloat)}}).ok());
  const std::string content = read_file(a, 1 << 20).value();
  EXPECT_EQ(content.substr(0, 4), "PK\x03\x04");
  const float two = 2;
  const std::string values(reinterpret_cast<const char*>(&two), 4);
  const auto at = content.find(values + values + values);
  ASSERT_NE(at, std::string::npos);
  EXPECT_EQ(at % 64, 0U);
  EXPECT_NE(content.find("_rebuild_tensor_v2"), std::string::npos);
  ASSERT_TRUE(write_torch_file(b, {{"w", at::full({3}, 2.0, at::kFloat)}}).ok());
  EXPECT_EQ(content, read_file(b, 1 << 20).value());
}

TEST(Checkpoint, DifferencesAreNamedByTheirPath) {
  const nlohmann::json a = {{"train", {{"iterations", 5}, {"seed", 1}}}, {"shards", {"x", "y"}}};
  nlohmann::json b = a;
  EXPECT_EQ(first_difference(a, b), "");
  b["train"]["iterations"] = 6;
  EXPECT_EQ(first_difference(a, b), "train.iterations: 5, now 6");
  b = a;
  b["train"]["extra"] = true;
  EXPECT_EQ(first_difference(a, b), "train.extra: absent, now true");
  b = a;
  b["shards"].push_back("z");
  EXPECT_EQ(first_difference(a, b).rfind("shards.", 0), 0U);
  EXPECT_EQ(first_difference(5, a).rfind("the whole config: 5, now {", 0), 0U) << first_difference(5, a);
}

Checkpoint small_checkpoint(std::int64_t step) {
  Checkpoint c;
  c.step = step;
  c.config = {{"seed", 1}};
  c.tensors["model/w"] = at::full({200, 1000}, static_cast<double>(step), at::kFloat);
  return c;
}

Progress progress_of(std::int64_t step) {
  return {0, static_cast<std::uint64_t>(100 * step), 1};
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

// kill -9 at whatever point of a save: what is there is one whole checkpoint with its own progress. Those that come
// before the first save is complete leave none.
TEST(Checkpoint, AKillWhileSavingLeavesOneWithItsOwnProgress) {
  const fs::path folder = temporary("kills");
  fs::remove_all(folder);
  std::int64_t last = 0;
  int found = 0, with_leftovers = 0;
  for (int kill = 0; kill < 25; ++kill) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      for (std::int64_t step = last + 1; save_checkpoint(folder, small_checkpoint(step), progress_of(step)).ok();
           ++step) {
      }
      ::_exit(1);
    }
    ::usleep(static_cast<useconds_t>(2000 + 997 * kill));
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    if (!fs::exists(checkpoint_file(folder))) continue;
    ++found;
    with_leftovers += names_in(folder).size() > 2 ? 1 : 0;
    const auto c = load_checkpoint(folder);
    ASSERT_TRUE(c.ok()) << c.error().message;
    EXPECT_GE(c->step, last);
    last = c->step;
    EXPECT_EQ(c->tensors.at("model/w").view(-1)[199999].item<float>(), static_cast<float>(c->step));
    EXPECT_EQ(load_progress(folder, *c).log_bytes, static_cast<std::uint64_t>(100 * c->step));
  }
  EXPECT_GT(found, 0);
  std::printf("%d kills left a checkpoint, %d of them with files beside it\n", found, with_leftovers);
  ASSERT_TRUE(save_checkpoint(folder, small_checkpoint(last + 1), progress_of(last + 1)).ok());
  EXPECT_EQ(names_in(folder),
            (std::vector<std::string>{"checkpoint.safetensors", "progress_" + std::to_string(last + 1) + ".json"}));
  fs::remove_all(folder);
}

TEST(Checkpoint, WhatAKilledProcessLeftIsRemovedAndNothingElse) {
  const fs::path folder = temporary("left");
  fs::create_directories(folder);
  const auto plant = [&] {
    for (const char* name : {"checkpoint.safetensors.aB3xYz", "progress_3.json", "progress_4.json.Qq0000", "notes.txt",
                             "checkpoint.safetensors.backup", "x.aB3xYz"})
      std::ofstream(folder / name) << "x";
  };
  const std::vector<std::string> others = {"checkpoint.safetensors.backup", "notes.txt", "x.aB3xYz"};
  plant();
  ASSERT_TRUE(save_checkpoint(folder, small_checkpoint(5), progress_of(5)).ok());
  std::vector<std::string> expected = others;
  expected.insert(expected.end(), {"checkpoint.safetensors", "progress_5.json"});
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(names_in(folder), expected);
  plant();
  remove_checkpoints(folder);
  EXPECT_EQ(names_in(folder), others);
  for (const std::string& name : others) fs::remove(folder / name);
  ASSERT_TRUE(save_checkpoint(folder, small_checkpoint(5), progress_of(5)).ok());
  std::ofstream(folder / "checkpoint.safetensors.aB3xYz") << "x";
  remove_checkpoints(folder);
  EXPECT_FALSE(fs::exists(folder));
}

TEST(RunLog, WritesTheContestsLinesAndCutsWhatIsRepeated) {
  const fs::path path = temporary("train.log");
  std::uint64_t size = 0;
  {
    auto log = RunLog::create(path);
    ASSERT_TRUE(log.ok());
    log->hyperparameters({{"train", {{"seed", 7}}}, {"data", {{"loader", "simple"}}}});
    log->train_step(1, 10, 4.123456, 1234.5678);
    size = log->size();
    log->train_step(2, 10, 3.5, 2000);
  }
  {
    auto log = RunLog::resume(path, size);
    ASSERT_TRUE(log.ok());
    log->validation(10, 10, {"roundtrip", 2.5, 1.25, 100, 16, 0, 12.4}, 5000);
    log->stopped_early(9, 10, 4999.6);
    log->final_metric({"sliding_window", 2.0740534712, 1.2283712912, 100, 16, 4, 12.4});
    EXPECT_TRUE(log->status().ok());
  }
  EXPECT_EQ(read_file(path, 10000).value(),
            "Hyperparameters:\n  loader: simple\n  seed: 7\n"
            "step:1/10 train_loss:4.1235 train_time:1235ms step_avg:1234.57ms\n"
            "step:10/10 val_loss:2.5000 val_bpb:1.2500 train_time:5000ms step_avg:500.00ms\n"
            "stopping_early: wallclock_cap train_time:5000ms step:9/10\n"
            "final_sliding_window val_loss:2.0741 val_bpb:1.2284 stride:4 seq_len:16 eval_time:12ms\n"
            "final_sliding_window_exact val_loss:2.07405347 val_bpb:1.22837129\n");
}

TEST(RunLog, AFullDiskIsAnError) {
  auto log = RunLog::create("/dev/full");
  ASSERT_TRUE(log.ok());
  log->line("x");
  ASSERT_FALSE(log->status().ok());
  EXPECT_NE(log->status().error().message.find("No space left"), std::string::npos);
}

TEST(SubmissionFolder, TheScriptCarriesNamePresetAndOptions) {
  Launch launch;
  launch.preset = "nano";
  launch.settings = {{"train", {{"seed", 7}}}};
  launch.seed = 7;
  launch.options = {{"--precision", "bf16"}, {"--device", "cpu"}};
  const std::string script = launcher_script(launch);
  for (const char* part : {"\"name\": \"nano\"", "\"--precision\": \"bf16\"", "python3 train_gpt.py", "\"pgref\""})
    EXPECT_NE(script.find(part), std::string::npos) << part << "\n" << script;
  EXPECT_EQ(script.find("schedule.txt"), std::string::npos);
  launch.replays = true;
  launch.processes = 8;
  launch.options["--device"] = "cuda";
  const std::string other = launcher_script(launch);
  for (const char* part : {"schedule.txt", "torchrun --nproc-per-node=8 train_gpt.py", "\"pgref_cuda\""})
    EXPECT_NE(other.find(part), std::string::npos) << part << "\n" << other;
}

}  // namespace
}  // namespace pg::train
