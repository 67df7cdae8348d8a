#pragma once

#include <string>
#include <vector>

#include "reference/base/result.h"
#include "verify/report/report.h"
#include "verify/sign/envelope.h"
#include "verify/sign/statement.h"

namespace pg::verify {

// What the commands that sign have in common.
struct SigningOptions {
  std::string key, passphrase_file;
  std::string verifier_id{kUnnamedVerifier};
  std::string statement = "report";   // report, test-result or svr
  std::vector<std::string> subjects;  // files beside the folder
};

// Reads a private key; says so on stderr where others can read the file too.
Result<PrivateKey> load_signing_key(const std::string& path, const std::string& passphrase_file);

// The signed report. An Error where the folder could not be examined or a file not be read: then there is nothing that
// a signature could be about.
Result<Envelope> sign_report(const Report& report, const PrivateKey& key, const SigningOptions& options);

// Reads an envelope or a bundle.
Result<Envelope> load_envelope(const std::string& path, Layout layout);

// The digests of `paths`.
Result<std::vector<Subject>> file_subjects(const std::vector<std::string>& paths);

// The names of the submissions that a report (pgverify/report/v1, an object) was compared with, escaped, in its order.
std::vector<std::string> baselines_of(const nlohmann::json& report);

// A URI (RFC 3986: a scheme, then no blanks or controls), as in-toto asks of a verifier's id.
bool is_uri(std::string_view text);

}  // namespace pg::verify
