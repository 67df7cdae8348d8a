#include "verify/cli/run_program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <thread>

namespace pg::verify {
namespace {

struct Child {
  pid_t pid = -1;
  int out = -1, err = -1;
};

Child start(const std::vector<std::string>& arguments, const std::vector<std::string>& environment) {
  int out[2], err[2];
  if (::pipe2(out, O_CLOEXEC) != 0 || ::pipe2(err, O_CLOEXEC) != 0) std::abort();
  std::vector<std::string> words = {PG_VERIFY_PROGRAM};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid == 0) {
    for (const std::string& setting : environment) {
      const std::size_t equals = setting.find('=');
      ::setenv(setting.substr(0, equals).c_str(), setting.substr(equals + 1).c_str(), 1);
    }
    ::dup2(out[1], STDOUT_FILENO);
    ::dup2(err[1], STDERR_FILENO);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  ::close(out[1]);
  ::close(err[1]);
  return {pid, out[0], err[0]};
}

// Reads both pipes to their ends; stdout is closed once it gave `limit` bytes.
void drain(Child& child, Finished& finished, std::size_t limit) {
  while (child.out >= 0 || child.err >= 0) {
    pollfd waiting[2] = {{child.out, POLLIN, 0}, {child.err, POLLIN, 0}};
    if (::poll(waiting, 2, -1) < 0) continue;
    int* ends[2] = {&child.out, &child.err};
    std::string* texts[2] = {&finished.out, &finished.err};
    for (int i = 0; i < 2; ++i) {
      if (*ends[i] < 0 || waiting[i].revents == 0) continue;
      char buffer[4096];
      const ssize_t n = ::read(*ends[i], buffer, sizeof buffer);
      if (n > 0) texts[i]->append(buffer, static_cast<std::size_t>(n));
      if (n <= 0 || (i == 0 && finished.out.size() >= limit)) {
        ::close(*ends[i]);
        *ends[i] = -1;
      }
    }
  }
}

void wait_for(const Child& child, Finished& finished) {
  int status = 0;
  ::waitpid(child.pid, &status, 0);
  finished.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

Finished run_pgverify(const std::vector<std::string>& arguments, const std::vector<std::string>& environment) {
  Finished finished;
  Child child = start(arguments, environment);
  drain(child, finished, static_cast<std::size_t>(-1));
  wait_for(child, finished);
  return finished;
}

Finished run_with_closed_pipe(const std::vector<std::string>& arguments, std::size_t bytes) {
  Finished finished;
  Child child = start(arguments, {});
  drain(child, finished, bytes);
  wait_for(child, finished);
  return finished;
}

Finished run_and_signal(const std::vector<std::string>& arguments, int signal, int milliseconds) {
  Finished finished;
  Child child = start(arguments, {});
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
  ::kill(child.pid, signal);
  drain(child, finished, static_cast<std::size_t>(-1));
  wait_for(child, finished);
  return finished;
}

}  // namespace pg::verify
