#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "verify/submission/code.h"

namespace pg::verify {

// A token of Python source. Enough to find string literals and the calls around them; no syntax is checked, and any
// bytes give a token list.
struct PyToken {
  enum class Kind : std::uint8_t { name, number, string, op, newline, end };
  Kind kind = Kind::end;
  char op = 0;                                                // of operators: the character, else 0
  bool is_bytes = false, is_raw = false, is_fstring = false;  // of strings
  std::uint32_t offset = 0, length = 0;                       // of the whole token, quotes and prefix included
  std::uint32_t body = 0, body_length = 0;                    // between a string's quotes
  std::uint32_t match = 0;  // of an opening bracket: index of the closing one, or of the end token where there is none
};

// Source cut into tokens, in order, with one end token behind them. Comments, indentation and newlines inside brackets
// give no token; an f-string is one token, nested quotes (Python 3.12) included.
class PyTokens {
 public:
  // A token costs 28 bytes and may be one character: beyond this many the rest of the source is left alone, far
  // more than any script of the contest has.
  static constexpr std::size_t kMaxTokens = 2'000'000;

  explicit PyTokens(std::string_view source);
  ~PyTokens();
  PyTokens(const PyTokens&) = delete;
  PyTokens& operator=(const PyTokens&) = delete;

  const std::vector<PyToken>& all() const { return tokens_; }
  const PyToken& operator[](std::size_t index) const {
    return index < tokens_.size() ? tokens_[index] : tokens_.back();
  }
  std::size_t size() const { return tokens_.size(); }
  std::string_view source() const { return source_; }
  bool cut_off() const { return cut_off_; }  // kMaxTokens was reached
  std::string_view text(std::size_t index) const {
    const PyToken& token = (*this)[index];
    return {source_.data() + token.offset, token.length};
  }

  bool is_op(std::size_t index, char op) const { return (*this)[index].op == op; }
  bool is_name(std::size_t index) const { return (*this)[index].kind == PyToken::Kind::name; }
  bool is_string(std::size_t index) const { return (*this)[index].kind == PyToken::Kind::string; }

  // The bytes a string token denotes: escapes resolved, text as UTF-8. \N{...} is kept as written. Of an f-string only
  // the text is meant; its {expressions} stay as they are.
  std::string string_value(std::size_t index) const;

  // Where [offset, offset + length) lies, with its line and column.
  Span span(std::uint64_t offset, std::uint64_t length) const;

 private:
  void lex();
  std::size_t lex_string(std::size_t start, std::size_t quote);
  void match_brackets();

  std::string_view source_;
  std::vector<PyToken> tokens_;
  std::vector<std::uint32_t> line_starts_;
  int failed_fstrings_ = 0;
  bool cut_off_ = false;
};

// 1-based line and byte column of an offset of `text`.
Span span_of(std::string_view text, std::uint64_t offset, std::uint64_t length);

}  // namespace pg::verify
