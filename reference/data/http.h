#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "reference/data/download.h"

namespace pg::data {

// One GET request by libcurl and what it brought.
struct Transfer {
  std::uint64_t resume_from = 0;
  std::string if_range;                        // ETag for the range request
  std::function<bool(bool from_start)> begin;  // before the first byte of a 200 or 206; false ends it
  std::function<bool(std::string_view)> sink;  // the body of a 200 or 206; false ends it
  std::function<void(std::uint64_t now, std::uint64_t total)> progress;

  long status = 0;
  std::string etag;        // a strong one
  bool begun = false;      // begin() was called
  bool bad_range = false;  // a 206 that does not begin at resume_from
  bool hopeless = false;   // nothing that another try changes: the address cannot be used, or no certificate

  void* curl = nullptr;  // for the callbacks
  std::uint64_t range_start = 0;
};

// Empty: a whole answer came, its status in transfer.status. Else what went wrong.
std::string run_transfer(const std::string& url, Transfer& transfer, const DownloadOptions& options);

// Whether another try may bring another answer.
bool is_passing(long status);

}  // namespace pg::data
