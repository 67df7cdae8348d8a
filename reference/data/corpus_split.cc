#include "reference/data/corpus_split.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <unordered_set>

#include "reference/base/sha256.h"

namespace pg::data {
namespace {

constexpr std::size_t kRepeatedBytes = 80;  // shorter paragraphs may well be alike
constexpr std::size_t kRunWords = 8;
constexpr double kNearCopy = 0.1;

std::uint64_t fnv(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return hash;
}

// Hashes of all runs of kRunWords words of one line of text.
std::vector<std::uint64_t> runs_of(std::string_view text) {
  std::vector<std::size_t> starts = {0};
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] == ' ') starts.push_back(i + 1);
  starts.push_back(text.size() + 1);
  std::vector<std::uint64_t> runs;
  for (std::size_t i = 0; i + kRunWords < starts.size(); ++i)
    runs.push_back(fnv(text.substr(starts[i], starts[i + kRunWords] - 1 - starts[i])));
  return runs;
}

struct Hashed {
  std::string hash, text;  // hash: SHA-256, hexadecimal
};

// The first 48 bits of the hash as a fraction of 1.
double fraction_of(const std::string& hash) {
  return static_cast<double>(std::stoull(hash.substr(0, 12), nullptr, 16)) * 0x1p-48;
}

std::vector<std::string> texts_of(std::vector<Hashed>& side) {
  std::sort(side.begin(), side.end(), [](const Hashed& a, const Hashed& b) { return a.hash < b.hash; });
  std::vector<std::string> texts;
  for (Hashed& document : side) texts.push_back(std::move(document.text));
  return texts;
}

}  // namespace

Result<CorpusSplit> split_corpus(std::vector<Document> documents, double val_fraction, std::size_t min_bytes) {
  std::sort(documents.begin(), documents.end(), [](const Document& a, const Document& b) { return a.id < b.id; });
  CorpusSplit split;
  std::unordered_set<std::uint64_t> paragraphs;
  std::vector<Hashed> train, val;
  for (Document& document : documents) {
    std::string text;
    for (const std::string& paragraph : document.paragraphs) {
      if (paragraph.size() >= kRepeatedBytes && !paragraphs.insert(fnv(paragraph)).second) {
        ++split.repeated_paragraphs;
        continue;
      }
      text += text.empty() ? paragraph : " " + paragraph;
    }
    if (text.size() < std::max<std::size_t>(min_bytes, 1)) {
      ++split.short_documents;
      continue;
    }
    std::string hash = sha256_hex(text);
    (fraction_of(hash) < val_fraction ? val : train).push_back({std::move(hash), std::move(text)});
  }

  std::unordered_set<std::uint64_t> seen;
  for (const Hashed& document : train)
    for (const std::uint64_t run : runs_of(document.text)) seen.insert(run);
  std::vector<Hashed> kept;
  for (Hashed& document : val) {
    const auto runs = runs_of(document.text);
    const auto known = std::count_if(runs.begin(), runs.end(), [&](std::uint64_t run) { return seen.count(run) > 0; });
    const bool copy = static_cast<double>(known) > kNearCopy * static_cast<double>(runs.size());
    split.near_copies += copy;
    (copy ? train : kept).push_back(std::move(document));
  }
  split.train = texts_of(train);
  split.val = texts_of(kept);
  if (split.train.empty() || split.val.empty())
    return Error{
        fmt::format("{} documents of {} bytes or more, which split into {} for training and {} for validation{}; "
                    "each side needs one: give more documents, or another --val-fraction than {}",
                    split.train.size() + split.val.size(), min_bytes, split.train.size(), split.val.size(),
                    split.near_copies == 0
                        ? ""
                        : fmt::format(" ({} were near copies of training text and went there)", split.near_copies),
                    val_fraction)};
  return split;
}

}  // namespace pg::data
