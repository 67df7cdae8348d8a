#include "reference/base/run_program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace pg {
namespace {

struct Child {
  pid_t pid = -1;
  int out = -1, err = -1;
};

// The text as something to read from its beginning.
int as_file(const std::string& text) {
  std::FILE* file = std::tmpfile();
  if (file == nullptr || std::fwrite(text.data(), 1, text.size(), file) != text.size() || std::fflush(file) != 0)
    std::abort();
  const int fd = ::fcntl(::fileno(file), F_DUPFD_CLOEXEC, 3);
  std::fclose(file);
  ::lseek(fd, 0, SEEK_SET);
  return fd;
}

Child start(std::vector<std::string>& words, const HowToRun& how) {
  int out[2], err[2];
  if (::pipe2(out, O_CLOEXEC) != 0 || ::pipe2(err, O_CLOEXEC) != 0) std::abort();
  const int in = how.input ? as_file(*how.input) : -1;
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid == 0) {
    for (const std::string& setting : how.environment) {
      const std::size_t equals = setting.find('=');
      ::setenv(setting.substr(0, equals).c_str(), setting.substr(equals + 1).c_str(), 1);
    }
    if (in >= 0) ::dup2(in, STDIN_FILENO);
    ::dup2(out[1], STDOUT_FILENO);
    ::dup2(err[1], STDERR_FILENO);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  ::close(out[1]);
  ::close(err[1]);
  if (in >= 0) ::close(in);
  return {pid, out[0], err[0]};
}

// Reads both pipes to their ends, or stdout to its limit, and sends the signal meanwhile.
void drain(Child& child, const HowToRun& how, Finished& finished) {
  bool to_signal = how.signal != 0;
  while (child.out >= 0 || child.err >= 0) {
    if (to_signal && how.signal_when()) {
      ::kill(child.pid, how.signal);
      to_signal = false;
    }
    pollfd waiting[2] = {{child.out, POLLIN, 0}, {child.err, POLLIN, 0}};
    if (::poll(waiting, 2, to_signal ? 5 : -1) <= 0) continue;
    int* ends[2] = {&child.out, &child.err};
    std::string* texts[2] = {&finished.out, &finished.err};
    for (int i = 0; i < 2; ++i) {
      if (*ends[i] < 0 || waiting[i].revents == 0) continue;
      char buffer[4096];
      const ssize_t n = ::read(*ends[i], buffer, sizeof buffer);
      if (n > 0) texts[i]->append(buffer, static_cast<std::size_t>(n));
      if (n <= 0 || (i == 0 && finished.out.size() >= how.out_limit)) {
        ::close(*ends[i]);
        *ends[i] = -1;
      }
    }
  }
}

}  // namespace

Finished run_program(std::vector<std::string> words, const HowToRun& how) {
  Finished finished;
  Child child = start(words, how);
  drain(child, how, finished);
  int status = 0;
  ::waitpid(child.pid, &status, 0);
  finished.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return finished;
}

}  // namespace pg
