#include "reference/data/download.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>

#include <algorithm>

#include "reference/base/descriptor.h"
#include "reference/base/file.h"
#include "reference/base/sha256.h"
#include "reference/data/download_record.h"
#include "reference/data/test_folder.h"
#include "reference/data/test_server.h"

namespace pg::data {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

DownloadOptions quick() {
  DownloadOptions options;
  options.tries = 3;
  options.first_pause_s = 0.001;
  options.connect_timeout_s = 5;
  return options;
}

RemoteFile file_of(const TestServer& server) {
  return {"a.bin", server.content.size(), sha256_hex(server.content), ""};
}

// A part that an interrupted run left.
void leave_part(const TestFolder& folder, const TestServer& server, const std::string& bytes, const std::string& etag) {
  EXPECT_TRUE(write_file_atomic(folder / "a.bin.part", bytes).ok());
  EXPECT_TRUE(write_source(folder / "a.bin.part.from", {server.url() + "/a.bin", etag, 0}).ok());
}

const RemoteFile kUnknown{"a.bin", std::nullopt, "", ""};  // neither size nor digest

std::string bytes_of(const std::filesystem::path& path) {
  const auto bytes = read_file(path, 1 << 20);
  return bytes ? *bytes : "";
}

TEST(Download, BringsAFileAndLeavesItThereTheNextTime) {
  TestServer server;
  const TestFolder folder;
  const RemoteFile file = file_of(server);
  const auto first = download(server.url(), file, folder.root(), quick());
  ASSERT_TRUE(first.ok()) << first.error().message;
  EXPECT_EQ(*first, Downloaded::fetched);
  EXPECT_EQ(bytes_of(folder / "a.bin"), server.content);
  EXPECT_EQ(*download(server.url(), file, folder.root(), quick()), Downloaded::was_there);
  EXPECT_EQ(server.requests().size(), 1U);
  EXPECT_THAT(folder.names(), UnorderedElementsAre("a.bin", "fetch.json"));
}

TEST(Download, GoesOnWhereAClosedConnectionStopped) {
  TestServer server;
  const TestFolder folder;
  server.cut_after = 40000;
  ASSERT_TRUE(download(server.url(), file_of(server), folder.root(), quick()).ok());
  EXPECT_EQ(bytes_of(folder / "a.bin"), server.content);
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 3U);
  EXPECT_THAT(requests[1], AllOf(HasSubstr("Range: bytes=40000-"), HasSubstr("If-Range: \"one\"")));
  EXPECT_THAT(requests[2], HasSubstr("Range: bytes=80000-"));
  EXPECT_THAT(folder.names(), UnorderedElementsAre("a.bin", "fetch.json"));
}

TEST(Download, ALaterCallGoesOnAfterGivingUp) {
  TestServer server;
  const TestFolder folder;
  server.cut_after = 40000;
  server.ranges = false;  // never gets further
  const auto failed = download(server.url(), file_of(server), folder.root(), quick());
  ASSERT_FALSE(failed.ok());
  EXPECT_THAT(failed.error().message, AllOf(HasSubstr("/base/a.bin"), HasSubstr("run it again")));
  EXPECT_EQ(server.requests().size(), 4U);
  EXPECT_THAT(folder.names(), UnorderedElementsAre("a.bin.part", "a.bin.part.from"));
  server.cut_after = 0;
  server.ranges = true;
  ASSERT_TRUE(download(server.url(), file_of(server), folder.root(), quick()).ok());
  EXPECT_THAT(server.requests().back(), HasSubstr("Range: bytes=40000-"));
  EXPECT_EQ(bytes_of(folder / "a.bin"), server.content);
}

TEST(Download, StartsAnewWhenTheFileChangedOnTheServer) {
  TestServer server;
  const TestFolder folder;
  leave_part(folder, server, std::string(50, 'o'), "\"old\"");
  ASSERT_TRUE(download(server.url(), file_of(server), folder.root(), quick()).ok());
  EXPECT_EQ(bytes_of(folder / "a.bin"), server.content);
}

TEST(Download, WithoutEtagAndDigestNothingIsResumed) {
  TestServer server;
  server.etag = "";
  const TestFolder folder;
  leave_part(folder, server, std::string(50, 'o'), "");
  ASSERT_TRUE(download(server.url(), kUnknown, folder.root(), quick()).ok());
  EXPECT_EQ(bytes_of(folder / "a.bin"), server.content);
  EXPECT_EQ(server.requests()[0].find("Range:"), std::string::npos);
  // Nor is it promised: what came is of no use.
  server.cut_after = 100;
  EXPECT_THAT(download(server.url(), {"b.bin", std::nullopt, "", ""}, folder.root(), quick()).error().message,
              AllOf(HasSubstr("begin anew"), Not(HasSubstr("go on"))));
}

TEST(Download, AServerThatContinuesAnotherVersionIsNotBelieved) {
  TestServer server;
  const TestFolder folder;
  leave_part(folder, server, std::string(40000, 'o'), "\"old\"");
  server.heeds_conditions = false;  // answers 206 whatever If-Range says
  ASSERT_TRUE(download(server.url(), kUnknown, folder.root(), quick()).ok());
  EXPECT_THAT(server.requests()[0], HasSubstr("Range: bytes=40000-"));
  EXPECT_EQ(bytes_of(folder / "a.bin"), server.content);
  // Nor one that does not say which version it continues.
  leave_part(folder, server, std::string(40000, 'o'), "\"old\"");
  std::filesystem::remove(folder / "a.bin");
  server.etag = "";
  ASSERT_TRUE(download(server.url(), kUnknown, folder.root(), quick()).ok());
  EXPECT_EQ(bytes_of(folder / "a.bin"), server.content);
}

TEST(Download, APartOfFullSizeIsNotTheFileUnlessADigestSaysSo) {
  TestServer server;
  const TestFolder folder;
  leave_part(folder, server, std::string(server.content.size(), 'o'), "\"one\"");
  const RemoteFile sized{"a.bin", server.content.size(), "", ""};
  ASSERT_TRUE(download(server.url(), sized, folder.root(), quick()).ok());
  EXPECT_EQ(bytes_of(folder / "a.bin"), server.content);
  std::filesystem::rename(folder / "a.bin", folder / "a.bin.part");
  const std::size_t asked = server.requests().size();
  ASSERT_EQ(*download(server.url(), file_of(server), folder.root(), quick()), Downloaded::fetched);
  EXPECT_EQ(server.requests().size(), asked);
}

TEST(Download, WithoutADigestAFileIsRightOnlyIfItIsFromThere) {
  TestServer server;
  server.files["one/a.bin"] = "the first";
  server.files["two/a.bin"] = "the other";
  const TestFolder folder;
  const auto get = [&](const std::string& name) {
    return *download(server.url(), {name, std::nullopt, "", "a.bin"}, folder.root(), quick());
  };
  EXPECT_EQ(get("one/a.bin"), Downloaded::fetched);
  EXPECT_EQ(get("one/a.bin"), Downloaded::was_there);
  EXPECT_EQ(get("two/a.bin"), Downloaded::fetched);
  EXPECT_EQ(bytes_of(folder / "a.bin"), "the other");
  EXPECT_EQ(get("one/a.bin"), Downloaded::fetched);
  ASSERT_TRUE(write_file_atomic(folder / "a.bin", "cut").ok());
  EXPECT_EQ(get("one/a.bin"), Downloaded::fetched);
  ASSERT_TRUE(write_file_atomic(folder / "fetch.json", "{\"schema\": 3").ok());
  EXPECT_EQ(get("one/a.bin"), Downloaded::fetched);
  EXPECT_EQ(bytes_of(folder / "a.bin"), "the first");
}

TEST(Download, WhatFailsItsCheckGetsNoNameAndIsFetchedAgain) {
  TestServer server;
  const TestFolder folder;
  DownloadOptions options = quick();
  options.check = [](const RemoteFile&, const std::filesystem::path& path) {
    return bytes_of(path).starts_with("good") ? Status() : Status(Error{path.filename().string() + " is no shard"});
  };
  const auto bad = download(server.url(), kUnknown, folder.root(), options);
  ASSERT_FALSE(bad.ok());
  EXPECT_THAT(bad.error().message, AllOf(HasSubstr("/base/a.bin"), HasSubstr("is no shard"), HasSubstr("removed")));
  EXPECT_THAT(folder.names(), IsEmpty());
  server.content = "good";
  EXPECT_EQ(*download(server.url(), kUnknown, folder.root(), options), Downloaded::fetched);
  ASSERT_TRUE(write_file_atomic(folder / "a.bin", "rott").ok());
  EXPECT_EQ(*download(server.url(), kUnknown, folder.root(), options), Downloaded::fetched);
  EXPECT_EQ(bytes_of(folder / "a.bin"), "good");
}

TEST(Download, OneProcessAtATimeWritesAPart) {
  TestServer server;
  const TestFolder folder;
  leave_part(folder, server, "xxxx", "\"one\"");
  {
    const Descriptor held(::open((folder / "a.bin.part").c_str(), O_RDWR | O_CLOEXEC));
    ASSERT_EQ(::flock(held.get(), LOCK_EX | LOCK_NB), 0);
    EXPECT_THAT(download(server.url(), file_of(server), folder.root(), quick()).error().message,
                AllOf(HasSubstr("a.bin.part"), HasSubstr("another process")));
    EXPECT_EQ(bytes_of(folder / "a.bin.part"), "xxxx");
  }
  EXPECT_TRUE(download(server.url(), file_of(server), folder.root(), quick()).ok());
  EXPECT_EQ(bytes_of(folder / "a.bin"), server.content);
}

TEST(Download, AFullDiskKeepsWhatCame) {
  TestServer server;
  const TestFolder folder;
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{40000, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto full = download(server.url(), file_of(server), folder.root(), quick());
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, handler);
  ASSERT_FALSE(full.ok());
  EXPECT_THAT(full.error().message,
              AllOf(HasSubstr("a.bin.part: File too large"), HasSubstr("make room"), HasSubstr("go on from there")));
  EXPECT_EQ(server.requests().size(), 1U);
  ASSERT_TRUE(download(server.url(), file_of(server), folder.root(), quick()).ok());
  EXPECT_THAT(server.requests().back(), HasSubstr("Range: bytes="));
  EXPECT_EQ(bytes_of(folder / "a.bin"), server.content);
}

TEST(Download, AnEmptyFileIsAFile) {
  TestServer server;
  server.content = "";
  const TestFolder folder;
  const auto done = download(server.url(), file_of(server), folder.root(), quick());
  ASSERT_TRUE(done.ok()) << done.error().message;
  EXPECT_TRUE(std::filesystem::exists(folder / "a.bin"));
  EXPECT_EQ(*download(server.url(), file_of(server), folder.root(), quick()), Downloaded::was_there);
}

TEST(Download, WhatCannotWorkIsNotTriedAgain) {
  const TestFolder folder;
  DownloadOptions slow = quick();
  slow.first_pause_s = 1000;  // a second try would last for ever
  for (const char* url : {"http://a b/", "ftp://127.0.0.1:9/x", "http://127.0.0.1:99999999/", "nonsense://x"}) {
    EXPECT_THAT(download(url, kUnknown, folder.root(), slow).error().message, HasSubstr("Check the address")) << url;
    EXPECT_THAT(download_text(url, 100, slow).error().message, HasSubstr("Check the address")) << url;
  }
  EXPECT_THAT(folder.names(), IsEmpty());
  ASSERT_TRUE(write_file_atomic(folder / "file", "x").ok());
  EXPECT_THAT(download("http://127.0.0.1:9", kUnknown, folder / "file", slow).error().message,
              HasSubstr("cannot create the folder"));
}

TEST(Download, AWrongDigestIsAnErrorAndRemovesWhatCame) {
  TestServer server;
  const TestFolder folder;
  const RemoteFile file = file_of(server);
  server.content[5] = 'y';
  const auto wrong = download(server.url(), file, folder.root(), quick());
  ASSERT_FALSE(wrong.ok());
  EXPECT_THAT(wrong.error().message, AllOf(HasSubstr("a.bin"), HasSubstr("SHA-256"), HasSubstr(file.sha256)));
  EXPECT_THAT(folder.names(), IsEmpty());
}

TEST(Download, AFileOfAnotherSizeIsAnError) {
  TestServer server;
  const TestFolder folder;
  const RemoteFile file = file_of(server);
  server.content += "more";
  EXPECT_THAT(download(server.url(), file, folder.root(), quick()).error().message,
              HasSubstr("more than the 100003 bytes"));
  EXPECT_THAT(folder.names(), IsEmpty());
  server.content.resize(10);
  EXPECT_THAT(download(server.url(), file, folder.root(), quick()).error().message, HasSubstr("only 10 of 100003"));
}

TEST(Download, ABrokenLocalFileIsReplaced) {
  TestServer server;
  const TestFolder folder;
  ASSERT_TRUE(write_file_atomic(folder / "a.bin", "broken").ok());
  ASSERT_EQ(*download(server.url(), file_of(server), folder.root(), quick()), Downloaded::fetched);
  EXPECT_EQ(bytes_of(folder / "a.bin"), server.content);
}

TEST(Download, ServerErrorsAreTriedAgainAndThenReported) {
  TestServer server;
  const TestFolder folder;
  server.failures = 2;
  EXPECT_TRUE(download(server.url(), file_of(server), folder.root(), quick()).ok());
  EXPECT_EQ(server.requests().size(), 3U);
  server.failures = 99;
  RemoteFile other = file_of(server);
  other.name = "sub/b.bin";
  EXPECT_THAT(download(server.url(), other, folder.root(), quick()).error().message,
              AllOf(HasSubstr("/base/sub/b.bin"), HasSubstr("answered 500")));
  EXPECT_EQ(server.requests().size(), 6U);
}

TEST(Download, AMissingFileIsReportedAtOnce) {
  TestServer server;
  const TestFolder folder;
  server.failures = 99;
  server.failure = 404;
  EXPECT_THAT(download(server.url(), file_of(server), folder.root(), quick()).error().message,
              HasSubstr("answered 404"));
  EXPECT_EQ(server.requests().size(), 1U);
  EXPECT_THAT(folder.names(), IsEmpty());
}

TEST(Download, ARefusedConnectionIsAnErrorWithTheAddress) {
  std::string url;
  {
    const TestServer gone;
    url = gone.url();
  }
  const TestFolder folder;
  EXPECT_THAT(download(url, {"a.bin", 3, "", ""}, folder.root(), quick()).error().message,
              AllOf(HasSubstr(url), HasSubstr("onnect")));
  EXPECT_THAT(download_text(url + "/m.json", 100, quick()).error().message, HasSubstr("m.json"));
}

TEST(Download, TextsAreBounded) {
  TestServer server;
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
        R"({"files": [{"name": "fetch.json"}]})", R"({"files": [{"name": "a.part"}]})",
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

  const auto with_tokenizer = [&](const std::string& fields) {
    const std::string model = R"("model_path": "tokenizers/fineweb_1024_bpe.model")";
    return std::string(published).replace(published.find(model), model.size(), fields);
  };
  const auto both = published_files(with_tokenizer(R"("path": "tokenizers/b.json", "vocab_path": "t/v.vocab")"),
                                    "http://h", "sp1024", 0);
  ASSERT_TRUE(both.ok()) << both.error().message;
  ASSERT_EQ(both->files.size(), 3U);
  EXPECT_EQ(both->files[1].local_name(), "v.vocab");
  EXPECT_EQ(both->files[2].local_name(), "b.json");
  EXPECT_THAT(published_files(with_tokenizer(R"("kind": "none")"), "http://h", "sp1024", 1).error().message,
              HasSubstr("no file for the tokenizer"));
}

}  // namespace
}  // namespace pg::data
