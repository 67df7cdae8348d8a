#include "reference/dist/spawn.h"

#include <ATen/Parallel.h>
#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>

namespace pg::dist {
namespace {

void set_variables(int rank, int world, int port) {
  ::setenv("RANK", std::to_string(rank).c_str(), 1);
  ::setenv("LOCAL_RANK", std::to_string(rank).c_str(), 1);
  ::setenv("WORLD_SIZE", std::to_string(world).c_str(), 1);
  ::setenv("MASTER_ADDR", "127.0.0.1", 1);
  ::setenv("MASTER_PORT", std::to_string(port).c_str(), 1);
}

std::vector<int> wait_for(const std::vector<pid_t>& children) {
  std::vector<int> codes;
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    codes.push_back(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  }
  return codes;
}

}  // namespace

int free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address));
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(fd);
  return ntohs(address.sin_port);
}

std::vector<int> run_ranks(int world, const std::function<int(int)>& work) {
  const int port = free_port();
  std::cout.flush();
  std::vector<pid_t> children;
  for (int rank = 0; rank < world; ++rank) {
    const pid_t child = ::fork();
    if (child == 0) {
      set_variables(rank, world, port);
      at::set_num_threads(1);  // a fork inherits no OpenMP threads
      int code = 70;
      try {
        code = work(rank);
      } catch (const std::exception& error) {
        std::cerr << "rank " << rank << ": " << error.what() << "\n";
      }
      std::cout.flush();
      std::cerr.flush();
      ::_exit(code);
    }
    children.push_back(child);
  }
  return wait_for(children);
}

}  // namespace pg::dist
