#include "reference/cli/terminal.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstring>

#include "reference/base/program.h"
#include "reference/base/text.h"

namespace pg::cli {
namespace {

// A signal handler may touch nothing but such plain memory.
constexpr std::size_t kMaxPath = 4096;
char g_folder[kMaxPath];
std::atomic<bool> g_has_folder{false};

// Removes the files of an open folder; how many. Not by readdir(): it takes memory.
int remove_files(int folder) {
  static char buffer[32768];
  int removed = 0;
  ::lseek(folder, 0, SEEK_SET);
  for (long filled; (filled = ::syscall(SYS_getdents64, folder, buffer, sizeof buffer)) > 0;) {
    unsigned short length = 0;
    for (const char* entry = buffer; entry < buffer + filled; entry += length) {
      std::memcpy(&length, entry + offsetof(dirent64, d_reclen), sizeof length);
      removed += ::unlinkat(folder, entry + offsetof(dirent64, d_name), 0) == 0;
    }
  }
  return removed;
}

extern "C" void say_truncated(int) {
  remove_now();
  constexpr char kLine[] =
      "pgref: a mapped file (a token shard) was truncated or its disk failed while it was read; make it whole (pgref "
      "fetch, pgref corpus) and run again\n";
  (void)!::write(STDERR_FILENO, kLine, sizeof kLine - 1);
  ::_exit(kExitError);
}

}  // namespace

void complain(std::string_view message) {
  pg::complain(escape_line(message, 4000));
}

void say(bool quiet, std::string_view message) {
  if (quiet) return;
  const std::string line = escape_line(message, 4000) + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
}

void remove_when_interrupted(const std::filesystem::path& folder) {
  const std::string& name = folder.native();
  g_has_folder = false;
  if (name.empty() || name.size() >= kMaxPath) return;
  std::memcpy(g_folder, name.c_str(), name.size() + 1);
  g_has_folder = true;
}

void remove_now() {
  if (!g_has_folder) return;
  const int folder = ::open(g_folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (folder < 0) return;
  // Again while there is something: names that move while a folder is read may be passed over.
  while (remove_files(folder) > 0) continue;
  ::close(folder);
  ::rmdir(g_folder);
}

void forget_when_interrupted() {
  g_has_folder = false;
}

void end_on_truncated_maps() {
  struct sigaction action {};
  action.sa_handler = say_truncated;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(SIGBUS, &action, nullptr);
}

Progress::Progress(std::string what, bool quiet) : what_(std::move(what)), shown_(!quiet && is_terminal(stderr)) {}

Progress::~Progress() {
  done();
}

void Progress::update(double fraction, std::string_view text) {
  const auto now = std::chrono::steady_clock::now();
  if (!shown_ || (dirty_ && now - last_ < std::chrono::milliseconds(100))) return;
  last_ = now;
  dirty_ = true;
  const std::string percent = fraction < 0 ? "" : fmt::format(" {:3.0f} %", 100 * fraction);
  const std::string line = fmt::format("\r\x1b[K{}{} {}", what_, percent, escape_line(text, 100));
  std::fwrite(line.data(), 1, line.size(), stderr);
  std::fflush(stderr);
}

void Progress::done() {
  if (dirty_) std::fputs("\r\x1b[K", stderr);
  dirty_ = false;
}

}  // namespace pg::cli
