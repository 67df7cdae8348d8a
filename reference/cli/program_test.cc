// pgref as a user or a script meets it: arguments, exit codes, files, pipes, signals.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "reference/base/file.h"
#include "reference/base/run_program.h"
#include "reference/data/test_folder.h"

namespace pg::cli {
namespace {

namespace fs = std::filesystem;
using data::TestFolder;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kModel = PG_SOURCE_DIR "/reference/data/testdata/tiny.model";

std::vector<std::string> pgref_and(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), PG_REF_PROGRAM);
  return arguments;
}

Finished pgref(const std::vector<std::string>& arguments, const std::string& input = "") {
  HowToRun how;
  how.input = input;
  return run_program(pgref_and(arguments), how);
}

fs::path write_texts(const TestFolder& folder, int documents) {
  std::ofstream out(folder / "texts.jsonl");
  std::mt19937 random(7);
  for (int i = 0; i < documents; ++i) {
    out << "{\"text\": \"";
    for (int letter = 0; letter < 200; ++letter)
      out << (random() % 5 == 0 ? ' ' : static_cast<char>('a' + random() % 20));
    out << "\"}\n";
  }
  return folder / "texts.jsonl";
}

TEST(Pgref, EveryCommandHasHelpWithAnExample) {
  EXPECT_EQ(pgref({"--version"}).code, 0);
  EXPECT_THAT(pgref({"--version"}).out, HasSubstr("pgref "));
  const std::vector<std::vector<std::string>> commands = {{"corpus"},
                                                          {"fetch"},
                                                          {"tokenizer"},
                                                          {"tokenizer", "train"},
                                                          {"tokenizer", "encode"},
                                                          {"tokenizer", "decode"},
                                                          {"tokenizer", "info"}};
  for (std::vector<std::string> command : commands) {
    command.push_back("--help");
    const Finished help = pgref(command);
    EXPECT_EQ(help.code, 0) << command[0];
    EXPECT_THAT(help.out, HasSubstr("Example")) << command[0];
  }
}

TEST(Pgref, WrongUsageExitsTwoAndSaysWhyOnStderr) {
  const TestFolder folder;
  const std::string never = folder / "never";
  const std::vector<std::vector<std::string>> wrong = {{},
                                                       {"nonsense"},
                                                       {"corpus", "--vocab", "many"},
                                                       {"corpus", "--from", "/no/such/folder", "--out", never},
                                                       {"tokenizer"},
                                                       {"tokenizer", "encode"},
                                                       {"tokenizer", "info", "--model", "/no/such.model"},
                                                       {"fetch"},
                                                       {"fetch", "/no/such.json", "--out", never}};
  for (const auto& arguments : wrong) {
    const Finished finished = pgref(arguments);
    EXPECT_EQ(finished.code, 2);
    EXPECT_THAT(finished.out, IsEmpty());
    EXPECT_THAT(finished.err, Not(IsEmpty()));
  }
  EXPECT_THAT(folder.names(), IsEmpty());
  EXPECT_THAT(pgref({"corpus", "--vocab", "many"}).err,
              AllOf(HasSubstr("pgref: "), HasSubstr("`pgref corpus --help`")));
}

TEST(Pgref, TokenizerDecodesWhatItEncodes) {
  const TestFolder folder;
  const Finished ids = pgref({"tokenizer", "encode", "--model", kModel, "--bos"}, "the cat sat");
  ASSERT_EQ(ids.code, 0) << ids.err;
  EXPECT_THAT(ids.out, AllOf(::testing::StartsWith("1 "), ::testing::EndsWith("\n")));
  EXPECT_EQ(pgref({"tokenizer", "decode", "--model", kModel}, ids.out).out, "the cat sat\n");
  const std::string shard = folder / "s.bin";
  ASSERT_EQ(pgref({"tokenizer", "encode", "--model", kModel, "-o", shard}, "a hat").code, 0);
  EXPECT_EQ(pgref({"tokenizer", "decode", "--model", kModel, shard}).out, "a hat\n");
  for (const char* bad : {"1 x", "70000", "-3", "1,2"}) {
    const Finished finished = pgref({"tokenizer", "decode", "--model", kModel}, bad);
    EXPECT_EQ(finished.code, 2);
    EXPECT_THAT(finished.err, HasSubstr("byte ")) << bad;
  }
  EXPECT_THAT(pgref({"tokenizer", "decode", "--model", kModel}, "300").err, HasSubstr("another tokenizer"));
}

TEST(Pgref, TokenizerInfoIsJsonOnRequest) {
  const json info = json::parse(pgref({"tokenizer", "info", "--model", kModel, "--format", "json"}).out);
  EXPECT_EQ(info["pieces"], 300);
  EXPECT_EQ(info["byte"], 256);
  EXPECT_EQ(info["control"], 3);
  EXPECT_EQ(info["bare_space_mark"], true);
  EXPECT_THAT(pgref({"tokenizer", "info", "--model", kModel, "--pieces"}).out,
              ::testing::StartsWith("0\tcontrol\t0\t0\t1\t<pad>\n1\tcontrol\t0\t0\t1\t<s>\n"));
}

TEST(Pgref, CorpusIsMadeOnceAndThenUsedAgain) {
  const TestFolder folder;
  const std::vector<std::string> arguments = {"corpus",  "--from", write_texts(folder, 150), "--out", folder / "c",
                                              "--vocab", "300",    "--val-fraction",         "0.2",   "--format",
                                              "json"};
  const Finished first = pgref(arguments), second = pgref(arguments);
  ASSERT_EQ(first.code, 0) << first.err;
  EXPECT_EQ(first.out, second.out);
  EXPECT_EQ(json::parse(first.out)["vocab_size"], 300);
  EXPECT_THAT(pgref({"corpus", "--from", folder / "texts.jsonl", "--out", folder / "c", "--vocab", "301"}).err,
              HasSubstr("other options"));
}

TEST(Pgref, AnInterruptedCorpusLeavesNothing) {
  const TestFolder folder;
  bool begun = false;
  HowToRun how;
  how.signal = SIGINT;
  how.signal_when = [&] {  // its temporary folder is there: it is in the middle of it
    for (const std::string& name : folder.names()) begun = begun || name.starts_with(".c.");
    return begun;
  };
  const fs::path texts = write_texts(folder, 20000);
  EXPECT_EQ(run_program(pgref_and({"corpus", "--from", texts, "--out", folder / "c", "--vocab", "2000"}), how).code,
            130);
  EXPECT_TRUE(begun);
  EXPECT_THAT(folder.names(), ElementsAre("texts.jsonl"));
}

TEST(Pgref, TheDefaultTextsAreNamedWhereTheyAreMissing) {
  const TestFolder folder;
  HowToRun how;
  how.environment = {"PGREF_TEXTS=" + (folder / "none").string()};
  const Finished finished = run_program(pgref_and({"corpus", "--out", folder / "c"}), how);
  EXPECT_EQ(finished.code, 2);
  EXPECT_THAT(finished.err, AllOf(HasSubstr("none"), HasSubstr("ci/fetch_corpus"), HasSubstr("--from")));
}

TEST(Pgref, FetchSaysWhatIsWrongWithAManifest) {
  const TestFolder folder;
  ASSERT_TRUE(write_file_atomic(folder / "m.json", R"({"files": [{"name": "../x"}]})").ok());
  EXPECT_THAT(pgref({"fetch", folder / "m.json", "--out", folder / "o"}).err, HasSubstr("no relative path"));
  ASSERT_TRUE(write_file_atomic(folder / "m.json", R"({"files": [{"name": "x"}]})").ok());
  EXPECT_THAT(pgref({"fetch", folder / "m.json", "--out", folder / "o"}).err, HasSubstr("give --base-url"));
  const Finished refused =
      pgref({"fetch", folder / "m.json", "--base-url", "http://127.0.0.1:9", "--tries", "1", "--out", folder / "o"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("http://127.0.0.1:9/x"));
}

TEST(Pgref, AFullDiskIsAnError) {
  const TestFolder folder;
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "there is no /dev/full";
  const std::string command = std::string(PG_REF_PROGRAM) + " tokenizer decode --model " + kModel +
                              " < /dev/null > /dev/full 2> " + (folder / "err").string();
  EXPECT_EQ(WEXITSTATUS(std::system(command.c_str())), 2);
  EXPECT_THAT(*read_file(folder / "err", 1 << 20), HasSubstr("cannot write"));
}

}  // namespace
}  // namespace pg::cli
