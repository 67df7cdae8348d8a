#include "verify/cli/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "reference/base/text.h"
#include "verify/report/layout.h"

namespace pg::verify {
namespace {

// "- x", "* x", "1. x": the length of the marker with its blank, 0 for other lines.
std::size_t list_marker(std::string_view line) {
  if (line.starts_with("- ") || line.starts_with("* ")) return 2;
  std::size_t digits = 0;
  while (digits < line.size() && line[digits] >= '0' && line[digits] <= '9') ++digits;
  return digits > 0 && line.substr(digits).starts_with(". ") ? digits + 2 : 0;
}

class Renderer {
 public:
  explicit Renderer(bool color) : out_(color) {}

  void line(std::string_view text) {
    const std::string_view content = trim(text);
    if (content.starts_with("```")) {
      flush();
      fenced_ = !fenced_;
    } else if (fenced_) {
      out_.line(fmt::format("    {}", text));
    } else if (content.empty()) {
      flush();
      out_.line("");
    } else if (content.front() == '#') {
      flush();
      out_.line(out_.styled(std::string(trim(content.substr(content.find_first_not_of('#')))), Style::strong));
    } else if (content.front() == '|') {
      flush();
      out_.line(content);
    } else {
      if (list_marker(content) > 0) flush();
      if (!paragraph_.empty()) paragraph_ += ' ';
      paragraph_ += content;
    }
  }

  std::string take() {
    flush();
    return out_.take();
  }

 private:
  void flush() {
    if (paragraph_.empty()) return;
    if (const std::size_t marker = list_marker(paragraph_); marker > 0)
      out_.hanging(fmt::format("  {}", std::string_view(paragraph_).substr(0, marker)), marker + 2,
                   std::string_view(paragraph_).substr(marker));
    else
      out_.indented(paragraph_, 0);
    paragraph_.clear();
  }

  Layout out_;
  std::string paragraph_;
  bool fenced_ = false;
};

}  // namespace

std::string render_page(std::string_view markdown, bool color) {
  Renderer renderer(color);
  while (!markdown.empty()) {
    const std::size_t end = std::min(markdown.find('\n'), markdown.size());
    renderer.line(markdown.substr(0, end));
    markdown.remove_prefix(std::min(end + 1, markdown.size()));
  }
  return renderer.take();
}

}  // namespace pg::verify
