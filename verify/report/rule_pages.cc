#include "verify/report/rule_pages.h"

#include <algorithm>
#include <cstdlib>

namespace pg::verify {
namespace {

// Letters, digits and what an address needs; no quote, bracket or blank.
bool is_plain(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("-._~:/?=%+@").find(c) != std::string_view::npos;
}

}  // namespace

std::string docs_url() {
  const char* wish = std::getenv("PGVERIFY_DOCS_URL");
  std::string base = wish != nullptr && *wish != '\0' ? wish : PG_DOCS_URL;
  while (!base.empty() && base.back() == '/') base.pop_back();
  const bool known = base.starts_with("https://") || base.starts_with("http://");
  return known && std::all_of(base.begin(), base.end(), is_plain) ? base : "";
}

std::string rule_page_url(std::string_view base, std::string_view id) {
  if (base.empty() || !id.starts_with("PG-") || !std::all_of(id.begin(), id.end(), is_plain)) return "";
  return std::string(base) + "/" + std::string(id) + ".md";
}

}  // namespace pg::verify
