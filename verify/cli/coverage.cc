#include "verify/cli/coverage.h"

#include <fmt/format.h>

#include <set>

#include "reference/base/text.h"

namespace pg::verify {
namespace {

namespace fs = std::filesystem;

// A plain count, to hold the classified sums against.
std::size_t count_directories(const fs::path& root) {
  std::size_t n = 0;
  std::error_code error;
  fs::recursive_directory_iterator it(root, fs::directory_options::skip_permission_denied, error);
  for (const fs::recursive_directory_iterator end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    if (!it->is_symlink(ignored) && it->is_directory(ignored)) ++n;
  }
  return n;
}

class Prover {
 public:
  Prover(const Discovery& discovery, const std::map<std::string, std::size_t>& lines)
      : discovery_(discovery), lines_(lines), containers_(discovery.containers.begin(), discovery.containers.end()) {}

  Coverage run() {
    for (const auto& [path, n] : lines_) {
      out_.lines += n;
      if (n != 1) problem(path, fmt::format("has {} lines instead of one", n));
    }
    if (lines_.contains("."))
      answer(".");
    else
      walk("");
    for (const auto& [path, n] : lines_)
      if (!seen_.contains(path)) problem(path, "has a line, but the second walk did not meet it");
    out_.directories = count_directories(discovery_.root);
    if (out_.directories != out_.answered + out_.inside + out_.containers + out_.none - (lines_.contains(".") ? 1 : 0))
      problem(".", "the counts of directories do not add up");
    return std::move(out_);
  }

 private:
  void walk(const std::string& path) {
    for (const std::string& below : children(path)) {
      const auto why = discovery_.none.find(below);
      if (lines_.contains(below)) {
        answer(below);
      } else if (why != discovery_.none.end()) {
        dismiss(below, why->second);
      } else if (containers_.contains(below)) {
        ++out_.containers;
        walk(below);
      } else {
        problem(below, "is neither answered nor explained");
      }
    }
  }

  void answer(const std::string& path) {
    ++out_.answered;
    seen_.insert(path);
    const std::size_t below = count_below(path == "." ? "" : path);
    out_.inside += below;
  }

  void dismiss(const std::string& path, const std::string& reason) {
    const std::size_t below = count_below(path) + 1;
    out_.none += below;
    out_.reason[reason] += below;
  }

  // Directories below `path`; none of them may have a line of its own.
  std::size_t count_below(const std::string& path) {
    std::vector<std::string> open = {path};
    std::size_t n = 0;
    while (!open.empty()) {
      const std::string folder = std::move(open.back());
      open.pop_back();
      for (std::string& below : children(folder)) {
        ++n;
        if (lines_.contains(below)) problem(below, "has a line although it lies inside another answer");
        open.push_back(std::move(below));
      }
    }
    return n;
  }

  std::vector<std::string> children(const std::string& path) const {
    std::vector<std::string> out;
    std::error_code error;
    fs::directory_iterator it(discovery_.root / path, error);
    if (error) return out;
    for (const fs::directory_iterator end; it != end; it.increment(error)) {
      std::error_code ignored;
      if (it->is_symlink(ignored) || !it->is_directory(ignored)) continue;
      const std::string name = it->path().filename().string();
      out.push_back(path.empty() ? name : path + "/" + name);
    }
    return out;
  }

  void problem(const std::string& path, std::string_view what) {
    out_.problems.push_back(fmt::format("{} {}", escape_line(path, 300), what));
  }

  const Discovery& discovery_;
  const std::map<std::string, std::size_t>& lines_;
  std::set<std::string> containers_, seen_;
  Coverage out_;
};

}  // namespace

Coverage prove_coverage(const Discovery& discovery, const std::map<std::string, std::size_t>& lines) {
  return Prover(discovery, lines).run();
}

}  // namespace pg::verify
