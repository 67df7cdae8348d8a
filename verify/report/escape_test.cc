#include "verify/report/escape.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "verify/report/rule_pages.h"

namespace pg::verify {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kBreak = "\xE2\x80\x8B";  // U+200B

TEST(Escape, MarkupKeepsNoTagNoQuoteAndNoForbiddenCharacter) {
  EXPECT_EQ(escape_markup("<a href=\"x\" title='y'>&"), "&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;");
  EXPECT_EQ(escape_markup("a\xEF\xBF\xBE\xEF\xBF\xBF"), "a\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(Escape, MarkdownShowsMarkupAsText) {
  EXPECT_EQ(escape_markdown("[a](javascript:b) `c` *d* |e| <f> ~g~ \\"),
            "\\[a\\](javascript:b) \\`c\\` \\*d\\* \\|e\\| &lt;f&gt; \\~g\\~ \\\\");
  EXPECT_EQ(escape_markdown("&lt;"), "&amp;lt;");
  EXPECT_EQ(escape_markdown("PG-SIZE-CAP: 1.08 bpb (3 runs)"), "PG-SIZE-CAP: 1.08 bpb (3 runs)");
}

TEST(Escape, MarkdownBreaksWhatGithubFindsInRenderedText) {
  EXPECT_EQ(escape_markdown("@all"), std::string("@") + kBreak + "all");
  EXPECT_EQ(escape_markdown("x#12"), std::string("x\\#") + kBreak + "12");
  EXPECT_EQ(escape_markdown("GH-12"), std::string("GH") + kBreak + "-12");
  EXPECT_EQ(escape_markdown("https://a.b"), std::string("https:") + kBreak + "//a.b");
  EXPECT_EQ(escape_markdown("www.a.b"), std::string("w") + kBreak + "ww.a.b");
  EXPECT_EQ(escape_markdown(":white_check_mark:"), std::string(":") + kBreak + "white\\_check\\_mark:");
  EXPECT_EQ(escape_markdown("train.log:165"), "train.log:165");
  EXPECT_EQ(escape_markdown("$x$"), "<span>$</span>x<span>$</span>");
}

TEST(Escape, CodeSpanHoldsAnyRunOfBackticks) {
  EXPECT_EQ(code_span("a"), "`a`");
  EXPECT_EQ(code_span("a``b"), "```a``b```");
  EXPECT_EQ(code_span("`"), "`` ` ``");
  EXPECT_EQ(code_span(""), "");
}

TEST(Escape, WorkflowCommandsCannotBeContinuedOrStarted) {
  EXPECT_EQ(escape_command_data("a%b\r\n::error::c"), "a%25b%0D%0A::error::c");
  EXPECT_EQ(escape_command_property("a:b,c%\n"), "a%3Ab%2Cc%25%0A");
  EXPECT_THAT(escape_log_line("x ##[add-mask]y"), Not(HasSubstr("##[")));
}

TEST(Escape, SarifMessagesHoldNoLinkAndNoPlaceholder) {
  EXPECT_EQ(escape_sarif("[a](1) {0} {x}"), "[a] (1) {{0} {x}");
}

TEST(RulePages, LinksNeedAWebAddressAndARuleId) {
  EXPECT_EQ(rule_page_url("https://x.y/rules", "PG-SIZE-CAP"), "https://x.y/rules/PG-SIZE-CAP.md");
  EXPECT_EQ(rule_page_url("", "PG-SIZE-CAP"), "");
  EXPECT_EQ(rule_page_url("https://x.y", "PG-\"><script>"), "");
  EXPECT_EQ(rule_page_url("https://x.y", "../../x"), "");
}

TEST(RulePages, TheBaseComesFromTheEnvironmentAndIsChecked) {
  const auto with = [](const char* value) {
    ::setenv("PGVERIFY_DOCS_URL", value, 1);
    const std::string url = docs_url();
    ::unsetenv("PGVERIFY_DOCS_URL");
    return url;
  };
  EXPECT_EQ(with("https://x.y/rules/"), "https://x.y/rules");
  EXPECT_EQ(with("javascript:alert(1)"), "");
  EXPECT_EQ(with("https://x.y/\"><script>"), "");
  EXPECT_EQ(with("https://x.y/a](b"), "");
}

}  // namespace
}  // namespace pg::verify
