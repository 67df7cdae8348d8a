#include "verify/submission/metadata_values.h"

#include <gtest/gtest.h>

namespace pg::verify {
namespace {

TEST(Quantity, ReadsCommasUnitsAndBounds) {
  struct Case {
    const char* text;
    double value;
    const char* unit;
    bool approximate;
  };
  for (const Case& c : {Case{"15,987,547", 15987547, "", false}, Case{" 15.98 MB ", 15.98, "mb", false},
                        Case{"600s", 600, "s", false}, Case{"~600 s", 600, "s", true}, Case{"<0.001", 0.001, "", true},
                        Case{"1.0962", 1.0962, "", false}, Case{"-0.5e-3", -0.0005, "", false}}) {
    const auto quantity = parse_quantity(c.text);
    ASSERT_TRUE(quantity) << c.text;
    EXPECT_DOUBLE_EQ(quantity->number.value, c.value) << c.text;
    EXPECT_EQ(quantity->unit, c.unit) << c.text;
    EXPECT_EQ(quantity->approximate, c.approximate) << c.text;
  }
}

TEST(Quantity, RefusesWhatIsNoSingleNumber) {
  for (const char* text : {"", "TBD", "PENDING", "1.2930 (1xH100) / 5.0425", "1,5", "15,98,7547", "nan", "1.2.3", "~"})
    EXPECT_FALSE(parse_quantity(text)) << text;
}

TEST(Quantity, KeepsTheWrittenPrecision) {
  EXPECT_DOUBLE_EQ(parse_quantity("15.98 MB")->number.half_unit(), 0.005);
}

TEST(NormalizedKey, UnifiesCaseAndSeparators) {
  EXPECT_EQ(normalized_key(" Val-BPB "), "val_bpb");
}

}  // namespace
}  // namespace pg::verify
