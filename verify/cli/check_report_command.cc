#include <fmt/format.h>

#include <ctime>
#include <memory>

#include "reference/base/file.h"
#include "reference/base/text.h"
#include "verify/cli/command.h"
#include "verify/cli/exit_code.h"
#include "verify/cli/output.h"
#include "verify/cli/signing.h"
#include "verify/policy/policy.h"
#include "verify/sign/check.h"

namespace pg::verify {
namespace {

struct Options {
  std::string file, trust, folder, at;
  std::vector<std::string> keys, subjects, policies;
  int threshold = 0;  // 0: not given
  bool relaxed = false, any_verdict = false;
};

constexpr std::uint64_t kMaxKeyBytes = 1 << 16;

Result<TrustStore> keys_by_hand(const std::vector<std::string>& paths) {
  TrustStore out;
  for (const std::string& path : paths) {
    const auto pem = read_file(path, kMaxKeyBytes);
    if (!pem) return pem.error();
    auto key = PublicKey::from_pem(*pem, escape_line(path, 500));
    if (!key) return key.error();
    for (const TrustedKey& other : out.keys)
      if (other.key.id() == key->id()) return Error{fmt::format("{} is given twice", escape_line(path, 500))};
    TrustedKey trusted;
    trusted.key = *std::move(key);
    trusted.name = path;
    trusted.any_verifier = true;
    out.keys.push_back(std::move(trusted));
  }
  return out;
}

Result<TrustStore> load_trust(const Options& options) {
  if (options.trust.empty() == options.keys.empty())
    return Error{"whom to trust? Give --key KEY.pub.pem (as often as needed) or --trust FILE"};
  Result<TrustStore> trust = keys_by_hand(options.keys);
  if (!options.trust.empty()) {
    const auto text = read_file(options.trust, kMaxTrustBytes);
    if (!text) return text.error();
    trust = parse_trust(*text, escape_line(options.trust, 500));
  }
  if (!trust || options.threshold == 0) return trust;
  if (options.threshold < 1 || static_cast<std::size_t>(options.threshold) > trust->keys.size())
    return Error{fmt::format("--threshold has to be from 1 to {}, the number of trusted keys", trust->keys.size())};
  if (options.threshold < trust->threshold)
    return Error{fmt::format("--threshold {} is below the trust file's {}", options.threshold, trust->threshold)};
  trust->threshold = options.threshold;
  return trust;
}

Result<CheckOptions> check_options(const Options& options) {
  CheckOptions out;
  out.layout = options.relaxed ? Layout::any : Layout::canonical;
  out.now = std::time(nullptr);
  if (!options.at.empty()) {
    const auto time = parse_time(options.at);
    if (!time) return Error{"--at has to be a time such as 2026-05-02T12:00:00Z"};
    out.now = *time;
  }
  std::vector<std::string> names = policy_names();
  names.insert(names.end(), options.policies.begin(), options.policies.end());
  for (const std::string& name : names) {
    const auto policy = load_policy(name);
    if (!policy) return policy.error();
    out.known_policies[policy->digest] = policy->name;
  }
  auto others = file_subjects(options.subjects);
  if (!others) return others.error();
  out.others = *std::move(others);
  if (options.folder.empty()) return out;
  const auto listing = list_folder(options.folder);
  if (!listing) return listing.error();
  auto subjects = folder_subjects(*listing, "");
  if (!subjects) return subjects.error();
  out.folder = *std::move(subjects);
  return out;
}

void print_accepted(const Options& options, const CheckedReport& checked, int threshold) {
  const SignedReport& report = checked.signed_report;
  fmt::print("ACCEPTED  {}: {} under {}\n", escape_line(report.name), report.verdict, escape_line(report.policy_name));
  for (const TrustedKey* key : checked.signers)
    fmt::print("  signed by  {}, {} {}\n", escape_line(key->name, 500), to_string(key->key.type()), key->key.id());
  fmt::print("  needed     {} distinct key{}\n", threshold, threshold == 1 ? "" : "s");
  if (options.folder.empty())
    fmt::print("  files      {}the folder's not compared: give --folder DIR\n",
               options.subjects.empty() ? "" : fmt::format("{} as signed, ", options.subjects.size()));
  else
    fmt::print("  files      {} as signed in {}\n", report.subjects.size() - 1 - checked.unchecked.size(),
               escape_line(options.folder, 500));
  if (!options.folder.empty())
    for (const std::string& name : checked.unchecked)
      fmt::print("  not compared: {}; give it with --subject\n", escape_line(name));
  for (const std::string& name : baselines_of(report.report))
    fmt::print("  baseline   {}: its scores as they stand in the report; no file of it is signed\n", name);
  fmt::print("  verifier   {} version {}, {}\n", escape_line(report.verifier_id), escape_line(report.verifier_version),
             report.time.empty() ? "no time given" : escape_line(report.time));
  fmt::print("  report     sha256 {} (the same for every verifier who finds the same)\n", report.report_digest);
}

int give_up(const Error& error) {
  complain(error.message);
  return kExitError;
}

int run(const Options& options) {
  const auto trust = load_trust(options);
  if (!trust) return give_up(trust.error());
  const auto how = check_options(options);
  if (!how) return give_up(how.error());
  const auto text = read_file(options.file, kMaxEnvelopeBytes);
  if (!text) return give_up(text.error());
  CheckedReport checked;
  if (const auto refusal = check_report(*text, *trust, *how, checked)) {
    fmt::print("REFUSED  {}: {}\n", refusal->step, refusal->why);
    return kExitUntrusted;
  }
  print_accepted(options, checked, trust->threshold);
  if (options.any_verdict || checked.signed_report.verdict == "pass") return kExitOk;
  return checked.signed_report.verdict == "fail" ? kExitViolation : kExitCannotTell;
}

}  // namespace

void add_check_report_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("check-report", "Check a signed report: who signed it, and for which files");
  command->add_option("FILE", options->file, "A signed report")->required();
  command->add_option("--key", options->keys, "Trust this public key with everything; may be repeated")
      ->type_name("KEY.pub.pem")
      ->allow_extra_args(false);
  command
      ->add_option("--trust", options->trust, "Trust the keys in this file with what it says (docs/formats/trust.md)")
      ->type_name("FILE");
  command->add_option("--threshold", options->threshold,
                      "Distinct keys that have to have signed (1, or the trust file's)");
  command->add_option("--folder", options->folder, "Compare every file of DIR with the signed digests")
      ->type_name("DIR");
  command
      ->add_option("--subject", options->subjects,
                   "A file from outside the folder that has to be a signed one, else the report is refused;\n"
                   "may be repeated")
      ->type_name("FILE")
      ->allow_extra_args(false);
  command
      ->add_option("--policy", options->policies, "A policy file to know besides the installed ones; may be repeated")
      ->type_name("FILE")
      ->allow_extra_args(false);
  command->add_option("--at", options->at, "Keys have to be valid at this time instead of now")->type_name("TIME");
  command->add_flag("--relaxed", options->relaxed,
                    "Read envelopes that are not in canonical form, and skip bad signatures");
  command->add_flag("--any-verdict", options->any_verdict, "Exit 0 for every report that is accepted");
  command->footer(
      "In this order, stopping at the first that does not hold: signatures by enough distinct keys, payloadType, "
      "_type,\n"
      "digests of the files, predicateType, verifier and key belong together and are valid, the policy is known, "
      "verdict.\n"
      "Exit code: 0, 1, 3 the verdict of an accepted report; 4 refused; 2 usage or internal error.\n\n"
      "Examples:\n"
      "  pgverify check-report report.dsse.json --key key.pub.pem --folder DIR\n"
      "  pgverify check-report report.dsse.json --trust trust.json --threshold 2 --folder DIR --subject model.bin");
  command->callback([options, &action] { action = [options] { return run(*options); }; });
}

}  // namespace pg::verify
