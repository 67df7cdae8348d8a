#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "reference/base/text.h"
#include "reference/data/corpus.h"

namespace pg::data {
namespace {

namespace fs = std::filesystem;

// Runs `script`, its stdout to stderr; whether it ended with 0.
bool run_script(const fs::path& script) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(STDERR_FILENO, STDOUT_FILENO);
    ::execl(script.c_str(), script.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
  }
  int status = 1;
  return child > 0 && ::waitpid(child, &status, 0) == child && status == 0;
}

}  // namespace

fs::path default_texts_folder() {
  const char* named = std::getenv("PGREF_TEXTS");
  return named != nullptr ? fs::path(named) : fs::path(PG_SOURCE_DIR) / "third_party" / "corpus";
}

Result<fs::path> default_texts() {
  std::error_code error;
  const fs::path texts = default_texts_folder(), script = fs::path(PG_SOURCE_DIR) / "ci" / "fetch_corpus";
  const auto there = [&] { return fs::exists(texts / "PACKAGES.json", error); };
  std::string why = "ci/fetch_corpus of the source tree brings them out of Debian packages";
  if (!there() && std::getenv("PGREF_TEXTS") == nullptr) {
    // The source tree may be gone, or be somewhere else: the program can be moved.
    if (::access(script.c_str(), X_OK) != 0)
      why += fmt::format(", but it is not in {} any more; run it in yours and set $PGREF_TEXTS",
                         escape_line(script.parent_path().string()));
    else if (!run_script(script))
      why += ", but it failed; its message is above";
  }
  if (there()) return texts;
  return Error{
      fmt::format("the texts of the default corpus are not in {}. {}. $PGREF_TEXTS names another place; or make "
                  "a corpus of your own texts with --from FOLDER",
                  escape_line(texts.string()), why)};
}

fs::path default_corpus_folder(std::size_t vocab_size) {
  return fs::path("data") / fmt::format("corpus_sp{}", vocab_size);
}

}  // namespace pg::data
