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
#include "reference/data/test_server.h"

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
                                                          {"tokenizer", "info"},
                                                          {"train"},
                                                          {"eval"},
                                                          {"info"},
                                                          {"parity"}};
  const std::string program_help = pgref({"--help"}).out;
  for (std::vector<std::string> command : commands) {
    command.push_back("--help");
    const Finished help = pgref(command);
    EXPECT_EQ(help.code, 0) << command[0];
    EXPECT_THAT(program_help, HasSubstr("\n  " + command[0] + " "));
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
  fs::rename(shard, folder / "shard");
  EXPECT_EQ(pgref({"tokenizer", "decode", "--model", kModel, folder / "shard"}).out, "a hat\n");
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

TEST(Pgref, AnInterruptionWhileShardsAreWrittenRemovesThemAll) {
  const TestFolder folder;
  HowToRun how;
  how.signal = SIGTERM;
  how.signal_when = [&] {  // more of them than a list of names would hold
    for (const std::string& name : folder.names())
      if (name.starts_with(".c.") && fs::exists(folder / name / "fineweb_train_000300.bin")) return true;
    return false;
  };
  const fs::path texts = write_texts(folder, 3000);
  const Finished ended = run_program(
      pgref_and({"corpus", "--from", texts, "--out", folder / "c", "--vocab", "300", "--train-shards", "100000"}), how);
  EXPECT_EQ(ended.code, 143) << ended.err;
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

// What the organizers publish, of two tokenizers.
void publish(data::TestServer& server) {
  json manifest;
  for (const std::string variant : {"sp1024", "sp8192"}) {
    const TestFolder made;
    const std::vector<std::uint16_t> tokens(variant == "sp1024" ? 100 : 200, 7);
    server.files["datasets/fineweb10B_" + variant + "/fineweb_val_000000.bin"] =
        *read_file(made.shard("a.bin", tokens), 1 << 20);
    server.files["tokenizers/" + variant + ".model"] = *read_file(kModel, 1 << 20);
    manifest["datasets"].push_back({{"name", "fineweb10B_" + variant},
                                    {"tokenizer_name", variant},
                                    {"stats", {{"files_train", 0}, {"files_val", 1}}}});
    manifest["tokenizers"].push_back({{"name", variant}, {"model_path", "tokenizers/" + variant + ".model"}});
  }
  server.files["manifest.json"] = manifest.dump();
}

TEST(Pgref, FetchBringsWhatIsPublishedAndKnowsItAgain) {
  data::TestServer server;
  publish(server);
  const TestFolder folder;
  const auto fetch = [&](const std::string& variant) {
    return pgref({"fetch", "--base-url", server.url(), "--variant", variant, "--train-shards", "0", "--tries", "1",
                  "--out", (folder / "d").string() + "/"});
  };
  const Finished first = fetch("sp1024");
  ASSERT_EQ(first.code, 0) << first.err;
  EXPECT_THAT(first.out,
              AllOf(HasSubstr("fetched"), HasSubstr("fineweb_val_000000.bin"), HasSubstr("tokenizer.model")));
  EXPECT_THAT(fetch("sp1024").out, AllOf(HasSubstr("there"), Not(HasSubstr("fetched"))));
  EXPECT_THAT(fetch("sp8192").out, AllOf(HasSubstr("fetched"), Not(HasSubstr("there"))));
  EXPECT_EQ(data::TokenShard::open(folder / "d/fineweb_val_000000.bin")->size(), 200U);
}

TEST(Pgref, FetchGivesNoNameToWhatIsNoShard) {
  data::TestServer server;
  publish(server);
  const std::string path = "datasets/fineweb10B_sp1024/fineweb_val_000000.bin", shard = server.files[path];
  server.files[path] = "<html>Too many requests</html>";
  const TestFolder folder;
  const auto fetch = [&] {
    return pgref({"fetch", "--base-url", server.url(), "--train-shards", "0", "--tries", "1", "--out", folder / "d"});
  };
  const Finished page = fetch();
  EXPECT_EQ(page.code, 2);
  EXPECT_THAT(page.err, AllOf(HasSubstr(path), HasSubstr("no token shard")));
  EXPECT_FALSE(fs::exists(folder / "d/fineweb_val_000000.bin"));
  server.files[path] = shard;
  EXPECT_EQ(fetch().code, 0);
  EXPECT_EQ(data::TokenShard::open(folder / "d/fineweb_val_000000.bin")->size(), 100U);
}

TEST(Pgref, AFullDiskIsAnErrorOfEveryCommand) {
  const TestFolder folder;
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "there is no /dev/full";
  const std::string corpus =
      "corpus --vocab 300 --from " + write_texts(folder, 150).string() + " --out " + (folder / "c").string();
  ASSERT_EQ(std::system((std::string(PG_REF_PROGRAM) + " " + corpus + " > /dev/null").c_str()), 0);
  const std::string model = std::string(" --model ") + kModel;
  for (const std::string& arguments :
       {std::string("--help"), std::string("--version"), std::string("corpus --help"), corpus,
        corpus + " --format json", "tokenizer info" + model, "tokenizer info --pieces" + model,
        "tokenizer encode" + model, "tokenizer decode" + model}) {
    const std::string command =
        std::string(PG_REF_PROGRAM) + " " + arguments + " < /dev/null > /dev/full 2> " + (folder / "err").string();
    EXPECT_EQ(WEXITSTATUS(std::system(command.c_str())), 2) << arguments;
    EXPECT_THAT(*read_file(folder / "err", 1 << 20), HasSubstr("cannot write to standard output")) << arguments;
  }
}

}  // namespace
}  // namespace pg::cli
