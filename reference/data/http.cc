#include "reference/data/http.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "reference/base/text.h"

namespace pg::data {
namespace {

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
  curl_easy_getinfo(static_cast<CURL*>(transfer.curl), CURLINFO_RESPONSE_CODE, &transfer.status);
  if (transfer.status != 200 && transfer.status != 206) return size;
  if (transfer.status == 206 && transfer.range_start != transfer.resume_from) {
    transfer.bad_range = true;
    return 0;
  }
  if (!transfer.begun) {
    transfer.begun = true;
    if (!transfer.begin(transfer.status == 200)) return 0;
  }
  return transfer.sink({data, size}) ? size : 0;
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

}  // namespace

std::string run_transfer(const std::string& url, Transfer& transfer, const DownloadOptions& options) {
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  const std::unique_ptr<CURL, CurlCleanup> curl(initialised == CURLE_OK ? curl_easy_init() : nullptr);
  if (!curl) return "libcurl cannot start";
  CURL* handle = curl.get();
  transfer.curl = handle;
  char message[CURL_ERROR_SIZE] = {};
  std::unique_ptr<curl_slist, CurlCleanup> headers;
  const std::string range = fmt::format("{}-", transfer.resume_from);
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, message);
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(handle, CURLOPT_MAXREDIRS, 10L);
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_USERAGENT, "pgref");
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout_s * 1000));
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, std::max(1L, static_cast<long>(options.stall_timeout_s)));
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &transfer);
  if (transfer.resume_from > 0) {
    curl_easy_setopt(handle, CURLOPT_RANGE, range.c_str());
    if (!transfer.if_range.empty())
      headers.reset(curl_slist_append(nullptr, ("If-Range: " + transfer.if_range).c_str()));
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
  }
  const CURLcode code = curl_easy_perform(handle);
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &transfer.status);
  if (code == CURLE_OK) return "";
  transfer.hopeless = code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_NOT_BUILT_IN ||
                      code == CURLE_TOO_MANY_REDIRECTS || code == CURLE_PEER_FAILED_VERIFICATION;
  return message[0] != '\0' ? message : curl_easy_strerror(code);
}

bool is_passing(long status) {
  return status == 0 || status == 200 || status == 206 || status == 408 || status == 429 || status >= 500;
}

}  // namespace pg::data
