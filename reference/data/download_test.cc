// Against a small HTTP server of this test on 127.0.0.1, which can do what Python's cannot: ranges, lies and failures.
#include "reference/data/download.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "reference/base/file.h"
#include "reference/base/sha256.h"
#include "reference/data/test_folder.h"

namespace pg::data {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class Server {
 public:
  std::string content = std::string(100000, 'x') + "end";
  std::string etag = "\"one\"";
  bool ranges = true;
  std::size_t cut_after = 0;  // closes the connection after so many bytes of the body; 0: sends all
  int failures = 0;           // so many requests more get `failure`
  int failure = 500;

  Server() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
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
  ~Server() {
    stop_ = true;
    thread_.join();
    ::close(socket_);
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/base"; }
  RemoteFile file() const { return {"a.bin", content.size(), sha256_hex(content), ""}; }
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

  void send_all(int client, std::string_view bytes) {
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
    std::size_t from = 0;
    const std::size_t range = request.find("Range: bytes=");
    const std::size_t condition = request.find("If-Range: ");
    const bool same = condition == std::string::npos || request.compare(condition + 10, etag.size(), etag) == 0;
    if (ranges && range != std::string::npos && same) from = std::stoul(request.substr(range + 13));
    std::string head = from > 0 ? "HTTP/1.1 206 Partial\r\nContent-Range: bytes " + std::to_string(from) + "-" +
                                      std::to_string(content.size() - 1) + "/" + std::to_string(content.size()) + "\r\n"
                                : "HTTP/1.1 200 OK\r\n";
    if (!etag.empty()) head += "ETag: " + etag + "\r\n";
    head += "Content-Length: " + std::to_string(content.size() - from) + "\r\nConnection: close\r\n\r\n";
    const std::string body = content.substr(from);
    send_all(client, head + (cut_after > 0 ? body.substr(0, cut_after) : body));
  }

  int socket_;
  int port_ = 0;
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

DownloadOptions quick() {
  DownloadOptions options;
  options.tries = 3;
  options.first_pause_s = 0.001;
  options.connect_timeout_s = 5;
  return options;
}

std::string bytes_of(const std::filesystem::path& path) {
  const auto bytes = read_file(path, 1 << 20);
  return bytes ? *bytes : "";
}

TEST(Download, BringsAFileAndLeavesItThereTheNextTime) {
  Server server;
  const TestFolder folder;
  const RemoteFile file = server.file();
  const auto first = download(server.url(), file, folder.root(), quick());
  ASSERT_TRUE(first.ok()) << first.error().message;
  EXPECT_EQ(*first, Downloaded::fetched);
  EXPECT_EQ(bytes_of(folder / "a.bin"), server.content);
  EXPECT_EQ(*download(server.url(), file, folder.root(), quick()), Downloaded::was_there);
  EXPECT_EQ(server.requests().size(), 1U);
  EXPECT_THAT(folder.names(), ElementsAre("a.bin"));
}

TEST(Download, GoesOnWhereAClosedConnectionStopped) {
  Server server;
  const TestFolder folder;
  server.cut_after = 40000;
  ASSERT_TRUE(download(server.url(), server.file(), folder.root(), quick()).ok());
  EXPECT_EQ(bytes_of(folder / "a.bin"), server.content);
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 3U);
  EXPECT_THAT(requests[1], AllOf(HasSubstr("Range: bytes=40000-"), HasSubstr("If-Range: \"one\"")));
  EXPECT_THAT(requests[2], HasSubstr("Range: bytes=80000-"));
  EXPECT_THAT(folder.names(), ElementsAre("a.bin"));
}

TEST(Download, ALaterCallGoesOnAfterGivingUp) {
  Server server;
  const TestFolder folder;
  server.cut_after = 40000;
  server.ranges = false;  // never gets further
  const auto failed = download(server.url(), server.file(), folder.root(), quick());
  ASSERT_FALSE(failed.ok());
  EXPECT_THAT(failed.error().message, AllOf(HasSubstr("/base/a.bin"), HasSubstr("run it again")));
  EXPECT_EQ(server.requests().size(), 4U);
  EXPECT_THAT(folder.names(), UnorderedElementsAre("a.bin.part", "a.bin.part.etag"));
  server.cut_after = 0;
  server.ranges = true;
  ASSERT_TRUE(download(server.url(), server.file(), folder.root(), quick()).ok());
  EXPECT_THAT(server.requests().back(), HasSubstr("Range: bytes=40000-"));
  EXPECT_EQ(bytes_of(folder / "a.bin"), server.content);
}

TEST(Download, StartsAnewWhenTheFileChangedOnTheServer) {
  Server server;
  const TestFolder folder;
  ASSERT_TRUE(write_file_atomic(folder / "a.bin.part", std::string(50, 'o')).ok());
  ASSERT_TRUE(write_file_atomic(folder / "a.bin.part.etag", "\"old\"").ok());
  ASSERT_TRUE(download(server.url(), server.file(), folder.root(), quick()).ok());
  EXPECT_EQ(bytes_of(folder / "a.bin"), server.content);
}

TEST(Download, WithoutEtagAndDigestNothingIsResumed) {
  Server server;
  server.etag = "";
  const TestFolder folder;
  ASSERT_TRUE(write_file_atomic(folder / "a.bin.part", std::string(50, 'o')).ok());
  ASSERT_TRUE(download(server.url(), {"a.bin", std::nullopt, "", ""}, folder.root(), quick()).ok());
  EXPECT_EQ(bytes_of(folder / "a.bin"), server.content);
  EXPECT_EQ(server.requests()[0].find("Range:"), std::string::npos);
}

TEST(Download, AWrongDigestIsAnErrorAndRemovesWhatCame) {
  Server server;
  const TestFolder folder;
  const RemoteFile file = server.file();
  server.content[5] = 'y';
  const auto wrong = download(server.url(), file, folder.root(), quick());
  ASSERT_FALSE(wrong.ok());
  EXPECT_THAT(wrong.error().message, AllOf(HasSubstr("a.bin"), HasSubstr("SHA-256"), HasSubstr(file.sha256)));
  EXPECT_THAT(folder.names(), IsEmpty());
}

TEST(Download, AFileOfAnotherSizeIsAnError) {
  Server server;
  const TestFolder folder;
  const RemoteFile file = server.file();
  server.content += "more";
  EXPECT_THAT(download(server.url(), file, folder.root(), quick()).error().message,
              HasSubstr("100007 bytes instead of"));
  server.content.resize(10);
  EXPECT_THAT(download(server.url(), file, folder.root(), quick()).error().message, HasSubstr("only 10 of 100003"));
}

TEST(Download, ABrokenLocalFileIsReplaced) {
  Server server;
  const TestFolder folder;
  ASSERT_TRUE(write_file_atomic(folder / "a.bin", "broken").ok());
  ASSERT_EQ(*download(server.url(), server.file(), folder.root(), quick()), Downloaded::fetched);
  EXPECT_EQ(bytes_of(folder / "a.bin"), server.content);
}

TEST(Download, ServerErrorsAreTriedAgainAndThenReported) {
  Server server;
  const TestFolder folder;
  server.failures = 2;
  EXPECT_TRUE(download(server.url(), server.file(), folder.root(), quick()).ok());
  EXPECT_EQ(server.requests().size(), 3U);
  server.failures = 99;
  RemoteFile other = server.file();
  other.name = "sub/b.bin";
  EXPECT_THAT(download(server.url(), other, folder.root(), quick()).error().message,
              AllOf(HasSubstr("/base/sub/b.bin"), HasSubstr("answered 500")));
  EXPECT_EQ(server.requests().size(), 6U);
}

TEST(Download, AMissingFileIsReportedAtOnce) {
  Server server;
  const TestFolder folder;
  server.failures = 99;
  server.failure = 404;
  EXPECT_THAT(download(server.url(), server.file(), folder.root(), quick()).error().message, HasSubstr("answered 404"));
  EXPECT_EQ(server.requests().size(), 1U);
  EXPECT_THAT(folder.names(), IsEmpty());
}

TEST(Download, ARefusedConnectionIsAnErrorWithTheAddress) {
  std::string url;
  {
    const Server gone;
    url = gone.url();
  }
  const TestFolder folder;
  EXPECT_THAT(download(url, {"a.bin", 3, "", ""}, folder.root(), quick()).error().message,
              AllOf(HasSubstr(url), HasSubstr("onnect")));
  EXPECT_THAT(download_text(url + "/m.json", 100, quick()).error().message, HasSubstr("m.json"));
}

TEST(Download, TextsAreBounded) {
  Server server;
  server.content = "{\"a\": 1}";
  EXPECT_EQ(*download_text(server.url(), 100, quick()), server.content);
  EXPECT_THAT(download_text(server.url(), 3, quick()).error().message, HasSubstr("larger than 3 bytes"));
}

TEST(DownloadManifest, ReadsFilesAndRefusesNamesThatLeaveTheFolder) {
  const std::string digest(64, 'A');
  const auto manifest =
      parse_download_manifest(R"({"base_url": "http://h", "files": [{"name": "a/b.bin", "bytes": 7, "sha256": ")" +
                                  digest + R"("}, {"name": "c"}]})",
                              "m.json");
  ASSERT_TRUE(manifest.ok());
  EXPECT_EQ(manifest->files[0].sha256, std::string(64, 'a'));
  EXPECT_EQ(manifest->files[0].bytes, 7U);
  EXPECT_FALSE(manifest->files[1].bytes.has_value());
  for (const char* bad :
       {"", "[]", "{}", R"({"files": []})", R"({"files": [{"name": 3}]})", R"({"files": [{"name": "../x"}]})",
        R"({"files": [{"name": "/etc/x"}]})", R"({"files": [{"name": "a/./b"}]})", R"({"files": [{"name": "x\n"}]})",
        R"({"files": [{"name": "x", "bytes": -1}]})", R"({"files": [{"name": "x", "sha256": "12"}]})",
        R"({"base_url": 3, "files": [{"name": "x"}]})"})
    EXPECT_THAT(parse_download_manifest(bad, "m.json").error().message, HasSubstr("m.json")) << bad;
}

TEST(DownloadManifest, KnowsTheFormOfThePublishedOne) {
  const std::string published =
      R"({"datasets": [{"name": "fineweb10B_sp1024", "tokenizer_name": "t", "stats": {"files_train": 3,
    "files_val": 1}}], "tokenizers": [{"name": "t", "model_path": "tokenizers/fineweb_1024_bpe.model"}]})";
  const auto files = published_files(published, "http://h", "sp1024", 2);
  ASSERT_TRUE(files.ok());
  std::vector<std::string> remote, local;
  for (const RemoteFile& file : files->files) remote.push_back(file.name), local.push_back(file.local_name());
  EXPECT_THAT(remote,
              ElementsAre("datasets/fineweb10B_sp1024/fineweb_val_000000.bin",
                          "datasets/fineweb10B_sp1024/fineweb_train_000000.bin",
                          "datasets/fineweb10B_sp1024/fineweb_train_000001.bin", "tokenizers/fineweb_1024_bpe.model"));
  EXPECT_EQ(local.back(), "tokenizer.model");
  EXPECT_THAT(published_files(published, "http://h", "sp9", 1).error().message,
              HasSubstr("no data set fineweb10B_sp9"));
  EXPECT_THAT(published_files(published, "http://h", "sp1024", 4).error().message, HasSubstr("has 3 training shards"));
  EXPECT_FALSE(published_files("[1]", "http://h", "sp1024", 1).ok());
}

}  // namespace
}  // namespace pg::data
