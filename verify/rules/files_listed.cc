#include "verify/rules/files_listed.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <span>

#include "reference/base/text.h"
#include "verify/rules/results.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-FILES-LISTED";
constexpr std::size_t kMaxMissing = 20, kMaxLine = 4096;

// What the contest's own repository holds at its root: running it is no reference to the folder.
constexpr std::string_view kRepositoryFiles[] = {"train_gpt.py", "train_gpt_mlx.py", "requirements.txt"};
constexpr std::string_view kRunners[] = {"torchrun", "python", "python3", "bash", "sh", "source"};
constexpr std::string_view kExtensions[] = {".py",    ".sh",    ".log", ".txt", ".json", ".md",
                                            ".model", ".vocab", ".cpp", ".cu",  ".tsv",  ".csv"};

bool has_extension(std::string_view name, std::span<const std::string_view> extensions) {
  return std::ranges::any_of(extensions, [&](std::string_view extension) {
    return name.size() > extension.size() && name.substr(name.size() - extension.size()) == extension;
  });
}

// A plain file name: no folder, placeholder or pattern in it. Paths are left alone, they may start at the repository.
bool is_plain_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  });
}

class Listed {
 public:
  explicit Listed(const Submission& submission) : submission_(submission) {}

  struct Miss {
    std::uint32_t line;
    std::string text;
  };
  std::map<std::string, Miss> run() {
    std::string_view text = submission_.readme_text;
    for (std::uint32_t line = 1; !text.empty() && missing_.size() < kMaxMissing; ++line) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      one_line(text.substr(0, std::min(end, kMaxLine)), line);
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    return std::move(missing_);
  }

 private:
  void one_line(std::string_view raw, std::uint32_t line) {
    const std::string_view text = trim(raw);
    if (text.substr(0, 1) == "#" && !fence_) files_section_ = contains_ignore_case(text, "files");
    if (text.substr(0, 3) == "```") {
      fence_ = !fence_;
      return;
    }
    if (fence_) return command(text, line);
    const bool bullet = text.size() > 2 && (text[0] == '-' || text[0] == '*') && text[1] == ' ';
    if (files_section_ && bullet) listed(trim(text.substr(2)), line);
  }

  // "torchrun --nproc_per_node=8 train_gpt_sweep.py", continued lines included.
  void command(std::string_view text, std::uint32_t line) {
    bool runs = continued_;
    std::string_view rest = text;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find_first_of(" \t"), rest.size());
      std::string_view word = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (std::ranges::find(kRunners, word) != std::end(kRunners)) {
        runs = true;
      } else if (word == "cd" || word == "cp" || word == "git" || word == ">" || word == "|" || word == "tee") {
        break;  // another place, or a file that the command makes
      } else if (runs || word.substr(0, 2) == "./") {
        if (word.substr(0, 2) == "./") word.remove_prefix(2);
        constexpr std::string_view scripts[] = {".py", ".sh"};
        if (is_plain_name(word) && has_extension(word, scripts)) note(word, line, text);
      }
    }
    continued_ = runs && !text.empty() && text.back() == '\\';
  }

  // "`train_seed42.log`: the log" below a heading that speaks of files.
  void listed(std::string_view text, std::uint32_t line) {
    while (!text.empty() && text.front() == '*') text.remove_prefix(1);
    if (text.substr(0, 1) != "`") return;
    text.remove_prefix(1);
    const std::string_view name = text.substr(0, text.find('`'));
    if (is_plain_name(name) && has_extension(name, kExtensions)) note(name, line, text);
  }

  void note(std::string_view name, std::uint32_t line, std::string_view text) {
    if (std::ranges::find(kRepositoryFiles, name) != std::end(kRepositoryFiles)) return;
    const bool there = std::ranges::any_of(submission_.folder.files, [&](const FileEntry& file) {
      const std::size_t slash = file.path.rfind('/');
      return std::string_view(file.path).substr(slash == std::string::npos ? 0 : slash + 1) == name;
    });
    if (!there) missing_.emplace(name, Miss{line, std::string(text.substr(0, 200))});
  }

  const Submission& submission_;
  std::map<std::string, Miss> missing_;
  bool fence_ = false, files_section_ = false, continued_ = false;
};

std::vector<RuleResult> check(const Submission& submission, const Policy&) {
  if (submission.readme.empty()) return {not_applicable(kId, "skipped because there is no README (PG-FILES-REQUIRED)")};
  const auto missing = Listed(submission).run();
  if (missing.empty()) return {passed(kId, "every file that the README lists or runs is there")};
  Failure failure;
  failure.severity = Severity::info;
  for (const auto& [name, miss] : missing) {
    failure.observed += (failure.observed.empty() ? "" : ", ") + name;
    failure.evidence.push_back({submission.readme, miss.line, miss.text, 0});
  }
  failure.message = fmt::format("the README lists or runs files that are not in the folder: {}", failure.observed);
  failure.required = "files that the README names are shipped";
  failure.help = "ship them, or correct the README";
  return {failed(kId, std::move(failure))};
}

}  // namespace

const Rule kRuleFilesListed{kId, "files named in the README",
                            "whether scripts that the README runs and files that it lists are in the folder",
                            "that the submission does not run: the file may lie in the contest's repository", check};

}  // namespace pg::verify
