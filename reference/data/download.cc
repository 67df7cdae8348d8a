#include "reference/data/download.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "reference/base/descriptor.h"
#include "reference/base/file.h"
#include "reference/base/sha256.h"
#include "reference/base/text.h"
#include "reference/data/download_record.h"
#include "reference/data/http.h"

namespace pg::data {
namespace {

namespace fs = std::filesystem;

// One file on its way. What has come grows in the part file, which is locked and stays open all the time.
class FileDownload {
 public:
  FileDownload(const std::string& base_url, const RemoteFile& file, const fs::path& folder,
               const DownloadOptions& options)
      : url_(base_url + (base_url.ends_with('/') ? "" : "/") + file.name),
        file_(file),
        folder_(folder),
        target_(folder / file.local_name()),
        part_path_(target_.string() + ".part"),
        source_path_(part_path_.string() + ".from"),
        options_(options) {}
  ~FileDownload() {
    if (part_.get() >= 0 && !finished_ && !can_go_on()) remove_part();
  }
  FileDownload(const FileDownload&) = delete;
  FileDownload& operator=(const FileDownload&) = delete;

  Result<Downloaded> go() {
    const auto there = is_there();
    if (!there) return there.error();
    if (*there) return Downloaded::was_there;
    std::error_code error;
    fs::create_directories(target_.parent_path(), error);
    if (error)
      return Error{fmt::format("cannot create the folder {}: {}; choose another folder",
                               escape_line(target_.parent_path().string(), 500), error.message())};
    if (const Status opened = open_part(); !opened) return opened.error();
    double pause = options_.first_pause_s;
    for (unsigned tries = 0;;) {
      const std::uint64_t before = part_bytes();
      const auto problem = attempt();
      if (!problem) return problem.error();
      if (problem->empty()) return finish();
      if (part_bytes() <= before && ++tries >= std::max(options_.tries, 1U)) return fail(*problem);
      std::this_thread::sleep_for(std::chrono::duration<double>(pause));
      pause = std::min(30.0, pause * 2);
    }
  }

 private:
  // Whether the whole file is at its place. Where the manifest has no digest, a name and a size say little: what the
  // record says about it has to agree.
  Result<bool> is_there() const {
    std::error_code error;
    if (!fs::exists(target_, error)) return false;
    const auto wrong = verify(target_);
    if (!wrong) return wrong.error();
    if (!wrong->empty()) return false;
    if (file_.sha256.empty()) {
      const auto source = recorded_source(folder_, file_.local_name());
      if (!source || source->url != url_ || source->bytes != fs::file_size(target_, error)) return false;
    }
    return !options_.check || options_.check(file_, target_).ok();
  }

  Status open_part() {
    struct stat opened {
    }, named{};
    do {
      part_ = Descriptor(::open(part_path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
      if (part_.get() < 0 || ::fstat(part_.get(), &opened) != 0) return fail_here("create", errno);
      if (::flock(part_.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        part_ = Descriptor();
        return Error{
            fmt::format("{} is being downloaded by another process; wait for its end, or choose another folder",
                        escape_line(part_path_.string(), 500))};
      }
      // Whoever had the lock before may have given the file its name: that one is not ours to write to.
    } while (::stat(part_path_.c_str(), &named) != 0 || named.st_ino != opened.st_ino || named.st_dev != opened.st_dev);
    return {};
  }

  std::string go_on() const {
    return can_go_on() ? fmt::format("What came so far is in {}; run it again to go on from there",
                                     escape_line(part_path_.string(), 500))
                       : "Run it again to begin anew";
  }
  Error fail(const std::string& what) const {
    return Error{fmt::format("{}: {}. {}", escape_line(url_, 500), escape_line(what), go_on())};
  }
  Error fail_here(const char* what, int problem) const {
    return Error{fmt::format("cannot {} {}: {}; make room or choose another folder. {}", what,
                             escape_line(part_path_.string(), 500), std::strerror(problem), go_on())};
  }

  std::uint64_t part_bytes() const {
    struct stat info {};
    return part_.get() >= 0 && ::fstat(part_.get(), &info) == 0 ? static_cast<std::uint64_t>(info.st_size) : 0;
  }

  void forget() const {
    std::error_code error;
    fs::remove(source_path_, error);
    (void)::ftruncate(part_.get(), 0);
  }
  void remove_part() const {
    std::error_code error;
    fs::remove(source_path_, error);
    fs::remove(part_path_, error);
  }

  // Only bytes of one version may be joined: a digest tells in the end, an ETag before.
  bool may_go_on(const std::optional<Source>& source) const {
    return source && (!file_.sha256.empty() || (source->url == url_ && !source->etag.empty()));
  }

  bool can_go_on() const { return part_bytes() > 0 && may_go_on(read_source(source_path_)); }

  Status begin(const Transfer& transfer) const {
    if (transfer.status == 200) {
      forget();
      return write_source(source_path_, {url_, transfer.etag, 0});
    }
    const bool same = transfer.if_range.empty() || transfer.etag == transfer.if_range ||
                      (transfer.etag.empty() && !file_.sha256.empty());
    return same ? Status() : Error{"the server has another version of the file now"};
  }

  Status put(std::string_view bytes) const {
    if (file_.bytes && part_bytes() + bytes.size() > *file_.bytes) {
      forget();
      return Error{
          fmt::format("{}: has more than the {} bytes of the manifest. Mend the manifest if the file was replaced",
                      escape_line(url_, 500), *file_.bytes)};
    }
    while (!bytes.empty()) {
      const ssize_t n = ::write(part_.get(), bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return fail_here("write", errno);
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
  }

  // One request. Empty: all bytes have come. A text: another try may help. An Error: none will.
  Result<std::string> attempt() const {
    if (file_.bytes && part_bytes() > *file_.bytes) forget();
    if (part_bytes() > 0 && part_bytes() == file_.bytes && !file_.sha256.empty()) return std::string();
    const auto source = read_source(source_path_);
    if (!may_go_on(source)) forget();
    Transfer transfer;
    transfer.resume_from = part_bytes();
    if (transfer.resume_from > 0 && source->url == url_) transfer.if_range = source->etag;
    Status begun, written;
    transfer.begin = [&](bool) { return (begun = begin(transfer)).ok(); };
    transfer.sink = [&](std::string_view bytes) { return (written = put(bytes)).ok(); };
    transfer.progress = [&](std::uint64_t now, std::uint64_t total) {
      const std::uint64_t base = transfer.status == 200 ? 0 : transfer.resume_from;
      if (options_.progress)
        options_.progress(file_.name, base + now, file_.bytes.value_or(total > 0 ? base + total : 0));
    };
    const std::string problem = run_transfer(url_, transfer, options_);
    const bool accepted = transfer.status == 200 || transfer.status == 206;
    if (accepted && problem.empty() && !transfer.begun) begun = begin(transfer);  // no body at all
    if (!begun && transfer.status == 200) return begun.error();
    const bool short_of = file_.bytes && part_bytes() < *file_.bytes;
    const std::string came = short_of ? fmt::format("only {} of {} bytes came", part_bytes(), *file_.bytes) : "";
    if (!begun || transfer.bad_range || transfer.status == 416) {
      forget();
      if (!begun) return begun.error().message;
      return "the server does not continue where the first part ended" + (short_of ? ": " + came : "");
    }
    if (!written) return written.error();
    if (transfer.hopeless)
      return Error{fmt::format("{}: {}. Check the address", escape_line(url_, 500), escape_line(problem))};
    if (!is_passing(transfer.status))
      return Error{fmt::format("{}: the server answered {}. Check the address and the names in the manifest",
                               escape_line(url_, 500), transfer.status)};
    if (!problem.empty()) return problem;
    if (!accepted) return fmt::format("the server answered {}", transfer.status);
    return came;
  }

  // Empty, or what is wrong with the bytes in `path`.
  Result<std::string> verify(const fs::path& path) const {
    std::error_code error;
    const std::uint64_t bytes = fs::file_size(path, error);
    if (error) return Error{fmt::format("cannot read {}: {}", escape_line(path.string(), 500), error.message())};
    if (file_.bytes && bytes != *file_.bytes) return fmt::format("it has {} bytes instead of {}", bytes, *file_.bytes);
    if (file_.sha256.empty()) return std::string();
    Sha256 digest;
    const auto read = read_chunks(path, [&](std::string_view chunk) {
      digest.update(chunk);
      return true;
    });
    if (!read) return read.error();
    const std::string hex = digest.hex();
    return hex == file_.sha256 ? "" : fmt::format("its SHA-256 is {} instead of {}", hex, file_.sha256);
  }

  // The part becomes the file, if it is right.
  Result<Downloaded> finish() {
    if (::fsync(part_.get()) != 0) return fail_here("flush", errno);
    auto wrong = verify(part_path_);
    if (!wrong) return wrong.error();
    if (wrong->empty() && options_.check)
      if (const Status checked = options_.check(file_, part_path_); !checked) wrong = checked.error().message;
    if (!wrong->empty()) {
      forget();
      return Error{
          fmt::format("{}: {}: changed on the server or on the way. What came is removed; run it again, or mend "
                      "the manifest if the file was replaced",
                      escape_line(url_, 500), *wrong)};
    }
    const auto source = read_source(source_path_);
    const Source origin{url_, source && source->url == url_ ? source->etag : "", part_bytes()};
    if (::rename(part_path_.c_str(), target_.c_str()) != 0) return fail_here("rename", errno);
    finished_ = true;
    std::error_code error;
    fs::remove(source_path_, error);
    if (const Status recorded = record_source(folder_, file_.local_name(), origin); !recorded) return recorded.error();
    return Downloaded::fetched;
  }

  std::string url_;
  const RemoteFile& file_;
  fs::path folder_, target_, part_path_, source_path_;
  const DownloadOptions& options_;
  Descriptor part_;
  bool finished_ = false;
};

}  // namespace

Result<Downloaded> download(const std::string& base_url, const RemoteFile& file, const fs::path& folder,
                            const DownloadOptions& options) {
  return FileDownload(base_url, file, folder, options).go();
}

Result<std::string> download_text(const std::string& url, std::uint64_t max_bytes, const DownloadOptions& options) {
  double pause = options.first_pause_s;
  for (unsigned tries = 1;; ++tries) {
    std::string text;
    Transfer transfer;
    transfer.begin = [](bool) { return true; };
    transfer.sink = [&](std::string_view bytes) {
      text += bytes;
      return text.size() <= max_bytes;
    };
    const std::string problem = run_transfer(url, transfer, options);
    if (text.size() > max_bytes)
      return Error{fmt::format("{}: is larger than {} bytes", escape_line(url, 500), max_bytes)};
    if (problem.empty() && transfer.status == 200) return text;
    if (tries >= options.tries || transfer.hopeless || !is_passing(transfer.status))
      return Error{
          fmt::format("{}: {}. Check the address and the network", escape_line(url, 500),
                      problem.empty() ? fmt::format("the server answered {}", transfer.status) : escape_line(problem))};
    std::this_thread::sleep_for(std::chrono::duration<double>(pause));
    pause = std::min(30.0, pause * 2);
  }
}

}  // namespace pg::data
