#include "verify/source/ir.h"

#include <gtest/gtest.h>

#include <string>

#include "verify/source/dump.h"

namespace pg::verify::py {
namespace {

std::string dumped(std::string_view source) {
  return dump_module(parse_python(source));
}
std::string first_value(std::string_view source) {
  const Module m = parse_python(source);
  return m.stmts.empty() ? "" : dump_expr(m, m.stmts[0].value);
}

TEST(Ir, KeepsStatementsInOrderWithTheirBlocks) {
  EXPECT_EQ(dumped("def f(a, /, b=1, *r, c, **k):\n"
                   "  if a: return b\n"
                   "  elif b:\n    pass\n"
                   "  else:\n    raise X from Y\n"
                   "try:\n  f()\nexcept (A, B) as e:\n  del x[0], y\nelse: pass\nfinally: assert a, 'm'\n"
                   "for i, j in x:\n  continue\nelse:\n  break\n"
                   "while a: a -= 1\n"),
            "1 def f [/a b? *r =c **k]\n"
            "  2 if (name a)\n"
            "    2 return (name b)\n"
            "  else\n"
            "    3 if (name b)\n"
            "      4 pass\n"
            "    else\n"
            "      6 raise (name X) : (name Y)\n"
            "7 try\n"
            "  8 expr (call (name f))\n"
            "9 except (name e) (tuple (name A) (name B))\n"
            "  10 del (subscript (name x) (integer 0)) (name y)\n"
            "else\n"
            "  11 pass\n"
            "finally\n"
            "  12 assert (name a) : (string \"m\")\n"
            "13 for (tuple (name i) (name j)) (name x)\n"
            "  14 continue\n"
            "else\n"
            "  16 break\n"
            "17 while (name a)\n"
            "  17 aug_assign - (name a) = (integer 1)\n");
}

TEST(Ir, ReadsMinifiedCode) {
  EXPECT_EQ(
      dumped("import os,sys as s;a=b=1;x:int=2\nif(n:=f(a))>1:g(n);h()\nclass C(B,m=1):\n\tx=1;y=lambda q,z=2:q\n"),
      "1 import os||os sys||s\n"
      "1 assign (name a) (name b) = (integer 1)\n"
      "1 assign (name x) = (integer 2) : (type_hint (name int))\n"
      "2 if (compare > (named (name n) (call (name f) (name a))) (integer 1))\n"
      "  2 expr (call (name g) (name n))\n"
      "  2 expr (call (name h))\n"
      "3 class C (name B) (keyword m (integer 1))\n"
      "  4 assign (name x) = (integer 1)\n"
      "  4 assign (name y) = (lambda [q z?] (name q) (integer 2))\n");
}

TEST(Ir, ReadsImportsWithAndMatch) {
  EXPECT_EQ(dumped("from ..a.b import c as d, e\nfrom x import *\nimport p.q\n"
                   "async def g():\n  async with o(f) as h, k: await h\n"
                   "match v:\n  case [1, w] if w: pass\n"),
            "1 from_import ..a.b|c|d ..a.b|e|e\n"
            "2 from_import x|*|\n"
            "3 import p.q||p\n"
            "4 def async g []\n"
            "  5 with async (with_item (call (name o) (name f)) (name h)) (with_item (name k))\n"
            "    5 expr (await (name h))\n"
            "6 match (name v)\n"
            "  7 case (opaque (list (opaque (integer 1)) (opaque (name w)))) : (comp_if (name w))\n"
            "    7 pass\n");
}

TEST(Ir, ReadsExpressions) {
  EXPECT_EQ(first_value("a.b(c)[1:, ::2](*d, k=e, **f)"),
            "(call (subscript (call (attribute b (name a)) (name c)) (slice (integer 1) - -) "
            "(slice - - (integer 2))) (starred (name d)) (keyword k (name e)) (double_starred (name f)))");
  EXPECT_EQ(first_value("a < b <= c not in d"),
            "(boolean and (boolean and (compare < (name a) (name b)) (compare <= (name b) (name c))) "
            "(compare not_in (name c) (name d)))");
  EXPECT_EQ(
      first_value("x if c else ~y ** -z // 2"),
      "(conditional (name c) (name x) (binary // (unary ~ (binary ** (name y) (unary neg (name z)))) (integer 2)))");
  EXPECT_EQ(first_value("{k: v for k, v in d if k and not v}"),
            "(dict_comp (pair (name k) (name v)) (comp_for (tuple (name k) (name v)) (name d)) "
            "(comp_if (boolean and (name k) (unary not (name v)))))");
  EXPECT_EQ(first_value("f(x async for x in y)"), "(call (name f) (generator (name x) (comp_for (name x) (name y))))");
  EXPECT_EQ(first_value("[*a, 1, 0x1F, 1_0.5, 2j, None, True, ...]"),
            "(list (starred (name a)) (integer 1) (integer 0x1F) (real 1_0.5) (real 2j) (none) (true) (ellipsis))");
  EXPECT_EQ(first_value("(((a)), {**b, 'k': 1}, {2})"),
            "(tuple (name a) (dict (double_starred (name b)) (pair (string \"k\") (integer 1))) (set (integer 2)))");
}

TEST(Ir, ReadsFStringsAndQuotesInsideThem) {
  EXPECT_EQ(first_value("f\"a{x!r:>{w}}b{{\" 'c' f'{d[\"k\"]=}'"),
            "(fstring (string \"a\") (interpolation (name x) (fstring (interpolation (name w)))) (string \"b{\") "
            "(string \"c\") (interpolation (subscript (name d) (string \"k\"))))");
  // Python 3.12: the same quotes inside.
  EXPECT_EQ(first_value("f'{d['k']}'"), "(fstring (interpolation (subscript (name d) (string \"k\"))))");
}

TEST(Ir, DecodesStringLiterals) {
  const auto value = [](std::string_view source) {
    const Module m = parse_python(source);
    return m.string_value(m.stmts[0].value);
  };
  EXPECT_EQ(value(R"('a\n\x41\u00e9\101\
b' "c" r'\n')"),
            "a\nA\xc3\xa9"
            "Abc\\n");
  EXPECT_EQ(value("'''a'b\n\"c'''"), "a'b\n\"c");
  EXPECT_EQ(value("('a' # it's\n 'b')"), "ab");
  EXPECT_EQ(value("'it\\'s'"), "it's");
}

TEST(Ir, KnowsPlacesParentsAndScopes) {
  const std::string source = "def f(a):\n  return g(a +\n    b) if a else (lambda q: q)\n";
  const Module m = parse_python(source);
  for (ExprId id = 0; id < m.exprs.size(); ++id) {
    const Expr& e = m.expr(id);
    EXPECT_EQ(e.stmt, 1u);
    for (const ExprId operand : m.operands(id)) {
      EXPECT_LT(operand, id);
      EXPECT_EQ(m.expr(operand).parent, id);
    }
    if (e.kind == ExprKind::binary) {
      EXPECT_EQ(m.text(id), "a +\n    b");
      EXPECT_EQ(e.line, 2u);
    }
    if (m.name(id) == "b") {
      EXPECT_EQ(e.line, 3u);
    }
    EXPECT_EQ(e.function, m.name(id) == "q" ? 2u : 1u);
  }
  EXPECT_EQ(m.functions[2].parent, 1u);
  EXPECT_EQ(m.stmt(1).function, 1u);
  EXPECT_EQ(m.stmt(0).end_expr, 0u);
  EXPECT_EQ(m.stmt(1).end_expr, m.exprs.size());
  EXPECT_EQ(m.functions[1].cls, kNone);
}

TEST(Ir, KnowsMethodsAndClassBodies) {
  const Module m = parse_python("class A:\n  if x:\n    y = 1\n  def f(self): z = 1\n");
  EXPECT_EQ(m.functions[1].cls, 0u);
  EXPECT_EQ(m.stmts[2].cls, 0u);     // y = 1
  EXPECT_EQ(m.stmts[4].cls, kNone);  // z = 1
  EXPECT_EQ(m.stmts[2].function, 0u);
}

TEST(Ir, LowersWhatIsAroundSyntaxErrors) {
  const Module m = parse_python("a = 1\nb = = 2\ndef f():\n  return 3\nx = [1, 2\n");
  EXPECT_GT(m.error_nodes + m.missing_nodes, 0u);
  EXPECT_LT(m.confidence, 1);
  EXPECT_GT(m.confidence, 0);
  const std::string text = dump_module(m);
  EXPECT_NE(text.find("assign (name a) = (integer 1)"), std::string::npos) << text;
  EXPECT_NE(text.find("return (integer 3)"), std::string::npos) << text;
}

TEST(Ir, IsCertainAboutCleanCode) {
  const Module m = parse_python("x = 1 # c\r\nif x:\r\n\tpass\r\n");
  EXPECT_EQ(m.confidence, 1);
  EXPECT_EQ(m.stmts.size(), 3u);
  EXPECT_EQ(parse_python("").confidence, 1);
  EXPECT_EQ(parse_python("\xef\xbb\xbfx = 1\n").stmts.size(), 1u);
}

}  // namespace
}  // namespace pg::verify::py
