// Statements: what binds names, and the names that mean something without being bound.
#include <unordered_set>

#include "verify/submission/unpack_eval.h"

namespace pg::verify {
namespace {

// Modules and functions that mean something here where no import or assignment has bound the name.
const std::unordered_set<std::string_view>& known_names() {
  static const std::unordered_set<std::string_view> names = {
      "exec",      "eval",      "compile",      "open",       "__import__", "lzma",      "zlib",      "bz2",
      "gzip",      "brotli",    "zstandard",    "zstd",       "pyzstd",     "base64",    "binascii",  "codecs",
      "marshal",   "importlib", "pathlib",      "Path",       "runpy",      "b85decode", "b64decode", "a85decode",
      "unhexlify", "bytes",     "bytearray",    "memoryview", "str",        "io",        "os",        "json",
      "getattr",   "builtins",  "__builtins__", "decompress", "brotlicffi"};
  return names;
}

PyValuePtr callable(std::string dotted) {
  auto value = std::make_shared<PyValue>();
  value->kind = PyValue::Kind::callable;
  value->data = std::move(dotted);
  return value;
}

}  // namespace

bool PyEvaluator::is_known_name(std::string_view name) {
  return known_names().contains(name);
}

void PyEvaluator::for_each_known_name(const std::function<void(std::string_view)>& visit) {
  for (const std::string_view name : known_names()) visit(name);
}

std::string_view PyEvaluator::root_of(std::string_view dotted) {
  return dotted.substr(0, dotted.find_first_of(".("));
}

// Learns from the statement that starts here: imports and assignments bind names. Returns where the scan goes on: 0
// for right behind, since what could not be evaluated whole may hold something that can.
std::size_t PyEvaluator::statement(std::size_t at) {
  const std::string_view word = tokens_.text(at);
  if (word == "import") {
    import_statement(at + 1);
  } else if (word == "from") {
    from_statement(at + 1);
  } else {
    return assignment(at);
  }
  return 0;
}

// import a.b as c, d
void PyEvaluator::import_statement(std::size_t at) {
  while (tokens_.is_name(at)) {
    const std::string_view first = tokens_.text(at);
    std::string dotted(first);
    for (++at; tokens_.is_op(at, '.') && tokens_.is_name(at + 1); at += 2)
      dotted.append(".").append(tokens_.text(at + 1));
    if (tokens_.text(at) == "as" && tokens_.is_name(at + 1)) {
      bind(tokens_.text(at + 1), callable(dotted));
      at += 2;
    } else if (is_known_name(first)) {
      bind(first, callable(std::string(first)));
    }
    if (!tokens_.is_op(at, ',')) return;
    ++at;
  }
}

// from a.b import c as d, e
void PyEvaluator::from_statement(std::size_t at) {
  if (!tokens_.is_name(at)) return;
  std::string module(tokens_.text(at));
  for (++at; tokens_.is_op(at, '.') && tokens_.is_name(at + 1); at += 2)
    module.append(".").append(tokens_.text(at + 1));
  if (tokens_.text(at) != "import") return;
  ++at;
  if (tokens_.is_op(at, '(')) ++at;
  while (tokens_.is_name(at)) {
    const std::string_view imported = tokens_.text(at);
    const bool renamed = tokens_.text(at + 1) == "as" && tokens_.is_name(at + 2);
    if (is_known_name(root_of(module)))
      bind(renamed ? tokens_.text(at + 2) : imported, callable(module + "." + std::string(imported)));
    at += renamed ? 3 : 1;
    if (!tokens_.is_op(at, ',')) return;
    ++at;
  }
}

// name = expression, name: type = expression, name += expression.
std::size_t PyEvaluator::assignment(std::size_t at) {
  const std::string_view target = tokens_.text(at);
  std::size_t equals = at + 1;
  if (tokens_.is_op(equals, ':')) {
    while (equals < tokens_.size() && tokens_[equals].kind == PyToken::Kind::name && equals < at + 8) ++equals;
    equals = tokens_.is_name(at + 2) ? at + 3 : equals;
  }
  const bool augmented = tokens_.is_op(equals, '+');
  if (augmented) ++equals;
  if (!tokens_.is_op(equals, '=') || tokens_.is_op(equals + 1, '=')) return 0;
  std::size_t behind = equals + 1;
  const std::size_t payloads_before = payloads.size(), failures_before = failures.size(),
                    references_before = references.size();
  PyValuePtr value = expression(behind, 0);
  const PyToken::Kind after = tokens_[behind].kind;
  const bool whole = after == PyToken::Kind::newline || after == PyToken::Kind::end || tokens_.is_op(behind, ';');
  if (!whole) value = nullptr;
  if (value == nullptr) {  // the scan comes past the right side again
    payloads.resize(payloads_before);
    failures.resize(failures_before);
    references.resize(references_before);
  }
  if (augmented && value != nullptr) {
    const auto old = names_.find(target);
    PyValuePtr left = old == names_.end() ? nullptr : std::move(old->second);
    value = left == nullptr ? nullptr : join_values(std::move(left), *value);
  }
  const bool evaluated = value != nullptr;
  bind(target, std::move(value));
  return evaluated ? behind : 0;
}

}  // namespace pg::verify
