#include "verify/cli/labels.h"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "reference/base/file.h"
#include "reference/base/text.h"
#include "verify/submission/located_json.h"

namespace pg::verify {
namespace {

namespace fs = std::filesystem;

struct Family {
  std::string_view violated;  // beginning of the class
  std::vector<std::string> rules;
};

// A class may be met by several families: validation data in training shows as data or as adaptation.
const std::vector<Family>& all_families() {
  static const std::vector<Family> families = {
      {"C1", {"PG-C1"}},
      {"C2", {"PG-C2"}},
      {"C3", {"PG-C3"}},
      {"C4", {"PG-C4"}},
      {"time", {"PG-TIME"}},
      {"bytes", {"PG-BYTES"}},
      {"size", {"PG-SIZE", "PG-CODE"}},
      {"packaging", {"PG-FILES", "PG-CODE", "PG-SIZE"}},
      {"data", {"PG-DATA"}},
      {"val", {"PG-DATA", "PG-C3"}},
      {"subset", {"PG-DATA", "PG-BYTES", "PG-CLAIM"}},
      {"claim", {"PG-CLAIM"}},
      {"stats", {"PG-STAT", "PG-SEEDS"}},
      {"tuning", {"PG-C3", "PG-C4", "PG-DATA"}},
      {"hardware", {"PG-TIME", "PG-META"}},
  };
  return families;
}

Error at(const std::string& file, std::uint32_t line, std::string_view what) {
  return Error{fmt::format("{}: line {}: {}", escape_line(file, 500), line, what)};
}

// A path that stays below the root, without "./" and trailing slashes; nothing for any other.
std::optional<std::string> relative_path(std::string_view text) {
  const fs::path path = fs::path(text).lexically_normal();
  if (text.empty() || text.find('\0') != std::string_view::npos || path.is_absolute() || *path.begin() == "..")
    return std::nullopt;
  std::string out = path.generic_string();
  while (out.size() > 1 && out.back() == '/') out.pop_back();
  return out;
}

Judgement judgement_of(std::string_view word) {
  return word == "illegal" ? Judgement::illegal : word == "legal" ? Judgement::legal : Judgement::other;
}

class Reader {
 public:
  explicit Reader(const std::string& file) : file_(file) {}

  Result<std::vector<Label>> read(const JsonValue& root) {
    const JsonValue* folders = root.find("folders");
    const JsonValue* cases = root.is_array() ? &root : root.find("cases");
    Status status = folders != nullptr ? read_folders(*folders)
                    : cases != nullptr ? read_cases(*cases)
                                       : Status(at(file_, root.line,
                                                   "expected an object with \"folders\" or \"cases\", or an array of "
                                                   "cases (pgverify archive --help names the format's page)"));
    if (!status) return status.error();
    return std::move(labels_);
  }

 private:
  Status read_folders(const JsonValue& folders) {
    if (!folders.is_object()) return at(file_, folders.line, "\"folders\" has to be an object: folder -> label");
    for (const JsonMember& member : folders.members) {
      const auto path = relative_path(member.key);
      if (!path)
        return at(file_, member.line,
                  fmt::format("\"{}\" is no path below the archive's root", escape_line(member.key)));
      const bool plain = member.value.is_string();
      if (!plain && !member.value.is_object())
        return at(file_, member.line,
                  fmt::format("\"{}\" needs a label: \"legal\", or {{\"label\": \"illegal\", \"violated\": [\"C1\"]}}",
                              escape_line(member.key)));
      Label label;
      label.id = *path;
      label.line = member.line;
      if (plain) {
        label.word = member.value.text;
      } else if (Status read = read_judgement(member.value, "violated", label); !read) {
        return read;
      }
      if (Status kept = keep(std::move(label)); !kept) return kept;
    }
    return {};
  }

  Status read_cases(const JsonValue& cases) {
    if (!cases.is_array()) return at(file_, cases.line, "\"cases\" has to be an array");
    for (const JsonValue& item : cases.items) {
      const JsonValue* id = item.find("id");
      if (id == nullptr || (!id->is_string() && !id->is_number()) || id->text.empty())
        return at(file_, item.line, "a case needs an \"id\": a string or a number");
      Label label;
      label.id = id->text;
      label.line = item.line;
      if (Status read = read_judgement(item, "rules_violated", label); !read) return read;
      if (Status kept = keep(std::move(label)); !kept) return kept;
    }
    return {};
  }

  Status read_judgement(const JsonValue& object, std::string_view key, Label& label) {
    const JsonValue* word = object.find("label");
    if (word == nullptr || !word->is_string())
      return at(file_, object.line, fmt::format("{} has no \"label\" that is a string", escape_line(label.id)));
    label.word = word->text;
    const JsonValue* violated = object.find(key);
    if (violated == nullptr || violated->is_null()) return {};
    if (!violated->is_array())
      return at(file_, violated->line, fmt::format("\"{}\" of {} has to be an array", key, escape_line(label.id)));
    for (const JsonValue& item : violated->items) {
      if (!item.is_string())
        return at(file_, item.line, fmt::format("\"{}\" of {} may hold strings only", key, escape_line(label.id)));
      label.violated.push_back(item.text);
    }
    return {};
  }

  Status keep(Label label) {
    if (trim(label.word).empty())
      return at(file_, label.line, fmt::format("the label of {} is blank", escape_line(label.id)));
    label.judgement = judgement_of(label.word);
    const auto [first, added] = lines_.emplace(label.id, label.line);
    if (!added)
      return at(file_, label.line,
                fmt::format("{} is labelled a second time, first in line {}", escape_line(label.id), first->second));
    labels_.push_back(std::move(label));
    return {};
  }

  const std::string& file_;
  std::vector<Label> labels_;
  std::map<std::string, std::uint32_t> lines_;
};

Result<JsonDocument> read_document(std::string_view text, const std::string& file) {
  JsonDocument document = read_json(text);
  if (!document.valid)
    return at(file, document.error_line,
              document.error + (document.advice.empty() ? "" : fmt::format(" ({})", document.advice)));
  if (!document.duplicates.empty())
    return at(file, document.duplicates.front().line,
              fmt::format("\"{}\" stands twice in one object", escape_line(document.duplicates.front().key)));
  return document;
}

// id -> folder of ROOT/index.json; empty where there is none.
Result<std::map<std::string, std::string>> read_index(const fs::path& root) {
  std::map<std::string, std::string> folders;
  const fs::path path = root / "index.json";
  std::error_code error;
  if (!fs::exists(path, error)) return folders;
  const auto text = read_file(path, kMaxJsonBytes);
  if (!text) return text.error();
  const auto document = read_document(*text, path.string());
  if (!document) return document.error();
  if (!document->root.is_array())
    return at(path.string(), document->root.line, "expected an array of {\"id\", \"dir\"}, one per labelled folder");
  for (const JsonValue& entry : document->root.items) {
    const JsonValue *id = entry.find("id"), *dir = entry.find("dir");
    if (id == nullptr || dir == nullptr || !dir->is_string() || (!id->is_string() && !id->is_number()))
      return at(path.string(), entry.line, "an entry needs \"id\" and \"dir\"");
    // The folders may have been moved since, together with their index.
    const fs::path normal = (fs::path(dir->text) / "").lexically_normal();  // ends with a slash, so that any does
    const auto name = relative_path(normal.parent_path().filename().string());
    if (!name) return at(path.string(), dir->line, fmt::format("\"{}\" names no folder", escape_line(dir->text)));
    folders[id->text] = *name;
  }
  return folders;
}

}  // namespace

Result<std::vector<Label>> parse_labels(std::string_view text, const std::string& file) {
  const auto document = read_document(text, file);
  if (!document) return document.error();
  return Reader(file).read(document->root);
}

Result<std::vector<Label>> read_labels(const fs::path& file) {
  const auto text = read_file(file, kMaxJsonBytes);
  if (!text) return text.error();
  return parse_labels(*text, file.string());
}

Status place_labels(std::vector<Label>& labels, const fs::path& root) {
  const auto index = read_index(root);
  if (!index) return index.error();
  for (Label& label : labels) {
    const auto listed = index->find(label.id);
    if (listed != index->end()) {
      label.folder = listed->second;
      continue;
    }
    const auto path = relative_path(label.id);
    std::error_code error;
    label.folder = path && fs::is_directory(root / *path, error) ? *path : "";
  }
  return {};
}

std::vector<std::string> families_of(const std::string& violated) {
  if (violated.starts_with("PG-")) return {violated};
  std::vector<std::string> rules;
  for (const Family& family : all_families())
    if (violated.starts_with(family.violated)) rules.insert(rules.end(), family.rules.begin(), family.rules.end());
  return rules;
}

}  // namespace pg::verify
