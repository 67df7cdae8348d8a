#include "reference/data/documents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/base/file.h"
#include "reference/data/corpus_split.h"
#include "reference/data/test_folder.h"

namespace pg::data {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Add = void (*)(std::string_view, const std::string&, std::vector<Document>&);

std::vector<std::string> paragraphs(Add add, std::string_view text) {
  std::vector<Document> documents;
  add(text, "name", documents);
  return documents.empty() ? std::vector<std::string>() : documents[0].paragraphs;
}

TEST(Documents, AreOneLineOfValidUtf8) {
  EXPECT_EQ(one_line(" a\r\n\t b\x01\xC2\xA0 c \n"), "a b c");
  EXPECT_EQ(one_line("\xFFz\xC3\xA9"), "\xEF\xBF\xBDz\xC3\xA9");
  EXPECT_EQ(one_line(" \n "), "");
}

TEST(Documents, ProseIsWordsAndNotCode) {
  EXPECT_TRUE(is_prose("This is a sentence, with commas."));
  EXPECT_FALSE(is_prose("Two words"));
  EXPECT_FALSE(is_prose("x = [1, 2, 3]; y += f(x[0], &z); // 17"));
}

TEST(Documents, HtmlGivesParagraphsWithoutNavigationCodeAndTables) {
  EXPECT_THAT(paragraphs(add_html, R"(<!DOCTYPE html><html><head><title>No title is prose here</title></head><body>
<ul class="docnav top"><li>Go to the previous page</li><ul><li>this one is nested too</li></ul></ul>
<p>The <code class="x">first</code> paragraph &amp; its&nbsp;&#8220;quotes&#x201D;.</p><pre>this is code and left out</pre>
<table><tr><td>a table of words is out</td></tr></table><div class="para">Another one of<br/>two lines here.</div>
<!-- <p>a comment is no paragraph here --><p>2 &lt; 3 is unclosed but it counts)"),
              ElementsAre("The first paragraph & its \u201Cquotes\u201D.", "Another one of two lines here.",
                          "2 < 3 is unclosed but it counts"));
}

TEST(Documents, PodGivesParagraphsWithoutCodeAndFormatting) {
  EXPECT_THAT(
      paragraphs(add_pod, R"(package Code; # not documentation at all, though

=head1 The name of it here

Text with C<code>, B<< bold E<lt> >> and L<a link|perlfunc/"x"> in it. X<index>

    this is code and it is left out

=begin html

not for this reader of it

=end html

=item * an item with some words

=cut

after the cut there is nothing more)"),
      ElementsAre("The name of it here", "Text with code, bold < and a link in it.", "* an item with some words"));
}

TEST(Documents, ADictionaryGivesEachEntryOnce) {
  const std::string text = "word\n\n   The {meaning} of a word is here.\n\n  [1,2,3,4]\n\nother\n\n   See {word}\n";
  std::vector<Document> documents;
  ASSERT_TRUE(add_dictd(text, "00-database-info\tA\tB\nalias\tA\tv\nother\tv\tS\nword\tA\tv\n", "d", documents).ok());
  ASSERT_EQ(documents.size(), 1U);
  EXPECT_THAT(documents[0].paragraphs, ElementsAre("word", "The meaning of a word is here."));
  ASSERT_TRUE(add_dictd(text, "007\tA\tv\n00databaseinfo\tv\tS\n", "d", documents).ok());
  EXPECT_EQ(documents.size(), 2U);  // a headword with zeros is a headword
  for (const char* bad : {"x\n", "x\tA\n", "x\tA\t?\n", "x\tA\t//\n", "x\t//////////\tA\n"})
    EXPECT_THAT(add_dictd(text, bad, "d.index", documents).error().message, HasSubstr("d.index:1")) << bad;
}

TEST(Documents, JsonLinesNameTheirFileAndLine) {
  std::vector<Document> documents;
  ASSERT_TRUE(
      add_jsonl("{\"text\": \"one\\ntwo\"}\n\n{\"text\": \"\"}\r\n{\"id\": 3, \"text\": \"x\"}", "d", documents).ok());
  ASSERT_EQ(documents.size(), 2U);
  EXPECT_THAT(documents[0].paragraphs, ElementsAre("one two"));
  EXPECT_EQ(documents[1].id, "d:4");
  for (const char* bad : {"{\"text\": 3}", "[]", "{", "{\"txt\": \"a\"}", "\xFF"})
    EXPECT_THAT(add_jsonl("{\"text\": \"a\"}\n" + std::string(bad), "f.jsonl", documents).error().message,
                AllOf(HasSubstr("f.jsonl:2"), HasSubstr("\"text\"")));
}

TEST(Documents, FoldersAreReadInOrderOfNames) {
  const TestFolder folder;
  std::filesystem::create_directory(folder / "a");
  ASSERT_TRUE(write_file_atomic(folder / "b.txt", "second").ok());
  ASSERT_TRUE(write_file_atomic(folder / "a" / "z.txt", "first").ok());
  ASSERT_TRUE(write_file_atomic(folder / "c.bin", "not read").ok());
  const auto documents = read_documents(folder.root());
  ASSERT_EQ(documents->size(), 2U);
  EXPECT_EQ((*documents)[0].id, "a/z.txt");
  EXPECT_THAT(read_documents(folder / "a" / "none").error().message, HasSubstr("does not exist"));
  std::filesystem::create_directory(folder / "empty");
  EXPECT_THAT(read_documents(folder / "empty").error().message, HasSubstr("no text in"));
  EXPECT_FALSE(read_documents(folder / "none.txt").ok());
}

// Words that are the same for the same n.
std::string words(int n, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "w" + std::to_string((n * 7919 + i * 104729) % 99991) + " ";
  text.pop_back();
  return text;
}

TEST(CorpusSplit, KeepsADocumentOnItsSideWhateverElseThereIs) {
  std::vector<Document> few, many;
  for (int i = 0; i < 400; ++i) {
    Document document{std::to_string(1000 - i), {words(i, 30)}};
    if (i < 100) few.push_back(document);
    many.insert(many.begin(), document);
  }
  const auto small = split_corpus(few, 0.25, 1), large = split_corpus(many, 0.25, 1);
  ASSERT_TRUE(small.ok() && large.ok());
  EXPECT_NEAR(static_cast<double>(large->val.size()), 100, 40);
  for (const std::string& text : small->val) EXPECT_THAT(large->val, ::testing::Contains(text));
  EXPECT_EQ(large->val.size() + large->train.size(), 400U);
}

TEST(CorpusSplit, LeavesOutRepeatsAndKeepsNearCopiesOutOfValidation) {
  std::vector<Document> documents;
  for (int i = 0; i < 200; ++i) {
    documents.push_back({"a" + std::to_string(i), {words(i, 60), words(-1, 20)}});  // one paragraph is in all
    documents.push_back({"b" + std::to_string(i), {words(i, 50) + " changed at the end"}});
    documents.push_back({"c" + std::to_string(i), {words(i, 60)}});  // a repeat
  }
  const auto split = split_corpus(documents, 0.3, 100);
  ASSERT_TRUE(split.ok());
  EXPECT_EQ(split->repeated_paragraphs, 399U);
  EXPECT_EQ(split->short_documents, 200U);
  EXPECT_GT(split->near_copies, 50U);
  for (const std::string& text : split->val)  // its near copy must be on the same side
    for (const std::string& other : split->train) EXPECT_NE(text.substr(0, 80), other.substr(0, 80));
}

TEST(CorpusSplit, AnEmptySideIsAnError) {
  EXPECT_THAT(split_corpus({{"a", {"one document only"}}}, 0.5, 1).error().message, HasSubstr("give more documents"));
}

}  // namespace
}  // namespace pg::data
