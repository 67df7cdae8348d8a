#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "verify/report/report.h"
#include "verify/report/rule_pages.h"
#include "verify/report/text.h"

namespace pg::verify {

enum class Format { text, json, sarif, junit, github, markdown, html };

inline constexpr const char* kFormatNames = "text, json, sarif, junit, github, markdown, html";
std::optional<Format> parse_format(std::string_view name);

struct RenderOptions {
  TextOptions text;
  std::vector<RuleInfo> rules;  // metadata for SARIF
  std::string docs_url;         // docs_url() of rule_pages.h
};

// One output over the reports of a run, in one format. What cannot be written until all reports are known (totals,
// caps) comes from finish().
class Renderer {
 public:
  virtual ~Renderer() = default;
  // Bytes that can be written now.
  virtual std::string add(const Report& report) = 0;
  // The rest, and an end to adding.
  virtual std::string finish() = 0;
};

std::unique_ptr<Renderer> make_renderer(Format format, const RenderOptions& options);

}  // namespace pg::verify
