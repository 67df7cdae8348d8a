#include "verify/cli/discover.h"

#include <fmt/format.h>

#include <algorithm>

#include "reference/base/text.h"

namespace pg::verify {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxDepth = 32;

bool is_track_name(std::string_view name) {
  return name.starts_with("track_");
}

// "1493__2026-04-09_Name": how pull requests' folders are written out.
bool is_pull_request_name(std::string_view name) {
  std::size_t digits = 0;
  while (digits < name.size() && name[digits] >= '0' && name[digits] <= '9') ++digits;
  return digits > 0 && name.substr(digits).starts_with("__") && name.size() > digits + 2;
}

bool any_track(const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(), [](const std::string& name) { return is_track_name(name); });
}

std::string name_of(const fs::path& folder) {
  std::error_code error;
  const fs::path canonical = fs::canonical(folder, error);
  return (error ? folder : canonical).filename().string();
}

bool is_checkout(const fs::path& folder, const FolderLook& look) {
  return std::find(look.folders.begin(), look.folders.end(), "records") != look.folders.end() &&
         any_track(look_at(folder / "records").folders);
}

// Whether a submission stands directly in `parent`, whose look this is.
bool holds_submission(const fs::path& parent, const FolderLook& look) {
  return std::any_of(look.folders.begin(), look.folders.end(), [&](const std::string& child) {
    const FolderLook below = look_at(parent / child);
    return below.looks_like_submission() && !is_checkout(parent / child, below);
  });
}

bool is_track(std::string_view name, const FolderLook& look) {
  return is_track_name(name) && !look.folders.empty();
}

bool has_pull_requests(const FolderLook& look) {
  return std::any_of(look.folders.begin(), look.folders.end(), is_pull_request_name);
}

class Walker {
 public:
  explicit Walker(const fs::path& root) { found_.root = root; }

  Discovery run(const FolderLook& root) {
    const bool archive = is_checkout(found_.root, root) || is_track(name_of(found_.root), root) ||
                         any_track(root.folders) || has_pull_requests(root);
    if (root.has_metadata && !archive)
      found_.submissions.push_back(".");
    else
      children("", name_of(found_.root), root, 1);
    std::sort(found_.submissions.begin(), found_.submissions.end());
    std::sort(found_.containers.begin(), found_.containers.end());
    return std::move(found_);
  }

 private:
  // Walks through the children of `path` ("" = root); true if a submission was found below.
  bool children(const std::string& path, const std::string& name, const FolderLook& look, int depth) {
    const bool track = is_track(name, look), checkout = is_checkout(found_.root / path, look);
    for (const std::string& link : look.links) found_.links.push_back(path.empty() ? link : path + "/" + link);
    bool any = false;
    for (const std::string& child : look.folders) {
      const std::string below = path.empty() ? child : path + "/" + child;
      if (checkout && child != "records") {
        found_.none[below] = "outside records/ of a repository checkout";
      } else if ((track && !child.starts_with('.')) || (depth == 1 && is_pull_request_name(child))) {
        found_.submissions.push_back(below);
        any = true;
      } else if (is_case(below) && holds_submission(found_.root / path, look)) {
        found_.submissions.push_back(below);
        any = true;
      } else {
        any = folder(below, child, depth) || any;
      }
    }
    return any;
  }

  // A checkout written out as a case of its own, judged by the script at its top (is_checkout_with_script). A clone
  // with its history is the contest's repository, whose records/ counts.
  bool is_case(const std::string& path) const {
    const FolderLook look = look_at(found_.root / path);
    return look.has_script && is_checkout(found_.root / path, look) &&
           std::find(look.folders.begin(), look.folders.end(), ".git") == look.folders.end();
  }

  bool folder(const std::string& path, const std::string& name, int depth) {
    const auto dismiss = [&](const char* reason) {
      found_.none[path] = reason;
      return false;
    };
    if (name == ".git") return dismiss("version control");
    if (depth >= kMaxDepth) return dismiss("nested deeper than 32 folders");
    const FolderLook look = look_at(found_.root / path);
    if (!look.readable) return dismiss("not readable");
    const bool archive =
        is_track(name, look) || is_checkout(found_.root / path, look) || (name == "records" && any_track(look.folders));
    if (look.looks_like_submission() && !archive) {
      found_.submissions.push_back(path);
      return true;
    }
    if (!children(path, name, look, depth + 1)) {
      // One entry for the whole branch: its own children are inside it.
      found_.none.erase(found_.none.lower_bound(path + "/"), found_.none.lower_bound(path + "0"));  // '0' = '/' + 1
      return dismiss("no submission in it or below it");
    }
    found_.containers.push_back(path);
    return true;
  }

  Discovery found_;
};

}  // namespace

FolderLook look_at(const fs::path& folder) {
  FolderLook look;
  std::error_code error;
  fs::directory_iterator it(folder, fs::directory_options::none, error);
  if (error) return look;
  for (const fs::directory_iterator end; it != end; it.increment(error)) {
    std::error_code ignored;
    const std::string name = it->path().filename().string();
    if (it->is_symlink(ignored)) {
      if (it->is_directory(ignored)) look.links.push_back(name);
    } else if (it->is_directory(ignored)) {
      look.folders.push_back(name);
    } else {
      look.has_files = true;
      look.has_metadata = look.has_metadata || (name.starts_with("submission") && name.ends_with(".json"));
      look.has_script = look.has_script || (name.starts_with("train") && name.ends_with(".py"));
      look.has_other = look.has_other || name == "README.md" || name.ends_with(".log") || look.has_script;
    }
  }
  look.readable = !error;
  std::sort(look.folders.begin(), look.folders.end());
  std::sort(look.links.begin(), look.links.end());
  return look;
}

bool is_archive(const fs::path& folder) {
  // A pull request whose one folder was written out whole is that pull request's submission, however it is built.
  if (is_pull_request_name(name_of(folder))) return false;
  const FolderLook look = look_at(folder);
  return is_checkout(folder, look) || is_track(name_of(folder), look) || any_track(look.folders) ||
         (has_pull_requests(look) && !look.looks_like_submission());
}

bool is_checkout_with_script(const fs::path& folder) {
  if (is_pull_request_name(name_of(folder))) return false;
  const FolderLook look = look_at(folder);
  return look.has_script && is_checkout(folder, look);
}

Result<Discovery> discover(const fs::path& root) {
  std::error_code error;
  if (!fs::exists(root, error)) return Error{fmt::format("{}: no such folder", escape_line(root.string(), 500))};
  if (!fs::is_directory(root, error)) return Error{fmt::format("{} is not a folder", escape_line(root.string(), 500))};
  const FolderLook look = look_at(root);
  if (!look.readable) return Error{fmt::format("{}: cannot be read", escape_line(root.string(), 500))};
  return Walker(root).run(look);
}

}  // namespace pg::verify
