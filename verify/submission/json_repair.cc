#include "verify/submission/json_repair.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdint>

#include "reference/base/text.h"

namespace pg::verify {
namespace {

constexpr std::size_t kMaxRepairs = 16;

class Repairer {
 public:
  explicit Repairer(std::string_view text) : text_(text) { out_.reserve(text.size()); }

  RepairedJson run() {
    skip_to_first_brace();
    while (at_ < text_.size()) step();
    return {std::move(out_), std::move(repairs_)};
  }

 private:
  char peek(std::size_t ahead) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  void note(std::string_view what) {
    if (repairs_.size() < kMaxRepairs) repairs_.push_back(fmt::format("line {}: {}", line_, what));
  }

  void copy() {
    line_ += text_[at_] == '\n' ? 1 : 0;
    out_ += text_[at_++];
  }
  // Advances without copying; line ends stay so that positions do not move.
  void drop(std::size_t count) {
    for (; count > 0 && at_ < text_.size(); --count, ++at_)
      if (text_[at_] == '\n') {
        ++line_;
        out_ += '\n';
      }
  }

  void skip_to_first_brace() {
    const std::size_t brace = std::min(text_.find('{'), text_.find("[{"));
    if (brace == std::string_view::npos || brace == 0) return;
    const std::string_view before = text_.substr(0, brace);
    const std::string_view mark = "\xEF\xBB\xBF";
    const std::string_view word = trim(before.substr(0, mark.size()) == mark ? before.substr(3) : before);
    // An array of objects opens with a bracket that belongs to the text.
    if (word == "[") return;
    if (!word.empty()) note("text before the first brace");
    drop(brace);
  }

  void step() {
    const char c = text_[at_];
    if (c == '"')
      string();
    else if (c == '/' && peek(1) == '/')
      line_comment();
    else if (c == '#')
      line_comment();
    else if (c == '/' && peek(1) == '*')
      block_comment();
    else if (c == '}' || c == ']')
      close();
    else if (c == '-' || std::isalpha(static_cast<unsigned char>(c)) != 0)
      word();
    else
      copy();
  }

  void string() {
    copy();
    while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\n') {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) copy();
      copy();
    }
    if (at_ < text_.size()) copy();
  }

  void line_comment() {
    note("comment");
    drop(std::min(text_.find('\n', at_), text_.size()) - at_);
  }

  void block_comment() {
    note("comment");
    const std::size_t end = text_.find("*/", at_ + 2);
    drop(end == std::string_view::npos ? text_.size() - at_ : end + 2 - at_);
  }

  // A comma in front of a closing brace, blanks and dropped comments between, goes.
  void close() {
    std::size_t last = out_.size();
    while (last > 0 && std::isspace(static_cast<unsigned char>(out_[last - 1])) != 0) --last;
    if (last > 0 && out_[last - 1] == ',') {
      note("comma before the closing bracket");
      out_[last - 1] = ' ';
    }
    copy();
  }

  void word() {
    std::size_t end = at_ + (text_[at_] == '-' ? 1 : 0);
    while (end < text_.size() && std::isalpha(static_cast<unsigned char>(text_[end])) != 0) ++end;
    std::string_view name = text_.substr(at_, end - at_);
    if (name == "-") return copy();
    if (name.front() == '-') name.remove_prefix(1);
    if (name == "NaN" || name == "Infinity" || name == "nan" || name == "inf" || name == "None") {
      note(fmt::format("{} is no JSON number", name));
      drop(end - at_);
      out_ += "null";
    } else if (name == "True" || name == "False") {
      note(fmt::format("{} is Python, not JSON", name));
      drop(end - at_);
      out_ += name == "True" ? "true" : "false";
    } else {
      while (at_ < end) copy();
    }
  }

  std::string_view text_;
  std::string out_;
  std::size_t at_ = 0;
  std::uint32_t line_ = 1;
  std::vector<std::string> repairs_;
};

}  // namespace

RepairedJson repair_json(std::string_view text) {
  const std::string valid = to_utf8(text);
  RepairedJson repaired = Repairer(valid).run();
  if (valid != text) repaired.repairs.insert(repaired.repairs.begin(), "line 1: bytes that are not UTF-8");
  return repaired;
}

}  // namespace pg::verify
