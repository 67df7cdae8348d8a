#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/result.h"

namespace pg::data {

// A document of a corpus. `id` says where it is from; the paragraphs are UTF-8 without line breaks or double spaces.
struct Document {
  std::string id;
  std::vector<std::string> paragraphs;
};

// What documents are made of, by the name of a file:
//   .txt                 the whole file is one document
//   .jsonl               one document per line, the text under "text"
//   .html .htm           a page: its paragraphs of prose, without navigation, code and tables
//   .pod                 Perl documentation: its paragraphs of prose
//   .index with .dict.dz a dictd dictionary: one document per entry
// `from`: a file or a folder (searched through, names sorted; links are not followed, other files ignored). Errors name
// the file and the line.
Result<std::vector<Document>> read_documents(const std::filesystem::path& from);

// SHA-256 over names, sizes and bytes of the files that read_documents() takes.
Result<std::string> digest_of_documents(const std::filesystem::path& from);

// The parts of it. `name` goes into ids.
void add_text(std::string_view text, const std::string& name, std::vector<Document>& documents);
void add_html(std::string_view page, const std::string& name, std::vector<Document>& documents);
void add_pod(std::string_view pod, const std::string& name, std::vector<Document>& documents);
Status add_jsonl(std::string_view lines, const std::string& name, std::vector<Document>& documents);
// `dictionary`: the unpacked .dict; `index`: lines of headword, offset and length (base 64), tab between.
Status add_dictd(std::string_view dictionary, std::string_view index, const std::string& name,
                 std::vector<Document>& documents);

// Valid UTF-8 on one line: control characters and white space become single spaces, none at the ends.
std::string one_line(std::string_view text);

// At least four words, and four fifths of it letters or spaces: no code, no table, no list of names.
bool is_prose(std::string_view paragraph);

}  // namespace pg::data
