// Escaping for each output format. What comes from a submission has been through escape_line first (no controls, no
// bidirectional overrides, valid UTF-8, cut); these add what the format itself would interpret.
#pragma once

#include <string>
#include <string_view>

namespace pg::verify {

// For HTML and XML text and for quoted attributes: & < > " ' as entities; the two noncharacters that XML 1.0 forbids
// (U+FFFE, U+FFFF) as U+FFFD.
std::string escape_markup(std::string_view text);

// For GitHub-flavoured Markdown, inside tables too: no markup, HTML, link, mention (@name), issue reference (#1),
// address, emoji code or formula takes effect. GitHub looks for mentions and references in the rendered text, where a
// backslash no longer counts: a zero-width space breaks those.
std::string escape_markdown(std::string_view text);

// A Markdown code span that shows `text` as it is; not for tables, where a pipe would end the cell.
std::string code_span(std::string_view text);

// For the message of a GitHub workflow command, and for its properties (file=, title=).
std::string escape_command_data(std::string_view text);
std::string escape_command_property(std::string_view text);

// For a plain line of a workflow's log: the runner takes "##[name]" anywhere in a line as a command.
std::string escape_log_line(std::string_view text);

// For a SARIF message: no embedded link ("[text](target)") and no placeholder ("{0}").
std::string escape_sarif(std::string_view text);

}  // namespace pg::verify
