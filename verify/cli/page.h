#pragma once

#include <string>
#include <string_view>

namespace pg::verify {

// A rule page (headings, paragraphs, lists, fenced examples, tables) for a terminal: wrapped to 100 columns, headings
// bold where colours are on.
std::string render_page(std::string_view markdown, bool color);

}  // namespace pg::verify
