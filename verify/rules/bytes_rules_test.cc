#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "verify/rules/bytes_accounting.h"
#include "verify/rules/bytes_coverage.h"
#include "verify/rules/sample_submission.h"

namespace pg::verify {
namespace {

using testing::HasSubstr;

RuleResult check(const Rule& rule, const SampleRun& run, const char* track = "10min_16mb") {
  return run_rule(rule, sample_submission({run}, R"({"val_bpb": 1.08})", track)).front();
}

struct Export {
  std::int64_t tokens;
  const char *loss, *bpb;
};

TEST(BytesAccounting, KnowsThePublishedExports) {
  // Token counts with loss/bpb ratios as the merged logs print them.
  for (const Export& e :
       {Export{62'021'632, "2.07405347", "1.22837129"}, Export{63'779'840, "2.07269931", "1.22436570"},
        Export{45'508'608, "2.52641240", "1.09794973"}, Export{40'540'160, "2.79241542", "1.08103103"},
        Export{47'851'520, "2.33674426", "1.06780094"}, Export{151'130'112, "0.94198807", "1.35945128"}}) {
    const auto r = check(kRuleBytesAccounting, {.val_loss = e.loss, .val_bpb = e.bpb, .val_tokens = e.tokens});
    EXPECT_EQ(r.verdict, Verdict::pass) << e.tokens << ": " << r.message;
  }
}

TEST(BytesAccounting, NamesTheLeadingSpaceError) {
  // The same loss with 17.2 % too many bytes counted.
  const auto r = check(kRuleBytesAccounting, {.val_loss = "2.79241542", .val_bpb = "0.92238142"});
  EXPECT_EQ(r.verdict, Verdict::fail);
  EXPECT_EQ(r.severity, Severity::error);
  EXPECT_THAT(r.message, HasSubstr("leading space"));
  EXPECT_THAT(r.margin, HasSubstr("1.0810"));
}

TEST(BytesAccounting, FindsAPartialValidationSet) {
  EXPECT_EQ(check(kRuleBytesAccounting, {.val_tokens = 36'562'944}).verdict, Verdict::fail);
  EXPECT_EQ(check(kRuleBytesAccounting, {.val_tokens = 36'562'944}, "non_record_16mb").severity, Severity::warning);
}

TEST(BytesAccounting, AllowsForThePrintedRounding) {
  EXPECT_EQ(check(kRuleBytesAccounting, {.val_loss = "2.8", .val_bpb = "1.08"}).verdict, Verdict::pass);
}

TEST(BytesCoverage, BelievesALogThatSaysItIsLimited) {
  EXPECT_EQ(check(kRuleBytesCoverage, {}).verdict, Verdict::pass);
  const auto r = check(kRuleBytesCoverage, {.extra = "  eval: 500 batches (limited)\n"});
  EXPECT_EQ(r.severity, Severity::error);
  EXPECT_EQ(r.evidence[0].line, 10u);
}

}  // namespace
}  // namespace pg::verify
