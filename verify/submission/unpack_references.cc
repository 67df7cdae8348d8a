#include "verify/submission/unpack_references.h"

#include <algorithm>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "reference/base/text.h"

namespace pg::verify {
namespace {

using Kind = CodeReference::Kind;

constexpr std::size_t kMaxReferences = 2000;
constexpr std::size_t kMaxNameLength = 200;

enum : unsigned { kExec = 1, kSubprocess = 2, kCompile = 4, kImport = 8 };

// Names (and compiler names in literals) that say what a statement does with the files it names.
unsigned context_of(std::string_view word) {
  if (word.size() < 2 || word.size() > 24) return 0;
  constexpr std::string_view kFirst = "erSl_isPctCLgn";
  if (kFirst.find(word[0]) == std::string_view::npos) return 0;
  static const std::unordered_map<std::string_view, unsigned> words = {
      {"exec", kExec},
      {"eval", kExec},
      {"run_path", kExec},
      {"runpy", kExec},
      {"execfile", kExec},
      {"spec_from_file_location", kExec},
      {"SourceFileLoader", kExec},
      {"load_source", kExec},
      {"import_module", kImport},
      {"__import__", kImport},
      {"run_module", kImport},
      {"subprocess", kSubprocess},
      {"Popen", kSubprocess},
      {"check_call", kSubprocess},
      {"check_output", kSubprocess},
      {"system", kSubprocess},
      {"execv", kSubprocess},
      {"execvp", kSubprocess},
      {"torchrun", kSubprocess},
      {"cpp_extension", kCompile},
      {"load_inline", kCompile},
      {"CUDAExtension", kCompile},
      {"CppExtension", kCompile},
      {"CDLL", kCompile},
      {"LoadLibrary", kCompile},
      {"load_library", kCompile},
      {"sources", kCompile},
      {"g++", kCompile},
      {"gcc", kCompile},
      {"cc", kCompile},
      {"c++", kCompile},
      {"clang++", kCompile},
      {"nvcc", kCompile},
  };
  const auto found = words.find(word);
  return found == words.end() ? 0 : found->second;
}

bool is_source_of_compiler(std::string_view name) {
  for (const std::string_view ending : {".cpp", ".cc", ".cxx", ".c", ".cu", ".cuh", ".h", ".hpp", ".so"})
    if (name.ends_with(ending)) return true;
  return false;
}

// The file name in a literal, or nothing: no blanks or wildcards, and an extension with a letter in it.
std::string_view file_name_of(std::string_view literal, bool fstring) {
  if (fstring && literal.find('}') != std::string_view::npos) {
    literal.remove_prefix(literal.rfind('}') + 1);
    while (literal.substr(0, 1) == "/") literal.remove_prefix(1);
  }
  while (literal.substr(0, 2) == "./") literal.remove_prefix(2);
  if (literal.size() < 3 || literal.size() > kMaxNameLength) return {};
  const auto dot = literal.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || literal.size() - dot > 12 || literal.size() - dot < 2) return {};
  bool letter = false;
  for (const char c : literal.substr(dot + 1)) {
    const bool alpha = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
    if (!alpha && (c < '0' || c > '9')) return {};
    letter = letter || alpha;
  }
  constexpr std::string_view kRefused = " \t\n\r*?{}<>|\"'\\:=(),;%";
  return letter && literal.find_first_of(kRefused) == std::string_view::npos ? literal : std::string_view{};
}

class Finder {
 public:
  explicit Finder(const PyTokens& tokens) : tokens_(tokens) {}

  std::vector<CodeReference> run() {
    const std::size_t end = tokens_.size() - 1;
    for (std::size_t at = 0; at < end; ++at) {
      const PyToken& token = tokens_[at];
      switch (token.kind) {
        case PyToken::Kind::newline:
          flush();
          continue;
        case PyToken::Kind::op:
          if (tokens_.is_op(at, ';')) flush();
          continue;
        case PyToken::Kind::string:
          literal(at);
          continue;
        case PyToken::Kind::name:
          break;
        default:
          continue;
      }
      const std::string_view word = tokens_.text(at);
      context_ |= context_of(word);
      if (word == "import" && !imported_) {
        imported_ = true;
        import_list(at + 1);
      } else if (word == "from" && !imported_ && starts_statement(at)) {
        imported_ = true;
        from_import(at + 1);
      }
    }
    flush();
    return std::move(found_);
  }

 private:
  bool starts_statement(std::size_t at) const {
    return at == 0 || tokens_[at - 1].kind == PyToken::Kind::newline || tokens_.is_op(at - 1, ';') ||
           tokens_.is_op(at - 1, ':');
  }

  std::string dotted(std::size_t& at) const {
    std::string path;
    while (tokens_.is_name(at)) {
      if (!path.empty()) path += '/';
      path += tokens_.text(at);
      ++at;
      if (!tokens_.is_op(at, '.')) break;
      ++at;
    }
    return path;
  }

  void import_list(std::size_t at) {
    while (tokens_.is_name(at)) {
      const std::size_t first = at;
      add(Kind::import, dotted(at) + ".py", first);
      if (tokens_.text(at) == "as") at += 2;
      if (!tokens_.is_op(at, ',')) return;
      ++at;
    }
  }

  // from a.b import c: a/b.py, or c may be a module itself: a/b/c.py.
  void from_import(std::size_t at) {
    const std::size_t first = at;
    while (tokens_.is_op(at, '.')) ++at;
    const std::string module = tokens_.text(at) == "import" ? "" : dotted(at);
    if (tokens_.text(at) != "import") return;
    if (!module.empty()) add(Kind::import, module + ".py", first);
    ++at;
    if (tokens_.is_op(at, '(')) ++at;
    for (int i = 0; i < 64 && tokens_.is_name(at); ++i) {
      add(Kind::import, (module.empty() ? "" : module + "/") + std::string(tokens_.text(at)) + ".py", at);
      ++at;
      if (tokens_.text(at) == "as") at += 2;
      if (!tokens_.is_op(at, ',')) return;
      ++at;
    }
  }

  void literal(std::size_t at) {
    const PyToken& token = tokens_[at];
    if (token.body_length < 2 || token.body_length > kMaxNameLength || pending_.size() >= 1000) return;
    const std::string_view body = tokens_.source().substr(token.body, token.body_length);
    context_ |= context_of(body);
    if (!file_name_of(body, token.is_fstring).empty() || body.find('.') == std::string_view::npos)
      pending_.push_back(at);
  }

  // The statement is over: its literals are sorted by what it calls.
  void flush() {
    for (const std::size_t at : pending_) {
      const PyToken& token = tokens_[at];
      const std::string_view body = tokens_.source().substr(token.body, token.body_length);
      const std::string_view name = file_name_of(body, token.is_fstring);
      if (name.empty()) {
        const bool module = (context_ & kImport) && body.find_first_of(" /\\%{}-") == std::string_view::npos;
        if (module) add(Kind::import, std::string(body) + ".py", at);
      } else if (is_source_of_compiler(name)) {
        add(Kind::compile, std::string(name), at);
      } else if (name.ends_with(".py") && (context_ & (kExec | kSubprocess))) {
        add(context_ & kExec ? Kind::exec : Kind::subprocess, std::string(name), at);
      } else {
        add(Kind::open, std::string(name), at);
      }
    }
    pending_.clear();
    context_ = 0;
    imported_ = false;
  }

  void add(Kind kind, std::string target, std::size_t at) {
    if (found_.size() >= kMaxReferences || target.size() > kMaxNameLength) return;
    if (!seen_.emplace(kind, target).second) return;
    found_.push_back({.kind = kind,
                      .target = std::move(target),
                      .line = static_cast<std::uint32_t>(tokens_.span(tokens_[at].offset, 0).line),
                      .text = line_of(tokens_[at].offset)});
  }

  std::string line_of(std::size_t offset) const {
    const std::string_view source = tokens_.source();
    const auto before = source.rfind('\n', offset == 0 ? 0 : offset - 1);
    const std::size_t start = before == std::string_view::npos || before >= offset ? 0 : before + 1;
    // Of a long line (a packed literal, minified code) only what stands around the place.
    const std::size_t first = std::max(start, offset > 60 ? offset - 60 : 0);
    const std::string_view line = source.substr(first, 160);
    return std::string(trim(line.substr(0, line.find('\n'))));
  }

  const PyTokens& tokens_;
  std::vector<CodeReference> found_;
  std::set<std::pair<Kind, std::string>> seen_;
  std::vector<std::size_t> pending_;
  unsigned context_ = 0;
  bool imported_ = false;
};

}  // namespace

std::vector<CodeReference> find_references(const PyTokens& tokens) {
  return Finder(tokens).run();
}

std::vector<CodeReference> find_includes(std::string_view source) {
  std::vector<CodeReference> found;
  std::uint32_t line = 1;
  for (std::size_t at = 0; at < source.size() && found.size() < kMaxReferences; ++line) {
    const std::size_t end = std::min(source.find('\n', at), source.size());
    std::string_view text = trim(source.substr(at, end - at));
    at = end + 1;
    if (text.substr(0, 1) != "#") continue;
    const std::string shown(text.substr(0, 160));
    text = trim(text.substr(1));
    if (!text.starts_with("include")) continue;
    text = trim(text.substr(7));
    const auto close = text.find('"', 1);
    if (text.substr(0, 1) != "\"" || close == std::string_view::npos || close < 2 || close > kMaxNameLength) continue;
    found.push_back(
        {.kind = Kind::compile, .target = std::string(text.substr(1, close - 1)), .line = line, .text = shown});
  }
  return found;
}

}  // namespace pg::verify
