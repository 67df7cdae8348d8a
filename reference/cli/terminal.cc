#include "reference/cli/terminal.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cstring>

#include "reference/base/program.h"
#include "reference/base/text.h"

namespace pg::cli {
namespace {

// A signal handler may touch nothing but such plain memory.
constexpr std::size_t kMaxPaths = 64, kMaxPath = 1024;
char g_paths[kMaxPaths][kMaxPath];
std::atomic<std::size_t> g_path_count{0};

}  // namespace

void complain(std::string_view message) {
  pg::complain(escape_line(message, 4000));
}

void say(bool quiet, std::string_view message) {
  if (quiet) return;
  const std::string line = escape_line(message, 4000) + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
}

void remove_when_interrupted(const std::filesystem::path& path) {
  const std::string& name = path.native();
  const std::size_t slot = g_path_count;
  if (slot >= kMaxPaths || name.empty() || name.size() >= kMaxPath) return;
  std::memcpy(g_paths[slot], name.c_str(), name.size() + 1);
  g_path_count = slot + 1;
}

void remove_now() {
  for (std::size_t i = g_path_count; i-- > 0;)
    if (::unlink(g_paths[i]) != 0) ::rmdir(g_paths[i]);
}

void forget_when_interrupted() {
  g_path_count = 0;
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
