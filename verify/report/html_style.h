#pragma once

#include <string>
#include <string_view>

namespace pg::verify {

// The page's style sheet.
std::string_view page_style();
// The Content-Security-Policy of the page: nothing but that very style sheet, named by its digest.
std::string content_security_policy();

}  // namespace pg::verify
