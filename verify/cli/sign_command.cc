#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "reference/base/text.h"
#include "verify/cli/command.h"
#include "verify/cli/examine.h"
#include "verify/cli/exit_code.h"
#include "verify/cli/output.h"
#include "verify/cli/signing.h"
#include "verify/report/json.h"
#include "verify/sign/strict_json.h"

namespace pg::verify {
namespace {

using nlohmann::json;

struct Options {
  std::string file, key, passphrase_file, folder, output, bundle;
  std::vector<std::string> baselines;
  bool unchecked = false;
};

constexpr std::size_t kMaxNamed = 8;  // differences in a message

// Which rules two reports judge differently.
void find_rules(const json& theirs, const json& ours, std::vector<std::string>& out) {
  const auto list = [](const json& report) { return report.value("rules", json::array()); };
  const auto note = [&](const json& from, const json& other) {
    for (const json& rule : from) {
      if (!rule.is_object() || std::find(other.begin(), other.end(), rule) != other.end()) continue;
      if (out.size() > kMaxNamed) return;
      const auto at = rule.find("id");
      std::string id = at != rule.end() && at->is_string() ? escape_line(at->get<std::string>(), 40) : "?";
      if (std::find(out.begin(), out.end(), id) == out.end()) out.push_back(std::move(id));
    }
  };
  note(list(theirs), list(ours));
  note(list(ours), list(theirs));
}

// A value for a message: text and numbers as they are, the rest by what it is.
std::string shown(const json& value) {
  if (value.is_structured()) return value.is_array() ? fmt::format("a list of {}", value.size()) : "an object";
  return escape_line(value.dump(-1, ' ', false, json::error_handler_t::replace), 80);
}

// Where two reports differ outside the rules, innermost members first to be met: "subject.name is "a" in the report and
// "b" here".
void find_members(const json& theirs, const json& ours, const std::string& path, int depth,
                  std::vector<std::string>& out) {
  if (theirs == ours || out.size() > kMaxNamed) return;
  if (depth < 8 && theirs.is_object() && ours.is_object()) {
    std::set<std::string> names;
    for (const json* side : {&theirs, &ours})
      for (const auto& [name, unused] : side->items()) names.insert(name);
    for (const std::string& name : names)
      if (path + name != "rules")
        find_members(theirs.value(name, json()), ours.value(name, json()), path + name + ".", depth + 1, out);
    return;
  }
  if (depth < 8 && theirs.is_array() && ours.is_array() && theirs.size() == ours.size()) {
    for (std::size_t i = 0; i < theirs.size(); ++i)
      find_members(theirs[i], ours[i], fmt::format("{}[{}].", path.substr(0, path.size() - 1), i), depth + 1, out);
    return;
  }
  out.push_back(fmt::format("{} is {} in the report and {} here", escape_line(path.substr(0, path.size() - 1), 100),
                            shown(theirs), shown(ours)));
}

// What two reports differ in, for a message.
std::string differences(const json& theirs, const json& ours) {
  std::vector<std::string> out;
  find_rules(theirs, ours, out);
  find_members(theirs, ours, "", 0, out);
  if (out.size() > kMaxNamed) {
    out.resize(kMaxNamed);
    out.emplace_back("...");
  }
  return fmt::format("{}", fmt::join(out, "; "));
}

// Whether this program finds in `folder` what the envelope says; an Error says what else it finds.
Status agrees(const Envelope& envelope, const std::string& folder, const std::vector<std::string>& baselines) {
  const auto statement = parse_strict_json(envelope.payload, "the payload");
  if (!statement) return statement.error();
  const auto theirs = statement_report(*statement);
  if (!theirs) return Error{theirs.error().message + "; what this program cannot check it does not sign"};
  const auto policy = policy_for(theirs->policy_name);
  if (!policy) return policy.error();
  if (policy->digest != theirs->policy_digest)
    return Error{fmt::format("the policy {} here is not the report's", escape_line(theirs->policy_name))};
  if (const auto wanted = baselines_of(theirs->report); wanted.size() != baselines.size())
    return Error{
        fmt::format("the report was made with {} baseline{}{}, and --baseline is given {} time{}: give the "
                    "same folders in the same order",
                    wanted.size(), wanted.size() == 1 ? "" : "s",
                    wanted.empty() ? "" : fmt::format(" ({})", fmt::join(wanted, ", ")), baselines.size(),
                    baselines.size() == 1 ? "" : "s")};
  const auto samples = load_baselines(baselines);
  if (!samples) return samples.error();
  const Report ours = examine(folder, folder, *policy, *samples);
  if (!ours.error.empty()) return Error{escape_line(ours.error, 1000)};
  const json value = without_run(report_value(ours));
  if (report_digest(value) == theirs->report_digest) return {};
  return Error{fmt::format("verified again, {} gives another report; it differs in: {}", escape_line(folder, 500),
                           differences(theirs->report, value))};
}

Status write_whole(const std::string& path, const std::string& text) {
  Output out;
  if (const Status opened = out.open(path); !opened) return opened;
  if (const Status written = out.write(text); !written) return written;
  return out.finish();
}

int give_up(const Error& error, int code = kExitError) {
  complain(error.message);
  return code;
}

int run(const Options& options) {
  if (options.folder.empty() == !options.unchecked)
    return give_up({"give --folder DIR, to verify it again and sign only the same findings, or --unchecked"});
  if (options.unchecked && !options.baselines.empty())
    return give_up({"--baseline goes with --folder DIR: --unchecked verifies nothing"});
  auto envelope = load_envelope(options.file, Layout::canonical);
  if (!envelope) return give_up(envelope.error(), kExitUntrusted);
  const auto key = load_signing_key(options.key, options.passphrase_file);
  if (!key) return give_up(key.error());
  const bool p256 = key->public_key().type() == KeyType::ecdsa_p256;
  if (p256 == options.bundle.empty())
    return give_up({p256 ? "an ECDSA P-256 key signs a bundle of its own: give --bundle FILE"
                         : "--bundle is for ECDSA P-256 keys: cosign does not read Ed25519 here"});
  if (!options.unchecked)
    if (const Status same = agrees(*envelope, options.folder, options.baselines); !same)
      return give_up(same.error(), kExitUntrusted);
  if (p256) envelope->signatures.clear();  // a bundle holds one signature
  if (const Status added = add_signature(*envelope, *key); !added) return give_up(added.error());
  const Status written =
      p256 ? write_whole(options.bundle, sigstore_bundle_json(*envelope, key->public_key()))
           : write_whole(options.output.empty() ? options.file : options.output, envelope_json(*envelope));
  return written ? kExitOk : give_up(written.error());
}

}  // namespace

void add_sign_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("sign", "Add a signature to a signed report, after verifying the folder again");
  command->add_option("FILE", options->file, "A signed report")->required();
  command->add_option("--key", options->key, "Private key in PEM")->type_name("KEY.pem")->required();
  command
      ->add_option("--folder", options->folder, "Verify DIR and sign only if the report is the same outside runDetails")
      ->type_name("DIR");
  command
      ->add_option(
          "--baseline", options->baselines,
          "With --folder: a folder that the report was compared with (pgverify DIR --baseline); as often and in\n"
          "the order as there")
      ->type_name("DIR")
      ->allow_extra_args(false);
  command->add_flag("--unchecked", options->unchecked, "Sign what somebody else found, as it is");
  command->add_option("--passphrase-file", options->passphrase_file, "Its first line is the key's passphrase")
      ->type_name("FILE");
  command->add_option("-o,--output", options->output, "Write there instead of replacing FILE")->type_name("FILE");
  command->add_option("--bundle", options->bundle, "With an ECDSA P-256 key: write a sigstore bundle v0.3 for cosign")
      ->type_name("FILE");
  command->footer(
      "Exit code: 0 signed, 2 usage or internal error, 4 the folder does not give the same report.\n\n"
      "Examples:\n"
      "  pgverify sign report.dsse.json --key second.pem --folder DIR\n"
      "  pgverify sign report.dsse.json --key second.pem --folder DIR --baseline RECORD_DIR\n"
      "  pgverify sign report.dsse.json --key p256.pem --unchecked --bundle report.sigstore.json\n"
      "  cosign verify-blob-attestation --key p256.pub.pem --bundle report.sigstore.json --type urn:pgverify:report:v1 "
      "\\\n"
      "    --insecure-ignore-tlog DIR/submission.json");
  command->callback([options, &action] { action = [options] { return run(*options); }; });
}

}  // namespace pg::verify
