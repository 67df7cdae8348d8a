#include "reference/data/corpus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/base/file.h"
#include "reference/base/sha256.h"
#include "reference/data/byte_table.h"
#include "reference/data/shard_set.h"
#include "reference/data/test_folder.h"

namespace pg::data {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

// 200 documents of different words that are written with few letters.
fs::path write_texts(const TestFolder& folder) {
  std::string lines;
  for (int i = 0; i < 200; ++i) {
    lines += "{\"text\": \"";
    for (int word = 0; word < 40; ++word) {
      unsigned value = static_cast<unsigned>(i * 7919 + word * 104729) % 9973;
      for (; value > 0; value /= 7) lines += static_cast<char>('a' + value % 7);
      lines += word % 9 == 8 ? ", 19\\n" : " ";
    }
    lines += "\"}\n";
  }
  EXPECT_TRUE(write_file_atomic(folder / "texts.jsonl", lines).ok());
  return folder / "texts.jsonl";
}

CorpusOptions options_for(const TestFolder& folder, const std::string& out) {
  CorpusOptions options;
  options.from = write_texts(folder);
  options.out = folder / out;
  options.vocab_size = 300;
  options.val_fraction = 0.2;
  options.train_shards = 3;
  return options;
}

std::vector<std::string> digests(const fs::path& folder) {
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator(folder))
    found.push_back(entry.path().filename().string() + " " + sha256_hex(*read_file(entry.path(), 1 << 26)));
  std::sort(found.begin(), found.end());
  return found;
}

TEST(Corpus, HasShardsTextsTokenizerAndManifestThatAgree) {
  const TestFolder folder;
  const auto corpus = make_corpus(options_for(folder, "c"));
  ASSERT_TRUE(corpus.ok()) << corpus.error().message;
  EXPECT_EQ(corpus->train.documents + corpus->val.documents, 200U);
  EXPECT_EQ(corpus->vocab_size, 300U);
  EXPECT_FALSE(corpus->reused);
  const auto vocabulary = Vocabulary::load(corpus->tokenizer);
  ASSERT_TRUE(vocabulary.ok());
  const auto table = make_byte_table(*vocabulary, 300);
  for (const auto& [name, side] : {std::pair("train", corpus->train), std::pair("val", corpus->val)}) {
    const auto shards = find_shards(corpus->folder, name == std::string("val") ? kValPattern : kTrainPattern);
    ASSERT_TRUE(shards.ok());
    EXPECT_EQ(shards->size(), name == std::string("val") ? 1U : 3U);
    std::vector<std::uint16_t> tokens;
    for (const fs::path& path : *shards) {
      const auto shard = TokenShard::open(path);
      tokens.insert(tokens.end(), shard->tokens().begin(), shard->tokens().end());
    }
    EXPECT_EQ(tokens.size(), side.tokens);
    // The shards decode to the text, and the byte table counts its bytes.
    std::string text;
    std::uint64_t counted = 0;
    for (std::size_t i = 0; i < tokens.size();) {
      ASSERT_EQ(tokens[i], kBosId);
      const auto end = std::find(tokens.begin() + static_cast<std::ptrdiff_t>(i) + 1, tokens.end(), kBosId);
      const std::vector<std::uint16_t> ids(tokens.begin() + static_cast<std::ptrdiff_t>(i) + 1, end);
      text += *vocabulary->decode(ids) + "\n";
      const auto next = static_cast<std::size_t>(end - tokens.begin());
      for (++i; i < next; ++i) counted += static_cast<std::uint64_t>(table->count_bytes(tokens[i - 1], tokens[i]));
    }
    EXPECT_EQ(text, *read_file(corpus->folder / (std::string(name) + ".txt"), 1 << 26));
    EXPECT_EQ(counted, side.text_bytes);
    EXPECT_EQ(text.size(), side.text_bytes + side.documents);
  }
  const auto& files = corpus->manifest["files"];
  EXPECT_EQ(files["val.txt"]["sha256"], sha256_hex(*read_file(corpus->folder / "val.txt", 1 << 26)));
  EXPECT_EQ(files.size(), 7U);
}

TEST(Corpus, IsTheSameBytesTwiceAndReusedTheThirdTime) {
  const TestFolder folder;
  ASSERT_TRUE(make_corpus(options_for(folder, "a")).ok());
  ASSERT_TRUE(make_corpus(options_for(folder, "b")).ok());
  EXPECT_EQ(digests(folder / "a"), digests(folder / "b"));
  const auto written = fs::last_write_time(folder / "a" / "manifest.json");
  const auto again = make_corpus(options_for(folder, "a"));
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(again->reused);
  EXPECT_EQ(fs::last_write_time(folder / "a" / "manifest.json"), written);
}

TEST(Corpus, OtherOptionsOrOtherContentAreNotOverwritten) {
  const TestFolder folder;
  CorpusOptions options = options_for(folder, "a");
  ASSERT_TRUE(make_corpus(options).ok());
  options.vocab_size = 310;
  EXPECT_THAT(make_corpus(options).error().message, AllOf(HasSubstr("other options"), HasSubstr("--replace")));
  options.replace = true;
  EXPECT_EQ(make_corpus(options)->vocab_size, 310U);
  fs::create_directory(folder / "mine");
  ASSERT_TRUE(write_file_atomic(folder / "mine" / "thesis.txt", "x").ok());
  options = options_for(folder, "mine");
  EXPECT_THAT(make_corpus(options).error().message, HasSubstr("no whole corpus"));
  EXPECT_TRUE(fs::exists(folder / "mine" / "thesis.txt"));
}

TEST(Corpus, ADamagedOneIsNoticed) {
  const TestFolder folder;
  const CorpusOptions options = options_for(folder, "a");
  ASSERT_TRUE(make_corpus(options).ok());
  ASSERT_TRUE(open_corpus(options.out).ok());
  const std::string model = *read_file(options.out / "tokenizer.model", 1 << 24);
  std::string other = model;
  other.back() ^= 1;
  ASSERT_TRUE(write_file_atomic(options.out / "tokenizer.model", other).ok());
  EXPECT_THAT(open_corpus(options.out).error().message, HasSubstr("tokenizer.model is not what it was made as"));
  ASSERT_TRUE(write_file_atomic(options.out / "tokenizer.model", model).ok());
  fs::resize_file(options.out / "fineweb_val_000000.bin", 1500);
  EXPECT_THAT(open_corpus(options.out).error().message, HasSubstr("fineweb_val_000000.bin has 1500 bytes"));
  fs::remove(options.out / "fineweb_val_000000.bin");
  EXPECT_THAT(open_corpus(options.out).error().message, HasSubstr("is missing"));
  for (const char* manifest : {"", "[]", "{}", "{\"schema\":\"pgref/corpus/v1\"}",
                               "{\"schema\":\"pgref/corpus/v1\",\"vocab_size\":1,\"files\":{\"tokenizer.model\":3}}"}) {
    ASSERT_TRUE(write_file_atomic(options.out / "manifest.json", manifest).ok());
    EXPECT_FALSE(open_corpus(options.out).ok()) << manifest;
  }
}

TEST(Corpus, AFailureLeavesNothing) {
  const TestFolder folder;
  CorpusOptions options = options_for(folder, "a");
  options.vocab_size = 60000;  // more than the text can fill, known only after the folder was begun
  EXPECT_FALSE(make_corpus(options).ok());
  EXPECT_THAT(folder.names(), ::testing::ElementsAre("texts.jsonl"));
  options = options_for(folder, "texts.jsonl/a");
  EXPECT_FALSE(make_corpus(options).ok());
  for (const double fraction : {0.0, 1.0, -1.0}) {
    options = options_for(folder, "a");
    options.val_fraction = fraction;
    EXPECT_FALSE(make_corpus(options).ok());
  }
}

TEST(Corpus, OfTwoRunsAtOnceTheFirstWinsAndTheOtherTakesIt) {
  const TestFolder folder;
  ASSERT_TRUE(make_corpus(options_for(folder, "first")).ok());
  CorpusOptions options = options_for(folder, "a");
  options.unfinished = [&](const fs::path& path) {
    EXPECT_TRUE(fs::is_directory(path));
    fs::copy(folder / "first", folder / "a");
  };
  const auto corpus = make_corpus(options);
  ASSERT_TRUE(corpus.ok()) << corpus.error().message;
  EXPECT_TRUE(corpus->reused);
  EXPECT_THAT(folder.names(), ::testing::UnorderedElementsAre("texts.jsonl", "first", "a"));
}

TEST(Corpus, NamesItsUnfinishedFolderForASignalHandler) {
  const TestFolder folder;
  CorpusOptions options = options_for(folder, "a");
  std::vector<fs::path> unfinished;
  options.unfinished = [&](const fs::path& path) {
    EXPECT_TRUE(fs::is_empty(path));
    unfinished.push_back(path);
  };
  ASSERT_TRUE(make_corpus(options).ok());
  ASSERT_EQ(unfinished.size(), 1U);
  EXPECT_EQ(unfinished[0].parent_path(), folder.root());
  EXPECT_FALSE(fs::exists(unfinished[0]));
}

TEST(Corpus, OnlyACorpusIsReplaced) {
  const TestFolder folder;
  CorpusOptions options = options_for(folder, "mine");
  options.replace = true;
  folder.file("mine/thesis.txt");
  EXPECT_THAT(make_corpus(options).error().message,
              AllOf(HasSubstr("mine"), HasSubstr("no manifest.json of a corpus")));
  folder.file("mine/manifest.json", "{\"schema\": \"another\", \"files\": {}}");
  EXPECT_FALSE(make_corpus(options).ok());
  EXPECT_TRUE(fs::exists(folder / "mine/thesis.txt"));
  fs::remove_all(folder / "mine");
  folder.folder("mine");
  ASSERT_TRUE(make_corpus(options).ok());
  ASSERT_TRUE(make_corpus(options).ok());
  folder.file("mine/notes.txt", "added later");
  EXPECT_THAT(make_corpus(options).error().message, HasSubstr("notes.txt in it is no part of the corpus"));
  EXPECT_EQ(*read_file(folder / "mine/notes.txt", 100), "added later");
  options.out = folder / "file";
  folder.file("file");
  EXPECT_FALSE(make_corpus(options).ok());
  EXPECT_TRUE(fs::is_regular_file(folder / "file"));
}

TEST(Corpus, TextsAndCorpusMayNotLieInEachOther) {
  const TestFolder folder;
  CorpusOptions options = options_for(folder, "a");
  folder.folder("texts/deep");
  fs::rename(options.from, folder / "texts/deep/t.jsonl");
  options.replace = true;
  for (const auto& [from, out] : {std::pair("texts", "texts"), std::pair("texts/deep", "texts"),
                                  std::pair("texts", "texts/corpus"), std::pair("texts/deep/t.jsonl", "texts/deep")}) {
    options.from = folder / from;
    options.out = folder / out;
    EXPECT_THAT(make_corpus(options).error().message, HasSubstr("lie in each other")) << from << " " << out;
  }
  EXPECT_TRUE(fs::exists(folder / "texts/deep/t.jsonl"));
  options.from = folder / "texts";
  options.out = folder / "texts2";
  EXPECT_TRUE(make_corpus(options).ok());
}

TEST(Corpus, EditedTextsAreOtherTexts) {
  const TestFolder folder;
  CorpusOptions options = options_for(folder, "a");
  ASSERT_TRUE(make_corpus(options).ok());
  std::string texts = *read_file(options.from, 1 << 26);
  texts[texts.find("\": \"") + 4] = 'z';
  ASSERT_TRUE(write_file_atomic(options.from, texts).ok());
  EXPECT_THAT(make_corpus(options).error().message, AllOf(HasSubstr("other texts"), HasSubstr("--replace")));
}

TEST(Corpus, ASlashAtTheEndIsNoOtherFolder) {
  const TestFolder folder;
  CorpusOptions options = options_for(folder, "a/");
  folder.folder("texts");
  fs::rename(options.from, folder / "texts/t.jsonl");
  options.from = folder / "texts/";
  ASSERT_TRUE(make_corpus(options).ok());
  EXPECT_TRUE(fs::exists(folder / "a/manifest.json"));
  options.from = folder / "texts";
  options.out = folder / "a";
  EXPECT_TRUE(make_corpus(options)->reused);
}

TEST(Corpus, ReportsItsProgressFromOneThreadAtATime) {
  const TestFolder folder;
  CorpusOptions options = options_for(folder, "a");
  int inside = 0, calls = 0;  // plain numbers: a tool that looks for races sees one
  options.progress = [&](std::string_view, double fraction) {
    EXPECT_EQ(++inside, 1);
    EXPECT_LE(fraction, 1);
    --inside, ++calls;
  };
  ASSERT_TRUE(make_corpus(options).ok());
  EXPECT_GT(calls, 100);
}

}  // namespace
}  // namespace pg::data
