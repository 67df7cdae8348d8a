#include "verify/submission/unpack_decoders.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "verify/submission/pack_sample.h"

namespace pg::verify {
namespace {

using testing::HasSubstr;

std::string decode(TextCodec codec, std::string_view text) {
  UnpackBudget budget;
  auto out = decode_text(codec, text, budget);
  return out ? *out : "error: " + out.error().message;
}

TEST(TextCodecs, AgreeWithPython) {
  // base64.b85encode(b"hello"), a85encode, b32encode and so on.
  EXPECT_EQ(decode(TextCodec::b85, "Xk~0{Zv"), "hello");
  EXPECT_EQ(decode(TextCodec::a85, "<~BOu!rDZ~>"), "hello");
  EXPECT_EQ(decode(TextCodec::a85, "z BOu!rDZ"), std::string("\0\0\0\0hello", 9));
  EXPECT_EQ(decode(TextCodec::b64, "aGVs\nbG8="), "hello");
  EXPECT_EQ(decode(TextCodec::b64, "_-8="), "\xFF\xEF");
  EXPECT_EQ(decode(TextCodec::b32, "NBSWY3DP"), "hello");
  EXPECT_EQ(decode(TextCodec::hex, "68 65 6C6c6f"), "hello");
}

TEST(TextCodecs, RefuseWhatIsNotTheirs) {
  EXPECT_THAT(decode(TextCodec::b85, "Xk~0\"Zv"), HasSubstr("character 5"));
  EXPECT_THAT(decode(TextCodec::b85, "~~~~~"), HasSubstr("error"));
  EXPECT_THAT(decode(TextCodec::hex, "abc"), HasSubstr("odd length"));
  EXPECT_THAT(decode(TextCodec::a85, "~~~"), HasSubstr("error"));
}

TEST(StreamCodecs, OpenWhatEachPackerWrites) {
  const std::string script = sample_script();
  const std::pair<StreamCodec, std::string> packed[] = {
      {StreamCodec::lzma, pack_xz(script)},   {StreamCodec::lzma_raw, pack_raw(script)},
      {StreamCodec::zlib, pack_zlib(script)}, {StreamCodec::bz2, pack_bz2(script)},
      {StreamCodec::zstd, pack_zstd(script)}, {StreamCodec::brotli, pack_brotli(script)}};
  for (const auto& [codec, bytes] : packed) {
    UnpackBudget budget;
    const auto named = decode_stream(codec, bytes, budget), found = decode_stream(StreamCodec::detect, bytes, budget);
    ASSERT_TRUE(named) << codec_name(codec);
    ASSERT_TRUE(found) << codec_name(codec);
    EXPECT_EQ(named->bytes, script);
    EXPECT_EQ(found->bytes, script);
    EXPECT_EQ(found->codec, codec) << codec_name(codec);
  }
}

TEST(StreamCodecs, SayWhatIsWrongWithAStream) {
  const std::string packed = pack_xz(sample_script());
  UnpackBudget budget;
  EXPECT_THAT(decode_stream(StreamCodec::lzma, packed.substr(0, packed.size() / 2), budget).error().message,
              HasSubstr("cut off"));
  EXPECT_THAT(decode_stream(StreamCodec::lzma, "no stream", budget).error().message, HasSubstr("no valid"));
  EXPECT_FALSE(decode_stream(StreamCodec::detect, "", budget));
}

TEST(StreamCodecs, StopABombAtTheRatioAndAtTheBudget) {
  const std::string zeros(100u << 20, '\0');
  const std::string bomb = pack_zlib(zeros);
  ASSERT_LT(bomb.size(), 200'000u);
  UnpackBudget budget;
  EXPECT_THAT(decode_stream(StreamCodec::zlib, bomb, budget).error().message, HasSubstr("over the limit of 64 MiB"));
  EXPECT_EQ(budget.left(), 0u) << "failures cost budget too";
  UnpackBudget fresh;
  const std::string small = pack_zstd(std::string_view(zeros).substr(0, 8u << 20));
  EXPECT_THAT(decode_stream(StreamCodec::zstd, small, fresh).error().message, HasSubstr("2000-fold"));
  UnpackBudget tight({.max_output_bytes = 1000});
  EXPECT_FALSE(decode_stream(StreamCodec::zlib, pack_zlib(sample_script()), tight));
  EXPECT_FALSE(decode_text(TextCodec::a85, std::string(400, 'z'), tight)) << "one byte makes four";
}

TEST(LooksLikePython, TellsCodeFromProseAndData) {
  EXPECT_TRUE(looks_like_python(sample_script()));
  EXPECT_TRUE(looks_like_python("exec(x)"));
  EXPECT_TRUE(looks_like_python("x=1;y=2\n@a\nclass B: pass"));
  EXPECT_FALSE(looks_like_python("It was a dark night, and for a while no class import left from here.\n"));
  EXPECT_FALSE(looks_like_python("aardvark\nabacus\n"));
  EXPECT_FALSE(looks_like_python(std::string_view("import x\0\0", 10)));
  EXPECT_FALSE(looks_like_python(""));
}

}  // namespace
}  // namespace pg::verify
