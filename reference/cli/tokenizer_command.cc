#include <fmt/format.h>

#include <cstring>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "reference/base/file.h"
#include "reference/base/text.h"
#include "reference/cli/command.h"
#include "reference/cli/terminal.h"
#include "reference/data/byte_table.h"
#include "reference/data/documents.h"
#include "reference/data/token_shard.h"
#include "reference/data/tokenizer_trainer.h"
#include "reference/data/vocabulary.h"

namespace pg::cli {
namespace {

constexpr std::uint64_t kMaxTextBytes = 1ULL << 30;

struct Arguments {
  std::string model, input = "-", out, from, format = "text", normalization = "nmt_nfkc";
  std::size_t vocab_size = 1024;
  bool bos = false, pieces = false, quiet = false;
};

int failed(const Error& error) {
  complain(error.message);
  return kExitError;
}

// A file, or stdin for "-".
Result<std::string> read_input(const std::string& path) {
  if (path != "-") return read_file(path, kMaxTextBytes);
  std::string text;
  char buffer[1 << 16];
  while (std::cin.read(buffer, sizeof buffer) || std::cin.gcount() > 0) {
    text.append(buffer, static_cast<std::size_t>(std::cin.gcount()));
    if (text.size() > kMaxTextBytes) return Error{"the text on standard input is larger than 1 GiB"};
  }
  return text;
}

int train(const Arguments& arguments) {
  const auto documents = data::read_documents(arguments.from);
  if (!documents) return failed(documents.error());
  std::vector<std::string_view> texts;
  for (const data::Document& document : *documents)
    texts.insert(texts.end(), document.paragraphs.begin(), document.paragraphs.end());
  say(arguments.quiet, fmt::format("training {} pieces on {} documents", arguments.vocab_size, documents->size()));
  const auto model = data::train_tokenizer(texts, arguments.vocab_size, arguments.normalization);
  if (!model) return failed(model.error());
  const Status written = write_file_atomic(arguments.out, *model);
  return written ? kExitOk : failed(written.error());
}

int encode(const Arguments& arguments) {
  const auto vocabulary = data::Vocabulary::load(arguments.model);
  if (!vocabulary) return failed(vocabulary.error());
  const auto text = read_input(arguments.input);
  if (!text) return failed(text.error());
  auto ids = vocabulary->encode(*text);
  if (!ids) return failed(ids.error());
  if (arguments.bos) ids->insert(ids->begin(), data::kBosId);
  if (!arguments.out.empty()) {
    auto shard = data::ShardWriter::create(arguments.out);
    if (!shard) return failed(shard.error());
    if (const Status written = shard->write(*ids); !written) return failed(written.error());
    const Status finished = shard->finish();
    return finished ? kExitOk : failed(finished.error());
  }
  fmt::print("{}\n", fmt::join(*ids, " "));
  return kExitOk;
}

bool is_shard(const std::string& path) {
  std::int32_t first = 0;
  (void)read_chunks(path, [&](std::string_view chunk) {
    if (chunk.size() >= sizeof first) std::memcpy(&first, chunk.data(), sizeof first);
    return false;
  });
  return first == data::kShardMagic || path.ends_with(".bin");
}

// Ids as `encode` prints them, or a token shard: it begins with the magic number, or is broken and named like one.
Result<std::vector<std::uint16_t>> read_ids(const std::string& path) {
  if (path != "-" && is_shard(path)) {
    const auto shard = data::TokenShard::open(path);
    if (!shard) return shard.error();
    return std::vector<std::uint16_t>(shard->tokens().begin(), shard->tokens().end());
  }
  const auto text = read_input(path);
  if (!text) return text.error();
  std::vector<std::uint16_t> ids;
  std::size_t i = 0;
  while (true) {
    while (i < text->size() && std::isspace(static_cast<unsigned char>((*text)[i])) != 0) ++i;
    if (i == text->size()) return ids;
    std::uint32_t id = 0;
    const std::size_t begin = i;
    for (; i < text->size() && (*text)[i] >= '0' && (*text)[i] <= '9' && id < 65536; ++i)
      id = id * 10 + static_cast<std::uint32_t>((*text)[i] - '0');
    const bool ends = i == text->size() || std::isspace(static_cast<unsigned char>((*text)[i])) != 0;
    if (i == begin || !ends || id > 65535)
      return Error{fmt::format("{}: byte {}: is no token id; ids are numbers below 65,536 with blanks between",
                               escape_line(path), begin)};
    ids.push_back(static_cast<std::uint16_t>(id));
  }
}

int decode(const Arguments& arguments) {
  const auto vocabulary = data::Vocabulary::load(arguments.model);
  if (!vocabulary) return failed(vocabulary.error());
  const auto ids = read_ids(arguments.input);
  if (!ids) return failed(ids.error());
  const auto text = vocabulary->decode(*ids);
  if (!text) return failed(text.error());
  std::cout << *text << '\n';
  return kExitOk;
}

// One line per piece: id, type, bytes, leading space, boundary (the columns of the byte table), the piece.
void print_pieces(const data::Vocabulary& vocabulary, const data::ByteTable& table) {
  constexpr const char* kTypes[] = {"normal", "control", "unknown", "unused", "byte"};
  for (std::size_t id = 0; id < vocabulary.size(); ++id)
    fmt::print("{}\t{}\t{}\t{}\t{}\t{}\n", id, kTypes[static_cast<std::size_t>(vocabulary.type(id))],
               table.base_bytes[id], table.leading_space[id], table.boundary[id],
               escape_line(vocabulary.piece(id), 1000));
}

int info(const Arguments& arguments) {
  const auto vocabulary = data::Vocabulary::load(arguments.model);
  if (!vocabulary) return failed(vocabulary.error());
  const auto table = data::make_byte_table(*vocabulary, vocabulary->size());
  if (!table) return failed(table.error());
  if (arguments.pieces) {
    print_pieces(*vocabulary, *table);
    return kExitOk;
  }
  std::size_t counts[5] = {}, leading = 0;
  std::int64_t longest = 0, bytes = 0;
  for (std::size_t id = 0; id < vocabulary->size(); ++id) {
    ++counts[static_cast<std::size_t>(vocabulary->type(id))];
    leading += table->leading_space[id];
    longest = std::max<std::int64_t>(longest, table->base_bytes[id] + table->leading_space[id]);
    bytes += table->base_bytes[id];
  }
  const nlohmann::ordered_json report = {{"pieces", vocabulary->size()},
                                         {"normal", counts[0]},
                                         {"control", counts[1]},
                                         {"unknown", counts[2]},
                                         {"unused", counts[3]},
                                         {"byte", counts[4]},
                                         {"with_leading_space", leading},
                                         {"bos_id", vocabulary->bos_id()},
                                         {"longest_piece_bytes", longest},
                                         {"base_bytes_total", bytes},
                                         {"bare_space_mark", data::has_bare_space_mark(*vocabulary)}};
  if (arguments.format == "json") {
    fmt::print("{}\n", report.dump(1));
    return kExitOk;
  }
  for (const auto& [key, value] : report.items()) fmt::print("{:<20} {}\n", key, value.dump());
  if (const Status marked = data::check_bare_space_mark(*vocabulary); !marked)
    say(arguments.quiet, "warning: " + marked.error().message);
  return kExitOk;
}

void add(CLI::App* parent, Action& action, const char* name, const char* what, const char* example,
         int (*work)(const Arguments&), const std::function<void(CLI::App*, Arguments&)>& options) {
  CLI::App* command = parent->add_subcommand(name, what);
  auto arguments = std::make_shared<Arguments>();
  options(command, *arguments);
  command->footer(std::string("Example:\n  ") + example);
  command->callback([&action, arguments, work] { action = [arguments, work] { return work(*arguments); }; });
}

void add_model(CLI::App* command, Arguments& arguments) {
  command->add_option("--model", arguments.model, "The SentencePiece model")->required();
}

}  // namespace

void add_tokenizer_command(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("tokenizer", "Train and use SentencePiece tokenizers");
  command->require_subcommand(1);
  command->footer("Example:\n  pgref tokenizer train --from my_texts/ --vocab 1024 --out tokenizer.model");
  add(command, action, "train", "Train a BPE tokenizer with the challenge's options",
      "pgref tokenizer train --from my_texts/ --vocab 1024 --out tokenizer.model", train,
      [](CLI::App* sub, Arguments& a) {
        sub->add_option("--from", a.from, "Texts, as for pgref corpus")->required();
        sub->add_option("--out", a.out, "The .model file to write")->required();
        sub->add_option("--vocab", a.vocab_size, "Pieces")->capture_default_str();
        sub->add_option("--normalization", a.normalization, "SentencePiece's rule")
            ->check(CLI::IsMember({"nmt_nfkc", "nfkc", "nmt_nfkc_cf", "nfkc_cf", "identity"}))
            ->capture_default_str();
        sub->add_flag("--quiet", a.quiet, "No progress on stderr");
      });
  add(command, action, "encode", "Text to token ids, or to a token shard",
      "echo 'a text' | pgref tokenizer encode --model tokenizer.model", encode, [](CLI::App* sub, Arguments& a) {
        add_model(sub, a);
        sub->add_option("input", a.input, "A file, or - for standard input")->capture_default_str();
        sub->add_flag("--bos", a.bos, "BOS (id 1) in front, as shards have it before every document");
        sub->add_option("-o,--out", a.out, "Write a token shard instead of printing ids");
      });
  add(command, action, "decode", "Token ids, or a token shard, to text",
      "pgref tokenizer decode --model tokenizer.model fineweb_val_000000.bin", decode, [](CLI::App* sub, Arguments& a) {
        add_model(sub, a);
        sub->add_option("input", a.input, "A file, or - for standard input")->capture_default_str();
      });
  add(command, action, "info", "What a tokenizer consists of, and how its bytes are counted",
      "pgref tokenizer info --model tokenizer.model --format json", info, [](CLI::App* sub, Arguments& a) {
        add_model(sub, a);
        sub->add_flag("--pieces", a.pieces,
                      "Instead, a line per piece: id, type, bytes, leading space, boundary, piece");
        sub->add_option("--format", a.format, "text or json")
            ->check(CLI::IsMember({"text", "json"}))
            ->capture_default_str();
      });
}

}  // namespace pg::cli
