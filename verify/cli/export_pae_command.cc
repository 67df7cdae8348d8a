#include <fmt/format.h>

#include <memory>

#include "verify/cli/command.h"
#include "verify/cli/exit_code.h"
#include "verify/cli/output.h"
#include "verify/cli/signing.h"

namespace pg::verify {
namespace {

struct Options {
  std::string file, output, signature;
  std::size_t index = 1;
};

Status write_whole(const std::string& path, std::string_view bytes) {
  Output out;
  if (const Status opened = out.open(path); !opened) return opened;
  if (const Status written = out.write(bytes); !written) return written;
  return out.finish();
}

int give_up(const Error& error) {
  complain(error.message);
  return kExitError;
}

int run(const Options& options) {
  if (!options.signature.empty())
    if (const Status distinct = distinct_outputs({{"-o", options.output}, {"--signature", options.signature}});
        !distinct)
      return give_up(distinct.error());
  const auto envelope = load_envelope(options.file, Layout::any);
  if (!envelope) return give_up(envelope.error());
  if (options.index < 1 || options.index > envelope->signatures.size())
    return give_up(
        {fmt::format("there is no signature {}: the envelope has {}", options.index, envelope->signatures.size())});
  const Status written = write_whole(options.output, pae(envelope->payload_type, envelope->payload));
  if (!written) return give_up(written.error());
  if (options.signature.empty()) return kExitOk;
  const Status signature = write_whole(options.signature, envelope->signatures[options.index - 1].signature);
  return signature ? kExitOk : give_up(signature.error());
}

}  // namespace

void add_export_pae_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("export-pae", "Write the bytes that are signed, for verifying without pgverify");
  command->add_option("FILE", options->file, "A signed report, or a sigstore bundle")->required();
  command->add_option("-o,--output", options->output, "Where the signed bytes go")->type_name("FILE")->required();
  command->add_option("--signature", options->signature, "Where the signature goes, as raw bytes")->type_name("FILE");
  command->add_option("--index", options->index, "Which of several signatures, from 1")->capture_default_str();
  command->footer(
      "Nothing is verified here; that is what the exported bytes are for. Exit code: 0, or 2.\n\n"
      "Example, three lines that need OpenSSL 3 and nothing of ours after the first:\n"
      "  pgverify export-pae report.dsse.json -o report.pae --signature report.sig\n"
      "  openssl pkeyutl -verify -pubin -inkey key.pub.pem -rawin -in report.pae -sigfile report.sig\n"
      "  python3 -c 'import "
      "json,base64;print(base64.b64decode(json.load(open(\"report.dsse.json\"))[\"payload\"]).decode())'\n"
      "For an ECDSA P-256 bundle the second line is\n"
      "  openssl dgst -sha256 -verify p256.pub.pem -signature report.sig report.pae");
  command->callback([options, &action] { action = [options] { return run(*options); }; });
}

}  // namespace pg::verify
