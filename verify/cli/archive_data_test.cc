// Over the contest's own folders, where PG_RECORDS_DIR names a checkout or a folder of submissions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "reference/base/file.h"
#include "reference/base/text.h"
#include "verify/cli/discover.h"
#include "verify/cli/run_program.h"
#include "verify/report/schema_check.h"

namespace pg::verify {
namespace {

TEST(ArchiveData, EveryFolderGetsOneValidLine) {
  const char* root = std::getenv("PG_RECORDS_DIR");
  if (root == nullptr || *root == '\0') GTEST_SKIP() << "PG_RECORDS_DIR is not set";
  const auto found = discover(root);
  ASSERT_TRUE(found) << found.error().message;
  const Finished finished = run_pgverify({"archive", root});
  EXPECT_THAT(finished.code, ::testing::AnyOf(0, 1, 3)) << finished.err;
  EXPECT_THAT(finished.err, ::testing::HasSubstr(": complete"));
  const auto schema_text = read_file(PG_SOURCE_DIR "/docs/formats/report-v1.schema.json", 1 << 20);
  ASSERT_TRUE(schema_text);
  const auto schema = nlohmann::json::parse(*schema_text);
  std::set<std::string> folders;
  std::istringstream lines(finished.out);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_EQ(to_utf8(line), line);
    const auto report = nlohmann::json::parse(line);
    const std::string folder = report["run"]["folder"];
    EXPECT_TRUE(folders.insert(folder).second) << folder;
    EXPECT_TRUE(report["error"].is_null()) << folder << ": " << report["error"];
    EXPECT_THAT(check_schema(schema, report), ::testing::IsEmpty()) << folder;
  }
  EXPECT_EQ(folders.size(), found->submissions.size());
}

}  // namespace
}  // namespace pg::verify
