#include "verify/submission/reach.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "reference/base/sha256.h"
#include "reference/base/text.h"
#include "verify/submission/code_diff.h"
#include "verify/submission/sizes.h"

namespace pg::verify {
namespace {

using Kind = CodeReference::Kind;

bool is_python(std::string_view path) {
  return path.ends_with(".py") || path.ends_with(".pyw");
}

std::string_view base_of(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

std::string_view folder_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return path.substr(0, slash == std::string_view::npos ? 0 : slash + 1);
}

// Files of the folder by the names a script may use for them.
class Names {
 public:
  explicit Names(const Submission& s) : submission_(s) {
    for (const LogFile& log : s.logs) no_targets_.insert(log.path);
    no_targets_.insert(s.readme);
    no_targets_.insert(s.metadata.path);
    for (const FileEntry& file : s.folder.files) {
      if (!no_targets_.contains(file.path)) by_base_[base_of(file.path)].push_back(file.path);
    }
  }

  // The path of the file that `target` means in `from`; empty where there is none.
  std::string resolve(const CodeFile& file, const CodeReference& reference) const {
    const std::string& from = file.path;
    std::string target = reference.target;
    while (target.starts_with("../")) target.erase(0, 3);
    std::vector<std::string> tries = {std::string(folder_of(from)) + target, target};
    if (reference.kind == Kind::import) {
      const std::string stem = target.substr(0, target.size() - 3);
      for (const std::string& package : {std::string(folder_of(from)) + stem, stem}) {
        tries.push_back(package + "/__init__.py");
        tries.push_back(package + ".so");
      }
    }
    for (const std::string& path : tries)
      if (submission_.folder.find(path) != nullptr && !no_targets_.contains(path)) return path == from ? "" : path;
    return reference.kind == Kind::import ? "" : by_suffix(file, target);
  }

 private:
  // os.path.join(here, "ngram", "kernel.cpp") leaves only "kernel.cpp" to be read: a name that is unique will do where
  // the script names the file's folder too.
  std::string by_suffix(const CodeFile& file, const std::string& target) const {
    const auto found = by_base_.find(base_of(target));
    if (found == by_base_.end()) return {};
    std::string match;
    for (const std::string& path : found->second) {
      if (path != target && !path.ends_with("/" + target)) continue;
      if (!match.empty()) return {};
      match = path;
    }
    if (match.empty() || match == file.path || match == target) return match == file.path ? std::string() : match;
    std::string_view folder(match);
    folder.remove_suffix(target.size() + 1);
    folder = base_of(folder);
    for (std::size_t at = 0; (at = file.source.find(folder, at)) != std::string::npos; ++at) {
      const char before = at > 0 ? file.source[at - 1] : ' ';
      if (before == '"' || before == '\'' || before == '/') return match;
    }
    return {};
  }

  const Submission& submission_;
  std::set<std::string, std::less<>> no_targets_;
  std::map<std::string_view, std::vector<std::string>> by_base_;
};

void resolve_references(Submission& s) {
  const Names names(s);
  for (CodeFile& file : s.code) {
    std::vector<CodeReference> kept;
    std::set<std::pair<Kind, std::string>> seen;
    for (CodeReference& reference : file.references) {
      std::string path = names.resolve(file, reference);
      const bool runs = reference.kind == Kind::exec || reference.kind == Kind::subprocess;
      // A name that says nothing about where: the file may be anywhere, or be written by the script itself.
      if (path.empty() && (!runs || base_of(reference.target) == base_of(file.path))) continue;
      if (!path.empty()) reference.target = std::move(path);
      if (seen.emplace(reference.kind, reference.target).second) kept.push_back(std::move(reference));
    }
    // One file named in several ways: what runs it says more than what opens it.
    std::erase_if(kept, [&](const CodeReference& reference) {
      return reference.kind == Kind::open && std::any_of(kept.begin(), kept.end(), [&](const CodeReference& other) {
               return other.kind != Kind::open && other.target == reference.target;
             });
    });
    file.references = std::move(kept);
  }
}

void drop_unreached_native(Submission& s) {
  std::set<std::string> reached;
  for (const CodeFile& file : s.code) {
    if (!is_python(file.path)) continue;
    for (std::string& path : reachable_from(s, file.path)) reached.insert(std::move(path));
  }
  std::erase_if(s.code, [&](const CodeFile& file) { return !is_python(file.path) && !reached.contains(file.path); });
}

bool same_source(const EmbeddedSource& embedded, const CodeFile& file) {
  if (embedded.bytes == file.bytes) return embedded.sha256 == file.sha256;
  if (embedded.bytes + 1 != file.bytes || file.source.size() != file.bytes || !file.source.ends_with('\n'))
    return false;
  return embedded.sha256 == sha256_hex(std::string_view(file.source).substr(0, file.source.size() - 1));
}

// Claimed runs whose logged code size or embedded source is this file's.
int votes(const Submission& s, const CodeFile& file) {
  int count = 0;
  for (const SubmittedRun& submitted : s.runs) {
    if (submitted.role != Role::claim) continue;
    const LogRun& run = s.last_run(sized_run(s, submitted));
    const Logged<std::int64_t> bytes = plain_code_bytes(run);
    const bool sized = bytes && static_cast<std::uint64_t>(std::max<std::int64_t>(*bytes, 0)) == file.bytes;
    count += sized || (run.source && same_source(*run.source, file));
  }
  return count;
}

// Whether the README names the script in a line that runs something.
bool run_by_readme(const Submission& s, const CodeFile& file) {
  std::string_view text = s.readme_text;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const bool runs = line.find("torchrun") != std::string_view::npos || line.find("python") != std::string_view::npos;
    if (runs && line.find(file.path) != std::string_view::npos) return true;
  }
  return false;
}

// How much of the source that the claimed logs embed is in the file, 0 to 1: tells apart several scripts of which none
// is exactly the one that ran.
double likeness(const Submission& s, const CodeFile& file) {
  for (const SubmittedRun& submitted : s.runs) {
    if (submitted.role != Role::claim) continue;
    const LogRun& run = s.last_run(submitted);
    if (run.source && !run.source->text.empty()) return 1 - diff_lines(run.source->text, file.source).changed();
  }
  return 0;
}

struct Candidate {
  int index = -1;
  int votes = 0;
  double likeness = 0;
  bool in_readme = false, trains = false, top = false;
  std::uint64_t bytes = 0;
};

void choose_entry(Submission& s) {
  std::vector<Candidate> candidates;
  int standard = -1;
  for (std::size_t i = 0; i < s.code.size(); ++i) {
    const CodeFile& file = s.code[i];
    if (!is_python(file.path) || file.bytes == 0) continue;
    const int index = static_cast<int>(i);
    if (file.path == "train_gpt.py") standard = index;
    candidates.push_back({.index = index,
                          .votes = votes(s, file),
                          .in_readme = run_by_readme(s, file),
                          .trains = base_of(file.path).starts_with("train"),
                          .top = file.path.find('/') == std::string::npos,
                          .bytes = file.bytes});
  }
  if (candidates.empty()) return;
  const bool voted = std::any_of(candidates.begin(), candidates.end(), [](const Candidate& c) { return c.votes > 0; });
  for (Candidate& candidate : candidates)
    if (!voted && standard < 0 && candidates.size() > 1)
      candidate.likeness = likeness(s, s.code[static_cast<std::size_t>(candidate.index)]);
  const auto best = std::max_element(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return std::tuple(a.votes, a.likeness, a.in_readme, a.top, a.trains, a.bytes) <
           std::tuple(b.votes, b.likeness, b.in_readme, b.top, b.trains, b.bytes);
  });
  s.entry = best->index;
  if (standard >= 0 && best->index != standard) {
    const auto reached = reachable_from(s, "train_gpt.py");
    const bool leads_there = std::binary_search(reached.begin(), reached.end(), s.code[best->index].path);
    const auto own = std::find_if(candidates.begin(), candidates.end(), [&](auto& c) { return c.index == standard; });
    if (best->votes == 0 || own->votes > 0 || leads_there) s.entry = standard;
  }
  if (s.entry == standard) {
    s.entry_reason = "train_gpt.py";
  } else if (best->votes > 0) {
    s.entry_reason = fmt::format("{} of the claimed logs count or embed this file", best->votes);
  } else if (candidates.size() == 1) {
    s.entry_reason = "the only script";
  } else if (best->likeness > 0.5) {
    s.entry_reason = "the one most like the source in the logs";
  } else if (best->in_readme) {
    s.entry_reason = "the README runs it";
  } else {
    s.entry_reason = best->trains ? "the largest train*.py" : "the largest script";
  }
}

}  // namespace

std::vector<std::string> reachable_from(const Submission& s, std::string_view from) {
  std::map<std::string_view, const CodeFile*> files;
  for (const CodeFile& file : s.code) files[file.path] = &file;
  std::set<std::string_view> reached;
  std::vector<std::string_view> queue = {from};
  while (!queue.empty()) {
    const auto file = files.find(queue.back());
    queue.pop_back();
    if (file == files.end()) continue;
    for (const CodeReference& reference : file->second->references) {
      if (reference.target == from || s.folder.find(reference.target) == nullptr) continue;
      if (reached.insert(reference.target).second) queue.push_back(reference.target);
    }
  }
  return {reached.begin(), reached.end()};
}

const CodeFile* find_code(const Submission& s, std::string_view path) {
  // `code` is sorted by path.
  const auto it = std::lower_bound(s.code.begin(), s.code.end(), path,
                                   [](const CodeFile& file, std::string_view wanted) { return file.path < wanted; });
  return it == s.code.end() || it->path != path ? nullptr : &*it;
}

const CodeFile* entry_script(const Submission& s) {
  return s.entry >= 0 && static_cast<std::size_t>(s.entry) < s.code.size() ? &s.code[static_cast<std::size_t>(s.entry)]
                                                                           : nullptr;
}

Logged<std::int64_t> plain_code_bytes(const LogRun& run) {
  Logged<std::int64_t> plain;
  bool packed = false;
  for (const SizeLine& size : run.sizes) {
    packed = packed || size.kind == SizeLine::Kind::code_packed;
    if (size.kind != SizeLine::Kind::code_plain) continue;
    plain.value = size.bytes;
    plain.line = size.line;
  }
  return plain || packed ? plain : run.bytes_code;
}

void resolve_code(Submission& s) {
  // find_code relies on the order.
  std::sort(s.code.begin(), s.code.end(), [](const CodeFile& a, const CodeFile& b) { return a.path < b.path; });
  s.entry = -1;
  s.entry_reason.clear();
  resolve_references(s);
  drop_unreached_native(s);
  choose_entry(s);
  if (const CodeFile* entry = entry_script(s)) s.reachable = reachable_from(s, entry->path);
}

}  // namespace pg::verify
