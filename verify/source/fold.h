#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "verify/source/call_graph.h"
#include "verify/source/ir.h"
#include "verify/source/settings.h"

namespace pg::verify::py {

enum class Truth : std::uint8_t { no, yes, unknown };
Truth operator!(Truth t);
Truth both(Truth a, Truth b);
Truth either(Truth a, Truth b);

// A Python value, as far as reading tells.
struct Value {
  enum class Kind : std::uint8_t { unknown, none, boolean, integer, real, text, sequence };
  Kind kind = Kind::unknown;
  bool is_immutable = false;  // sequence: a tuple
  bool converted = false;     // text from a log that may stand for a boolean or number ("True" for "1")
  std::int64_t integer = 0;   // boolean, integer
  double real = 0;
  std::string text;          // at most 4 KiB; longer strings are unknown
  std::vector<Value> items;  // sequence: at most 64

  bool known() const { return kind != Kind::unknown; }
  bool is_number() const { return kind == Kind::boolean || kind == Kind::integer || kind == Kind::real; }
  double number() const { return kind == Kind::real ? real : static_cast<double>(integer); }
  Truth truth() const;
};
bool operator==(const Value& a, const Value& b);

// A value and what it rests on: settings outside and defaults in the code, for the evidence.
struct Folded {
  Value value;
  bool is_circular = false;  // unknown because it is a copy of itself (self.x = x, where x is what self.x was)
  std::vector<SettingOrigin> origins;  // at most 8
};

// What expressions and conditions of a module come to under the settings of the run. Follows names with one value,
// parameters that all calls pass the same value, attributes (`args.x`, `h.x`, `self.x`) that have one definition,
// classes of hyper-parameters, dataclass and argparse defaults, os.environ and os.getenv. Results are remembered. What
// a log prints for a hyper-parameter outranks what the code says. Not thread-safe; one per module.
class Folder {
 public:
  Folder(const Module& module, const CallGraph& calls, const Settings& settings);
  ~Folder();
  Folder(Folder&&) noexcept;
  Folder& operator=(Folder&&) noexcept;

  const Folded& fold(ExprId expression) const;
  // Of an expression used as a condition: `a and b` is no where one of them is, whatever the other.
  Truth truth(ExprId condition) const;
  // What the truth rests on.
  std::vector<SettingOrigin> reasons(ExprId condition) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pg::verify::py
