#include "reference/data/byte_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "reference/base/file.h"

namespace pg::data {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* kTestdata = PG_SOURCE_DIR "/reference/data/testdata/";

Vocabulary tiny() {
  auto vocabulary = Vocabulary::load(std::string(kTestdata) + "tiny.model");
  EXPECT_TRUE(vocabulary.ok());
  return std::move(vocabulary).value();
}

// The golden tables are the output of the challenge's build_sentencepiece_luts (make_byte_table_golden.py).
TEST(ByteTable, IsTheOriginals) {
  const json golden = json::parse(*read_file(std::string(kTestdata) + "tiny_tables.json", 1 << 20));
  const auto table = make_byte_table(tiny(), golden["vocab_size"].get<std::size_t>());
  ASSERT_TRUE(table.ok());
  EXPECT_EQ(table->base_bytes, golden["base_bytes"].get<std::vector<std::int32_t>>());
  EXPECT_EQ(table->leading_space, golden["leading_space"].get<std::vector<std::uint8_t>>());
  EXPECT_EQ(table->boundary, golden["boundary"].get<std::vector<std::uint8_t>>());
}

TEST(ByteTable, CountsTheBytesOfTheText) {
  const Vocabulary vocabulary = tiny();
  const auto table = make_byte_table(vocabulary, vocabulary.size());
  for (const std::string text : {"the cat sat on the mat", "caf\u00E9 \u2603 99", "hat"}) {
    std::uint16_t previous = kBosId;
    std::int32_t bytes = 0;
    const auto ids = vocabulary.encode(text);
    for (const std::uint16_t id : *ids) {
      bytes += table->count_bytes(previous, id);
      previous = id;
    }
    EXPECT_EQ(bytes, static_cast<std::int32_t>(text.size())) << text;
  }
}

TEST(ByteTable, ASpaceAfterABoundaryIsNotCounted) {
  const Vocabulary vocabulary = tiny();
  const auto table = make_byte_table(vocabulary, vocabulary.size() + 10);
  const std::uint16_t the = vocabulary.encode(" x the")->back();
  ASSERT_EQ(vocabulary.piece(the), std::string(kSpaceMark) + "the");
  EXPECT_EQ(table->count_bytes(the, the), 4);
  EXPECT_EQ(table->count_bytes(kBosId, the), 3);
  const auto padding = static_cast<std::uint16_t>(vocabulary.size() + 9);
  EXPECT_EQ(table->count_bytes(padding, the), 3);
  EXPECT_EQ(table->count_bytes(the, padding), 0);
  EXPECT_EQ(table->count_bytes(the, kBosId), 0);
}

// The tiny model with one piece changed. A .model begins with one message per piece: tag 0x0A, length, fields (1 the
// text, 2 the score, 3 the type); of a field that is there twice the last counts.
Vocabulary tiny_with(std::size_t id, const std::string& more_fields) {
  std::string model = *read_file(std::string(kTestdata) + "tiny.model", 1 << 20);
  std::size_t at = 0;
  for (; id > 0; --id) at += 2 + static_cast<std::size_t>(model[at + 1]);
  const auto length = static_cast<std::size_t>(model[at + 1]);
  EXPECT_EQ(model[at], 0x0A);
  EXPECT_LT(length + more_fields.size(), 128U);
  model.insert(at + 2 + length, more_fields);
  model[at + 1] = static_cast<char>(length + more_fields.size());
  auto vocabulary = Vocabulary::from_bytes(model, "changed.model");
  EXPECT_TRUE(vocabulary.ok());
  return std::move(vocabulary).value();
}

TEST(ByteTable, AnUnusedPieceIsABoundaryWithoutBytes) {
  const std::uint16_t the = tiny().encode(" x the")->back();
  const Vocabulary vocabulary = tiny_with(the, "\x18\x05");
  ASSERT_EQ(vocabulary.piece(the), std::string(kSpaceMark) + "the");
  ASSERT_EQ(vocabulary.type(the), PieceType::unused);
  const auto before = make_byte_table(tiny(), 300), table = make_byte_table(vocabulary, 300);
  EXPECT_EQ(before->count_bytes(the, the), 4);
  EXPECT_EQ(table->count_bytes(the, the), 0);
  EXPECT_EQ(table->boundary[the], 1);
  EXPECT_EQ(table->leading_space[the], 0);
}

TEST(ByteTable, TheBareMarkCanBeRequired) {
  const Vocabulary with = tiny();
  ASSERT_TRUE(has_bare_space_mark(with));
  EXPECT_TRUE(make_byte_table(with, 300, true).ok());
  std::size_t mark = 0;
  while (with.piece(mark) != kSpaceMark) ++mark;
  const Vocabulary without = tiny_with(mark, "\x0A\x01~");
  EXPECT_TRUE(make_byte_table(without, 300).ok());
  EXPECT_THAT(make_byte_table(without, 300, true).error().message,
              AllOf(HasSubstr("changed.model"), HasSubstr("U+2581"), HasSubstr("pgref tokenizer train")));
}

}  // namespace
}  // namespace pg::data
