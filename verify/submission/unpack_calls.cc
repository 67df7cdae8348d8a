// The calls and methods that PyEvaluator understands.
#include <algorithm>
#include <array>
#include <utility>

#include "verify/submission/unpack_eval.h"

namespace pg::verify {
namespace {

using Kind = PyValue::Kind;

constexpr std::size_t kMaxPayloads = 20'000;

bool is_data(const PyValuePtr& value) {
  return value != nullptr && (value->kind == Kind::text || value->kind == Kind::bytes);
}

PyValuePtr make(Kind kind, std::string data) {
  auto value = std::make_shared<PyValue>();
  value->kind = kind;
  value->data = std::move(data);
  return value;
}

std::string parent_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return std::string(path.substr(0, slash == std::string_view::npos ? 0 : slash));
}

std::string_view base_of(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

std::string join_path(std::string_view left, std::string_view right) {
  if (left.empty() || right.substr(0, 1) == "/") return std::string(right);
  std::string path(left);
  if (path.back() != '/') path += '/';
  return path.append(right);
}

// "./a//b/../c" -> "a/c"; empty where the path leaves the folder.
std::string normal_path(std::string_view path) {
  std::vector<std::string_view> parts;
  if (path.substr(0, 1) == "/") return {};
  while (!path.empty()) {
    const std::string_view part = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), part.size() + 1));
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
    } else if (parts.empty()) {
      return {};
    } else {
      parts.pop_back();
    }
  }
  std::string normal;
  for (const std::string_view part : parts) normal.append(normal.empty() ? "" : "/").append(part);
  return normal;
}

}  // namespace

// The value with another kind. Copies cost budget: a chain of .decode().encode() must not cost more than it is long.
PyValuePtr PyEvaluator::as(PyValue::Kind kind, const PyValuePtr& value) {
  if (value->kind == kind) return value;
  if (!budget_.take(value->data.size())) return failed("decode", "decoded output is over the limit", *value);
  auto copy = std::make_shared<PyValue>(*value);
  copy->kind = kind;
  return copy;
}

// What a call is applied to: its first argument, under a keyword or not.
PyValuePtr PyEvaluator::subject(const Arguments& args) {
  for (const Argument& arg : args)
    for (const std::string_view name : {"", "data", "s", "b", "string", "source", "obj"})
      if (arg.keyword == name) return arg.value;
  return nullptr;
}

PyValuePtr PyEvaluator::call(const std::string& function, const Arguments& args, std::size_t open) {
  const std::string_view leaf = std::string_view(function).substr(function.rfind('.') + 1);
  const PyValuePtr first = args.empty() ? nullptr : args[0].value;
  if (leaf == "exec" || leaf == "eval" || leaf == "compile") return executed(args, open);
  if (leaf == "__import__" || leaf == "import_module")
    return is_data(first) && first->data.size() < 100 ? make(Kind::callable, first->data) : nullptr;
  if (leaf == "getattr" && args.size() >= 2 && first != nullptr && is_data(args[1].value))
    return attribute(*first, args[1].value->data);
  if (leaf == "bytes" || leaf == "bytearray" || leaf == "memoryview" || leaf == "BytesIO")
    return is_data(first) ? as(Kind::bytes, first) : nullptr;
  if (leaf == "StringIO" || (leaf == "str" && is_data(first))) return is_data(first) ? as(Kind::text, first) : nullptr;
  if (function == "json.loads") return first;
  if (leaf == "str" || leaf == "fspath")
    return first != nullptr && first->kind == Kind::path ? as(Kind::text, first) : nullptr;
  if (function == "marshal.loads" && is_data(first)) {
    const PyValuePtr input = loaded(first, "marshal");
    return input == nullptr ? nullptr : failed("marshal", "marshalled byte code is no source", *input);
  }
  // Constructors whose methods decode: zlib.decompressobj(), lzma.LZMADecompressor(...), zstandard.ZstdDecompressor().
  if (leaf.ends_with("Decompressor") || leaf == "decompressobj") return make(Kind::callable, function + "()");
  if (const PyValuePtr path = call_path(function, args)) return path;
  return call_decoder(function, args, open);
}

// exec(x), eval(x), compile(x, ...): notes what is run and hands it on.
PyValuePtr PyEvaluator::executed(const Arguments& args, std::size_t open) {
  const PyValuePtr code = subject(args);
  if (!is_data(code)) return nullptr;
  if (!code->codecs.empty()) add_payload(code, true);
  if (code->codecs.empty() && !code->sibling.empty()) add_reference(code->sibling, open);
  return code;
}

PyValuePtr PyEvaluator::call_path(std::string_view function, const Arguments& args) {
  const PyValuePtr first = args.empty() ? nullptr : args[0].value;
  const bool is_path = first != nullptr && (first->kind == Kind::text || first->kind == Kind::path);
  const std::string_view leaf = function.substr(function.rfind('.') + 1);
  if (!is_path) return nullptr;
  if (leaf == "Path" || leaf == "PurePath" || leaf == "PosixPath") {
    std::string path = first->data;
    for (std::size_t i = 1; i < args.size(); ++i) {
      if (!is_data(args[i].value) || !budget_.take(path.size())) return nullptr;
      path = join_path(path, args[i].value->data);
    }
    return make(Kind::path, std::move(path));
  }
  if (function == "open" || function == "io.open" || function == "codecs.open" || function == "os.open") {
    if (first->data.size() > 4096) return nullptr;
    add_reference(first->data, args[0].first);
    return make(Kind::file, first->data);
  }
  if (!function.starts_with("os.path.")) return nullptr;
  if (leaf == "dirname") return make(Kind::text, parent_of(first->data));
  if (leaf == "basename") return make(Kind::text, std::string(base_of(first->data)));
  if (leaf == "abspath" || leaf == "realpath" || leaf == "normpath" || leaf == "expanduser")
    return make(Kind::text, first->data);
  if (leaf != "join") return nullptr;
  std::string path = first->data;
  for (std::size_t i = 1; i < args.size(); ++i) {
    if (!is_data(args[i].value) || !budget_.take(path.size())) return nullptr;
    path = join_path(path, args[i].value->data);
  }
  return make(Kind::text, std::move(path));
}

PyValuePtr PyEvaluator::path_method(const PyValue& self, std::string_view name, const Arguments& args) {
  const std::string& path = self.data;
  const PyValuePtr first = args.empty() ? nullptr : args[0].value;
  if (name == "resolve" || name == "absolute" || name == "expanduser") return make(Kind::path, path);
  if (name == "parent") return make(Kind::path, parent_of(path));
  if (name == "name") return make(Kind::text, std::string(base_of(path)));
  if (name == "as_posix") return make(Kind::text, path);
  if (name == "read_bytes" || name == "read_text") return read_file(path);
  if (name == "open") return make(Kind::file, path);
  if (first == nullptr || (first->kind != Kind::text && first->kind != Kind::path) || !budget_.take(path.size()))
    return nullptr;
  if (name == "joinpath") return make(Kind::path, join_path(path, first->data));
  if (name == "with_name") return make(Kind::path, join_path(parent_of(path), first->data));
  if (name == "with_suffix") {
    const std::string_view base = base_of(path);
    const auto dot = base.rfind('.');
    const std::string_view stem = dot == std::string_view::npos || dot == 0 ? base : base.substr(0, dot);
    return make(Kind::path, join_path(parent_of(path), std::string(stem) + first->data));
  }
  return nullptr;
}

PyValuePtr PyEvaluator::method(const PyValuePtr& self, std::string_view name, const Arguments& args) {
  if (self->kind == Kind::file) return name == "read" || name == "__enter__" ? read_file(self->data) : nullptr;
  if (self->kind == Kind::path) return path_method(*self, name, args);
  if (!is_data(self)) return nullptr;
  if (name == "decode") return as(Kind::text, self);
  if (name == "encode" || name == "read" || name == "getvalue" || name == "getbuffer" || name == "tobytes")
    return name == "read" ? self : as(Kind::bytes, self);
  if (self->unread) return nullptr;
  const PyValuePtr first = args.empty() ? nullptr : args[0].value;
  if (!budget_.take(self->data.size())) return failed("replace", "decoded output is over the limit", *self);
  if (name == "strip" || name == "lstrip" || name == "rstrip") {
    const std::string set = is_data(first) ? first->data : " \t\r\n\f\v";
    auto stripped = std::make_shared<PyValue>(*self);
    if (name != "lstrip") stripped->data.resize(stripped->data.find_last_not_of(set) + 1);
    if (name != "rstrip")
      stripped->data.erase(0, std::min(stripped->data.find_first_not_of(set), stripped->data.size()));
    return stripped;
  }
  if (name == "replace" && args.size() >= 2 && is_data(first) && is_data(args[1].value) && !first->data.empty()) {
    const std::string &from = first->data, &to = args[1].value->data;
    auto replaced = std::make_shared<PyValue>(*self);
    replaced->data.clear();
    for (std::size_t at = 0; at <= self->data.size();) {
      const std::size_t hit = std::min(self->data.find(from, at), self->data.size());
      replaced->data.append(self->data, at, hit - at);
      if (hit == self->data.size()) break;
      if (!budget_.take(to.size())) return failed("replace", "decoded output is over the limit", *self);
      replaced->data += to;
      at = hit + from.size();
    }
    return replaced;
  }
  if (name == "join" && first != nullptr && first->kind == Kind::list) {
    PyValuePtr joined;
    for (const PyValuePtr& item : first->items) {
      if (!is_data(item)) return nullptr;
      joined = joined == nullptr ? item : join_values(std::move(joined), *self);
      if (joined != nullptr && item != first->items.front()) joined = join_values(std::move(joined), *item);
      if (joined == nullptr) return nullptr;
    }
    return joined;
  }
  if (name == "join" && is_data(first) && self->data.empty()) return first;
  return nullptr;
}

PyValuePtr PyEvaluator::read_file(const std::string& path) {
  const std::string target = normal_path(path);
  if (target.empty()) return nullptr;
  auto content = make(Kind::bytes, {});
  content->sibling = target;
  content->unread = true;
  return content;
}

void PyEvaluator::add_reference(const std::string& target, std::size_t at) {
  const std::string path = normal_path(target);
  if (path.empty() || path == path_ || references.size() >= 1000) return;
  const Span place = tokens_.span(tokens_[at].offset, tokens_[at].length);
  const auto kind = exec_depth_ > 0 ? CodeReference::Kind::exec : CodeReference::Kind::open;
  references.push_back({.kind = kind, .target = path, .line = place.line, .text = {}});
}

// The value with a sibling file's content in it.
PyValuePtr PyEvaluator::loaded(const PyValuePtr& input, const char* codec) {
  if (!input->unread) return input;
  std::optional<std::string> content;
  if (read_sibling_) content = read_sibling_(input->sibling);
  if (!content) return failed(codec, "the packed code lies in '" + input->sibling + "', which is not at hand", *input);
  if (!budget_.take(content->size())) return failed(codec, "'" + input->sibling + "' is over the limit", *input);
  auto value = std::make_shared<PyValue>(*input);
  value->kind = Kind::bytes;
  value->data = std::move(*content);
  value->unread = false;
  return value;
}

void PyEvaluator::add_payload(const PyValuePtr& value, bool executed) {
  if (payloads.size() < kMaxPayloads) payloads.push_back({value, executed});
}

PyValuePtr PyEvaluator::failed(const std::string& codec, const std::string& message, const PyValue& input) {
  if (failures.size() < 100 && (input.literal || !input.sibling.empty()))
    failures.push_back({codec, message, input.literal, input.sibling, exec_depth_ > 0});
  return nullptr;
}

PyValuePtr PyEvaluator::decode_text_value(TextCodec codec, const PyValuePtr& given) {
  const PyValuePtr input = loaded(given, codec_name(codec));
  if (input == nullptr) return nullptr;
  auto decoded = decode_text(codec, input->data, budget_);
  if (!decoded) return failed(codec_name(codec), decoded.error().message, *input);
  auto value = make(Kind::bytes, std::move(*decoded));
  value->codecs = input->codecs;
  value->codecs.emplace_back(codec_name(codec));
  value->literal = input->literal;
  value->sibling = input->sibling;
  value->packed_bytes = input->codecs.empty() ? input->data.size() : input->packed_bytes;
  add_payload(value, false);
  return value;
}

// Filters named in a call of lzma.decompress, and whether its format is FORMAT_RAW.
std::vector<RawFilter> PyEvaluator::raw_filters(std::size_t open, bool& raw) const {
  std::vector<RawFilter> filters;
  raw = false;
  for (std::size_t at = open; at < tokens_[open].match && at < open + 4096; ++at) {
    const std::string_view word = tokens_.text(at);
    if (word == "FORMAT_RAW" || (word == "3" && tokens_.is_op(at - 1, '='))) raw = true;
    if (word == "FILTER_LZMA2" || word == "FILTER_LZMA1" || word == "FILTER_DELTA" || word == "FILTER_X86") {
      raw = true;
      filters.push_back({.kind = word == "FILTER_LZMA2"   ? RawFilter::Kind::lzma2
                                 : word == "FILTER_LZMA1" ? RawFilter::Kind::lzma1
                                 : word == "FILTER_DELTA" ? RawFilter::Kind::delta
                                                          : RawFilter::Kind::x86});
    }
    if (filters.empty() || !tokens_.is_string(at) || !tokens_.is_op(at + 1, ':')) continue;
    const std::string key = tokens_.string_value(at);
    const std::string_view text = tokens_.text(at + 2);
    if (text.empty() || text.size() > 3 || text.find_first_not_of("0123456789") != std::string_view::npos) continue;
    const auto number = static_cast<std::uint32_t>(std::stoul(std::string(text)));
    if (key == "lc") filters.back().lc = number;
    if (key == "lp") filters.back().lp = number;
    if (key == "pb") filters.back().pb = number;
    if (key == "dist") filters.back().distance = number;
  }
  return filters;
}

PyValuePtr PyEvaluator::decode_stream_value(StreamCodec codec, const PyValuePtr& given, std::size_t open) {
  const PyValuePtr input = loaded(given, codec_name(codec));
  if (input == nullptr) return nullptr;
  bool raw = false;
  const std::vector<RawFilter> filters = raw_filters(open, raw);
  if (raw && (codec == StreamCodec::lzma || codec == StreamCodec::detect)) codec = StreamCodec::lzma_raw;
  auto decoded = decode_stream(codec, input->data, budget_, filters);
  // A filter list kept in a variable or behind a helper: the stream itself says what it is.
  if (!decoded && codec != StreamCodec::detect) {
    auto detected = decode_stream(StreamCodec::detect, input->data, budget_);
    if (detected) decoded = std::move(detected);
  }
  if (!decoded) return failed(codec_name(codec), decoded.error().message, *input);
  auto value = make(Kind::bytes, std::move(decoded->bytes));
  value->codecs = input->codecs;
  value->codecs.emplace_back(codec_name(decoded->codec));
  value->literal = input->literal;
  value->sibling = input->sibling;
  value->packed_bytes = input->codecs.empty() ? input->data.size() : input->packed_bytes;
  add_payload(value, false);
  return value;
}

PyValuePtr PyEvaluator::call_decoder(std::string_view function, const Arguments& args, std::size_t open) {
  PyValuePtr input = subject(args);
  const std::string_view leaf = function.substr(function.rfind('.') + 1);
  const std::string_view module = function.substr(0, function.find('.'));
  constexpr std::array<std::pair<std::string_view, TextCodec>, 15> kText = {{
      {"b85decode", TextCodec::b85},
      {"a85decode", TextCodec::a85},
      {"b64decode", TextCodec::b64},
      {"standard_b64decode", TextCodec::b64},
      {"urlsafe_b64decode", TextCodec::b64},
      {"decodebytes", TextCodec::b64},
      {"decodestring", TextCodec::b64},
      {"a2b_base64", TextCodec::b64},
      {"b32decode", TextCodec::b32},
      {"b16decode", TextCodec::hex},
      {"unhexlify", TextCodec::hex},
      {"a2b_hex", TextCodec::hex},
      {"fromhex", TextCodec::hex},
      {"base64", TextCodec::b64},
      {"hex", TextCodec::hex},
  }};
  constexpr std::array<std::pair<std::string_view, StreamCodec>, 10> kStream = {{
      {"lzma", StreamCodec::lzma},
      {"zlib", StreamCodec::zlib},
      {"bz2", StreamCodec::bz2},
      {"gzip", StreamCodec::gzip},
      {"brotli", StreamCodec::brotli},
      {"brotlicffi", StreamCodec::brotli},
      {"zstandard", StreamCodec::zstd},
      {"zstd", StreamCodec::zstd},
      {"pyzstd", StreamCodec::zstd},
      {"decompress", StreamCodec::detect},
  }};
  const auto stream = [&](std::string_view name) {
    for (const auto& [key, codec] : kStream)
      if (key == name) return codec;
    return StreamCodec::detect;
  };
  const auto text = [&](std::string_view name, std::string_view skip) -> std::optional<TextCodec> {
    for (const auto& [key, codec] : kText)
      if (key == name && key != skip) return codec;
    return std::nullopt;
  };
  // lzma.open(path or BytesIO): the file is the stream.
  const bool opens = leaf == "open" || leaf == "LZMAFile" || leaf == "BZ2File" || leaf == "GzipFile";
  if (opens && input != nullptr && (input->kind == Kind::text || input->kind == Kind::path) &&
      stream(module) != StreamCodec::detect) {
    add_reference(input->data, args[0].first);
    input = read_file(input->data);
  }
  if (!is_data(input)) return nullptr;
  if (opens || leaf == "decompress") {
    const StreamCodec codec = stream(module);
    return codec == StreamCodec::detect && !leaf.ends_with("decompress") ? nullptr
                                                                         : decode_stream_value(codec, input, open);
  }
  if (function == "codecs.decode" && args.size() >= 2 && is_data(args[1].value)) {
    std::string_view name = args[1].value->data;
    if (name.ends_with("_codec") || name.ends_with("-codec")) name.remove_suffix(6);
    if (const auto codec = text(name, {})) return decode_text_value(*codec, input);
    if (stream(name) != StreamCodec::detect) return decode_stream_value(stream(name), input, open);
    return name.starts_with("utf") ? as(Kind::text, input) : nullptr;
  }
  if (const auto codec = text(leaf, leaf == "hex" ? "hex" : "base64")) return decode_text_value(*codec, input);
  return nullptr;
}

}  // namespace pg::verify
