#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pg::verify {

inline constexpr std::size_t kColumns = 100;

enum class Style { good, bad, caution, strong, faint };

// Lines of at most kColumns code points. Callers escape what comes from a submission; ANSI sequences that styled() adds
// count as no columns.
class Layout {
 public:
  explicit Layout(bool color) : color_(color) {}

  std::string styled(std::string text, Style style) const;
  void line(std::string_view text);
  // One line, cut with "..." where it is too long.
  void cut(std::string_view text);
  // "  label    text", wrapped behind the label.
  void field(std::string_view label, std::string_view text);
  // `head` (of `head_columns` columns), then `text` wrapped; further lines are indented by four.
  void hanging(std::string_view head, std::size_t head_columns, std::string_view text);
  void indented(std::string_view text, std::size_t indent = 4);
  std::string take() { return std::move(out_); }

 private:
  void wrap(std::string line, std::size_t columns, std::string_view text, std::size_t indent);

  bool color_;
  std::string out_;
};

// Code points of `text` without ANSI sequences.
std::size_t columns_of(std::string_view text);

}  // namespace pg::verify
