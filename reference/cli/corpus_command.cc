#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "reference/base/text.h"
#include "reference/cli/command.h"
#include "reference/cli/terminal.h"
#include "reference/data/corpus.h"

namespace pg::cli {
namespace {

struct Arguments {
  data::CorpusOptions corpus;
  std::string out, from, format = "text";
  bool quiet = false;
};

void print_side(const char* name, const data::Corpus::Side& side) {
  fmt::print("{:<6} {:>11} documents {:>13} bytes {:>12} tokens {:.4f} bytes/token\n", name,
             with_commas(static_cast<std::int64_t>(side.documents)),
             with_commas(static_cast<std::int64_t>(side.text_bytes)),
             with_commas(static_cast<std::int64_t>(side.tokens)),
             static_cast<double>(side.text_bytes) / static_cast<double>(std::max<std::uint64_t>(side.tokens, 1)));
}

int run(Arguments& arguments) {
  data::CorpusOptions& options = arguments.corpus;
  options.out =
      arguments.out.empty() ? data::default_corpus_folder(options.vocab_size) : std::filesystem::path(arguments.out);
  options.from = arguments.from;
  Progress progress("corpus:", arguments.quiet);
  options.progress = [&](std::string_view what, double fraction) { progress.update(fraction, what); };
  options.unfinished = remove_when_interrupted;
  const auto begin = std::chrono::steady_clock::now();
  const auto corpus = data::make_corpus(options);
  progress.done();
  forget_when_interrupted();
  if (!corpus) {
    complain(corpus.error().message);
    return kExitError;
  }
  if (corpus->manifest.value("has_bare_space_mark", true) == false)
    say(arguments.quiet,
        "warning: the tokenizer has no bare space mark (pgref tokenizer info); #1394's presets need it");
  if (arguments.format == "json") {
    fmt::print("{}\n", corpus->manifest.dump(1));
    return kExitOk;
  }
  fmt::print("{}\n", escape_line(corpus->folder.string(), 1000));
  print_side("train", corpus->train);
  print_side("val", corpus->val);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  say(arguments.quiet, corpus->reused ? "it was there already" : fmt::format("made in {:.1f} s", seconds.count()));
  return kExitOk;
}

}  // namespace

void add_corpus_command(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("corpus", "Make tokenizer, training and validation shards from text");
  auto arguments = std::make_shared<Arguments>();
  data::CorpusOptions& options = arguments->corpus;
  command->add_option("--out", arguments->out, "Folder to make (default: data/corpus_sp<vocab>)");
  command->add_option(
      "--from", arguments->from,
      "Texts: a .jsonl with \"text\" in every line, or a folder with .txt, .jsonl, .html or .pod files\n"
      "(default: the default corpus, English manuals and a dictionary out of Debian packages)");
  command->add_option("--vocab", options.vocab_size, "Pieces of the tokenizer")
      ->check(CLI::Range(261, 65536))
      ->capture_default_str();
  command->add_option("--val-fraction", options.val_fraction, "Share of the documents for validation")
      ->capture_default_str();
  command
      ->add_option("--train-shards", options.train_shards, "Training shards; loader 'shuffled' needs one per process")
      ->capture_default_str();
  command->add_flag("--replace", options.replace,
                    "Make it anew even if the corpus is there; nothing but a corpus is replaced");
  command->add_option("--format", arguments->format, "text or json (the manifest)")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command->add_flag("--quiet", arguments->quiet, "No progress on stderr");
  command->footer(
      "A corpus that is there already, made with the same options of the same texts, is used as it is. An interrupted "
      "run\nleaves none.\n\n"
      "Examples:\n"
      "  pgref corpus --out data/corpus_sp1024\n"
      "  pgref corpus --from my_texts/ --vocab 4096 --out data/mine");
  command->callback([&action, arguments] { action = [arguments] { return run(*arguments); }; });
}

}  // namespace pg::cli
