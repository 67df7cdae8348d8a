#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pg::verify {

struct JsonMember;

// A JSON value that remembers where it stood and how its numbers were written: claims are compared at their own
// rounding, and every finding names a line.
struct JsonValue {
  enum class Kind { null, boolean, number, string, array, object };
  Kind kind = Kind::null;
  bool boolean = false;
  std::string text;                 // string: its value (UTF-8); number: as written ("1.0810", "15987547")
  std::uint32_t line = 0;           // 1-based line of the value; of its key where it is a member
  std::vector<JsonValue> items;     // array
  std::vector<JsonMember> members;  // object, in file order, duplicates included

  bool is_null() const { return kind == Kind::null; }
  bool is_number() const { return kind == Kind::number; }
  bool is_string() const { return kind == Kind::string; }
  bool is_array() const { return kind == Kind::array; }
  bool is_object() const { return kind == Kind::object; }
  // The last member of that name, as every JSON library takes it; nullptr where absent or no object.
  const JsonValue* find(std::string_view key) const;
};

struct JsonMember {
  std::string key;
  std::uint32_t line = 0;
  JsonValue value;
};

// A key that stands twice in one object.
struct JsonDuplicate {
  std::string key;
  std::uint32_t line = 0;  // of the later one
};

struct JsonDocument {
  JsonValue root;
  bool valid = false;  // by RFC 8259 (a byte order mark is let through)
  // Where not valid: what is wrong, without the file's name, and the line; and what to change.
  std::string error, advice;
  std::uint32_t error_line = 0;
  // Where not valid: whether `root` holds what a second, tolerant reading found. `complete` is false where even that
  // ended before the end of the text, so that `root` holds what stood in front of the defect.
  bool recovered = false, complete = false;
  std::vector<std::string> repairs;  // what the tolerant reading had to ignore, each with its line
  std::vector<JsonDuplicate> duplicates;
};

inline constexpr std::size_t kMaxJsonBytes = std::size_t{4} << 20;
inline constexpr int kMaxJsonDepth = 64;
inline constexpr std::size_t kMaxJsonValues = 200'000;

// Reads JSON. Text that is not valid is read a second time with comments, trailing commas, NaN and Infinity (read as
// null), invalid UTF-8, and text around the value (code fences, shell leftovers) ignored. Past a limit above:
// not valid and not recovered. Never throws.
JsonDocument read_json(std::string_view text);

}  // namespace pg::verify
