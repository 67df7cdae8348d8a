#pragma once

#include <cstddef>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "verify/report/report.h"

namespace pg::verify {

// The files a SARIF log speaks of: shipped ones by their path below the repository's root, and the sources that packed
// files decode to, each a child of its shipped file. A decoded source lies nowhere, so its text comes along.
class SarifArtifacts {
 public:
  // An artifactLocation for a file of the report's folder; "" is the folder itself.
  nlohmann::json shipped(const Report& report, const std::string& file);
  // An artifactLocation for what that file decodes to.
  nlohmann::json decoded(const Report& report, const std::string& file);

  nlohmann::json take() { return std::move(artifacts_); }
  // Decoded sources whose text did not come along.
  std::size_t contents_left_out() const { return contents_left_out_; }
  // run.originalUriBaseIds.
  static nlohmann::json bases();

 private:
  std::map<std::string, std::size_t> index_;
  nlohmann::json artifacts_ = nlohmann::json::array();
  std::size_t contents_bytes_ = 0, contents_left_out_ = 0;
};

// "a b/ü.py" -> "a%20b/%C3%BC.py": a path as a relative URI reference (RFC 3986). A first segment with a colon would be
// a scheme; the colon is escaped too.
std::string path_to_uri(std::string_view path);

}  // namespace pg::verify
