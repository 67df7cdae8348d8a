#pragma once

#include <bitset>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "verify/submission/code.h"
#include "verify/submission/unpack.h"
#include "verify/submission/unpack_decoders.h"
#include "verify/submission/unpack_lexer.h"

namespace pg::verify {

// A value of the closed set of expressions that self-extracting scripts are made of: literals, decoder calls, string
// methods, paths of sibling files. Everything else is "not known" and has no PyValue.
struct PyValue {
  enum class Kind { text, bytes, number, list, callable, path, file };
  Kind kind = Kind::text;
  std::string data;  // text, bytes, path; of a callable its dotted name after aliases ("lzma.decompress")
  std::int64_t number = 0;
  std::vector<std::shared_ptr<PyValue>> items;
  // Where text and bytes came from:
  std::vector<std::string> codecs;  // innermost first
  std::optional<Span> literal;      // in the evaluated source
  std::uint64_t packed_bytes = 0;   // what the innermost decoder was given
  std::string sibling;              // path of the file it was read from
  bool unread = false;              // `sibling` is read only once a decoder wants it
};
using PyValuePtr = std::shared_ptr<PyValue>;

// Something decoded (codecs is not empty), and whether exec, eval or compile took it.
struct Payload {
  PyValuePtr value;
  bool executed = false;
};

// A decoding step that could not be done.
struct DecodeFailure {
  std::string codec, message;
  std::optional<Span> literal;
  std::string sibling;
  bool executed = false;
};

// Evaluates every expression of a source that starts with a decoder, exec or open call, knowing the imports' aliases
// and the variables bound to literals, in one pass and without running anything. Work is linear in the source but for
// a factor of the nesting limit, and bounded by the budget.
class PyEvaluator {
 public:
  // `path` is what __file__ stands for; `read_sibling` may be empty.
  PyEvaluator(const PyTokens& tokens, std::string_view path, const SiblingReader& read_sibling, UnpackBudget& budget);
  void run();

  std::vector<Payload> payloads;
  std::vector<DecodeFailure> failures;
  std::vector<CodeReference> references;  // open() and exec(open()) of paths that could be evaluated
  bool gave_up = false;                   // the step limit was hit
  bool executes = false;                  // calls exec, eval, compile or marshal at all

 private:
  struct Argument {
    PyValuePtr value;  // nullptr: not known
    std::string_view keyword;
    std::size_t first = 0, last = 0;  // tokens
  };
  using Arguments = std::vector<Argument>;

  // unpack_statements.cc
  static bool is_known_name(std::string_view name);
  static void for_each_known_name(const std::function<void(std::string_view)>& visit);
  static std::string_view root_of(std::string_view dotted);
  std::size_t statement(std::size_t at);
  void import_statement(std::size_t at);
  void from_statement(std::size_t at);
  std::size_t assignment(std::size_t at);
  // unpack_eval.cc
  bool starts_interesting(std::size_t at) const;
  PyValuePtr expression(std::size_t& at, int depth);
  PyValuePtr term(std::size_t& at, int depth);
  PyValuePtr primary(std::size_t& at, int depth);
  PyValuePtr atom(std::size_t& at, int depth);
  PyValuePtr bracketed(std::size_t& at, int depth);
  PyValuePtr string_literal(std::size_t& at);
  PyValuePtr name(std::size_t& at);
  PyValuePtr subscript(const PyValue& value, std::size_t open, int depth);
  PyValuePtr attribute(const PyValue& value, std::string_view name);
  Arguments arguments(std::size_t open, int depth);
  // unpack_calls.cc
  static PyValuePtr subject(const Arguments& args);
  PyValuePtr call(const std::string& function, const Arguments& args, std::size_t open);
  PyValuePtr call_path(std::string_view function, const Arguments& args);
  PyValuePtr call_decoder(std::string_view function, const Arguments& args, std::size_t open);
  PyValuePtr method(const PyValuePtr& self, std::string_view name, const Arguments& args);
  PyValuePtr path_method(const PyValue& self, std::string_view name, const Arguments& args);
  PyValuePtr decode_text_value(TextCodec codec, const PyValuePtr& input);
  PyValuePtr decode_stream_value(StreamCodec codec, const PyValuePtr& input, std::size_t open);
  std::vector<RawFilter> raw_filters(std::size_t open, bool& raw) const;
  PyValuePtr read_file(const std::string& path);
  PyValuePtr executed(const Arguments& args, std::size_t at);
  PyValuePtr failed(const std::string& codec, const std::string& message, const PyValue& input);
  void add_payload(const PyValuePtr& value, bool executed);
  PyValuePtr as(PyValue::Kind kind, const PyValuePtr& value);
  PyValuePtr loaded(const PyValuePtr& input, const char* codec);
  void bind(std::string_view name, PyValuePtr value);
  PyValuePtr join_values(PyValuePtr left, const PyValue& right);
  void add_reference(const std::string& target, std::size_t at);

  const PyTokens& tokens_;
  std::string path_;
  const SiblingReader& read_sibling_;
  UnpackBudget& budget_;
  std::unordered_map<std::string_view, PyValuePtr> names_;
  // Names that are bound or known have their bit set, so that most others need no look-up.
  static constexpr std::size_t kFilterBits = 4096;
  static std::size_t filter_bit(std::string_view name) {
    const auto byte = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(name[i])); };
    return (name.size() * 67 + byte(0) * 13 + byte(name.size() / 2) * 29 + byte(name.size() - 1) * 131) % kFilterBits;
  }
  std::bitset<kFilterBits> filter_;
  std::uint64_t steps_left_;
  int exec_depth_ = 0;
};

}  // namespace pg::verify
