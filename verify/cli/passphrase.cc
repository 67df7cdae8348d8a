#include "verify/cli/passphrase.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <termios.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>

#include "reference/base/file.h"
#include "reference/base/text.h"

namespace pg::verify {
namespace {

constexpr std::uint64_t kMaxPassphraseBytes = 1024;

// What a signal handler needs: the terminal and its settings before the question.
termios g_before;
std::atomic<int> g_terminal{-1};

// One line from the terminal, not echoed.
Result<std::string> ask_terminal(const std::string& question) {
  const int terminal = ::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (terminal < 0)
    return Error{fmt::format("no terminal to ask for the passphrase; give --passphrase-file FILE or set {}",
                             kPassphraseVariable)};
  termios silent{};
  const bool switched = ::tcgetattr(terminal, &g_before) == 0;
  if (switched) {
    silent = g_before;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    g_terminal = terminal;
    ::tcsetattr(terminal, TCSAFLUSH, &silent);
  }
  const auto say = [&](std::string_view text) { return ::write(terminal, text.data(), text.size()) > 0; };
  say(question + ": ");
  std::string line;
  char c = 0;
  ssize_t n = 0;
  while (line.size() <= kMaxPassphraseBytes) {
    n = ::read(terminal, &c, 1);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0 || c == '\n') break;
    line += c;
  }
  say("\n");
  restore_echo();
  ::close(terminal);
  return n < 0 ? Result<std::string>(Error{"the terminal cannot be read"}) : line;
}

Result<std::string> read_first_line(const std::string& file) {
  auto text = read_file(file, kMaxPassphraseBytes);
  if (!text) return text.error();
  std::string line = text->substr(0, text->find_first_of("\r\n"));
  OPENSSL_cleanse(text->data(), text->size());
  return line;
}

Result<std::string> find_passphrase(const std::string& file, const std::string& what, bool twice) {
  if (!file.empty()) return read_first_line(file);
  if (const char* variable = std::getenv(kPassphraseVariable)) return std::string(variable);
  auto first = ask_terminal("Passphrase for " + what);
  if (!first || !twice) return first;
  auto second = ask_terminal("Again");
  if (!second) return second;
  if (*first != *second) return Error{"the two passphrases differ"};
  return first;
}

}  // namespace

void restore_echo() {
  const int terminal = g_terminal.exchange(-1);
  if (terminal >= 0) ::tcsetattr(terminal, TCSAFLUSH, &g_before);
}

Result<std::string> ask_passphrase(const std::string& file, const std::string& what, bool twice) {
  auto found = find_passphrase(file, what, twice);
  if (found && found->empty()) return Error{"the passphrase is empty"};
  if (found && found->size() > kMaxPassphraseBytes)
    return Error{fmt::format("the passphrase is longer than {} bytes", kMaxPassphraseBytes)};
  return found;
}

PassphraseSource passphrase_source(const std::string& file, const std::string& path) {
  return [file, path] { return ask_passphrase(file, escape_line(path, 200), false); };
}

}  // namespace pg::verify
