#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pg::verify {

// What a report says about a rule itself. The rules know it (verify/rules/rule.h); reports do not link the rules.
struct RuleInfo {
  std::string id, title, decides, not_meaning;
};

// Where the rule pages lie on the web: $PGVERIFY_DOCS_URL, else what PG_DOCS_URL was when this was built (CMake), else
// nothing. A page is <base>/<ID>.md. Only http and https addresses without anything that could end one are taken.
std::string docs_url();
// The page of a rule, "" where there is no base.
std::string rule_page_url(std::string_view base, std::string_view id);

}  // namespace pg::verify
