#include <fmt/format.h>

#include "reference/base/file.h"
#include "reference/base/text.h"
#include "reference/cli/command.h"
#include "reference/cli/terminal.h"
#include "reference/data/download.h"
#include "reference/data/token_shard.h"
#include "reference/data/vocabulary.h"

namespace pg::cli {
namespace {

constexpr std::uint64_t kMaxManifestBytes = 16 << 20;

struct Arguments {
  std::string manifest, variant = "sp1024", base_url, out;
  std::size_t train_shards = 80;
  unsigned tries = 5;
  double timeout_s = 60;
  bool quiet = false;
};

bool is_url(const std::string& text) {
  return text.starts_with("http://") || text.starts_with("https://");
}

Result<data::DownloadManifest> manifest_of(const Arguments& arguments, const data::DownloadOptions& options) {
  if (arguments.manifest.empty()) {
    const std::string base = arguments.base_url.empty() ? std::string(data::kPublishedUrl) : arguments.base_url;
    const auto text = data::download_text(base + "/manifest.json", kMaxManifestBytes, options);
    if (!text) return text.error();
    return data::published_files(*text, base, arguments.variant, arguments.train_shards);
  }
  const auto text = is_url(arguments.manifest) ? data::download_text(arguments.manifest, kMaxManifestBytes, options)
                                               : read_file(arguments.manifest, kMaxManifestBytes);
  if (!text) return text.error();
  auto manifest = data::parse_download_manifest(*text, arguments.manifest);
  if (!manifest) return manifest;
  if (!arguments.base_url.empty()) manifest->base_url = arguments.base_url;
  if (!is_url(manifest->base_url))
    return Error{fmt::format("{} has no base_url that begins with http:// or https://; give --base-url",
                             escape_line(arguments.manifest))};
  return manifest;
}

// Shards have headers, and tokenizers are what SentencePiece reads: a page that a server sends instead is neither.
Status check_content(const data::RemoteFile& file, const std::filesystem::path& path) {
  const std::filesystem::path kind = std::filesystem::path(file.local_name()).extension();
  if (kind == ".bin")
    if (const auto shard = data::TokenShard::open(path); !shard) return shard.error();
  if (kind == ".model")
    if (const auto vocabulary = data::Vocabulary::load(path); !vocabulary) return vocabulary.error();
  return {};
}

int run(const Arguments& arguments) {
  Progress progress("fetch:", arguments.quiet);
  data::DownloadOptions options;
  options.tries = arguments.tries;
  options.stall_timeout_s = options.connect_timeout_s = arguments.timeout_s;
  options.check = check_content;
  const auto failed = [&](const Error& error) {
    progress.done();
    complain(error.message);
    return static_cast<int>(kExitError);
  };
  const auto manifest = manifest_of(arguments, options);
  if (!manifest) return failed(manifest.error());
  std::size_t number = 0;
  options.progress = [&](const std::string& name, std::uint64_t done, std::uint64_t total) {
    const double share = total == 0 ? -1 : static_cast<double>(done) / static_cast<double>(total);
    progress.update(share, fmt::format("of {} ({} of {} files)", name, number, manifest->files.size()));
  };
  for (const data::RemoteFile& file : manifest->files) {
    ++number;
    const auto done = data::download(manifest->base_url, file, arguments.out, options);
    if (!done) return failed(done.error());
    const std::filesystem::path path = std::filesystem::path(arguments.out) / file.local_name();
    progress.done();
    fmt::print("{} {}\n", *done == data::Downloaded::fetched ? "fetched" : "there  ", escape_line(path.string(), 1000));
    std::fflush(stdout);
  }
  return kExitOk;
}

}  // namespace

void add_fetch_command(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("fetch", "Download published shards and tokenizers, or go on with it");
  auto arguments = std::make_shared<Arguments>();
  command->add_option("manifest", arguments->manifest,
                      "File or URL of a manifest: {\"base_url\", \"files\": [{\"name\", \"bytes\", \"sha256\"}]}\n"
                      "(default: what the challenge's organizers publish)");
  command->add_option("--out", arguments->out, "Folder for the files")->required();
  command->add_option("--variant", arguments->variant, "Which of the published sets, without a manifest")
      ->capture_default_str();
  command->add_option("--train-shards", arguments->train_shards, "How many of its training shards")
      ->capture_default_str();
  command->add_option("--base-url", arguments->base_url, "Another place with the same files");
  command->add_option("--tries", arguments->tries, "Requests in a row that bring nothing before giving up")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command->add_option("--timeout", arguments->timeout_s, "Seconds to wait for a connection or for data")
      ->check(CLI::Range(1.0, 86400.0))
      ->capture_default_str();
  command->add_flag("--quiet", arguments->quiet, "No progress on stderr");
  command->footer(
      "Sizes and SHA-256 digests of the manifest are checked, and the header of every shard. What the organizers "
      "publish\n"
      "has neither: there fetch.json in the folder remembers which file is from where. Run it again after an\n"
      "interruption: whole files stay, begun ones go on where they stopped if the server can tell that they are the "
      "same.\n\n"
      "Examples:\n"
      "  pgref fetch --variant sp1024 --train-shards 1 --out data/fineweb10B_sp1024\n"
      "  pgref fetch https://example.org/shards/manifest.json --out data/mine");
  command->callback([&action, arguments] { action = [arguments] { return run(*arguments); }; });
}

}  // namespace pg::cli
