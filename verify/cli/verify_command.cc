#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <optional>

#include "reference/base/text.h"
#include "verify/cli/command.h"
#include "verify/cli/discover.h"
#include "verify/cli/examine.h"
#include "verify/cli/exit_code.h"
#include "verify/cli/output.h"
#include "verify/cli/signing.h"
#include "verify/report/json.h"
#include "verify/report/text.h"

namespace pg::verify {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::vector<std::string> folders;
  std::string policy{kDefaultPolicy}, format = "text", output, color = "auto";
  bool quiet = false;
  SigningOptions signing;  // key empty: not signed
};

std::string shown(const std::string& path) {
  return escape_line(path, 500);
}

// Why `path` cannot be a submission folder; empty if it can.
std::string unusable(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found)
    return fmt::format("{}: no such folder; `pgverify --help` lists the commands", shown(path));
  if (!fs::status_known(status)) return fmt::format("{}: {}", shown(path), error.message());
  if (!fs::is_directory(status)) {
    const fs::path parent = fs::path(path).parent_path();
    return fmt::format("{} is a file; give the folder that holds it: pgverify {}", shown(path),
                       parent.empty() ? "." : shown(parent.string()));
  }
  const FolderLook look = look_at(path);
  if (!look.readable) return fmt::format("{}: the folder cannot be read", shown(path));
  if (is_archive(path))
    return fmt::format("{} is a collection of submissions, not one: pgverify archive {}", shown(path), shown(path));
  if (!look.has_files && look.folders.empty())
    return fmt::format("{} is empty: there is nothing to verify", shown(path));
  return "";
}

// Says so on stderr where a folder is examined that does not look like a submission.
void warn_if_odd(const std::string& path) {
  const FolderLook look = look_at(path);
  if (look.looks_like_submission()) return;
  const auto below = discover(path);
  if (below && !below->submissions.empty())
    complain(
        fmt::format("{} itself holds no README.md, submission.json, train*.py or log, but {} folder{} below it do{}: "
                    "pgverify archive {}",
                    shown(path), below->submissions.size(), below->submissions.size() == 1 ? "" : "s",
                    below->submissions.size() == 1 ? "es" : "", shown(path)));
  else
    complain(fmt::format("{} holds no README.md, submission.json, train*.py or log: is it a submission folder?",
                         shown(path)));
}

std::optional<std::string> format_problem(const std::string& format) {
  if (format == "text" || format == "json") return std::nullopt;
  for (const char* later : {"sarif", "junit", "github", "markdown", "html"})
    if (format == later) return fmt::format("--format {} is not available in this version; text and json are", format);
  return fmt::format("unknown --format \"{}\"; text and json are available", escape_line(format));
}

// What is wrong with the options for signing; empty: nothing.
std::string signing_problem(const Options& options) {
  const SigningOptions& s = options.signing;
  if (s.key.empty())
    return s.subjects.empty() && s.statement == "report" && s.verifier_id == kUnnamedVerifier &&
                   s.passphrase_file.empty()
               ? ""
               : "--subject, --statement, --verifier-id and --passphrase-file go with --sign KEY.pem";
  if (options.folders.size() != 1) return "--sign signs the report of one folder; call it once for each";
  if (options.output.empty()) return "--sign needs -o FILE for the signed report";
  if (!is_uri(s.verifier_id)) return "--verifier-id has to be a URI, such as https://lab.example/pgverify";
  return "";
}

// Signs the report into -o FILE; the report itself goes to the screen, unless that is where the signature went.
int run_signed(const Options& options, const Policy& policy) {
  const std::string& folder = options.folders.front();
  const auto give_up = [](const std::string& why) {
    complain(why);
    return kExitError;
  };
  if (const std::string why = unusable(folder); !why.empty()) return give_up(why);
  const auto key = load_signing_key(options.signing.key, options.signing.passphrase_file);
  if (!key) return give_up(key.error().message);
  if (key->public_key().type() != KeyType::ed25519)
    return give_up("reports are signed with Ed25519; `pgverify sign --bundle` uses an ECDSA P-256 key");
  Output out;
  if (const Status opened = out.open(options.output); !opened) return give_up(opened.error().message);
  if (!options.quiet) warn_if_odd(folder);
  const Report report = examine(folder, folder, policy);
  const auto envelope = sign_report(report, *key, options.signing);
  if (!envelope) return give_up(envelope.error().message);
  if (const Status written = out.write(envelope_json(*envelope)); !written) return give_up(written.error().message);
  if (const Status finished = out.finish(); !finished) return give_up(finished.error().message);
  if (out.to_stdout()) return exit_code(report.verdict);
  const TextOptions text{.color = use_color(options.color, true), .quiet = options.quiet};
  const std::string shown = options.format == "json" ? report_json(report) + "\n" : report_text(report, text);
  std::fwrite(shown.data(), 1, shown.size(), stdout);
  return exit_code(report.verdict);
}

int run(const Options& options) {
  if (const std::string problem = signing_problem(options); !problem.empty()) {
    complain(problem);
    return kExitError;
  }
  if (const auto problem = format_problem(options.format)) {
    complain(*problem);
    return kExitError;
  }
  const auto policy = policy_for(options.policy);
  if (!policy) {
    complain(policy.error().message);
    return kExitError;
  }
  if (!options.signing.key.empty()) return run_signed(options, *policy);
  Output out;
  const auto give_up = [](const Status& status) {
    complain(status.error().message);
    return kExitError;
  };
  if (const Status opened = out.open(options.output); !opened) return give_up(opened);
  const TextOptions text{.color = use_color(options.color, out.to_stdout()), .quiet = options.quiet};
  int code = kExitPass;
  bool first = true;
  for (const std::string& folder : options.folders) {
    if (const std::string why = unusable(folder); !why.empty()) {
      complain(why);
      code = worse(code, kExitError);
      continue;
    }
    if (!options.quiet) warn_if_odd(folder);
    const Report report = examine(folder, folder, *policy);
    if (!report.error.empty()) complain(fmt::format("{}: {}", shown(folder), escape_line(report.error, 1000)));
    code = worse(code, report.error.empty() ? exit_code(report.verdict) : static_cast<int>(kExitError));
    const bool json = options.format == "json";
    std::string bytes = json ? report_json(report) + "\n" : report_text(report, text);
    if (!json && !first && !options.quiet) bytes.insert(0, "\n");
    first = false;
    if (const Status written = out.write(bytes); !written) return give_up(written);
  }
  if (first) return code;  // nothing was examined: leave an existing -o file alone
  if (const Status finished = out.finish(); !finished) return give_up(finished);
  return code;
}

}  // namespace

void add_verify_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("verify", "Verify submission folders; the default command");
  command->add_option("DIR", options->folders, "Submission folders")->required();
  command->add_option("--policy", options->policy, "Rule set: a name that `pgverify policies` lists, or a file")
      ->capture_default_str();
  command->add_option("--format", options->format, "text, or json (pgverify/report/v1; one line per folder)")
      ->capture_default_str();
  command->add_option("-o,--output", options->output, "Write to FILE, whole or not at all, instead of stdout")
      ->type_name("FILE");
  command->add_option("--color", options->color, "Colours: auto (on a terminal, NO_COLOR unset), always, never")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->capture_default_str();
  command->add_flag("-q,--quiet", options->quiet, "Only the verdict and the counts; no remarks on stderr");
  command
      ->add_option("--sign", options->signing.key,
                   "Sign the report with this private key (`pgverify keygen`) into -o FILE")
      ->type_name("KEY.pem");
  command->add_option("--verifier-id", options->signing.verifier_id, "Who verifies, a URI; check-report compares it")
      ->capture_default_str();
  command
      ->add_option("--subject", options->signing.subjects,
                   "Sign the digest of this file too, such as the model artifact")
      ->type_name("FILE")
      ->allow_extra_args(false);
  command
      ->add_option("--statement", options->signing.statement, "What is signed: report, or in-toto's test-result or svr")
      ->check(CLI::IsMember({"report", "test-result", "svr"}))
      ->capture_default_str();
  command->add_option("--passphrase-file", options->signing.passphrase_file, "Its first line is the key's passphrase")
      ->type_name("FILE");
  command->footer(
      "Exit code: 0 compliant, 1 violation found, 2 usage or internal error, 3 cannot tell, 130 interrupted.\n"
      "Over several folders the gravest counts: 2, then 1, then 3.\n\n"
      "Examples:\n"
      "  pgverify records/track_10min_16mb/2026-04-09_Name\n"
      "  pgverify . --policy readme-2026-03\n"
      "  pgverify DIR --format json -o report.json\n"
      "  pgverify DIR1 DIR2 --quiet\n"
      "  pgverify DIR --sign key.pem -o report.dsse.json");
  command->callback([options, &action] { action = [options] { return run(*options); }; });
}

}  // namespace pg::verify
