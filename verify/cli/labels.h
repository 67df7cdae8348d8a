// Judgements of people on submission folders, which an archive run is compared with (docs/formats/labels.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "reference/base/result.h"

namespace pg::verify {

enum class Judgement { illegal, legal, other };  // other: disputed, withdrawn ...: shown, never scored

struct Label {
  std::string id;    // as the file calls it: a case's id, or the folder
  std::string word;  // the label as written: "illegal", "legal", "disputed/other" ...
  Judgement judgement = Judgement::other;
  std::vector<std::string> violated;  // what it violates, as written: "C2", "data access", "PG-TIME" ...
  std::uint32_t line = 0;             // in the file of labels
  std::string folder;                 // relative to the archive's root, '/' between parts; empty: not below that root
};

// The labels of a file, in its order. An Error names the file and the line: no JSON, not one of the two forms, an entry
// without id or label, a label or id twice, a path that leaves the root.
Result<std::vector<Label>> read_labels(const std::filesystem::path& file);
Result<std::vector<Label>> parse_labels(std::string_view text, const std::string& file);

// Fills Label::folder: by ROOT/index.json (id -> the last part of dir) where there is one, else the id is the path.
// Labels whose folder is not below the root keep an empty one. An Error where index.json is malformed.
Status place_labels(std::vector<Label>& labels, const std::filesystem::path& root);

// The beginnings of rule ids ("PG-C1") that meet a violated class; empty: none is known.
std::vector<std::string> families_of(const std::string& violated);

}  // namespace pg::verify
