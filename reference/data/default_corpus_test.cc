// The default corpus as it is made of ci/fetch_corpus's texts; skips where they are not there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <unordered_set>

#include "reference/base/file.h"
#include "reference/data/corpus.h"
#include "reference/data/test_folder.h"

namespace pg::data {
namespace {

std::vector<std::string> lines_of(const std::filesystem::path& path) {
  std::istringstream in(*read_file(path, 1 << 28));
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

TEST(DefaultCorpus, IsEightMegabytesOfTextWhoseSidesShareLittle) {
  if (!std::filesystem::exists(default_texts_folder() / "PACKAGES.json"))
    GTEST_SKIP() << "no texts; ci/fetch_corpus brings them";
  const TestFolder folder;
  CorpusOptions options;
  options.out = folder / "corpus";
  const auto corpus = make_corpus(options);
  ASSERT_TRUE(corpus.ok()) << corpus.error().message;
  EXPECT_GE(corpus->train.text_bytes + corpus->val.text_bytes, 8'000'000U);
  EXPECT_GE(corpus->val.documents, 200U);
  EXPECT_EQ(corpus->manifest["train"]["counted_bytes"], corpus->train.text_bytes);
  EXPECT_EQ(corpus->manifest["val"]["counted_bytes"], corpus->val.text_bytes);
  EXPECT_EQ(corpus->manifest["sources"].size(), 6U);
  EXPECT_TRUE(std::filesystem::exists(corpus->folder / "LICENCES.txt"));

  // Of pieces of 50 bytes of the validation text, at any offset a multiple of 50, few stand in the training text.
  std::unordered_set<std::string> wanted;
  for (const std::string& line : lines_of(corpus->folder / "val.txt"))
    for (std::size_t i = 0; i + 50 <= line.size(); i += 50) wanted.insert(line.substr(i, 50));
  const std::size_t pieces = wanted.size();
  for (const std::string& line : lines_of(corpus->folder / "train.txt"))
    for (std::size_t i = 0; i + 50 <= line.size(); ++i) wanted.erase(line.substr(i, 50));
  EXPECT_GT(pieces, 5000U);
  EXPECT_LT(static_cast<double>(pieces - wanted.size()), 0.01 * static_cast<double>(pieces));
}

}  // namespace
}  // namespace pg::data
