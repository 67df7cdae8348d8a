#include "verify/source/dump.h"

#include <fmt/format.h>

#include <iterator>

namespace pg::verify::py {
namespace {

// In the order of the enumerations.
constexpr std::string_view kExprNames[] = {
    "opaque",    "name",     "attribute", "call",       "keyword",       "starred",  "double_starred",
    "subscript", "slice",    "unary",     "binary",     "compare",       "boolean",  "conditional",
    "integer",   "real",     "string",    "fstring",    "interpolation", "true",     "false",
    "none",      "ellipsis", "tuple",     "list",       "set",           "dict",     "pair",
    "list_comp", "set_comp", "generator", "dict_comp",  "comp_for",      "comp_if",  "lambda",
    "named",     "await",    "yield",     "yield_from", "with_item",     "type_hint"};
constexpr std::string_view kOpNames[] = {"none", "+",  "-", "*",  "/",   "//",  "%",  "**",     "@",   "<<",
                                         ">>",   "&",  "|", "^",  "neg", "pos", "~",  "not",    "and", "or",
                                         "==",   "!=", "<", "<=", ">",   ">=",  "in", "not_in", "is",  "is_not"};
constexpr std::string_view kStmtNames[] = {
    "expr",     "assign", "aug_assign",  "if",    "while",  "for",      "with",  "try",    "except",
    "match",    "case",   "def",         "class", "return", "del",      "raise", "assert", "global",
    "nonlocal", "import", "from_import", "pass",  "break",  "continue", "other"};
static_assert(std::size(kExprNames) == static_cast<std::size_t>(ExprKind::type_hint) + 1);
static_assert(std::size(kOpNames) == static_cast<std::size_t>(Op::is_not) + 1);
static_assert(std::size(kStmtNames) == static_cast<std::size_t>(StmtKind::other) + 1);

class Dumper {
 public:
  Dumper(const Module& module, std::size_t max_bytes) : m_(module), max_bytes_(max_bytes) {}

  void expr(ExprId id) {
    if (full()) return;
    if (id == kNone) {
      out_ += "-";
      return;
    }
    const Expr& e = m_.expr(id);
    out_.append("(").append(kExprNames[static_cast<std::size_t>(e.kind)]);
    if (e.op != Op::none) out_.append(" ").append(kOpNames[static_cast<std::size_t>(e.op)]);
    if (e.name != 0) out_.append(" ").append(m_.symbol(e.name));
    if (e.kind == ExprKind::integer || e.kind == ExprKind::real) out_.append(" ").append(m_.text(id));
    if (e.kind == ExprKind::string) out_ += fmt::format(" {}\"{}\"", e.is_bytes ? "b" : "", m_.string_value(id));
    if (e.kind == ExprKind::lambda) out_ += parameters(e.aux);
    for (const ExprId operand : m_.operands(id)) {
      out_ += " ";
      expr(operand);
    }
    out_ += ")";
  }

  void block(BlockId id, int depth) {
    for (const StmtId s : m_.statements(id)) {
      if (!full()) statement(s, depth);
    }
  }

  std::string finish() {
    if (full()) out_.resize(max_bytes_), out_ += "...";
    return std::move(out_);
  }

 private:
  bool full() const { return out_.size() > max_bytes_; }

  std::string parameters(FunctionId id) {
    static constexpr std::string_view kMarks[] = {"", "/", "=", "*", "**"};
    std::string text = " [";
    for (const Parameter& p : m_.parameters(id)) {
      if (text.size() > 2) text += " ";
      text.append(kMarks[static_cast<std::size_t>(p.kind)]).append(m_.symbol(p.name));
      if (p.default_value != kNone) text += "?";
    }
    return text + "]";
  }

  void labelled(std::string_view label, ExprId id) {
    if (id == kNone) return;
    out_.append(label);
    expr(id);
  }

  void labelled_block(std::string_view label, BlockId id, int depth) {
    if (id == kNone) return;
    if (!label.empty()) out_ += fmt::format("{:{}}{}\n", "", depth * 2, label);
    block(id, depth + 1);
  }

  void statement(StmtId id, int depth) {
    const Stmt& s = m_.stmt(id);
    out_ += fmt::format("{:{}}{} {}", "", depth * 2, s.line, kStmtNames[static_cast<std::size_t>(s.kind)]);
    if (s.is_async) out_ += " async";
    if (s.op != Op::none) out_.append(" ").append(kOpNames[static_cast<std::size_t>(s.op)]);
    for (const ExprId target : m_.targets(id)) labelled(" ", target);
    labelled(s.kind == StmtKind::assign || s.kind == StmtKind::aug_assign ? " = " : " ", s.value);
    labelled(" : ", s.extra);
    for (const Import& i : m_.imports(id)) out_ += fmt::format(" {}|{}|{}", i.module, i.name, m_.symbol(i.as));
    if (s.kind == StmtKind::def) {
      out_.append(" ").append(m_.symbol(m_.functions[s.def].name)).append(parameters(s.def));
      for (const ExprId decorator : m_.decorators(s.def)) labelled(" @", decorator);
    }
    if (s.kind == StmtKind::class_) {
      out_.append(" ").append(m_.symbol(m_.classes[s.def].name));
      for (const ExprId base : m_.bases(s.def)) labelled(" ", base);
      for (const ExprId decorator : m_.list(m_.classes[s.def].decorators)) labelled(" @", decorator);
    }
    out_ += "\n";
    if (s.kind == StmtKind::def) block(m_.functions[s.def].body, depth + 1);
    if (s.kind == StmtKind::class_) block(m_.classes[s.def].body, depth + 1);
    labelled_block("", s.body, depth);
    labelled_block("", s.handlers, depth - 1);
    labelled_block("else", s.orelse, depth);
    labelled_block("finally", s.finally, depth);
  }

  const Module& m_;
  std::size_t max_bytes_;
  std::string out_;
};

}  // namespace

std::string dump_module(const Module& module, std::size_t max_bytes) {
  Dumper dumper(module, max_bytes);
  dumper.block(module.functions[0].body, 0);
  return dumper.finish();
}

std::string dump_expr(const Module& module, ExprId id) {
  Dumper dumper(module, 1u << 16);
  dumper.expr(id);
  return dumper.finish();
}

}  // namespace pg::verify::py
