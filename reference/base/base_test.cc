#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "reference/base/decimal.h"
#include "reference/base/file.h"
#include "reference/base/parallel.h"
#include "reference/base/sha256.h"
#include "reference/base/text.h"

namespace pg {
namespace {

namespace fs = std::filesystem;

fs::path fresh_folder(const char* name) {
  const fs::path folder = fs::path(testing::TempDir()) / name;
  fs::remove_all(folder);
  fs::create_directories(folder);
  return folder;
}

TEST(Decimal, KnowsHalfAUnitOfItsLastPrintedDigit) {
  EXPECT_DOUBLE_EQ(parse_decimal("1.0810")->half_unit(), 0.00005);
  EXPECT_DOUBLE_EQ(parse_decimal("15900000")->half_unit(), 0.5);
  EXPECT_DOUBLE_EQ(parse_decimal("1.5e-3")->half_unit(), 0.00005);
  EXPECT_EQ(parse_decimal("1.0810")->decimals(), 4);
}

TEST(Decimal, RefusesWhatIsNoNumber) {
  for (const char* text : {"", "-", ".", "nan", "inf", "-inf", "0x10", "1.0 ", " 1", "1e", "1e999", "1,5", "--1"})
    EXPECT_FALSE(parse_decimal(text)) << text;
  for (const char* text : {"", "-1", "1.0", "99999999999999999999", "1 "}) EXPECT_FALSE(parse_int(text)) << text;
}

TEST(Decimal, AgreesAtTheClaimsOwnRounding) {
  EXPECT_TRUE(agrees_at_rounding(*parse_decimal("1.081"), 1.0810028767));
  EXPECT_TRUE(agrees_at_rounding(*parse_decimal("1.1929"), 1.19285));
  EXPECT_FALSE(agrees_at_rounding(*parse_decimal("1.1929"), 1.1928));
}

TEST(Decimal, AgreesAsPrintedAtTheCoarserRounding) {
  const auto agree = [](const char* a, const char* b) {
    return agree_as_printed(*parse_decimal(a), *parse_decimal(b));
  };
  EXPECT_TRUE(agree("1.39151724039659", "1.39151724"));
  EXPECT_TRUE(agree("1.0810", "1.08100288"));
  EXPECT_FALSE(agree("1.39151734", "1.39151724"));
}

TEST(Text, ReplacesEveryMalformedByte) {
  EXPECT_EQ(to_utf8("a\xFF\xC0\xAFz"), "a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz");
  EXPECT_EQ(to_utf8("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  // a surrogate half
  EXPECT_EQ(to_utf8("\xE2\x82"), "\xEF\xBF\xBD\xEF\xBF\xBD");                  // cut short
  EXPECT_EQ(to_utf8("± 😀"), "± 😀");
}

TEST(Text, EscapesWhatWouldActOnATerminal) {
  EXPECT_EQ(escape_line("\x1b[31mred\x07\n"), "\\x1b[31mred\\x07\\x0a");
  EXPECT_EQ(escape_line("\xE2\x80\xAEtxt"), "\\u{202e}txt");
  EXPECT_EQ(escape_line("\xC2\x9B"), "\\x9b");
  EXPECT_EQ(escape_line("abcdef", 3), "abc...");
}

TEST(Text, DecodesUtf16InPiecesOfAnySize) {
  const std::string little("a\0\xB1\0\x3D\xD8\x00\xDE\x3D\xD8z\0", 12);  // a, plus-minus, a pair, half a pair, z
  for (std::size_t step = 1; step <= little.size(); ++step) {
    Utf16Decoder decoder(false);
    std::string out;
    for (std::size_t i = 0; i < little.size(); i += step)
      out += decoder.decode(std::string_view(little).substr(i, step));
    EXPECT_EQ(out, "a\xC2\xB1\xF0\x9F\x98\x80\xEF\xBF\xBDz") << step;
  }
  EXPECT_EQ(Utf16Decoder(true).decode(std::string_view("\0a", 2)), "a");
}

TEST(Text, GroupsDigits) {
  EXPECT_EQ(with_commas(15987547), "15,987,547");
  EXPECT_EQ(with_commas(-123456), "-123,456");
  EXPECT_EQ(with_commas(999), "999");
}

TEST(Sha256, MatchesThePublishedVectors) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(File, RefusesFoldersFifosAndLargeFiles) {
  const fs::path folder = fresh_folder("pg_file");
  EXPECT_FALSE(read_file(folder, 10));
  EXPECT_FALSE(read_file(folder / "absent", 10));
  ASSERT_EQ(::mkfifo((folder / "fifo").c_str(), 0600), 0);
  EXPECT_FALSE(read_file(folder / "fifo", 10));
  std::ofstream(folder / "eleven") << "12345678901";
  EXPECT_FALSE(read_file(folder / "eleven", 10));
  EXPECT_EQ(*read_file(folder / "eleven", 11), "12345678901");
}

TEST(File, ReplacesAtomicallyAndKeepsTheOldContentOnFailure) {
  const fs::path folder = fresh_folder("pg_atomic");
  ASSERT_TRUE(write_file_atomic(folder / "a", "old").ok());
  ASSERT_TRUE(write_file_atomic(folder / "a", "new").ok());
  EXPECT_EQ(*read_file(folder / "a", 10), "new");
  EXPECT_FALSE(write_file_atomic(folder / "missing" / "a", "x").ok());
  fs::create_symlink("a", folder / "link");
  ASSERT_TRUE(write_file_atomic(folder / "link", "through").ok());
  EXPECT_EQ(*read_file(folder / "a", 10), "through");
  EXPECT_TRUE(fs::remove(folder / "link"));
  EXPECT_FALSE(write_file_atomic("/dev/null", "x").ok()) << "a device must not become a file";
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  fs::create_directory(folder / "taken");
  EXPECT_FALSE(write_file_atomic(folder / "taken", "x").ok());
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), {}), 2);  // no temporary file left
}

TEST(File, ANewOneHasTheModeThatTheUmaskLeaves) {
  const fs::path folder = fresh_folder("pg_mode");
  const mode_t before = ::umask(027);
  EXPECT_TRUE(write_file_atomic(folder / "a", "x").ok());
  ::umask(before);
  struct stat info {};
  ASSERT_EQ(::stat((folder / "a").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0640U);
  EXPECT_FALSE(write_file_atomic(folder.string() + "/", "x").ok());
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), {}), 1);
}

TEST(ParallelFor, RunsEachIndexOnceAndPassesOnTheFirstException) {
  std::vector<std::atomic<int>> seen(1000);
  parallel_for(seen.size(), 4, [&](std::size_t i) { ++seen[i]; });
  for (const auto& n : seen) EXPECT_EQ(n, 1);
  EXPECT_THROW(parallel_for(10, 2,
                            [](std::size_t i) {
                              if (i == 3) throw std::runtime_error("x");
                            }),
               std::runtime_error);
}

}  // namespace
}  // namespace pg
