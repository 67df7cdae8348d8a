#include "verify/submission/unpack_lexer.h"

#include <gtest/gtest.h>

namespace pg::verify {
namespace {

std::vector<std::string> texts(std::string_view source) {
  const PyTokens tokens(source);
  std::vector<std::string> out;
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i)
    out.emplace_back(tokens[i].kind == PyToken::Kind::newline ? "NL" : tokens.text(i));
  return out;
}

using Texts = std::vector<std::string>;

TEST(PyLexer, KeepsNewlinesOnlyOutsideBrackets) {
  EXPECT_EQ(texts("a = (1,\n  2)\nb"), (Texts{"a", "=", "(", "1", ",", "2", ")", "NL", "b"}));
  EXPECT_EQ(texts("a \\\n b # c\n\n\nd"), (Texts{"a", "b", "NL", "d"}));
}

TEST(PyLexer, ReadsPrefixesQuotesAndTripleQuotes) {
  EXPECT_EQ(texts("rb'x' f\"y\" u'z' zz'w'"), (Texts{"rb'x'", "f\"y\"", "u'z'", "zz", "'w'"}));
  EXPECT_EQ(texts("'''a'b\n''' 'c'"), (Texts{"'''a'b\n'''", "'c'"}));
}

TEST(PyLexer, ReadsFstringsWithNestedQuotesOfBothPythonVersions) {
  EXPECT_EQ(texts("f\"{a[\"b\"]}\" c"), (Texts{"f\"{a[\"b\"]}\"", "c"}));
  EXPECT_EQ(texts("f\"{a['b']:>{w}} {{\" c"), (Texts{"f\"{a['b']:>{w}} {{\"", "c"}));
  EXPECT_EQ(texts("f'{f\"{x!r}\"}' c"), (Texts{"f'{f\"{x!r}\"}'", "c"}));
}

TEST(PyLexer, EndsAnOpenStringWithItsLine) {
  EXPECT_EQ(texts("a = 'open\nb"), (Texts{"a", "=", "'open", "NL", "b"}));
  EXPECT_EQ(texts("a = '''open\nb"), (Texts{"a", "=", "'''open\nb"}));
  EXPECT_EQ(texts("a = f'{x\nb = 1"), (Texts{"a", "=", "f'{x", "NL", "b", "=", "1"}));
}

TEST(PyLexer, ResolvesEscapes) {
  const PyTokens tokens(R"(b'\x41\101\n\q' '\u00e9\U0001F600' r'\n' '\
x' b'\u00e9')");
  EXPECT_EQ(tokens.string_value(0), "AA\n\\q");
  EXPECT_EQ(tokens.string_value(1), "\xC3\xA9\xF0\x9F\x98\x80");
  EXPECT_EQ(tokens.string_value(2), "\\n");
  EXPECT_EQ(tokens.string_value(3), "x");
  EXPECT_EQ(tokens.string_value(4), "\\u00e9") << "bytes have no \\u";
}

TEST(PyLexer, SaysWhereATokenStands) {
  const PyTokens tokens("a\n  bc = 'x'\n");
  const Span span = tokens.span(tokens[2].offset, tokens[2].length);
  EXPECT_EQ(span.line, 2u);
  EXPECT_EQ(span.column, 3u);
  EXPECT_EQ(span.offset, 4u);
}

TEST(PyLexer, MatchesBracketsAndSurvivesWrongOnes) {
  const PyTokens tokens("f(a[1]) ]} (");
  EXPECT_EQ(tokens.text(tokens[1].match), ")");
  EXPECT_EQ(tokens[tokens.size() - 2].match, tokens.size() - 1) << "an open bracket runs to the end";
}

TEST(PyLexer, TakesAnyBytes) {
  for (const std::string_view bytes :
       {std::string_view("\0\xFF\xFE\0", 4), std::string_view("\\"), std::string_view("f'"),
        std::string_view("\xEF\xBB\xBFx"), std::string_view("rb"), std::string_view("'\\")})
    EXPECT_GE(PyTokens(bytes).size(), 1u);
}

TEST(PyLexer, StaysLinearOnBrokenFstrings) {
  std::string hostile;
  for (int i = 0; i < 100'000; ++i) hostile += "f\"{'";
  EXPECT_GE(PyTokens(hostile).size(), 1u);
}

}  // namespace
}  // namespace pg::verify
