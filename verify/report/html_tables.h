#pragma once

#include <string>

#include "verify/report/report.h"

namespace pg::verify {

// The tables of the HTML page, with their headings; "" where there is nothing to list. Long lists are cut and the rest
// counted.
std::string findings_section(const Report& report, const std::string& docs_url);
std::string runs_section(const Report& report);
// Where packed code lies in the shipped files and what it unpacks to.
std::string code_section(const Report& report);
std::string rules_section(const Report& report, const std::string& docs_url);
std::string files_section(const Report& report);

}  // namespace pg::verify
