#include "reference/data/corpus.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <span>

#include "reference/base/file.h"
#include "reference/base/parallel.h"
#include "reference/base/sha256.h"
#include "reference/base/text.h"
#include "reference/data/byte_table.h"
#include "reference/data/corpus_split.h"
#include "reference/data/documents.h"
#include "reference/data/staging_folder.h"
#include "reference/data/token_shard.h"
#include "reference/data/tokenizer_trainer.h"
#include "reference/data/vocabulary.h"

namespace pg::data {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kMinDefaultBytes = 200;  // entries that only point elsewhere
constexpr std::uint64_t kMaxManifestBytes = 64 << 20;

// What two runs must have in common for the second to take the first one's corpus. The default corpus is what it was
// made of at first: its texts need not be there any more.
Result<json> recipe(const CorpusOptions& options) {
  json made = {{"from", "default"},
               {"vocab_size", options.vocab_size},
               {"val_fraction", options.val_fraction},
               {"train_shards", options.train_shards}};
  if (options.from.empty()) return made;
  std::error_code error;
  made["from"] = fs::weakly_canonical(options.from, error).string();
  const auto digest = digest_of_documents(options.from);
  if (!digest) return digest.error();
  made["texts_sha256"] = *digest;
  return made;
}

bool is_below(const fs::path& inner, const fs::path& outer) {
  return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

// Texts in the corpus folder would be destroyed with it, and a corpus among the texts be read as one of them.
Status check_apart(const fs::path& from, const fs::path& out) {
  std::error_code error;
  const fs::path texts = fs::weakly_canonical(from, error), made = fs::weakly_canonical(fs::absolute(out), error);
  if (!is_below(texts, made) && !is_below(made, texts)) return {};
  return Error{fmt::format("the texts in {} and the corpus in {} lie in each other: name a folder beside the texts",
                           escape_line(from.string(), 500), escape_line(out.string(), 500))};
}

bool is_there(const fs::path& out) {
  std::error_code error;
  return fs::exists(fs::symlink_status(out, error)) && !(fs::is_directory(out, error) && fs::is_empty(out, error));
}

json read_manifest(const fs::path& folder) {
  const auto text = read_file(folder / "manifest.json", kMaxManifestBytes);
  const json manifest = text ? json::parse(*text, nullptr, false) : json();
  return manifest.is_object() && manifest.value("schema", json()) == kCorpusSchema ? manifest : json();
}

// {"bytes", "sha256"} of a file, as the manifest holds them.
Result<json> size_and_digest(const fs::path& file) {
  Sha256 digest;
  const auto bytes = read_chunks(file, [&](std::string_view chunk) {
    digest.update(chunk);
    return true;
  });
  if (!bytes) return bytes.error();
  return json{{"bytes", *bytes}, {"sha256", digest.hex()}};
}

// Only what pgref corpus made may be removed: a folder with a manifest of ours and nothing that is not named there.
Status check_replaceable(const fs::path& out) {
  if (!is_there(out)) return {};
  const auto bad = [&](const std::string& why) {
    return Error{fmt::format("{} is not replaced: {}. Remove it yourself, or name another folder",
                             escape_line(out.string(), 500), why)};
  };
  const json manifest = read_manifest(out);
  const json files = manifest.is_object() ? manifest.value("files", json()) : json();
  if (!files.is_object()) return bad("it has no manifest.json of a corpus");
  std::error_code error;
  for (fs::directory_iterator it(out, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name != "manifest.json" && !files.contains(name))
      return bad(fmt::format("{} in it is no part of the corpus", escape_line(name)));
  }
  return error ? bad(error.message()) : Status();
}

// Splits into n runs whose lengths differ by at most one.
std::size_t cut(std::size_t total, std::size_t n, std::size_t i) {
  return total / n * i + std::min(i, total % n);
}

class Maker {
 public:
  explicit Maker(const CorpusOptions& options) : options_(options) {}

  // `recipe` goes into the manifest.
  Result<Corpus> run(const json& recipe) {
    options_.progress("reading texts", -1);
    fs::path texts = options_.from;
    if (texts.empty()) {
      const auto found = default_texts();
      if (!found) return found.error();
      texts = *found;
    }
    auto documents = read_documents(texts);
    if (!documents) return documents.error();
    manifest_["read_documents"] = documents->size();
    auto split =
        split_corpus(std::move(*documents), options_.val_fraction, options_.from.empty() ? kMinDefaultBytes : 1);
    if (!split) return split.error();
    manifest_["left_out"] = {{"repeated_paragraphs", split->repeated_paragraphs},
                             {"short_documents", split->short_documents},
                             {"near_copies_moved_to_train", split->near_copies}};
    auto staging = StagingFolder::create(options_.out, options_.unfinished);
    if (!staging) return staging.error();
    staging_.emplace(std::move(*staging));
    if (const Status trained = train(split->train); !trained) return trained.error();
    if (const Status done = side("val", split->val, 1); !done) return done.error();
    if (const Status done = side("train", split->train, options_.train_shards); !done) return done.error();
    if (options_.from.empty())
      if (const Status done = licences(texts); !done) return done.error();
    return finish(recipe);
  }

 private:
  Status write(const std::string& name, std::string_view bytes) {
    if (const Status written = write_file_atomic(staging_->path() / name, bytes); !written) return written;
    return note(name);
  }

  // Puts size and digest of a finished file into the manifest.
  Status note(const std::string& name) {
    auto entry = size_and_digest(staging_->path() / name);
    if (!entry) return entry.error();
    manifest_["files"][name] = std::move(*entry);
    return {};
  }

  Status train(const std::vector<std::string>& texts) {
    options_.progress(fmt::format("training a tokenizer of {} pieces", options_.vocab_size), -1);
    const auto model = train_tokenizer({texts.begin(), texts.end()}, options_.vocab_size);
    if (!model) return model.error();
    auto vocabulary = Vocabulary::from_bytes(*model, "tokenizer.model");
    if (!vocabulary) return vocabulary.error();
    vocabulary_.emplace(std::move(*vocabulary));
    const auto table = make_byte_table(*vocabulary_, options_.vocab_size);
    if (!table) return table.error();
    table_ = *table;
    manifest_["vocab_size"] = vocabulary_->size();
    manifest_["has_bare_space_mark"] = has_bare_space_mark(*vocabulary_);
    return write("tokenizer.model", *model);
  }

  // Encodes on all cores; the first Error of any document, if there is one.
  Result<std::vector<std::vector<std::uint16_t>>> encode(const std::string& name,
                                                         const std::vector<std::string>& texts) {
    std::vector<std::vector<std::uint16_t>> encoded(texts.size());
    const std::size_t pieces = std::min<std::size_t>(texts.size(), 100);
    std::vector<Status> errors(pieces);
    std::size_t done = 0;
    std::mutex reporting;
    parallel_for(pieces, 0, [&](std::size_t piece) {
      for (std::size_t i = cut(texts.size(), pieces, piece); i < cut(texts.size(), pieces, piece + 1); ++i) {
        auto ids = vocabulary_->encode(texts[i]);
        if (!ids) {
          errors[piece] = ids.error();
          return;
        }
        encoded[i] = std::move(*ids);
      }
      const std::lock_guard lock(reporting);
      options_.progress("encoding " + name, static_cast<double>(++done) / static_cast<double>(pieces));
    });
    for (const Status& error : errors)
      if (!error) return error.error();
    return encoded;
  }

  Status side(const std::string& name, const std::vector<std::string>& texts, std::size_t shards) {
    const auto encoded = encode(name, texts);
    if (!encoded) return encoded.error();
    std::vector<std::uint16_t> stream;
    std::string plain;
    std::uint64_t counted = 0;
    for (const auto& ids : *encoded) {
      const auto text = vocabulary_->decode(ids);
      if (!text) return text.error();
      plain += *text + "\n";
      std::uint16_t previous = kBosId;
      stream.push_back(kBosId);
      for (const std::uint16_t id : ids) {
        counted += static_cast<std::uint64_t>(table_.count_bytes(previous, id));
        stream.push_back(previous = id);
      }
    }
    const std::uint64_t text_bytes = plain.size() - texts.size();
    if (const Status written = write(name + ".txt", plain); !written) return written;
    shards = std::max(shards, (stream.size() + kTokensPerShard - 1) / kTokensPerShard);
    for (std::size_t i = 0; i < shards; ++i) {
      const std::size_t begin = cut(stream.size(), shards, i), end = cut(stream.size(), shards, i + 1);
      const std::string file = fmt::format("fineweb_{}_{:06}.bin", name, i);
      auto writer = ShardWriter::create(staging_->path() / file);
      if (!writer) return writer.error();
      if (const Status written = writer->write(std::span(stream).subspan(begin, end - begin)); !written) return written;
      if (const Status finished = writer->finish(); !finished) return finished;
      if (const Status noted = note(file); !noted) return noted;
    }
    manifest_[name] = {{"documents", texts.size()},
                       {"text_bytes", text_bytes},
                       {"counted_bytes", counted},
                       {"tokens", stream.size()},
                       {"shards", shards},
                       {"bytes_per_token", static_cast<double>(text_bytes) / static_cast<double>(stream.size())}};
    return {};
  }

  // PACKAGES.json and the copyright files of ci/fetch_corpus.
  Status licences(const fs::path& texts) {
    const auto packages = read_file(texts / "PACKAGES.json", kMaxManifestBytes);
    if (!packages) return Error{packages.error().message + ". Run ci/fetch_corpus --force"};
    const json list = json::parse(*packages, nullptr, false);
    if (!list.is_array()) return Error{"PACKAGES.json of the texts is broken. Run ci/fetch_corpus --force"};
    std::string text = "The texts of this corpus are from Debian packages, cleaned and cut by pgref corpus.\n";
    for (const json& package : list) {
      const std::string name = package.value("package", "");
      text += fmt::format("\n==== {} {}, licence: {}\n\n", name, package.value("version", ""),
                          package.value("licence", ""));
      const auto copyright = read_file(texts / name / "COPYRIGHT", kMaxManifestBytes);
      if (!copyright) return copyright.error();
      text += *copyright;
    }
    manifest_["sources"] = list;
    return write("LICENCES.txt", text);
  }

  Result<Corpus> finish(const json& recipe) {
    manifest_["schema"] = kCorpusSchema;
    manifest_["recipe"] = recipe;
    const std::string text = manifest_.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
    if (const Status written = write_file_atomic(staging_->path() / "manifest.json", text); !written)
      return written.error();
    if (const Status done = staging_->commit(options_.replace); !done) return done.error();
    return open_corpus(options_.out);
  }

  const CorpusOptions& options_;
  std::optional<StagingFolder> staging_;
  std::optional<Vocabulary> vocabulary_;
  ByteTable table_;
  json manifest_;
};

Corpus::Side side_of(const json& manifest, const char* name) {
  const json side = manifest.value(name, json::object());
  if (!side.is_object()) return {};
  const auto at = [&](const char* key) {
    const auto found = side.find(key);
    return found != side.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
  };
  return {at("documents"), at("text_bytes"), at("tokens")};
}

}  // namespace

Result<Corpus> open_corpus(const fs::path& folder) {
  const auto bad = [&](const std::string& why) {
    return Error{fmt::format("{} is no whole corpus: {}. Make it anew (pgref corpus --replace), or name another folder",
                             escape_line(folder.string()), why)};
  };
  Corpus corpus{folder, folder / "tokenizer.model", 0, {}, {}, false, read_manifest(folder)};
  if (!corpus.manifest.is_object()) return bad(fmt::format("it has no manifest.json of schema {}", kCorpusSchema));
  const json files = corpus.manifest.value("files", json::object());
  const json vocab_size = corpus.manifest.value("vocab_size", json());
  if (!files.is_object() || files.empty() || !vocab_size.is_number_unsigned())
    return bad("its manifest.json is broken");
  for (const auto& [name, about] : files.items()) {
    std::error_code error;
    const std::uint64_t bytes = fs::file_size(folder / name, error);
    if (error) return bad(fmt::format("{} is missing", escape_line(name)));
    if (!about.is_object() || about.value("bytes", json()) != bytes)
      return bad(fmt::format("{} has {} bytes and not those it was made with", escape_line(name), bytes));
    const auto now = size_and_digest(folder / name);
    if (!now) return now.error();
    if (*now != about) return bad(fmt::format("{} is not what it was made as (SHA-256)", escape_line(name)));
  }
  corpus.vocab_size = vocab_size.get<std::size_t>();
  corpus.train = side_of(corpus.manifest, "train");
  corpus.val = side_of(corpus.manifest, "val");
  return corpus;
}

Result<Corpus> make_corpus(const CorpusOptions& given) {
  if (!(given.val_fraction > 0 && given.val_fraction < 1))
    return Error{fmt::format("a share of {} for validation: it has to be above 0 and below 1", given.val_fraction)};
  if (given.train_shards < 1 || given.train_shards > 100000)
    return Error{fmt::format("{} training shards: 1 to 100,000 can be made", given.train_shards)};
  auto out = new_folder_name(given.out);
  if (!out) return out.error();
  CorpusOptions options = given;
  options.out = std::move(*out);
  if (!options.from.empty())
    if (const Status apart = check_apart(options.from, options.out); !apart) return apart.error();
  if (options.replace)
    if (const Status replaceable = check_replaceable(options.out); !replaceable) return replaceable.error();
  const auto wanted = recipe(options);
  if (!wanted) return wanted.error();
  if (options.replace || !is_there(options.out)) {
    auto made = Maker(options).run(*wanted);
    // The other processes of a distributed run may have made it meanwhile: whoever is first wins.
    if (made || options.replace || read_manifest(options.out).is_null()) return made;
  }
  auto corpus = open_corpus(options.out);
  if (!corpus) return corpus;
  if (corpus->manifest.value("recipe", json()) != *wanted)
    return Error{
        fmt::format("{} is a corpus made with other options or of other texts ({}). Make it anew (--replace), or name "
                    "another folder",
                    escape_line(options.out.string()), escape_line(corpus->manifest.value("recipe", json()).dump()))};
  corpus->reused = true;
  return corpus;
}

}  // namespace pg::data
