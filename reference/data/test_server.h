#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace pg::data {

// A small HTTP server on 127.0.0.1 for tests, which can do what Python's cannot: ranges, lies and failures. Settings
// may be changed between requests.
class TestServer {
 public:
  std::string content = std::string(100000, 'x') + "end";  // of every path that is not in `files`
  std::map<std::string, std::string> files;                // by path below url()
  std::string etag = "\"one\"";
  bool ranges = true;
  bool heeds_conditions = true;  // If-Range
  std::size_t cut_after = 0;     // closes the connection after so many bytes of the body; 0: sends all
  int failures = 0;              // so many requests more get `failure`
  int failure = 500;

  TestServer() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(socket_, reinterpret_cast<sockaddr*>(&address), size);
    ::listen(socket_, 8);
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~TestServer() {
    stop_ = true;
    thread_.join();
    ::close(socket_);
  }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/base"; }
  std::vector<std::string> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void serve() {
    while (!stop_) {
      pollfd waiting{socket_, POLLIN, 0};
      if (::poll(&waiting, 1, 20) <= 0) continue;
      const int client = ::accept(socket_, nullptr, nullptr);
      if (client < 0) continue;
      answer(client);
      ::close(client);
    }
  }

  static void send_all(int client, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }

  void answer(int client) {
    std::string request;
    char buffer[4096];
    while (request.find("\r\n\r\n") == std::string::npos) {
      const ssize_t n = ::recv(client, buffer, sizeof buffer, 0);
      if (n <= 0) return;
      request.append(buffer, static_cast<std::size_t>(n));
    }
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
    }
    if (failures > 0) {
      --failures;
      send_all(client,
               "HTTP/1.1 " + std::to_string(failure) + " No\r\nContent-Length: 4\r\nConnection: close\r\n\r\noops");
      return;
    }
    const std::size_t path = request.find("/base/") + 6;
    const auto named = files.find(request.substr(path, request.find(' ', path) - path));
    const std::string& whole = named == files.end() ? content : named->second;
    std::size_t from = 0;
    const std::size_t range = request.find("Range: bytes=");
    const std::size_t condition = request.find("If-Range: ");
    const bool same =
        !heeds_conditions || condition == std::string::npos || request.compare(condition + 10, etag.size(), etag) == 0;
    if (ranges && range != std::string::npos && same) from = std::stoul(request.substr(range + 13));
    std::string head = "HTTP/1.1 200 OK\r\n";
    if (from > 0 && from >= whole.size())
      head = "HTTP/1.1 416 No\r\n";
    else if (from > 0)
      head = "HTTP/1.1 206 Partial\r\nContent-Range: bytes " + std::to_string(from) + "-" +
             std::to_string(whole.size() - 1) + "/" + std::to_string(whole.size()) + "\r\n";
    const std::string body = from < whole.size() ? whole.substr(from) : "";
    if (!etag.empty()) head += "ETag: " + etag + "\r\n";
    head += "Content-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n";
    send_all(client, head + (cut_after > 0 ? body.substr(0, cut_after) : body));
  }

  int socket_;
  int port_ = 0;
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

}  // namespace pg::data
