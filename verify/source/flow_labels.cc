#include "verify/source/flow_labels.h"

#include <algorithm>
#include <array>

namespace pg::verify::py {
namespace {

using namespace label;
constexpr int kMaxRounds = 12;
constexpr int kMaxPassed = 4'000'000;  // arguments tried for parameters: a hostile source costs no more

template <std::size_t N>
bool among(std::string_view name, const std::array<std::string_view, N>& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Attributes and methods whose value says nothing about the contents.
constexpr std::array<std::string_view, 24> kShape = {
    "shape",         "dtype",    "device",   "ndim",   "numel",        "size", "dim",      "is_cuda",
    "requires_grad", "nbytes",   "itemsize", "stride", "len",          "type", "id",       "isinstance",
    "hasattr",       "callable", "print",    "log0",   "perf_counter", "time", "callable", "element_size"};

constexpr std::uint64_t kParameterMask = ~((1ull << kParameterShift) - 1);

bool word_at(std::string_view text, std::string_view word) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  for (std::size_t p = text.find(word); p != std::string_view::npos; p = text.find(word, p + 1)) {
    const std::size_t end = p + word.size();
    if ((p == 0 || !letter(text[p - 1])) && (end == text.size() || !letter(text[end]))) return true;
  }
  return false;
}

}  // namespace

std::string_view last_part(std::string_view dotted) {
  const auto dot = dotted.rfind('.');
  return dot == std::string_view::npos ? dotted : dotted.substr(dot + 1);
}

bool is_about_shape(std::string_view name) {
  return among(name, kShape);
}

Labels::Labels(const Program& program, const Defs& defs, std::vector<bool> dead)
    : program_(program), m_(program.module()), defs_(defs), dead_(std::move(dead)) {
  labels_.assign(m_.exprs.size(), 0);
  parameters_.assign(m_.all_parameters.size(), 0);
  attributes_.assign(m_.symbols.size(), 0);
  returned_.resize(m_.functions.size());
  blend_.assign(m_.exprs.size(), false);
  callee_names_.resize(m_.exprs.size());
  about_shape_.assign(m_.exprs.size(), false);
  const std::vector<ExprId> open = name_calls();
  collect_passed();
  for (round_ = 0; round_ < kMaxRounds; ++round_) {
    bool changed = false;
    withheld_ = false;
    const auto visit = [&](ExprId e) {
      const std::uint64_t next = labels_[e] | evaluate(e);
      changed |= next != labels_[e];
      labels_[e] = next;
    };
    if (round_ == 0) {
      for (ExprId e = 0; e < m_.exprs.size(); ++e) visit(e);
    } else {
      for (const ExprId e : open) visit(e);
    }
    changed |= pass_arguments();
    changed |= fill_arguments();
    changed |= store_attributes();
    changed |= update_returns();
    if (!changed && !withheld_) break;
    if (!changed && round_ < kSettled) round_ = kSettled - 1;
  }
}

// Gives the expressions whose labels may change behind the first round.
std::vector<ExprId> Labels::name_calls() {
  std::vector<bool> shape_symbol(m_.symbols.size());
  for (Symbol symbol = 0; symbol < m_.symbols.size(); ++symbol)
    shape_symbol[symbol] = is_about_shape(m_.symbol(symbol));
  std::vector<ExprId> open;
  for (ExprId e = 0; e < m_.exprs.size(); ++e) {
    const Expr& x = m_.expr(e);
    if (x.kind == ExprKind::attribute) about_shape_[e] = shape_symbol[x.name];
    if (x.kind == ExprKind::call) {
      callee_names_[e] = program_.calls().qualified_name(m_.operand(e, 0));
      about_shape_[e] = is_about_shape(last_part(callee_names_[e]));
    }
    const bool leaf = x.operands.count == 0 && x.kind != ExprKind::name && x.kind != ExprKind::call;
    if (leaf || x.kind == ExprKind::string || x.kind == ExprKind::lambda) continue;
    if (x.kind == ExprKind::attribute && about_shape_[e]) continue;
    open.push_back(e);
  }
  return open;
}

void Labels::collect_passed() {
  const CallGraph& calls = program_.calls();
  int tried = 0;
  for (ExprId e = 0; e < m_.exprs.size(); ++e) {
    if (m_.expr(e).kind != ExprKind::call) continue;
    for (const Callee& c : calls.callees(e)) {
      const Range parameters = m_.functions[c.function].parameters;
      for (std::uint32_t i = c.bound; i < parameters.count && tried < kMaxPassed; ++i, ++tried)
        if (const ExprId a = calls.argument(e, c, i); a != kNone) passed_.push_back({a, parameters.first + i});
    }
  }
  for (const Def& d : defs_.all()) {
    if (d.kind != Def::Kind::mutation || !d.in_place || d.value == kNone) continue;
    const auto same = defs_.of(d.function, d.name);
    if (!same.empty() && defs_.def(same[0]).kind == Def::Kind::parameter)  // parameters come first
      put_.push_back({d.value, defs_.def(same[0]).parameter_id});
  }
}

std::uint64_t Labels::concrete(std::uint64_t l, FunctionId f) const {
  std::uint64_t own = l & kOwn;
  if ((l & kParameterMask) == 0) return own;
  const Range parameters = m_.functions[f].parameters;
  for (std::uint32_t i = 0; i < parameters.count && i < kMaxParameters; ++i)
    if (l >> (kParameterShift + i) & 1) own |= parameters_[parameters.first + i];
  return own;
}

// The part of a value that position `index` of an unpacking takes, or what iterating it gives.
std::uint64_t Labels::element(ExprId value, int index, bool iterated) {
  if (value == kNone) return 0;
  const Expr& v = m_.expr(value);
  if (v.kind == ExprKind::call && index >= 0) {
    const std::string_view name = last_part(callee_names_[value]);
    if (iterated && name == "enumerate") return index == 0 ? 0 : element(m_.operand(value, 1), -1, true);
    if (iterated && name == "zip") {
      const ExprId part = m_.operand(value, static_cast<std::uint32_t>(index) + 1);
      return part == kNone ? 0 : labels_[part];
    }
    if (!iterated && !program_.calls().callees(value).empty()) return of_own_call(value, index);
  }
  return labels_[value];
}

std::uint64_t Labels::of_def(const Def& d, FunctionId user) {
  std::uint64_t l = 0;
  if (d.kind == Def::Kind::parameter) {
    l = d.parameter < kMaxParameters ? 1ull << (kParameterShift + d.parameter) : parameters_[d.parameter_id];
  } else if (d.value != kNone && (d.stmt == kNone || !dead_[d.stmt])) {
    l = element(d.value, d.index, d.kind == Def::Kind::element);
    const FunctionId f = defs_.function_of(d.value);
    if (f != d.function) l = concrete(l, f);
    if (d.kind == Def::Kind::mutation) l &= ~kOptimizer;
  }
  return user == d.function ? l : concrete(l, d.function);
}

std::uint64_t Labels::of_name(ExprId e) {
  std::uint64_t l = 0;
  const FunctionId user = defs_.function_of(e);
  for (const std::uint32_t d : defs_.reaching(e)) l |= of_def(defs_.def(d), user);
  if (filled_.empty()) return l;
  const auto filled = filled_.find(std::uint64_t{user} << 32 | m_.expr(e).name);
  return filled == filled_.end() ? l : l | filled->second;
}

std::uint64_t Labels::operands_of(ExprId e) const {
  std::uint64_t l = 0;
  for (const ExprId o : m_.operands(e))
    if (o != kNone) l |= labels_[o];
  return l;
}

// Files are known by the contest's own names: fineweb_train_*.bin, fineweb_val_*.bin, val.bin, a split named "val".
std::uint64_t Labels::of_string(ExprId e) const {
  const Expr& x = m_.expr(e);
  if (x.end - x.begin > 200 || x.end - x.begin < 5) return 0;
  const std::string_view text = m_.text(e);
  const bool file = text.find(".bin") != std::string_view::npos || text.find('*') != std::string_view::npos ||
                    text.find(".npy") != std::string_view::npos;
  const bool split = text.size() <= 12 && x.parent != kNone && m_.expr(x.parent).kind == ExprKind::call;
  if ((!file && !split) || text.find("bytes") != std::string_view::npos || text.find(' ') != std::string_view::npos)
    return 0;
  std::uint64_t l = 0;
  if (word_at(text, "val") || word_at(text, "validation")) l |= kVal;
  if (word_at(text, "train")) l |= kTrain;
  return l;
}

// conf["val_files"] of a dict that the name is bound to as a literal: what stands under this key, not under all.
bool Labels::of_literal_key(ExprId object, ExprId key, std::uint64_t& l) const {
  if (m_.expr(object).kind != ExprKind::name || key == kNone || m_.expr(key).kind != ExprKind::string) return false;
  const auto defs = defs_.reaching(object);
  if (defs.empty() || defs.size() > 8) return false;
  const std::string wanted = m_.string_value(key);
  std::uint64_t held = 0;
  bool found = false;
  for (const std::uint32_t id : defs) {
    const Def& d = defs_.def(id);
    if (d.kind == Def::Kind::mutation) {  // conf[other] = value: seen where the key is not in the literal
      continue;
    }
    if (d.kind != Def::Kind::value || d.index >= 0 || d.value == kNone || m_.expr(d.value).kind != ExprKind::dict)
      return false;
    for (const ExprId pair : m_.operands(d.value)) {
      if (pair == kNone || m_.expr(pair).kind != ExprKind::pair) return false;
      const ExprId k = m_.operand(pair, 0);
      if (k == kNone || m_.expr(k).kind != ExprKind::string || m_.string_value(k) != wanted) continue;
      const std::uint64_t part = labels_[m_.operand(pair, 1)];
      held |= d.function == defs_.function_of(object) ? part : concrete(part, d.function);
      found = true;
    }
  }
  if (found) l = held;
  return found;
}

std::uint64_t Labels::of_subscript(ExprId e) const {
  const ExprId object = m_.operand(e, 0);
  if (std::uint64_t l = 0; m_.expr(e).operands.count == 2 && of_literal_key(object, m_.operand(e, 1), l)) return l;
  const FunctionId f = defs_.function_of(e);
  std::uint64_t index = 0;
  std::uint32_t indices = 0;
  bool sliced = false;
  for (std::uint32_t i = 1; i < m_.expr(e).operands.count; ++i) {
    const ExprId o = m_.operand(e, i);
    if (o == kNone) continue;
    if (m_.expr(o).kind == ExprKind::slice) {
      sliced = true;
      continue;
    }
    index |= labels_[o];
    indices += m_.expr(o).kind == ExprKind::tuple ? m_.expr(o).operands.count : 1;
  }
  const std::uint64_t of_object = labels_[object];
  const std::uint64_t key = concrete(index, f), held = concrete(of_object, f);
  if (!(key & (kVal | kTrain)) || (held & kGold)) return of_object;
  if (held & kProb) return indices >= 2 && !sliced ? (of_object & ~kLookup) | kGold : of_object;
  return of_object | (index & ~(kGold | kBlend | kProb | kOptimizer)) | kLookup;
}

// w * p + v * q: one factor of one side a table's answer, one factor of the other side the gold probability. The
// weights may depend on anything.
bool Labels::weighted_blend(ExprId e) const {
  const Expr& x = m_.expr(e);
  if (x.kind != ExprKind::binary || x.operands.count != 2) return false;
  bool gold[2] = {false, false}, table[2] = {false, false};
  for (std::uint32_t side = 0; side < 2; ++side) {
    const Expr& s = m_.expr(m_.operand(e, side));
    if (s.kind != ExprKind::binary || s.op != Op::mul) return false;
    for (std::uint32_t i = 0; i < 2; ++i) {
      const std::uint64_t l = of(m_.operand(m_.operand(e, side), i));
      table[side] |= (l & kLookup) && (l & kVal) && !(l & (kGold | kBlend | kProb));
      gold[side] |= (l & kGold) && (l & kVal) && !(l & kBlend);
    }
  }
  return (gold[0] && table[1]) || (gold[1] && table[0]);
}

// A sum or a choice between a and b, one the model's probability of the gold token, the other a table's answer.
std::uint64_t Labels::combine(ExprId e, std::uint64_t a, std::uint64_t b) {
  const FunctionId f = defs_.function_of(e);
  const std::uint64_t x = concrete(a, f), y = concrete(b, f);
  const auto table = [](std::uint64_t l) { return (l & kLookup) && (l & kVal) && !(l & (kGold | kBlend | kProb)); };
  const auto gold = [](std::uint64_t l) { return (l & kGold) && (l & kVal); };
  const bool direct = (gold(x) && table(y)) || (gold(y) && table(x));
  if (direct || weighted_blend(e)) {
    blend_[e] = true;
    return a | b | kBlend;
  }
  return a | b;
}

std::uint64_t Labels::evaluate(ExprId e) {
  const Expr& x = m_.expr(e);
  switch (x.kind) {
    case ExprKind::name:
      return of_name(e);
    case ExprKind::string:
      return of_string(e);
    case ExprKind::attribute: {
      if (about_shape_[e]) return 0;
      if (m_.name(e) == "grad") return labels_[m_.operand(e, 0)] & ~(kGold | kProb | kBlend | kLookup);
      return labels_[m_.operand(e, 0)] | attributes_[x.name];
    }
    case ExprKind::call:
      return of_call(e);
    case ExprKind::subscript:
      return of_subscript(e);
    case ExprKind::compare:
      return operands_of(e) & ~(kLookup | kGold | kBlend | kProb | kOptimizer);
    case ExprKind::binary:
      if (x.op == Op::sub && is_maximum(m_.operand(e, 1)))  // log sum exp: only shifts its left side
        return labels_[m_.operand(e, 0)] | (labels_[m_.operand(e, 1)] & (kVal | kTrain | kPayload));
      if (x.op == Op::add)
        for (const std::uint32_t side : {0u, 1u})  // adding the logarithm of a weight scales the other side
          if (is_log_weight(m_.operand(e, side)))
            return labels_[m_.operand(e, 1 - side)] | (labels_[m_.operand(e, side)] & (kVal | kTrain | kPayload));
      if (x.op == Op::add || x.op == Op::sub) return combine(e, labels_[m_.operand(e, 0)], labels_[m_.operand(e, 1)]);
      if (x.op == Op::bit_xor || x.op == Op::bit_and || x.op == Op::bit_or || x.op == Op::lshift ||
          x.op == Op::rshift || x.op == Op::mod)
        return operands_of(e) & ~(kGold | kProb | kBlend);  // keys and masks
      return operands_of(e);
    case ExprKind::conditional: {
      const ExprId a = m_.operand(e, 1), b = m_.operand(e, 2);
      const Truth truth = program_.folder().truth(m_.operand(e, 0));
      return (a == kNone || truth == Truth::no ? 0 : labels_[a]) | (b == kNone || truth == Truth::yes ? 0 : labels_[b]);
    }
    case ExprKind::list_comp:
    case ExprKind::set_comp:
    case ExprKind::generator:
      return labels_[m_.operand(e, 0)];
    case ExprKind::lambda:
      return 0;
    default:
      return operands_of(e);
  }
}

bool Labels::pass_arguments() {
  bool changed = false;
  for (const Passed& p : passed_) {
    std::uint64_t& held = parameters_[p.parameter_id];
    const std::uint64_t next = held | concrete(labels_[p.argument], defs_.function_of(p.argument));
    changed |= next != held;
    held = next;
  }
  return changed;
}

// What functions put into the containers that callers hand them.
bool Labels::fill_arguments() {
  bool changed = false;
  std::vector<std::uint64_t> out(parameters_.size(), 0);
  for (const Passed& p : put_)
    out[p.parameter_id] |= concrete(labels_[p.argument], defs_.function_of(p.argument)) & ~(kOptimizer | kProb);
  for (const Passed& p : passed_) {
    const ExprId a = p.argument;
    if (out[p.parameter_id] == 0 || m_.expr(a).kind != ExprKind::name || m_.expr(a).stmt == kNone) continue;
    std::uint64_t& held = filled_[std::uint64_t{defs_.function_of(a)} << 32 | m_.expr(a).name];
    const std::uint64_t next = held | out[p.parameter_id];
    changed |= next != held;
    held = next;
  }
  return changed;
}

bool Labels::store_attributes() {
  bool changed = false;
  for (const AttributeStore& s : defs_.stores()) {
    if (s.value == kNone) continue;
    const std::uint64_t next = attributes_[s.name] |
                               (concrete(element(s.value, s.index, false), defs_.function_of(s.value)) & ~kOptimizer) |
                               (s.mutation ? 0 : concrete(labels_[s.value], defs_.function_of(s.value)) & kOptimizer);
    changed |= next != attributes_[s.name];
    attributes_[s.name] = next;
  }
  return changed;
}

bool Labels::update_returns() {
  bool changed = false;
  const auto join = [&](FunctionId f, ExprId value) {
    Returned& r = returned_[f];
    const std::uint64_t whole = r.whole | labels_[value];
    changed |= whole != r.whole;
    r.whole = whole;
    if (m_.expr(value).kind != ExprKind::tuple) {
      r.uneven = true;
      return;
    }
    const auto parts = m_.operands(value);
    if (r.parts.empty()) r.parts.assign(parts.size(), 0);
    if (r.parts.size() != parts.size()) r.uneven = true;
    for (std::size_t i = 0; i < parts.size() && i < r.parts.size(); ++i) {
      changed |= (r.parts[i] | labels_[parts[i]]) != r.parts[i];
      r.parts[i] |= labels_[parts[i]];
    }
  };
  for (const Stmt& s : m_.stmts)
    if (s.kind == StmtKind::return_ && s.value != kNone) join(s.function, s.value);
  for (FunctionId f = 0; f < m_.functions.size(); ++f) {
    const Function& function = m_.functions[f];
    if (function.kind == Function::Kind::lambda && function.expr != kNone && m_.operand(function.expr, 0) != kNone)
      join(f, m_.operand(function.expr, 0));
  }
  return changed;
}

}  // namespace pg::verify::py
