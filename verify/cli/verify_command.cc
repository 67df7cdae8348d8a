#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "reference/base/text.h"
#include "verify/cli/command.h"
#include "verify/cli/discover.h"
#include "verify/cli/examine.h"
#include "verify/cli/exit_code.h"
#include "verify/cli/output.h"
#include "verify/cli/outputs.h"
#include "verify/cli/signing.h"
#include "verify/cli/step_summary.h"

namespace pg::verify {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::vector<std::string> folders, baselines;
  std::string policy{kDefaultPolicy};
  OutputChoice outputs;
  bool exit_zero = false;
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
  if (is_archive(path) && !is_checkout_with_script(path))
    return fmt::format("{} is a collection of submissions, not one: pgverify archive {}", shown(path), shown(path));
  if (!look.has_files && look.folders.empty())
    return fmt::format("{} is empty: there is nothing to verify", shown(path));
  return "";
}

// Says so on stderr where a folder is examined that does not look like a submission.
void warn_if_odd(const std::string& path) {
  if (is_checkout_with_script(path))
    return complain(
        fmt::format("{} is a checkout of the challenge's repository: its own script is judged, without "
                    "records/; for the submissions there: pgverify archive {}",
                    shown(path), shown(path)));
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

// What is wrong with the options for signing; empty: nothing.
std::string signing_problem(const Options& options) {
  const SigningOptions& s = options.signing;
  if (s.key.empty())
    return s.subjects.empty() && s.statement == "report" && s.verifier_id == kUnnamedVerifier &&
                   s.passphrase_file.empty()
               ? ""
               : "--subject, --statement, --verifier-id and --passphrase-file go with --sign KEY.pem";
  if (options.folders.size() != 1) return "--sign signs the report of one folder; call it once for each";
  if (options.outputs.output.empty()) return "--sign needs -o FILE for the signed report";
  // What goes to the screen beside the signed report; the other formats are made to be files.
  const auto format = parse_format(options.outputs.format);
  if (format && *format != Format::text && *format != Format::json && *format != Format::github)
    return fmt::format(
        "with --sign, -o FILE takes the signed report: give --output-as {}=OTHER_FILE for the {} as well",
        options.outputs.format, options.outputs.format);
  for (const std::string& entry : options.outputs.more)  // without "=" it is refused later
    if (const Status distinct = distinct_outputs({{"-o (the signed report)", options.outputs.output},
                                                  {"--output-as " + entry, entry.substr(entry.find('=') + 1)}});
        !distinct)
      return distinct.error().message;
  std::error_code error;  // a file that joins the folder would not be among the files that were signed
  const fs::path into = fs::weakly_canonical(fs::absolute(options.outputs.output), error).lexically_normal();
  const fs::path folder = fs::weakly_canonical(options.folders.front(), error);
  if (!error && options.outputs.output != "-" &&
      std::mismatch(folder.begin(), folder.end(), into.begin(), into.end()).first == folder.end())
    return "-o FILE lies inside the folder whose files are signed; give a path outside of it";
  if (!is_uri(s.verifier_id)) return "--verifier-id has to be a URI, such as https://lab.example/pgverify";
  return "";
}

int run(const Options& options) {
  const auto give_up = [](const Status& status) {
    complain(status.error().message);
    return kExitError;
  };
  const auto policy = policy_for(options.policy);
  if (!policy) return give_up(policy.error());
  const auto baselines = load_baselines(options.baselines);
  if (!baselines) return give_up(baselines.error());
  if (const std::string problem = signing_problem(options); !problem.empty()) return give_up(Error{problem});
  std::optional<PrivateKey> key;
  Output signed_report;  // takes -o FILE; the report itself goes to the screen
  OutputChoice choice = options.outputs;
  if (!options.signing.key.empty()) {
    auto loaded = load_signing_key(options.signing.key, options.signing.passphrase_file);
    if (!loaded) return give_up(loaded.error());
    if (loaded->public_key().type() != KeyType::ed25519)
      return give_up(Error{"reports are signed with Ed25519; `pgverify sign --bundle` uses an ECDSA P-256 key"});
    key.emplace(std::move(*loaded));
    if (const Status opened = signed_report.open(choice.output); !opened) return give_up(opened);
    choice.output = signed_report.to_stdout() ? "/dev/null" : "";
  }
  Outputs out;
  if (const Status opened = out.open(choice); !opened) return give_up(opened);
  int code = kExitOk;
  bool any = false;
  for (const std::string& folder : options.folders) {
    if (const std::string why = unusable(folder); !why.empty()) {
      complain(why);
      code = worse(code, kExitError);
      continue;
    }
    if (!options.outputs.quiet) warn_if_odd(folder);
    Report report = examine(folder, folder, *policy, *baselines);
    report.run.repository_path = repository_path(folder);
    if (!report.error.empty()) complain(fmt::format("{}: {}", shown(folder), escape_line(report.error, 1000)));
    code = worse(code, report.error.empty() ? exit_code(report.verdict) : static_cast<int>(kExitError));
    any = true;
    if (key) {
      const auto envelope = sign_report(report, *key, options.signing);
      if (!envelope) return give_up(envelope.error());
      if (const Status written = signed_report.write(envelope_json(*envelope)); !written) return give_up(written);
      if (const Status finished = signed_report.finish(); !finished) return give_up(finished);
    }
    if (const Status written = out.add(report); !written) return give_up(written);
  }
  if (!any) return code;  // nothing was examined: leave existing files alone
  if (const Status finished = out.finish(); !finished) return give_up(finished);
  return options.exit_zero && code != kExitError ? static_cast<int>(kExitOk) : code;
}

void add_signing_options(CLI::App& command, SigningOptions& signing) {
  command
      .add_option("--sign", signing.key,
                  "Sign the report with this private key (`pgverify keygen`) into -o FILE; --format (text, json or\n"
                  "github) is what goes to stdout beside it, --output-as writes further files")
      ->type_name("KEY.pem");
  command.add_option("--verifier-id", signing.verifier_id, "Who verifies, a URI; check-report compares it")
      ->capture_default_str();
  command.add_option("--subject", signing.subjects, "Sign the digest of this file too, such as the model artifact")
      ->type_name("FILE")
      ->allow_extra_args(false);
  command.add_option("--statement", signing.statement, "What is signed: report, or in-toto's test-result or svr")
      ->check(CLI::IsMember({"report", "test-result", "svr"}))
      ->capture_default_str();
  command.add_option("--passphrase-file", signing.passphrase_file, "Its first line is the key's passphrase")
      ->type_name("FILE");
}

}  // namespace

void add_verify_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("verify", "Verify submission folders; the default command");
  command->add_option("DIR", options->folders, "Submission folders")->required();
  command->add_option("--policy", options->policy, "Rule set: a name that `pgverify policies` lists, or a file")
      ->capture_default_str();
  command
      ->add_option("--baseline", options->baselines,
                   "A submission folder that this one has to beat (PG-STAT-SIGNIFICANCE); may be given several times")
      ->type_name("DIR")
      ->allow_extra_args(false);
  OutputChoice& outputs = options->outputs;
  command
      ->add_option(
          "--format", outputs.format,
          "text; json (pgverify/report/v1, one line per folder); sarif; junit; github (annotations, and the job\n"
          "summary where $GITHUB_STEP_SUMMARY is set); markdown (a pull-request comment); html (one page)")
      ->capture_default_str();
  command
      ->add_option("-o,--output", outputs.output,
                   "Write to FILE, whole or not at all, instead of stdout; a file that is\n"
                   "there is replaced. With --sign: the signed report")
      ->type_name("FILE");
  command
      ->add_option("--output-as", outputs.more,
                   "Write (replace) FILE in another format as well; can be given several times, for example\n"
                   "sarif=out.sarif. Each output needs a file of its own")
      ->type_name("FORMAT=FILE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command->add_option("--color", outputs.color, "Colours: auto (on a terminal, NO_COLOR unset), always, never")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->capture_default_str();
  command->add_flag("-q,--quiet", outputs.quiet, "Only the verdict and the counts; no remarks on stderr");
  command->add_flag("--exit-zero", options->exit_zero,
                    "Exit 0 whatever the verdicts: for jobs that upload the findings. Errors still exit 2");
  add_signing_options(*command, options->signing);
  command->footer(
      "Exit code: 0 compliant, 1 violation found, 2 usage or internal error, 3 cannot tell, 130 interrupted.\n"
      "Over several folders the gravest counts: 2, then 1, then 3.\n\n"
      "Examples:\n"
      "  pgverify records/track_10min_16mb/2026-04-09_Name\n"
      "  pgverify . --policy readme-2026-03\n"
      "  pgverify DIR --format json -o report.json\n"
      "  pgverify DIR --format html -o report.html\n"
      "  pgverify DIR1 DIR2 --format github --output-as sarif=out.sarif --output-as junit=out.xml --exit-zero\n"
      "  pgverify DIR --baseline records/track_10min_16mb/2026-04-09_Record\n"
      "  pgverify DIR1 DIR2 --quiet\n"
      "  pgverify DIR --sign key.pem -o report.dsse.json");
  command->callback([options, &action] { action = [options] { return run(*options); }; });
}

}  // namespace pg::verify
