#include "verify/report/renderer.h"

#include <utility>

#include "verify/report/digest.h"
#include "verify/report/github.h"
#include "verify/report/html.h"
#include "verify/report/json.h"
#include "verify/report/junit.h"
#include "verify/report/markdown.h"
#include "verify/report/sarif.h"

namespace pg::verify {
namespace {

constexpr std::pair<std::string_view, Format> kFormats[] = {
    {"text", Format::text},     {"json", Format::json},         {"sarif", Format::sarif}, {"junit", Format::junit},
    {"github", Format::github}, {"markdown", Format::markdown}, {"html", Format::html}};

class TextRenderer : public Renderer {
 public:
  explicit TextRenderer(TextOptions options) : options_(options) {}
  std::string add(const Report& report) override {
    const std::string between = std::exchange(first_, false) || options_.quiet ? "" : "\n";
    return between + report_text(report, options_);
  }
  std::string finish() override { return ""; }

 private:
  TextOptions options_;
  bool first_ = true;
};

class JsonRenderer : public Renderer {
 public:
  std::string add(const Report& report) override { return report_json(report) + "\n"; }
  std::string finish() override { return ""; }
};

class SarifRenderer : public Renderer {
 public:
  explicit SarifRenderer(const RenderOptions& options) : log_(options.rules, options.docs_url) {}
  std::string add(const Report& report) override {
    log_.add(report);
    return "";
  }
  std::string finish() override { return log_.take(); }

 private:
  SarifLog log_;
};

class JUnitRenderer : public Renderer {
 public:
  std::string add(const Report& report) override {
    log_.add(report);
    return "";
  }
  std::string finish() override { return log_.take(); }

 private:
  JUnitLog log_;
};

class DigestRenderer : public Renderer {
 public:
  DigestRenderer(Format format, const RenderOptions& options) : format_(format), docs_url_(options.docs_url) {}
  std::string add(const Report& report) override {
    digests_.push_back(digest(report));
    return "";
  }
  std::string finish() override {
    if (format_ == Format::github) return github_annotations(digests_);
    return markdown(std::move(digests_), {.max_bytes = kCommentBytes, .docs_url = docs_url_});
  }

 private:
  Format format_;
  std::string docs_url_;
  std::vector<Digest> digests_;
};

class HtmlRenderer : public Renderer {
 public:
  explicit HtmlRenderer(std::string docs_url) : page_(std::move(docs_url)) {}
  std::string add(const Report& report) override {
    page_.add(report);
    return "";
  }
  std::string finish() override { return page_.take(); }

 private:
  HtmlPage page_;
};

}  // namespace

std::optional<Format> parse_format(std::string_view name) {
  for (const auto& [known, format] : kFormats)
    if (known == name) return format;
  return std::nullopt;
}

std::unique_ptr<Renderer> make_renderer(Format format, const RenderOptions& options) {
  switch (format) {
    case Format::text:
      return std::make_unique<TextRenderer>(options.text);
    case Format::json:
      return std::make_unique<JsonRenderer>();
    case Format::sarif:
      return std::make_unique<SarifRenderer>(options);
    case Format::junit:
      return std::make_unique<JUnitRenderer>();
    case Format::github:
    case Format::markdown:
      return std::make_unique<DigestRenderer>(format, options);
    case Format::html:
      return std::make_unique<HtmlRenderer>(options.docs_url);
  }
  return nullptr;
}

}  // namespace pg::verify
