#include "verify/sign/subjects.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/base/sha256.h"
#include "verify/cli/test_tree.h"

namespace pg::verify {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<Subject> subjects_of(const std::filesystem::path& folder) {
  const auto listing = list_folder(folder);
  EXPECT_TRUE(listing);
  auto subjects = folder_subjects(*listing, "name");
  EXPECT_TRUE(subjects);
  return *std::move(subjects);
}

std::vector<std::string> differences(const std::vector<Subject>& subjects, const std::filesystem::path& folder,
                                     const std::vector<Subject>& others = {}) {
  std::vector<std::string> unchecked;
  return compare_subjects(subjects, subjects_of(folder), others, unchecked);
}

// Made with: printf hello > 'b c'; mkdir a; : > a/x; printf 1 > 'back\slash'
//   find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sed 's# \./# #' | sha256sum       (coreutils 9.1)
TEST(Subjects, TreeDigestIsWhatSha256sumGives) {
  TestTree tree;
  tree.file("b c", "hello");
  tree.file("a/x", "");
  tree.file("back\\slash", "1");
  const auto subjects = subjects_of(tree.root());
  ASSERT_EQ(subjects.size(), 4u);
  EXPECT_EQ(subjects[3],
            (Subject{"name", "dirHash", "d57df1c1a2a60a49ab754654ad2a09445ad9bca8ea46d6eca6376b7771ed2f8a"}));
  EXPECT_EQ(subjects[1], (Subject{"b c", "sha256", sha256_hex("hello")}));
}

TEST(Subjects, EveryKindOfChangeIsNamed) {
  TestTree tree;
  tree.file("x/a", "1");
  tree.file("x/b", "2");
  const auto subjects = subjects_of(tree.root() / "x");
  EXPECT_THAT(differences(subjects, tree.root() / "x"), IsEmpty());
  tree.file("changed/a", "1");
  tree.file("changed/b", "3");
  EXPECT_THAT(differences(subjects, tree.root() / "changed"), ElementsAre("b is not the signed file"));
  tree.file("more/a", "1");
  tree.file("more/b", "2");
  tree.file("more/c", "");
  EXPECT_THAT(differences(subjects, tree.root() / "more"), ElementsAre("c is not among the signed files"));
  tree.file("less/a", "1");
  EXPECT_THAT(differences(subjects, tree.root() / "less"), ElementsAre("b is missing"));
  tree.file("renamed/a", "1");
  tree.file("renamed/B", "2");
  EXPECT_THAT(differences(subjects, tree.root() / "renamed"),
              ElementsAre("B is not among the signed files", "b is missing"));
}

TEST(Subjects, FilesBesideTheFolderAreComparedByDigest) {
  TestTree tree;
  tree.file("x/a", "1");
  tree.file("model.bin", "weights");
  auto subjects = subjects_of(tree.root() / "x");
  const auto model = file_subject(tree.root() / "model.bin");
  ASSERT_TRUE(model);
  subjects.push_back(*model);
  std::vector<std::string> unchecked;
  EXPECT_THAT(compare_subjects(subjects, subjects_of(tree.root() / "x"), {*model}, unchecked), IsEmpty());
  EXPECT_THAT(unchecked, IsEmpty());
  EXPECT_THAT(compare_subjects(subjects, subjects_of(tree.root() / "x"), {}, unchecked), IsEmpty());
  EXPECT_THAT(unchecked, ElementsAre("model.bin"));
}

TEST(Subjects, NamesThatAreNotUtf8AreStillToldApart) {
  TestTree tree;
  tree.file("x/\xFF", "1");
  tree.file("x/\xFE", "2");
  tree.file("y/\xFF", "2");
  tree.file("y/\xFE", "1");
  const auto subjects = subjects_of(tree.root() / "x");
  EXPECT_EQ(subjects[0].name, subjects[1].name);
  EXPECT_THAT(differences(subjects, tree.root() / "x"), IsEmpty());
  EXPECT_THAT(differences(subjects, tree.root() / "y"), ElementsAre("the folder's digest is not the signed one"));
}

TEST(Subjects, HalfAFolderIsNotSigned) {
  TestTree tree;
  tree.folder("empty");
  EXPECT_FALSE(folder_subjects(*list_folder(tree.root() / "empty"), "n"));
  FolderListing gone;
  gone.root = tree.root();
  gone.files.push_back({"vanished", 1, ""});
  EXPECT_FALSE(folder_subjects(gone, "n"));
  FolderListing cut = *list_folder(tree.root());
  cut.truncated = true;
  EXPECT_FALSE(folder_subjects(cut, "n"));
}

}  // namespace
}  // namespace pg::verify
