#include "verify/source/kernel.h"

#include <algorithm>
#include <set>

namespace pg::verify {
namespace {

struct Token {
  std::string_view text;
  std::uint32_t line = 0;
};
using Tokens = std::vector<Token>;

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}
bool is_name(std::string_view t) {
  return !t.empty() && is_word(t[0]) && !(t[0] >= '0' && t[0] <= '9');
}

Tokens lex(std::string_view s) {
  Tokens out;
  std::uint32_t line = 1;
  for (std::size_t i = 0; i < s.size();) {
    const char c = s[i];
    if (c == '\n') ++line;
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      ++i;
    } else if (s.substr(i, 2) == "//") {
      while (i < s.size() && s[i] != '\n') ++i;
    } else if (s.substr(i, 2) == "/*") {
      for (i += 2; i < s.size() && s.substr(i, 2) != "*/"; ++i) line += s[i] == '\n';
      i += 2;
    } else if (c == '"' || c == '\'') {
      for (++i; i < s.size() && s[i] != c && s[i] != '\n'; ++i) i += s[i] == '\\';
      ++i;
    } else if (is_word(c)) {
      const std::size_t first = i;
      while (i < s.size() && is_word(s[i])) ++i;
      out.push_back({s.substr(first, i - first), line});
    } else {
      const std::string_view two = s.substr(i, 2);
      const std::size_t n = two == "==" || two == "!=" || two == "<=" || two == ">=" || two == "&&" || two == "||" ||
                                    two == "->" || two == "+=" || two == "++" || two == "--" || two == "::"
                                ? 2
                                : 1;
      out.push_back({s.substr(i, n), line});
      i += n;
    }
  }
  return out;
}

// The index of the bracket that closes the one at `open`; the end where none does.
std::size_t closing(const Tokens& t, std::size_t open, std::size_t end) {
  int depth = 0;
  for (std::size_t i = open; i < end; ++i) {
    const std::string_view x = t[i].text;
    if (x == "(" || x == "[" || x == "{") ++depth;
    if (x == ")" || x == "]" || x == "}") --depth;
    if (depth == 0) return i;
  }
  return end;
}

std::string first_word(std::string_view name) {
  return std::string(name.substr(0, name.find('_', 1)));
}

class Loop {
 public:
  Loop(const Tokens& t, std::size_t begin, std::size_t end, std::string_view variable)
      : t_(t), begin_(begin), end_(end), positions_{variable} {}

  void read(std::vector<TargetGate>& found) {
    const std::size_t last_output = find_last_output();
    if (last_output == end_) return;
    for (std::size_t i = begin_; i < last_output; ++i) {
      const std::string_view x = t_[i].text;
      if (x == "=" && i > begin_ && is_name(t_[i - 1].text)) assign(i);
      if (classes_.empty()) continue;
      if (x == "if" && i + 1 < end_ && t_[i + 1].text == "(")
        condition(i, last_output);
      else if (is_name(x) && i + 1 < end_ && t_[i + 1].text == "(")
        call(i);
    }
    if (!gate_.use.empty()) found.push_back(gate_);
  }

 private:
  bool at_position(std::size_t bracket) const {  // [i] and nothing else in it
    return bracket + 2 < end_ && t_[bracket].text == "[" && t_[bracket + 2].text == "]" &&
           positions_.count(t_[bracket + 1].text) > 0;
  }
  // name[i] = ...: what the loop gives for position i.
  std::size_t find_last_output() const {
    std::size_t last = end_;
    for (std::size_t i = begin_; i + 4 < end_; ++i)
      if (is_name(t_[i].text) && at_position(i + 1) && t_[i + 4].text == "=") last = i;
    return last;
  }
  static bool names_tokens(std::string_view name) {
    return name.find("tok") != std::string_view::npos && name.find("top") == std::string_view::npos;
  }
  bool mentions(std::size_t from, std::size_t to, const std::set<std::string_view>& names) const {
    for (std::size_t i = from; i < to; ++i)
      if (names.count(t_[i].text)) return true;
    return false;
  }

  void assign(std::size_t equals) {
    const std::string_view name = t_[equals - 1].text;
    std::size_t stop = equals;
    while (stop < end_ && t_[stop].text != ";" && t_[stop].text != "{") ++stop;
    bool target = false, cls = mentions(equals, stop, classes_);
    for (std::size_t i = equals; i + 2 < stop; ++i) {
      if (!is_name(t_[i].text) || t_[i + 1].text != "[") continue;
      if (names_tokens(t_[i].text) && at_position(i + 1))
        target = true;
      else if (!names_tokens(t_[i].text) && targets_.count(t_[i + 2].text) && t_[i + 3].text == "]")
        cls = true;
    }
    if (stop == equals + 5 && at_position(equals + 2) && !target) positions_.insert(name);  // p = pos[i]
    if (cls) {
      classes_.insert(name);
      if (gate_.class_line == 0) gate_.class_line = t_[equals].line, gate_.cls = std::string(name);
    } else if (target) {
      targets_.insert(name);
      if (gate_.target_line == 0) gate_.target_line = t_[equals].line, gate_.target = std::string(name);
    }
  }

  void use(std::size_t at, std::string_view what) {
    if (gate_.use.empty()) gate_.use_line = t_[at].line, gate_.use = std::string(what);
    const std::string word = first_word(what);
    if (std::find(gate_.experts.begin(), gate_.experts.end(), word) == gate_.experts.end())
      gate_.experts.push_back(word);
  }

  void condition(std::size_t at, std::size_t last_output) {
    const std::size_t close = closing(t_, at + 1, end_);
    if (!mentions(at + 2, close, classes_) || close + 1 >= end_) return;
    const std::size_t block_end = t_[close + 1].text == "{" ? closing(t_, close + 1, end_) : std::min(end_, close + 12);
    for (std::size_t i = close; i + 4 < block_end && i <= last_output; ++i)
      if (is_name(t_[i].text) && at_position(i + 1) && t_[i + 4].text == "=") use(at, t_[i].text);
  }

  void call(std::size_t at) {
    const std::string_view name = t_[at].text;
    if (name == "if" || name == "while" || name == "for" || name == "return" || name == "sizeof") return;
    if (mentions(at + 2, closing(t_, at + 1, end_), classes_)) use(at, name);
  }

  const Tokens& t_;
  std::size_t begin_, end_;
  std::set<std::string_view> positions_, targets_, classes_;
  TargetGate gate_;
};

}  // namespace

std::vector<TargetGate> find_target_gates(std::string_view source) {
  std::vector<TargetGate> found;
  if (source.size() > (1u << 20)) return found;
  const Tokens t = lex(source);
  for (std::size_t i = 0; i + 6 < t.size(); ++i) {
    if (t[i].text != "for" || t[i + 1].text != "(") continue;
    const std::size_t close = closing(t, i + 1, t.size());
    if (close + 1 >= t.size() || t[close + 1].text != "{") continue;
    std::size_t equals = i + 2;
    while (equals < close && t[equals].text != "=" && t[equals].text != ";") ++equals;
    if (equals >= close || t[equals].text != "=" || !is_name(t[equals - 1].text)) continue;
    const std::size_t end = closing(t, close + 1, t.size());
    if (end - close > 20000) continue;
    Loop(t, close + 2, end, t[equals - 1].text).read(found);
    if (found.size() > 16) break;
  }
  return found;
}

}  // namespace pg::verify
