#include "verify/cli/signing.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "reference/base/file.h"
#include "reference/base/program.h"
#include "reference/base/text.h"
#include "verify/cli/output.h"
#include "verify/cli/passphrase.h"
#include "verify/report/canonical.h"
#include "verify/report/json.h"

namespace pg::verify {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMaxKeyBytes = 1 << 16;

PredicateKind kind_of(const std::string& name) {
  return name == "svr"           ? PredicateKind::svr
         : name == "test-result" ? PredicateKind::test_result
                                 : PredicateKind::report;
}

}  // namespace

Result<PrivateKey> load_signing_key(const std::string& path, const std::string& passphrase_file) {
  auto pem = read_file(path, kMaxKeyBytes);
  if (!pem) return pem.error();
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0 && (info.st_mode & 077) != 0)
    complain(fmt::format("warning: others can read {}: chmod 600 it", escape_line(path, 500)));
  auto key = PrivateKey::from_pem(*pem, escape_line(path, 500), passphrase_source(passphrase_file, path));
  OPENSSL_cleanse(pem->data(), pem->size());
  return key;
}

Result<std::vector<Subject>> file_subjects(const std::vector<std::string>& paths) {
  std::vector<Subject> out;
  for (const std::string& path : paths) {
    auto subject = file_subject(path);
    if (!subject) return subject.error();
    out.push_back(*std::move(subject));
  }
  return out;
}

Result<Envelope> sign_report(const Report& report, const PrivateKey& key, const SigningOptions& options) {
  if (!report.error.empty()) return Error{fmt::format("nothing to sign: {}", escape_line(report.error, 1000))};
  auto subjects = folder_subjects(report.submission.folder, report.submission.name);
  if (!subjects) return subjects.error();
  const auto others = file_subjects(options.subjects);
  if (!others) return others.error();
  subjects->insert(subjects->end(), others->begin(), others->end());
  Envelope out{
      std::string(kInTotoPayloadType),
      canonical_json(make_statement(report_value(report), *subjects, options.verifier_id, kind_of(options.statement))),
      {}};
  if (out.payload.size() > kMaxEnvelopeBytes / 2) return Error{"the report is too large to be signed"};
  if (const Status added = add_signature(out, key); !added) return added.error();
  return out;
}

Result<Envelope> load_envelope(const std::string& path, Layout layout) {
  const auto text = read_file(path, kMaxEnvelopeBytes);
  if (!text) return text.error();
  auto envelope = parse_envelope(*text, layout);
  if (!envelope) return Error{fmt::format("{}: {}", escape_line(path, 500), envelope.error().message)};
  return envelope;
}

std::vector<std::string> baselines_of(const nlohmann::json& report) {
  std::vector<std::string> out;
  const json statistics = report.value("statistics", json());
  if (!statistics.is_object()) return out;
  for (const json& comparison : statistics.value("comparisons", json::array())) {
    const json old_side = comparison.is_object() ? comparison.value("old", json()) : json();
    const json name = old_side.is_object() ? old_side.value("name", json()) : json();
    out.push_back(name.is_string() ? escape_line(name.get<std::string>(), 100) : "?");
  }
  return out;
}

bool is_uri(std::string_view text) {
  const std::size_t colon = text.find(':');
  const auto in_scheme = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '+' || c == '-' || c == '.';
  };
  return colon != std::string_view::npos && colon > 0 && colon + 1 < text.size() &&
         std::isalpha(static_cast<unsigned char>(text[0])) &&
         std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon), in_scheme) &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 127; });
}

}  // namespace pg::verify
