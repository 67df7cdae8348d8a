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

Result<fs::path> default_texts() {
  std::error_code error;
  const char* named = std::getenv("PGREF_TEXTS");
  const fs::path source = PG_SOURCE_DIR, texts = named != nullptr ? named : source / "third_party" / "corpus";
  const fs::path mark = texts / "PACKAGES.json", script = source / "ci" / "fetch_corpus";
  if (!fs::exists(mark, error) && named == nullptr && fs::exists(script, error)) (void)run_script(script);
  if (fs::exists(mark, error)) return texts;
  return Error{
      fmt::format("the texts of the default corpus are not in {}. ci/fetch_corpus of the source tree brings them "
                  "out of Debian packages; $PGREF_TEXTS names another place; or make a corpus of your own texts "
                  "with --from FOLDER",
                  escape_line(texts.string()))};
}

fs::path default_corpus_folder(std::size_t vocab_size) {
  return fs::path("data") / fmt::format("corpus_sp{}", vocab_size);
}

}  // namespace pg::data
