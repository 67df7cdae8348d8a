#include "verify/submission/unpack_eval.h"

#include <algorithm>
#include <charconv>

namespace pg::verify {
namespace {

using Kind = PyValue::Kind;

constexpr int kMaxNesting = 32;
constexpr std::size_t kMaxListItems = 1 << 16;

// Those of them that are not worth an evaluation on their own.
bool only_inside(std::string_view root) {
  return root == "str" || root == "io" || root == "os" || root == "json" || root == "memoryview" || root == "getattr";
}

PyValuePtr make(Kind kind, std::string data = {}) {
  auto value = std::make_shared<PyValue>();
  value->kind = kind;
  value->data = std::move(data);
  return value;
}

PyValuePtr parse_number(std::string_view text) {
  std::string digits;
  for (const char c : text)
    if (c != '_') digits += c;
  int base = 10;
  std::size_t skip = 0;
  if (digits.size() > 2 && digits[0] == '0' && (digits[1] | 0x20) == 'x') base = 16, skip = 2;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data() + skip, digits.data() + digits.size(), number, base);
  if (error != std::errc() || end != digits.data() + digits.size()) return nullptr;
  auto value = make(Kind::number);
  value->number = number;
  return value;
}

}  // namespace

PyEvaluator::PyEvaluator(const PyTokens& tokens, std::string_view path, const SiblingReader& read_sibling,
                         UnpackBudget& budget)
    : tokens_(tokens),
      path_(path),
      read_sibling_(read_sibling),
      budget_(budget),
      steps_left_(1'000'000 + 16 * tokens.size()) {
  for_each_known_name([&](std::string_view known) { filter_.set(filter_bit(known)); });
}

void PyEvaluator::run() {
  bool start = true;
  const std::size_t end = tokens_.size() - 1;
  for (std::size_t at = 0; at < end;) {
    const PyToken& token = tokens_[at];
    if (token.kind != PyToken::Kind::name) {
      start = token.kind == PyToken::Kind::newline || tokens_.is_op(at, ';') || tokens_.is_op(at, ':');
      ++at;
      continue;
    }
    if (start) {
      start = false;
      if (const std::size_t next = statement(at); next > at) {
        at = next;
        continue;
      }
    }
    const bool attribute_name = at > 0 && tokens_.is_op(at - 1, '.');
    if (attribute_name || !starts_interesting(at)) {
      ++at;
      continue;
    }
    std::size_t behind = at;
    const PyValuePtr value = primary(behind, 0);
    if (value == nullptr || behind <= at) {
      ++at;
      continue;
    }
    if (tokens_.text(behind) == "as" && tokens_.is_name(behind + 1)) bind(tokens_.text(behind + 1), value);
    at = behind;
  }
  gave_up = steps_left_ == 0;
}

void PyEvaluator::bind(std::string_view name, PyValuePtr value) {
  if (value == nullptr) {
    if (filter_[filter_bit(name)]) names_.erase(name);
  } else {
    filter_.set(filter_bit(name));
    names_[name] = std::move(value);
  }
}

bool PyEvaluator::starts_interesting(std::size_t at) const {
  const std::string_view name = tokens_.text(at);
  if (!filter_[filter_bit(name)]) return false;
  const auto bound = names_.find(name);
  if (bound == names_.end()) return is_known_name(name) && !only_inside(name);
  if (bound->second->kind == Kind::file) return tokens_.is_op(at + 1, '.');
  if (bound->second->kind != Kind::callable) return bound->second->kind == Kind::path;
  const std::string_view root = root_of(bound->second->data);
  return is_known_name(root) && !only_inside(root);
}

PyValuePtr PyEvaluator::expression(std::size_t& at, int depth) {
  PyValuePtr left = term(at, depth);
  while (left != nullptr && (tokens_.is_op(at, '+') || tokens_.is_op(at, '-') || tokens_.is_op(at, '|'))) {
    const char op = tokens_.text(at)[0];
    const PyValuePtr right = term(++at, depth);
    if (right == nullptr) return nullptr;
    if (left->kind == Kind::number && right->kind == Kind::number) {
      const auto a = static_cast<std::uint64_t>(left->number), b = static_cast<std::uint64_t>(right->number);
      left = make(Kind::number);
      left->number = static_cast<std::int64_t>(op == '+' ? a + b : op == '-' ? a - b : a | b);
    } else {
      left = op == '+' ? join_values(std::move(left), *right) : nullptr;
    }
  }
  return left;
}

// Text or bytes one behind the other; `left` is extended in place where nobody else holds it, so that long chains of
// additions cost linear time.
PyValuePtr PyEvaluator::join_values(PyValuePtr left, const PyValue& right) {
  const bool joinable = left->kind == right.kind && (left->kind == Kind::text || left->kind == Kind::bytes) &&
                        !left->unread && !right.unread;
  if (!joinable || !budget_.take(right.data.size())) return nullptr;
  if (left.use_count() > 1) {
    if (!budget_.take(left->data.size())) return nullptr;
    left = std::make_shared<PyValue>(*left);
  }
  left->data += right.data;
  if (left->codecs.empty()) left->codecs = right.codecs;
  left->packed_bytes += right.packed_bytes;
  if (!left->literal) {
    left->literal = right.literal;
  } else if (right.literal && right.literal->offset >= left->literal->offset) {
    const std::uint64_t end = right.literal->offset + right.literal->length;
    left->literal->length = std::max(left->literal->length, end - left->literal->offset);
  }
  return left;
}

PyValuePtr PyEvaluator::term(std::size_t& at, int depth) {
  if (tokens_.is_op(at, '-')) {
    const PyValuePtr value = primary(++at, depth);
    if (value == nullptr || value->kind != Kind::number) return nullptr;
    auto negated = make(Kind::number);
    negated->number = static_cast<std::int64_t>(0 - static_cast<std::uint64_t>(value->number));
    return negated;
  }
  PyValuePtr left = primary(at, depth);
  while (left != nullptr && (tokens_.is_op(at, '*') || tokens_.is_op(at, '/'))) {
    const bool divide = tokens_.is_op(at, '/');
    const PyValuePtr right = primary(++at, depth);
    if (right == nullptr) return nullptr;
    const bool paths = divide && left->kind == Kind::path && (right->kind == Kind::path || right->kind == Kind::text);
    left = paths ? path_method(*left, "joinpath", {Argument{right, {}, 0, 0}}) : nullptr;
  }
  return left;
}

PyValuePtr PyEvaluator::primary(std::size_t& at, int depth) {
  if (depth > kMaxNesting || steps_left_ == 0) return nullptr;
  --steps_left_;
  PyValuePtr value = atom(at, depth);
  while (value != nullptr) {
    const bool callable = value->kind == Kind::callable;
    if (tokens_.is_op(at, '.') && tokens_.is_name(at + 1)) {
      const std::string_view name = tokens_.text(at + 1);
      if (!callable && tokens_.is_op(at + 2, '(')) {
        const std::size_t open = at + 2;
        const Arguments args = arguments(open, depth + 1);
        at = tokens_[open].match + 1;
        value = method(value, name, args);
      } else {
        value = attribute(*value, name);
        at += 2;
      }
    } else if (callable && tokens_.is_op(at, '(')) {
      const std::size_t open = at;
      const std::string function = value->data;
      const std::string_view leaf = std::string_view(function).substr(function.rfind('.') + 1);
      const bool runs = leaf == "exec" || leaf == "eval" || leaf == "compile" || function == "marshal.loads";
      const bool is_exec = runs && function != "re.compile" && function != "torch.compile";
      exec_depth_ += is_exec;
      executes = executes || is_exec || function.starts_with("runpy.");
      const Arguments args = arguments(open, depth + 1);
      at = tokens_[open].match + 1;
      value = call(function, args, open);
      exec_depth_ -= is_exec;
    } else if (!callable && tokens_.is_op(at, '[')) {
      const std::size_t open = at;
      at = tokens_[open].match + 1;
      value = subscript(*value, open, depth + 1);
    } else {
      break;
    }
  }
  return value;
}

PyValuePtr PyEvaluator::atom(std::size_t& at, int depth) {
  switch (tokens_[at].kind) {
    case PyToken::Kind::string:
      return string_literal(at);
    case PyToken::Kind::number:
      return parse_number(tokens_.text(at++));
    case PyToken::Kind::name:
      return name(at);
    case PyToken::Kind::op:
      return tokens_.is_op(at, '(') || tokens_.is_op(at, '[') ? bracketed(at, depth) : nullptr;
    default:
      return nullptr;
  }
}

// (a), (a, b) or [a, b].
PyValuePtr PyEvaluator::bracketed(std::size_t& at, int depth) {
  const std::size_t open = at, close = tokens_[open].match;
  const bool list = tokens_.is_op(open, '[');
  auto values = make(Kind::list);
  bool comma = false;
  for (std::size_t item = open + 1; item < close;) {
    const PyValuePtr value = expression(item, depth + 1);
    if (value == nullptr || values->items.size() >= kMaxListItems) return nullptr;
    values->items.push_back(value);
    if (item >= close) break;
    if (!tokens_.is_op(item, ',')) return nullptr;
    comma = true;
    ++item;
  }
  if (close >= tokens_.size() - 1) return nullptr;
  at = close + 1;
  if (!list && !comma && values->items.size() == 1) return values->items[0];
  return values;
}

// One literal or several side by side.
PyValuePtr PyEvaluator::string_literal(std::size_t& at) {
  const std::size_t first = at;
  auto value = make(tokens_[at].is_bytes ? Kind::bytes : Kind::text);
  for (; tokens_.is_string(at); ++at) {
    std::string text = tokens_.string_value(at);
    if (tokens_[at].is_fstring && text.find('{') != std::string::npos) return nullptr;
    if (at == first) {
      value->data = std::move(text);
    } else {
      value->data += text;
    }
  }
  const PyToken& last = tokens_[at - 1];
  const std::uint64_t start = tokens_[first].offset;
  value->literal = tokens_.span(start, last.offset + last.length - start);
  return value;
}

PyValuePtr PyEvaluator::name(std::size_t& at) {
  const std::string_view text = tokens_.text(at++);
  if (const auto bound = names_.find(text); bound != names_.end()) return bound->second;
  if (text == "__file__") return make(Kind::text, path_);
  return is_known_name(text) ? make(Kind::callable, std::string(text)) : nullptr;
}

PyValuePtr PyEvaluator::attribute(const PyValue& value, std::string_view name) {
  if (value.kind == Kind::callable) {
    if (value.data.size() > 200) return nullptr;
    return make(Kind::callable, value.data + "." + std::string(name));
  }
  if (value.kind == Kind::path) return path_method(value, name, {});
  return nullptr;
}

// value[i], value[i:j], value[::-1].
PyValuePtr PyEvaluator::subscript(const PyValue& value, std::size_t open, int depth) {
  const std::size_t close = tokens_[open].match;
  std::vector<std::optional<std::int64_t>> parts(1);
  for (std::size_t at = open + 1; at < close;) {
    if (tokens_.is_op(at, ':')) {
      parts.emplace_back();
      ++at;
      continue;
    }
    const PyValuePtr part = expression(at, depth);
    if (part == nullptr || part->kind != Kind::number || (at < close && !tokens_.is_op(at, ':'))) return nullptr;
    parts.back() = part->number;
  }
  const bool list = value.kind == Kind::list;
  if ((!list && value.kind != Kind::text && value.kind != Kind::bytes) || value.unread || parts.size() > 3)
    return nullptr;
  const auto size = static_cast<std::int64_t>(list ? value.items.size() : value.data.size());
  const auto clamp = [&](std::int64_t i) { return std::clamp<std::int64_t>(i < 0 ? i + size : i, 0, size); };
  if (parts.size() == 1) {
    const std::int64_t index = parts[0].value_or(size);
    const std::int64_t from_start = index < 0 ? index + size : index;
    return list && from_start >= 0 && from_start < size ? value.items[static_cast<std::size_t>(from_start)] : nullptr;
  }
  const std::int64_t step = parts.size() == 3 ? parts[2].value_or(1) : 1;
  if (list || (step != 1 && step != -1) || !budget_.take(value.data.size())) return nullptr;
  if (step == -1 && (parts[0] || parts[1])) return nullptr;
  auto sliced = std::make_shared<PyValue>(value);
  if (step == -1) {
    std::reverse(sliced->data.begin(), sliced->data.end());
  } else {
    const std::int64_t first = clamp(parts[0].value_or(0)), last = clamp(parts[1].value_or(size));
    sliced->data = value.data.substr(static_cast<std::size_t>(first),
                                     static_cast<std::size_t>(std::max<std::int64_t>(last - first, 0)));
  }
  return sliced;
}

PyEvaluator::Arguments PyEvaluator::arguments(std::size_t open, int depth) {
  Arguments args;
  const std::size_t close = tokens_[open].match;
  for (std::size_t at = open + 1; at < close;) {
    Argument arg;
    if (tokens_.is_name(at) && tokens_.is_op(at + 1, '=') && !tokens_.is_op(at + 2, '=')) {
      arg.keyword = tokens_.text(at);
      at += 2;
    }
    arg.first = at;
    // The argument ends at the next comma outside brackets.
    std::size_t end = at;
    while (end < close && !tokens_.is_op(end, ',')) end = std::max<std::size_t>(tokens_[end].match, end) + 1;
    arg.last = std::min(end, close);
    std::size_t behind = at;
    arg.value = expression(behind, depth);
    if (behind != arg.last) arg.value = nullptr;
    args.push_back(std::move(arg));
    steps_left_ -= std::min<std::uint64_t>(steps_left_, 1);
    at = end + 1;
  }
  return args;
}

}  // namespace pg::verify
