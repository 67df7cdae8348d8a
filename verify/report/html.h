#pragma once

#include <string>

#include "verify/report/report.h"

namespace pg::verify {

// One self-contained HTML page: no script, no network (a Content-Security-Policy says so to the browser), inline styles
// and SVG, light and dark as the reader's system, readable on paper. The same report gives the same bytes outside the
// element <footer id="run">. docs/formats/outputs.md.
class HtmlPage {
 public:
  explicit HtmlPage(std::string docs_url) : docs_url_(std::move(docs_url)) {}
  void add(const Report& report);
  std::string take();

 private:
  std::string docs_url_, title_, sections_, runs_;
  int reports_ = 0;
};

}  // namespace pg::verify
