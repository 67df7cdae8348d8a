#include "reference/data/vocabulary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/base/file.h"
#include "reference/data/tokenizer_trainer.h"

namespace pg::data {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* kModel = PG_SOURCE_DIR "/reference/data/testdata/tiny.model";

std::vector<std::string> sentences() {
  std::vector<std::string> texts;
  for (int i = 0; i < 300; ++i)
    texts.push_back("the cat number " + std::to_string(i * 7919 % 1000) +
                    " sat on the mat near a hat, caf\u00E9 and tea");
  return texts;
}

TEST(Vocabulary, KnowsThePiecesOfTheChallenge) {
  const auto vocabulary = Vocabulary::load(kModel);
  ASSERT_TRUE(vocabulary.ok()) << vocabulary.error().message;
  EXPECT_EQ(vocabulary->bos_id(), kBosId);
  EXPECT_EQ(vocabulary->type(kPadId), PieceType::control);
  EXPECT_EQ(vocabulary->type(kBosId), PieceType::control);
  EXPECT_EQ(vocabulary->type(kUnknownId), PieceType::unknown);
  EXPECT_EQ(vocabulary->type(4), PieceType::byte);
  EXPECT_EQ(vocabulary->piece(4), "<0x00>");
  EXPECT_EQ(vocabulary->type(260), PieceType::normal);
}

TEST(Vocabulary, DecodesWhatItEncodes) {
  const auto vocabulary = Vocabulary::load(kModel);
  ASSERT_TRUE(vocabulary.ok());
  for (const std::string text :
       {"the cat sat", "", "a", "never seen \u2603 \U0001F600", "two 22 twos", " leading space"}) {
    const auto ids = vocabulary->encode(text);
    ASSERT_TRUE(ids.ok());
    EXPECT_EQ(*vocabulary->decode(*ids), text[0] == ' ' ? text.substr(1) : text);
  }
  EXPECT_THAT(vocabulary->decode(std::vector<std::uint16_t>{5, 65535}).error().message,
              AllOf(HasSubstr("token 1 is id 65535"), HasSubstr("tiny.model")));
}

TEST(Vocabulary, BrokenModelsAreErrorsAndNoCrashes) {
  const std::string model = *read_file(kModel, 1 << 20);
  EXPECT_THAT(Vocabulary::from_bytes("", "empty.model").error().message, HasSubstr("empty.model"));
  EXPECT_THAT(Vocabulary::from_bytes("not a model", "text.model").error().message, HasSubstr("pgref tokenizer train"));
  EXPECT_THAT(Vocabulary::load("/no/such.model").error().message, HasSubstr("/no/such.model"));
  std::size_t refused = 0;
  for (std::size_t size = 0; size < model.size(); size += 1 + model.size() / 300)
    refused += !Vocabulary::from_bytes(std::string_view(model).substr(0, size), "cut.model").ok();
  EXPECT_GT(refused, 200U);  // a cut between two pieces leaves a whole, smaller model
}

TEST(TokenizerTrainer, IsDeterministicAndHasTheChallengesOptions) {
  const auto texts = sentences();
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  const auto first = train_tokenizer(views, 300), second = train_tokenizer(views, 300);
  ASSERT_TRUE(first.ok()) << first.error().message;
  EXPECT_EQ(*first, *second);
  const auto vocabulary = Vocabulary::from_bytes(*first, "m");
  EXPECT_EQ(vocabulary->size(), 300U);
  // Digits are split, there is no dummy prefix, and a text is normalised (NFKC, white space).
  EXPECT_EQ(vocabulary->encode("1234")->size(), 4U);
  EXPECT_EQ(*vocabulary->decode(*vocabulary->encode("the\n \uFF43at ")), "the cat");
  for (std::size_t id = 4; id < 260; ++id) EXPECT_EQ(vocabulary->type(id), PieceType::byte);
}

TEST(TokenizerTrainer, LearnsFromTextsBeyondTheLimitOfSentences) {
  std::string one;
  for (const std::string& text : sentences()) one += text + " ";
  ASSERT_GT(one.size(), 4192U);
  EXPECT_TRUE(train_tokenizer({one}, 300).ok());
  // Without any space they are cut between characters.
  std::string unbroken = one;
  std::erase(unbroken, ' ');
  const auto model = train_tokenizer({unbroken}, 300);
  EXPECT_TRUE(model.ok()) << model.error().message;
}

TEST(TokenizerTrainer, TooLargeOrTooSmallVocabulariesAreErrors) {
  EXPECT_THAT(train_tokenizer({"a b c"}, 260).error().message, HasSubstr("261"));
  EXPECT_THAT(train_tokenizer({"a b c"}, 70000).error().message, HasSubstr("65,536"));
  EXPECT_THAT(train_tokenizer({"a b c"}, 5000).error().message, HasSubstr("smaller vocabulary"));
  EXPECT_FALSE(train_tokenizer({}, 300).ok());
}

}  // namespace
}  // namespace pg::data
