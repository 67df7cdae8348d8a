#include "reference/data/download.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <thread>

#include "reference/base/file.h"
#include "reference/base/sha256.h"
#include "reference/base/text.h"

namespace pg::data {
namespace {

namespace fs = std::filesystem;

// One transfer and what it brought. The sink gets the body of a 200 or 206 only.
struct Transfer {
  std::uint64_t resume_from = 0;
  std::string if_range;                        // ETag for the range request
  std::function<bool(bool from_start)> begin;  // before the first byte; false: cannot write
  std::function<bool(std::string_view)> sink;  // false: cannot write
  std::function<void(std::uint64_t now, std::uint64_t total)> progress;

  CURL* curl = nullptr;
  long status = 0;
  std::string etag;
  bool begun = false, local_error = false, bad_range = false;
  std::uint64_t received = 0, range_start = 0;
};

std::size_t on_header(char* data, std::size_t, std::size_t size, void* context) {
  Transfer& transfer = *static_cast<Transfer*>(context);
  const std::string_view line(data, size);
  if (line.starts_with("HTTP/")) transfer.etag.clear();  // of a redirect
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return size;
  const std::string name = to_lower(line.substr(0, colon));
  const std::string_view value = trim(line.substr(colon + 1));
  if (name == "etag" && !value.starts_with("W/")) transfer.etag = value;
  if (name == "content-range" && value.starts_with("bytes "))
    transfer.range_start = std::strtoull(std::string(value.substr(6)).c_str(), nullptr, 10);
  return size;
}

std::size_t on_body(char* data, std::size_t, std::size_t size, void* context) {
  Transfer& transfer = *static_cast<Transfer*>(context);
  curl_easy_getinfo(transfer.curl, CURLINFO_RESPONSE_CODE, &transfer.status);
  if (transfer.status != 200 && transfer.status != 206) return size;
  if (transfer.status == 206 && transfer.range_start != transfer.resume_from) {
    transfer.bad_range = true;
    return 0;
  }
  if (!transfer.begun) {
    transfer.begun = true;
    transfer.local_error = !transfer.begin(transfer.status == 200);
  }
  if (!transfer.local_error) transfer.local_error = !transfer.sink({data, size});
  transfer.received += size;
  return transfer.local_error ? 0 : size;
}

int on_progress(void* context, curl_off_t total, curl_off_t now, curl_off_t, curl_off_t) {
  const Transfer& transfer = *static_cast<Transfer*>(context);
  if (transfer.progress) transfer.progress(static_cast<std::uint64_t>(now), static_cast<std::uint64_t>(total));
  return 0;
}

struct CurlCleanup {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

// Runs the request; empty: a whole answer came, its status in transfer.status.
std::string run(const std::string& url, Transfer& transfer, const DownloadOptions& options) {
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  const std::unique_ptr<CURL, CurlCleanup> curl(initialised == CURLE_OK ? curl_easy_init() : nullptr);
  if (!curl) return "libcurl cannot start";
  transfer.curl = curl.get();
  char message[CURL_ERROR_SIZE] = {};
  std::unique_ptr<curl_slist, CurlCleanup> headers;
  const std::string range = fmt::format("{}-", transfer.resume_from);
  curl_easy_setopt(transfer.curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(transfer.curl, CURLOPT_ERRORBUFFER, message);
  curl_easy_setopt(transfer.curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(transfer.curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(transfer.curl, CURLOPT_MAXREDIRS, 10L);
  curl_easy_setopt(transfer.curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(transfer.curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(transfer.curl, CURLOPT_USERAGENT, "pgref");
  curl_easy_setopt(transfer.curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout_s * 1000));
  curl_easy_setopt(transfer.curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(transfer.curl, CURLOPT_LOW_SPEED_TIME, std::max(1L, static_cast<long>(options.stall_timeout_s)));
  curl_easy_setopt(transfer.curl, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(transfer.curl, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(transfer.curl, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(transfer.curl, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(transfer.curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(transfer.curl, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(transfer.curl, CURLOPT_XFERINFODATA, &transfer);
  if (transfer.resume_from > 0) {
    curl_easy_setopt(transfer.curl, CURLOPT_RANGE, range.c_str());
    if (!transfer.if_range.empty())
      headers.reset(curl_slist_append(nullptr, ("If-Range: " + transfer.if_range).c_str()));
    curl_easy_setopt(transfer.curl, CURLOPT_HTTPHEADER, headers.get());
  }
  const CURLcode code = curl_easy_perform(transfer.curl);
  curl_easy_getinfo(transfer.curl, CURLINFO_RESPONSE_CODE, &transfer.status);
  if (code == CURLE_OK) return "";
  return message[0] != '\0' ? message : curl_easy_strerror(code);
}

// Answers that another try may change.
bool is_passing(long status) {
  return status == 0 || status == 200 || status == 206 || status == 408 || status == 429 || status >= 500;
}

class FileDownload {
 public:
  FileDownload(const std::string& base_url, const RemoteFile& file, const fs::path& folder,
               const DownloadOptions& options)
      : url_(base_url + (base_url.ends_with('/') ? "" : "/") + file.name),
        file_(file),
        target_(folder / file.local_name()),
        part_(target_.string() + ".part"),
        etag_file_(part_.string() + ".etag"),
        options_(options) {}
  ~FileDownload() {
    if (fd_ >= 0) ::close(fd_);
  }
  FileDownload(const FileDownload&) = delete;
  FileDownload& operator=(const FileDownload&) = delete;

  Result<Downloaded> go() {
    std::error_code error;
    if (fs::exists(target_, error)) {
      const auto right = verify(target_);
      if (!right) return right.error();
      if (right->empty()) return Downloaded::was_there;
    }
    fs::create_directories(target_.parent_path(), error);
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
  Error fail(const std::string& what) const {
    return Error{fmt::format("{}: {}. What came so far is in {}; run it again to go on from there",
                             escape_line(url_, 500), escape_line(what), escape_line(part_.string(), 500))};
  }
  Error fail_here(const char* what) const {
    return Error{
        fmt::format("cannot {} {}: {}; make room or choose another folder, then run it again to go on from there", what,
                    escape_line(part_.string(), 500), std::strerror(errno))};
  }

  std::uint64_t part_bytes() const {
    std::error_code error;
    const auto bytes = fs::file_size(part_, error);
    return error ? 0 : bytes;
  }

  void forget() const {
    std::error_code error;
    fs::remove(part_, error);
    fs::remove(etag_file_, error);
  }

  bool begin(bool from_start, const std::string& etag) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = ::open(part_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | (from_start ? O_TRUNC : O_APPEND), 0666);
    if (fd_ < 0) return false;
    if (!from_start) return true;
    std::error_code error;
    fs::remove(etag_file_, error);
    return etag.empty() || write_file_atomic(etag_file_, etag).ok();
  }

  bool put(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }

  // One request. Empty: all bytes have come. A text: another try may help. An Error: none will.
  Result<std::string> attempt() {
    if (file_.bytes && part_bytes() == *file_.bytes) return std::string();
    if (file_.bytes && part_bytes() > *file_.bytes) forget();
    const auto etag = read_file(etag_file_, 4096);
    // Without an ETag or a digest nothing would tell whether the rest belongs to the same file.
    if (!etag && file_.sha256.empty()) forget();
    Transfer transfer;
    transfer.resume_from = part_bytes();
    transfer.if_range = etag ? *etag : "";
    transfer.begin = [&](bool from_start) { return begin(from_start, transfer.etag); };
    transfer.sink = [&](std::string_view bytes) { return put(bytes); };
    transfer.progress = [&](std::uint64_t now, std::uint64_t total) {
      const std::uint64_t base = transfer.status == 200 ? 0 : transfer.resume_from;
      if (options_.progress)
        options_.progress(file_.name, base + now, file_.bytes.value_or(total > 0 ? base + total : 0));
    };
    const std::string problem = run(url_, transfer, options_);
    if (transfer.local_error) return fail_here("write");
    if (transfer.bad_range || transfer.status == 416) {
      forget();
      return std::string("the server does not continue where the first part ended");
    }
    if (!is_passing(transfer.status))
      return Error{fmt::format("{}: the server answered {}. Check the address and the names in the manifest",
                               escape_line(url_, 500), transfer.status)};
    if (!problem.empty()) return problem;
    if (transfer.status != 200 && transfer.status != 206) return fmt::format("the server answered {}", transfer.status);
    if (!transfer.begun && !begin(transfer.status == 200, transfer.etag)) return fail_here("create");  // no body at all
    if (file_.bytes && part_bytes() < *file_.bytes)
      return fmt::format("only {} of {} bytes came", part_bytes(), *file_.bytes);
    return std::string();
  }

  // Empty, or what is wrong with the bytes in `path`.
  Result<std::string> verify(const fs::path& path) const {
    Sha256 digest;
    const auto bytes = read_chunks(path, [&](std::string_view chunk) {
      digest.update(chunk);
      return true;
    });
    if (!bytes) return bytes.error();
    if (file_.bytes && *bytes != *file_.bytes)
      return fmt::format("it has {} bytes instead of {}", *bytes, *file_.bytes);
    const std::string hex = digest.hex();
    if (!file_.sha256.empty() && hex != file_.sha256)
      return fmt::format("its SHA-256 is {} instead of {}", hex, file_.sha256);
    return std::string();
  }

  Result<Downloaded> finish() {
    if (fd_ < 0) fd_ = ::open(part_.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd_ < 0 || ::fsync(fd_) != 0) return fail_here("flush");
    const auto wrong = verify(part_);
    if (!wrong) return wrong.error();
    if (!wrong->empty()) {
      forget();
      return Error{
          fmt::format("{}: {}: changed on the server or on the way. What came is removed; run it again, or mend "
                      "the manifest if the file was replaced",
                      escape_line(url_, 500), *wrong)};
    }
    if (::rename(part_.c_str(), target_.c_str()) != 0) return fail_here("rename");
    forget();
    return Downloaded::fetched;
  }

  std::string url_;
  const RemoteFile& file_;
  fs::path target_, part_, etag_file_;
  const DownloadOptions& options_;
  int fd_ = -1;
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
    const std::string problem = run(url, transfer, options);
    if (transfer.local_error)
      return Error{fmt::format("{}: is larger than {} bytes", escape_line(url, 500), max_bytes)};
    if (problem.empty() && transfer.status == 200) return text;
    if (tries >= options.tries || !is_passing(transfer.status))
      return Error{
          fmt::format("{}: {}. Check the address and the network", escape_line(url, 500),
                      problem.empty() ? fmt::format("the server answered {}", transfer.status) : escape_line(problem))};
    std::this_thread::sleep_for(std::chrono::duration<double>(pause));
    pause = std::min(30.0, pause * 2);
  }
}

}  // namespace pg::data
