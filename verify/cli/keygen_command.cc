#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>

#include "reference/base/text.h"
#include "verify/cli/command.h"
#include "verify/cli/exit_code.h"
#include "verify/cli/output.h"
#include "verify/cli/passphrase.h"
#include "verify/sign/statement.h"

namespace pg::verify {
namespace {

struct Options {
  std::string path, type = "ed25519", passphrase_file;
  bool no_passphrase = false;
};

// A file that did not exist before, with exactly `mode`.
Status write_new(const std::string& path, std::string_view bytes, mode_t mode) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
  if (fd < 0 && errno == EEXIST)
    return Error{fmt::format("{} exists already; a key is never overwritten", escape_line(path, 500))};
  if (fd < 0) return Error{fmt::format("cannot create {}: {}", escape_line(path, 500), std::strerror(errno))};
  const bool done = ::fchmod(fd, mode) == 0 &&
                    ::write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) && ::fsync(fd) == 0;
  const int error = errno;
  ::close(fd);
  if (done) return {};
  ::unlink(path.c_str());
  return Error{fmt::format("cannot write {}: {}", escape_line(path, 500), std::strerror(error))};
}

// "key.pem" -> "key.pub.pem"
std::string public_path(const std::string& path) {
  return (path.ends_with(".pem") ? path.substr(0, path.size() - 4) : path) + ".pub.pem";
}

int give_up(const Error& error) {
  complain(error.message);
  return kExitError;
}

int run(const Options& options) {
  const std::string public_file = public_path(options.path);
  // Before anything is asked; O_EXCL decides later.
  for (const std::string& path : {options.path, public_file})
    if (::access(path.c_str(), F_OK) == 0)
      return give_up({fmt::format("{} exists already; a key is never overwritten", escape_line(path, 500))});
  std::string passphrase;
  if (!options.no_passphrase) {
    auto asked = ask_passphrase(options.passphrase_file, "the new key", true);
    if (!asked) return give_up({asked.error().message + "; --no-passphrase writes the key unencrypted"});
    passphrase = *std::move(asked);
  }
  const auto key = PrivateKey::generate(options.type == "ed25519" ? KeyType::ed25519 : KeyType::ecdsa_p256);
  if (!key) return give_up(key.error());
  const auto pem = key->pem(passphrase);
  if (!pem) return give_up(pem.error());
  if (const Status written = write_new(options.path, *pem, 0600); !written) return give_up(written.error());
  const PublicKey& shown = key->public_key();
  if (const Status written = write_new(public_file, shown.pem(), 0644); !written) {
    ::unlink(options.path.c_str());
    return give_up(written.error());
  }
  const nlohmann::json entry = {{"name", "?"}, {"key", shown.pem()}, {"verifiers", {kUnnamedVerifier}}};
  fmt::print("private key  {} (mode 0600, {})\npublic key   {}\nkey id       {}\nfor a trust file:\n{}\n",
             escape_line(options.path, 500), passphrase.empty() ? "not encrypted" : "encrypted",
             escape_line(public_file, 500), shown.id(), entry.dump());
  return kExitOk;
}

}  // namespace

void add_keygen_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("keygen", "Make a key pair for signing reports");
  command->add_option("FILE", options->path, "Private key to write (PKCS#8); the public one goes beside it, .pub.pem")
      ->required();
  command->add_option("--type", options->type, "ed25519 signs reports; ecdsa-p256 the bundles that cosign reads")
      ->check(CLI::IsMember({"ed25519", "ecdsa-p256"}))
      ->capture_default_str();
  auto* file = command->add_option("--passphrase-file", options->passphrase_file, "Its first line is the passphrase")
                   ->type_name("FILE");
  command->add_flag("--no-passphrase", options->no_passphrase, "Write the private key unencrypted")->excludes(file);
  command->footer(
      "The private key is encrypted (scrypt, AES-256) with a passphrase from --passphrase-file, the variable\n"
      "PGVERIFY_PASSPHRASE or the terminal. Nothing is overwritten, and no other command makes a key.\n\n"
      "Examples:\n"
      "  pgverify keygen key.pem\n"
      "  pgverify keygen ci.pem --passphrase-file /run/secrets/passphrase\n"
      "  openssl pkey -in key.pem -noout -text         (any other tool reads it)");
  command->callback([options, &action] { action = [options] { return run(*options); }; });
}

}  // namespace pg::verify
