// pgref train as a user or a script meets it: what is refused before anything is written, signals, the finished folder.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <future>
#include <nlohmann/json.hpp>
#include <random>

#include "reference/base/file.h"
#include "reference/base/run_program.h"
#include "reference/base/test_folder.h"
#include "reference/dist/spawn.h"

namespace pg::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// A corpus of invented words and a model that trains on it in a second.
class TrainProgram : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ofstream texts(folder_ / "texts.jsonl");
    std::mt19937 random(7);
    for (int i = 0; i < 200; ++i) {
      texts << "{\"text\": \"";
      for (int letter = 0; letter < 200; ++letter)
        texts << (random() % 5 == 0 ? ' ' : static_cast<char>('a' + random() % 20));
      texts << "\"}\n";
    }
    texts.close();
    ASSERT_EQ(pgref({"corpus", "--from", path("texts.jsonl"), "--out", path("data"), "--vocab", "300", "--val-fraction",
                     "0.2", "--quiet"})
                  .code,
              0);
    write_preset("tiny.json", 20, 0);
  }

  void write_preset(const std::string& name, int iterations, double cap_s) const {
    const nlohmann::json preset = {{"about", "tiny"},
                                   {"model",
                                    {{"vocab_size", 300},
                                     {"layers", 2},
                                     {"dim", 32},
                                     {"heads", 2},
                                     {"kv_heads", 1},
                                     {"hidden", 64},
                                     {"train_seq_len", 32}}},
                                   {"optim", nlohmann::json::object()},
                                   {"train",
                                    {{"train_batch_tokens", 512},
                                     {"train_seq_len", 32},
                                     {"iterations", iterations},
                                     {"warmdown_frac", 0.5},
                                     {"max_wallclock_seconds", cap_s},
                                     {"grad_accum_steps", 2},
                                     {"train_log_every", 1},
                                     {"val_loss_every", 0}}},
                                   {"data", {{"vocab_size", 300}}},
                                   {"eval", {{"eval_seq_len", 32}}}};
    ASSERT_TRUE(write_file_atomic(folder_ / name, preset.dump()).ok());
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  static Finished pgref(std::vector<std::string> arguments, const HowToRun& how = {}) {
    arguments.insert(arguments.begin(), PG_REF_PROGRAM);
    return run_program(std::move(arguments), how);
  }
  std::vector<std::string> train(const std::string& out, std::vector<std::string> more = {},
                                 const std::string& preset = "tiny.json", const std::string& data = "data") const {
    std::vector<std::string> all = {"train",   "--preset",  path(preset), "--data",  path(data),        "--out",
                                    path(out), "--threads", "1",          "--quiet", "--no-compressors"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  std::string content(const std::string& name) const { return *read_file(folder_ / name, 1 << 28); }

  TestFolder folder_;
};

TEST_F(TrainProgram, WritesOverNoFileThatIsNotItsOwn) {
  for (const char* name :
       {"README.md", "train_gpt.py", "final_model.safetensors", "schedule.txt", "train_seed1337.log"}) {
    folder_.file(std::string("checkout/") + name, "precious\n");
    const Finished finished = pgref(train("checkout"));
    EXPECT_EQ(finished.code, 2) << name;
    EXPECT_THAT(finished.err, AllOf(HasSubstr(name), HasSubstr("write over"), HasSubstr("--out")));
    EXPECT_EQ(content(std::string("checkout/") + name), "precious\n");
    fs::remove(folder_ / (std::string("checkout/") + name));
  }
  EXPECT_TRUE(fs::is_empty(folder_ / "checkout"));
}

TEST_F(TrainProgram, ResumeWithoutACheckpointIsRefusedBeforeAnythingIsReadOrMade) {
  const Finished finished = pgref(train("never", {"--resume"}, "tiny.json", "nowhere"));
  EXPECT_EQ(finished.code, 2);
  EXPECT_THAT(finished.err, AllOf(HasSubstr("checkpoint.safetensors to resume from"), Not(HasSubstr("nowhere"))));
  EXPECT_FALSE(fs::exists(folder_ / "never"));
}

TEST_F(TrainProgram, StepsAndReplayExcludeEachOther) {
  folder_.file("schedule.txt", "0 1 0\n");
  const Finished finished = pgref(train("never", {"--steps", "5", "--replay", path("schedule.txt")}));
  EXPECT_EQ(finished.code, 2);
  EXPECT_THAT(finished.err, AllOf(HasSubstr("--replay"), HasSubstr("--steps")));
}

TEST_F(TrainProgram, AProblemOfOneProcessEndsBoth) {
  const std::string port = std::to_string(dist::free_port());
  const auto rank = [&](const std::string& number, const std::string& data) {
    return std::async(std::launch::async, [=, this] {
      HowToRun how;
      how.environment = {"RANK=" + number, "LOCAL_RANK=" + number, "WORLD_SIZE=2", "MASTER_ADDR=127.0.0.1",
                         "MASTER_PORT=" + port};
      return pgref(train("two", {"--timeout", "60"}, "tiny.json", data), how);
    });
  };
  auto first = rank("0", "data"), second = rank("1", "nowhere");
  const Finished here = first.get(), there = second.get();
  EXPECT_EQ(here.code, 2);
  EXPECT_THAT(here.err, HasSubstr("another process stopped the run"));
  EXPECT_EQ(there.code, 2);
  EXPECT_THAT(there.err, HasSubstr("nowhere"));
}

TEST_F(TrainProgram, ASignalThatIsIgnoredStaysIgnored) {
  HowToRun how;
  how.signal = SIGINT;
  how.signal_when = [&] {
    const auto log = read_file(folder_ / "run/train_seed1337.log", 1 << 20);
    return log.ok() && log->find("step:3/") != std::string::npos;
  };
  std::vector<std::string> words = {"/bin/sh", "-c", "trap '' INT; exec \"$@\"", "sh", PG_REF_PROGRAM};
  for (const std::string& word : train("run")) words.push_back(word);
  const Finished finished = run_program(words, how);
  EXPECT_EQ(finished.code, 0) << finished.err;
  EXPECT_TRUE(fs::exists(folder_ / "run/submission.json"));
}

TEST_F(TrainProgram, ItsScriptMakesTheRunAgain) {
  write_preset("capped.json", 1'000'000, 1);
  for (const std::string preset : {"tiny", "capped"}) {
    const Finished finished = pgref(train(preset, {"--kernels", "plain"}, preset + ".json"));
    ASSERT_EQ(finished.code, 0) << finished.err;
    EXPECT_FALSE(fs::exists(folder_ / preset / "checkpoint"));
    HowToRun how;
    how.environment = {std::string("PGREF=") + PG_REF_PROGRAM};
    const Finished again = run_program({"/usr/bin/env", "python3", path(preset + "/train_gpt.py"), "--data",
                                        path("data"), "--out", path(preset + "_again"), "--quiet", "--no-compressors"},
                                       how);
    ASSERT_EQ(again.code, 0) << again.err;
    EXPECT_EQ(content(preset + "/final_model.safetensors"), content(preset + "_again/final_model.safetensors"));
    EXPECT_THAT(content(preset + "_again/README.md"), HasSubstr("preset `" + preset + "`"));
  }
}

}  // namespace
}  // namespace pg::cli
