#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

// A Python module as plain data: the form every analysis of a submission's source works on.
//
//   py::Module m = py::parse_python(code_file.source);     // never fails; see m.confidence
//   for (py::StmtId s : m.statements(m.functions[0].body)) // function 0 is the module level
//     if (m.stmt(s).kind == py::StmtKind::assign) use(m.targets(s), m.stmt(s).value);
//
// Shape. Everything lives in the vectors of Module and refers to the rest by index; kNone stands for "absent". Lists
// (operands, targets, parameters) are Ranges resolved by the accessors of Module. A Module keeps views of the source it
// was parsed from: the source must outlive it. Moving a Module is cheap and keeps all indices.
//
// Order, so that no analysis needs recursion:
//   exprs      operands come before what they are part of (bottom-up, left to right): one loop over `exprs` in index
//              order computes anything bottom-up. An operand of a chained comparison is shared by two nodes.
//   stmts      a compound statement comes before what is in its blocks: index order is source order.
//   the expressions of a statement itself, not of statements in its blocks, are [first_expr, end_expr).
//   functions  an enclosing function comes before those nested in it. Lambdas are functions too.
//
// Limits. Nesting deeper than kMaxDepth is cut: the cut-off part becomes one expression of kind `opaque` and is counted
// in Module::truncated, so walking the tree recursively is safe as well. Syntax errors leave `opaque` nodes or gaps.
//
// Places. `line` is the 1-based line and `begin`, `end` are byte offsets in the decoded source; the place in the
// shipped file is CodeFile::shipped_position(begin).
//
// On top of it: settings.h (what the run had switched on), fold.h (constants, truth of conditions), call_graph.h (which
// function a call means, what is reachable), dump.h (the tree as text).
namespace pg::verify::py {

using ExprId = std::uint32_t;
using StmtId = std::uint32_t;
using BlockId = std::uint32_t;
using FunctionId = std::uint32_t;
using ClassId = std::uint32_t;
using Symbol = std::uint32_t;  // an interned identifier; equal names have equal symbols; 0 is the empty name
inline constexpr std::uint32_t kNone = 0xffffffff;

// Levels of expressions inside each other, and of blocks inside each other (elif counts as one deeper).
inline constexpr int kMaxDepth = 400;

struct Range {
  std::uint32_t first = 0, count = 0;
};

// clang-format off
enum class ExprKind : std::uint8_t {
  // kind           name          operands (Module::operands)
  opaque,       //                what the parser or the depth limit cut off; syntax not listed here
  name,         // the name
  attribute,    // the attribute  object                                       (object.name)
  call,         //                callee, then arguments in source order: expressions, `starred`, `keyword`,
                //                `double_starred`; a bare generator argument is one `generator`
  keyword,      // parameter      value                                        (name=value in a call or class head)
  starred,      //                value                                        (*value; in targets too)
  double_starred,  //             value                                        (**value; in dict displays too)
  subscript,    //                object, then one operand per comma-separated index
  slice,        //                lower, upper, step; kNone where left out
  unary,        //                operand                                      (op: neg, pos, invert, not_)
  binary,       //                left, right                                  (op: add ... bit_xor)
  compare,      //                left, right                                  (op: eq ... is_not). `a < b < c` is
                //                boolean(and_) of two compares that share b
  boolean,      //                left, right                                  (op: and_, or_)
  conditional,  //                condition, then, otherwise                   (then if condition else otherwise)
  integer,      //                                                             (Module::text is as written)
  real,         //                                                             (complex too)
  string,       //                                                             (Module::string_value; bytes: is_bytes)
  fstring,      //                parts: `string` and `interpolation`
  interpolation,//                value, then optionally the format spec as an `fstring`   ({value!r:spec})
  true_, false_, none, ellipsis,
  tuple, list, set,            // elements
  dict,         //                `pair` and `double_starred`
  pair,         //                key, value
  list_comp, set_comp, generator,  // element, then `comp_for` and `comp_if` in source order
  dict_comp,    //                `pair`, then `comp_for` and `comp_if`
  comp_for,     //                target, iterable
  comp_if,      //                condition
  lambda,       //                body, then the parameters' defaults          (aux: FunctionId)
  named,        //                target, value                                (target := value)
  await,        //                value
  yield, yield_from,           // value, or none
  with_item,    //                context, then optionally the target          (only in Stmt::targets of `with`)
  type_hint,    //                the expression in it                         (annotations)
};

enum class Op : std::uint8_t {
  none, add, sub, mul, div, floordiv, mod, pow, matmul, lshift, rshift, bit_and, bit_or, bit_xor,
  neg, pos, invert, not_, and_, or_, eq, ne, lt, le, gt, ge, in, not_in, is, is_not,
};

enum class StmtKind : std::uint8_t {
  // kind          targets (Module::targets)   value            extra          blocks, def
  expr,         //                             expression
  assign,       // one per `=`: a = b = v has  value            annotation                    (value kNone: `x: int`)
                // two
  aug_assign,   // one                         right side                                     (op: add for +=, ...)
  if_,          //                             condition                       body, orelse   (elif: an if_ in orelse)
  while_,       //                             condition                       body, orelse
  for_,         // one                         iterable                        body, orelse
  with,         // `with_item`s                                                body
  try_,         //                                                             body, handlers (statements of kind
                //                                                             `except`), orelse, finally
  except,       // the `as` name, if any       type, if any                    body
  match,        //                             subject                         body (statements of kind `case_`)
  case_,        // patterns, as expressions                     guard          body
  def,          //                                                             def: FunctionId (its body is there)
  class_,       //                                                             def: ClassId (its body is there)
  return_,      //                             value, if any
  del,          // operands
  raise,        //                             exception        cause
  assert_,      //                             condition        message
  global, nonlocal,  // names
  import, import_from,  //                                                     (Module::imports)
  pass, break_, continue_,
  other,        //                                                             (type aliases, syntax errors)
};
// clang-format on

struct Expr {
  ExprKind kind = ExprKind::opaque;
  Op op = Op::none;
  bool is_bytes : 1 = false;       // string, fstring: a b"" literal
  bool is_bare : 1 = false;        // string: text between the braces of an f-string, without quotes of its own
  bool is_comparison : 1 = false;  // boolean that stands for a chained comparison
  Symbol name = 0;
  std::uint32_t aux = kNone;  // lambda: FunctionId
  Range operands;
  std::uint32_t begin = 0, end = 0, line = 0;
  ExprId parent = kNone;    // kNone: held by the statement itself
  StmtId stmt = kNone;      // whose expression it is; in a lambda's body the statement that holds the lambda
  FunctionId function = 0;  // whose names it sees: the innermost def or lambda around it
};

struct Stmt {
  StmtKind kind = StmtKind::other;
  Op op = Op::none;
  bool is_async = false;  // for_, with, def
  Range targets;
  ExprId value = kNone, extra = kNone;
  BlockId body = kNone, orelse = kNone, handlers = kNone, finally = kNone;
  std::uint32_t def = kNone;  // FunctionId or ClassId
  Range imports;
  BlockId block = kNone;    // the block it stands in
  std::uint32_t index = 0;  // its position there
  FunctionId function = 0;  // the function it runs in; 0: module level, class bodies at module level included
  ClassId cls = kNone;      // the class whose body it stands in (conditions in between included); kNone: none
  ExprId first_expr = 0, end_expr = 0;
  std::uint32_t begin = 0, end = 0, line = 0;
};

struct Block {
  enum class Role : std::uint8_t { module, function, class_, body, orelse, handlers, finally };
  Role role = Role::body;
  StmtId owner = kNone;  // the compound statement; kNone for the module
  FunctionId function = 0;
  Range statements;
};

struct Parameter {
  enum class Kind : std::uint8_t { plain, positional_only, keyword_only, var_positional, var_keyword };
  Kind kind = Kind::plain;
  Symbol name = 0;
  ExprId default_value = kNone, annotation = kNone;
  std::uint32_t line = 0;
};

struct Function {
  enum class Kind : std::uint8_t { module, def, lambda };
  Kind kind = Kind::def;
  bool is_async = false, is_generator = false;
  Symbol name = 0;            // 0: module, lambda
  FunctionId parent = kNone;  // the enclosing function; 0 at module level; kNone: this is the module
  ClassId cls = kNone;        // a method of this class
  StmtId stmt = kNone;        // its `def`, or the statement that holds the lambda
  BlockId body = kNone;       // module, def
  ExprId expr = kNone;        // lambda: its own expression
  Range parameters;           // Module::parameters
  Range decorators;           // Module::decorators
  std::uint32_t begin = 0, end = 0, line = 0;
};

struct Class {
  Symbol name = 0;
  FunctionId function = 0;  // where it is defined
  ClassId outer = kNone;    // the class it is nested in
  StmtId stmt = kNone;
  BlockId body = kNone;
  Range bases;       // expressions and `keyword`s of the class head
  Range decorators;  // Module::decorators
  std::uint32_t begin = 0, end = 0, line = 0;
};

// One name bound by an import: `import a.b as c` {module "a.b", name "", as "c"}; `import a.b` {"a.b", "", "a"};
// `from a import b` {"a", "b", "b"}; `from . import *` {".", "*", ""}.
struct Import {
  std::string_view module, name;
  Symbol as = 0;
};

struct Module {
  std::string_view source;
  std::vector<Expr> exprs;
  std::vector<Stmt> stmts;
  std::vector<Block> blocks;
  std::vector<Function> functions;  // [0]: the module level
  std::vector<Class> classes;
  std::vector<Parameter> all_parameters;
  std::vector<Import> all_imports;
  std::vector<std::uint32_t> lists;  // what Ranges of ids point into
  std::vector<std::string_view> symbols;
  std::unordered_map<std::string_view, Symbol> symbol_ids;

  // How far the tree can be believed.
  std::uint32_t error_nodes = 0, missing_nodes = 0;  // where the parser had to recover
  std::uint64_t error_bytes = 0;                     // bytes inside error nodes
  std::uint32_t truncated = 0;                       // subtrees cut off at kMaxDepth
  bool gave_up = false;   // too large, too deep or too slow to parse: there is no tree, or not all of it
  double confidence = 1;  // 1: clean; lowered by each of these; 0: gave up

  const Expr& expr(ExprId id) const { return exprs[id]; }
  const Stmt& stmt(StmtId id) const { return stmts[id]; }
  std::span<const std::uint32_t> list(Range r) const { return {lists.data() + r.first, r.count}; }
  std::span<const ExprId> operands(ExprId id) const { return list(exprs[id].operands); }
  ExprId operand(ExprId id, std::uint32_t i) const {  // kNone where there are fewer
    return i < exprs[id].operands.count ? lists[exprs[id].operands.first + i] : kNone;
  }
  std::span<const ExprId> targets(StmtId id) const { return list(stmts[id].targets); }
  std::span<const StmtId> statements(BlockId id) const {
    return id == kNone ? std::span<const StmtId>() : list(blocks[id].statements);
  }
  std::span<const Parameter> parameters(FunctionId id) const {
    return {all_parameters.data() + functions[id].parameters.first, functions[id].parameters.count};
  }
  std::span<const Import> imports(StmtId id) const {
    return {all_imports.data() + stmts[id].imports.first, stmts[id].imports.count};
  }
  std::span<const ExprId> decorators(FunctionId id) const { return list(functions[id].decorators); }
  std::span<const ExprId> bases(ClassId id) const { return list(classes[id].bases); }

  std::string_view symbol(Symbol s) const { return symbols[s]; }
  std::string_view name(ExprId id) const { return symbols[exprs[id].name]; }  // of name, attribute, keyword; else ""
  // The symbol of `name`; kNone where the module never mentions it.
  Symbol find_symbol(std::string_view name) const;
  // The source text of an expression or a statement.
  std::string_view text(ExprId id) const { return source.substr(exprs[id].begin, exprs[id].end - exprs[id].begin); }
  std::string_view stmt_text(StmtId id) const {
    return source.substr(stmts[id].begin, stmts[id].end - stmts[id].begin);
  }
  // "torch.distributed.init_process_group" for a name with attributes; "" for anything else, `x().y` and `x[0].y`
  // included.
  std::string dotted_name(ExprId id) const;
  // What a string literal holds: quotes and prefix off, escapes resolved, adjacent literals joined. At most 64 KiB.
  std::string string_value(ExprId id) const;
};

// Parses and lowers. Bounded: sources over kMaxSourceBytes, nesting that no interpreter accepts and parses over a few
// seconds are given up (Module::gave_up). Thread-safe.
Module parse_python(std::string_view source);
inline constexpr std::uint64_t kMaxSourceBytes = 4u << 20;

}  // namespace pg::verify::py
