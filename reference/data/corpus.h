#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "reference/base/result.h"

namespace pg::data {

inline constexpr std::string_view kCorpusSchema = "pgref/corpus/v1";
inline constexpr std::size_t kDefaultVocabulary = 1024;

struct CorpusOptions {
  std::filesystem::path out;
  std::filesystem::path from;  // what read_documents() takes; empty: the default corpus (default_texts())
  std::size_t vocab_size = kDefaultVocabulary;
  double val_fraction = 0.05;  // of the documents, about; 0 < f < 1
  std::size_t train_shards =
      8;                 // so that up to 8 processes have shards of their own; more where one would exceed 100 M tokens
  bool replace = false;  // make it anew even if `out` is a corpus already; nothing else is replaced
  // What is being done, and how much of it (negative: unknown). Called by several threads, one at a time.
  std::function<void(std::string_view what, double fraction)> progress = [](std::string_view, double) {};
  // The folder as it comes to be under a temporary name, for a signal handler to remove with the files in it.
  std::function<void(const std::filesystem::path&)> unfinished = [](const std::filesystem::path&) {};
};

// A corpus folder:
//   fineweb_train_%06d.bin, fineweb_val_%06d.bin   shards; every document begins with BOS (id 1)
//   tokenizer.model                                trained on the training text alone
//   train.txt, val.txt                             what the shards decode to, one document a line; less its line ends a
//                                                  text has as many bytes as the byte table counts for its tokens
//   LICENCES.txt                                   of the default corpus: packages, versions, licences
//   manifest.json                                  the numbers below, how it was made, SHA-256 of every file
struct Corpus {
  struct Side {
    std::uint64_t documents = 0, text_bytes = 0, tokens = 0;  // text_bytes without line ends, tokens with BOS
  };
  std::filesystem::path folder, tokenizer;
  std::size_t vocab_size = 0;
  Side train, val;
  bool reused = false;  // was there already
  nlohmann::json manifest;
};

// Makes `options.out`, or returns what is there if it is a whole corpus made with the same options of the same texts
// (their digest; the default texts are not looked at again); any other content is left alone and an Error, and so are
// texts and corpus that lie in each other. The folder gets its name when all of it is on disk: an interrupted run
// leaves no half corpus, what a killed one left under its temporary name is removed by the next, and several processes
// at once end up with the same folder. Same texts and options: same bytes.
Result<Corpus> make_corpus(const CorpusOptions& options);

// Reads manifest.json of a corpus folder and checks that its files are there with their sizes.
Result<Corpus> open_corpus(const std::filesystem::path& folder);

// Where the texts of the default corpus belong: $PGREF_TEXTS, else third_party/corpus of the source tree this was built
// of. They are there if PACKAGES.json is.
std::filesystem::path default_texts_folder();

// That folder with the texts in it. If they are missing in the source tree and ci/fetch_corpus is there, which brings
// them, it is run (its messages on stderr).
Result<std::filesystem::path> default_texts();

// data/corpus_sp<vocab_size> in the working directory.
std::filesystem::path default_corpus_folder(std::size_t vocab_size);

}  // namespace pg::data
