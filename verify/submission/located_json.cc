#include "verify/submission/located_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "reference/base/json_error.h"
#include "reference/base/text.h"
#include "verify/submission/json_repair.h"

namespace pg::verify {
namespace {

struct Position {
  std::uint32_t newlines = 0;
  char last = 0;

  // The parser reads one character past a number; where that was the line's end, the number stood before it.
  std::uint32_t line() const { return newlines + 1 - (last == '\n' ? 1 : 0); }
};

// Hands the parser its characters and counts the lines it has consumed.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* at, Position* position) : at_(at), position_(position) {}
  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    position_->last = *at_;
    position_->newlines += *at_ == '\n' ? 1 : 0;
    ++at_;
    return *this;
  }
  CountingIterator operator++(int) {
    CountingIterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const CountingIterator& other) const { return at_ == other.at_; }
  bool operator!=(const CountingIterator& other) const { return at_ != other.at_; }

 private:
  const char* at_;
  Position* position_;
};

// Builds the tree from nlohmann's events. Values are moved into their parent when they close, so that at an error
// close_all() keeps what was complete.
class TreeBuilder {
 public:
  explicit TreeBuilder(const Position& position) : position_(position) {}

  bool null() { return add(JsonValue::Kind::null, ""); }
  bool boolean(bool value) {
    JsonValue node = make(JsonValue::Kind::boolean, "");
    node.boolean = value;
    return place(std::move(node));
  }
  bool number_integer(std::int64_t value) { return add(JsonValue::Kind::number, std::to_string(value)); }
  bool number_unsigned(std::uint64_t value) { return add(JsonValue::Kind::number, std::to_string(value)); }
  bool number_float(double, const std::string& raw) { return add(JsonValue::Kind::number, raw); }
  bool string(std::string& value) { return add(JsonValue::Kind::string, value); }
  bool binary(std::vector<std::uint8_t>&) { return false; }
  bool start_object(std::size_t) { return open(JsonValue::Kind::object); }
  bool start_array(std::size_t) { return open(JsonValue::Kind::array); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool key(std::string& name) {
    key_ = name;
    key_line_ = position_.line();
    if (!keys_.back().insert(name).second && duplicates.size() < kMaxDuplicates)
      duplicates.push_back({name, key_line_});
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception& exception) {
    error = exception.what();
    // "[json.exception.parse_error.101] parse error at line 3, column 5: ..." -> what follows the position
    const std::size_t at = error.find(": ");
    if (at != std::string::npos) error.erase(0, at + 2);
    return false;
  }

  void close_all() {
    while (!stack_.empty()) close();
  }

  JsonValue root;
  bool has_root = false;
  std::string limit;  // which limit was reached; empty: none
  std::string error;
  std::vector<JsonDuplicate> duplicates;

 private:
  static constexpr std::size_t kMaxDuplicates = 100;
  struct Open {
    JsonValue value;
    std::string key;
    std::uint32_t key_line;
  };

  JsonValue make(JsonValue::Kind kind, std::string text) const {
    JsonValue node;
    node.kind = kind;
    node.text = std::move(text);
    node.line = !stack_.empty() && stack_.back().value.is_object() ? key_line_ : position_.line();
    return node;
  }
  bool add(JsonValue::Kind kind, std::string text) { return place(make(kind, std::move(text))); }

  bool place(JsonValue node) {
    // A node takes 25 times the memory of the shortest text that makes one.
    if (++values_ > kMaxJsonValues && limit.empty()) limit = fmt::format("more than {} values", kMaxJsonValues);
    if (stack_.empty()) {
      root = std::move(node);
      has_root = true;
    } else if (JsonValue& parent = stack_.back().value; parent.is_object()) {
      parent.members.push_back({key_, key_line_, std::move(node)});
    } else {
      parent.items.push_back(std::move(node));
    }
    return limit.empty();
  }

  bool open(JsonValue::Kind kind) {
    if (stack_.size() >= static_cast<std::size_t>(kMaxJsonDepth)) {
      limit = fmt::format("nested deeper than {} levels", kMaxJsonDepth);
      return false;
    }
    stack_.push_back({make(kind, ""), key_, key_line_});
    keys_.emplace_back();
    return true;
  }

  bool close() {
    Open closed = std::move(stack_.back());
    stack_.pop_back();
    keys_.pop_back();
    key_ = std::move(closed.key);
    key_line_ = closed.key_line;
    return place(std::move(closed.value));
  }

  const Position& position_;
  std::vector<Open> stack_;
  std::vector<std::set<std::string>> keys_;
  std::string key_;
  std::uint32_t key_line_ = 0;
  std::size_t values_ = 0;
};

struct Reading {
  JsonValue root;
  bool ok = false, has_root = false;
  std::string limit, error;
  std::uint32_t error_line = 0;
  std::vector<JsonDuplicate> duplicates;
};

Reading parse(std::string_view text, bool whole_text) {
  Position position;
  TreeBuilder builder(position);
  Reading reading;
  try {
    reading.ok = nlohmann::json::sax_parse(CountingIterator(text.data(), &position),
                                           CountingIterator(text.data() + text.size(), &position), &builder,
                                           nlohmann::json::input_format_t::json, whole_text);
  } catch (const std::exception& exception) {  // numbers out of range are thrown in some versions
    builder.error = json_problem(exception.what());
  }
  reading.error_line = position.line();
  builder.close_all();
  reading.root = std::move(builder.root);
  reading.has_root = builder.has_root;
  reading.limit = builder.limit;
  reading.error = builder.limit.empty() ? builder.error : builder.limit;
  reading.duplicates = std::move(builder.duplicates);
  return reading;
}

// What to change, from what the tolerant reading had to ignore.
std::string advice_for(const JsonDocument& document) {
  if (document.complete && !document.repairs.empty()) return "remove it: " + document.repairs.front();
  return "correct it there; python3 -m json.tool FILE shows whether it reads";
}

}  // namespace

const JsonValue* JsonValue::find(std::string_view key) const {
  for (auto member = members.rbegin(); member != members.rend(); ++member)
    if (member->key == key) return &member->value;
  return nullptr;
}

JsonDocument read_json(std::string_view text) {
  JsonDocument document;
  document.error_line = 1;
  if (text.size() > kMaxJsonBytes) {
    document.error = fmt::format("larger than {} bytes", kMaxJsonBytes);
    document.advice = "keep logs and tables out of the metadata file";
    return document;
  }
  if (trim(text.substr(0, 65536)).empty() && trim(text).empty()) {
    document.error = "the file is empty";
    document.advice = "write a JSON object with name, author, github_id and val_bpb";
    return document;
  }
  Reading strict = parse(text, true);
  if (strict.ok) {
    document.root = std::move(strict.root);
    document.valid = document.complete = true;
    document.duplicates = std::move(strict.duplicates);
    return document;
  }
  document.error = escape_line(strict.error);
  document.error_line = strict.error_line;
  if (!strict.limit.empty()) {
    document.advice = "keep only the submission's own facts in it";
    return document;
  }
  const RepairedJson repaired = repair_json(text);
  Reading tolerant = parse(repaired.text, false);
  document.repairs = repaired.repairs;
  if (tolerant.ok) document.complete = true;
  // A scalar is nothing to recover from ("Traceback ..." with a number in front would be one).
  document.recovered =
      tolerant.has_root && tolerant.limit.empty() && (!tolerant.root.members.empty() || !tolerant.root.items.empty());
  document.complete = document.complete && document.recovered;
  if (document.recovered) {
    document.root = std::move(tolerant.root);
    document.duplicates = std::move(tolerant.duplicates);
  }
  document.advice = advice_for(document);
  return document;
}

}  // namespace pg::verify
