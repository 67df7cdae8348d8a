// HTML pages and Perl documentation to paragraphs of prose. Good enough for the pages of Debian's manuals, and safe for
// any bytes; no parser of those languages.
#include <algorithm>
#include <array>
#include <optional>

#include "reference/base/text.h"
#include "reference/data/documents.h"

namespace pg::data {
namespace {

void add_prose(std::string_view text, Document& document) {
  std::string paragraph = one_line(text);
  if (is_prose(paragraph)) document.paragraphs.push_back(std::move(paragraph));
}

template <std::size_t N>
bool is_one_of(std::string_view name, const std::array<std::string_view, N>& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void put_utf8(std::uint32_t c, std::string& out) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += {static_cast<char>(0xC0 | (c >> 6)), static_cast<char>(0x80 | (c & 63))};
  } else if (c < 0x10000) {
    out += {static_cast<char>(0xE0 | (c >> 12)), static_cast<char>(0x80 | ((c >> 6) & 63)),
            static_cast<char>(0x80 | (c & 63))};
  } else {
    out += {static_cast<char>(0xF0 | (c >> 18)), static_cast<char>(0x80 | ((c >> 12) & 63)),
            static_cast<char>(0x80 | ((c >> 6) & 63)), static_cast<char>(0x80 | (c & 63))};
  }
}

// The character that &...; at the beginning of `text` stands for, and its length; nothing: it is an ampersand.
std::optional<std::pair<std::string, std::size_t>> entity(std::string_view text) {
  const std::size_t end = text.substr(0, 12).find(';');
  if (end == std::string_view::npos || end < 2) return std::nullopt;
  const std::string_view name = text.substr(1, end - 1);
  static constexpr std::pair<std::string_view, std::string_view> kNamed[] = {
      {"amp", "&"},        {"lt", "<"},         {"gt", ">"},         {"quot", "\""},       {"apos", "'"},
      {"nbsp", " "},       {"mdash", "\u2014"}, {"ndash", "\u2013"}, {"hellip", "\u2026"}, {"copy", "\u00A9"},
      {"ldquo", "\u201C"}, {"rdquo", "\u201D"}, {"lsquo", "\u2018"}, {"rsquo", "\u2019"},  {"eacute", "\u00E9"}};
  for (const auto& [key, value] : kNamed)
    if (name == key) return std::pair(std::string(value), end + 1);
  if (name[0] != '#') return std::nullopt;
  const bool hexadecimal = name.size() > 1 && (name[1] == 'x' || name[1] == 'X');
  std::uint32_t code = 0;
  for (const char c : name.substr(hexadecimal ? 2 : 1)) {
    const int digit = c >= '0' && c <= '9'                                ? c - '0'
                      : hexadecimal && (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                                          : -1;
    if (digit < 0 || code > 0x10FFFF) return std::nullopt;
    code = code * (hexadecimal ? 16 : 10) + static_cast<std::uint32_t>(digit);
  }
  if (code == 0 || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return std::nullopt;
  std::string out;
  put_utf8(code, out);
  return std::pair(out, end + 1);
}

// Elements that are left out with all that is in them: no prose, or on every page.
bool is_left_out(std::string_view tag, std::string_view attributes) {
  static constexpr std::array<std::string_view, 10> kTags = {"head",  "script", "style", "pre",    "nav",
                                                             "table", "footer", "svg",   "button", "form"};
  static constexpr std::array<std::string_view, 8> kClasses = {"nav",    "sidebar", "footer",    "toc",
                                                               "banner", "related", "indexterm", "copyright"};
  if (is_one_of(tag, kTags)) return true;
  if (tag != "div" && tag != "ul" && tag != "dl" && tag != "p") return false;
  for (const std::string_view key : {"class=\"", "id=\"", "role=\""}) {
    const std::size_t at = attributes.find(key);
    if (at == std::string_view::npos) continue;
    std::string_view value = attributes.substr(at + key.size());
    value = value.substr(0, value.find('"'));
    for (const std::string_view name : kClasses)
      if (contains_ignore_case(value, name)) return true;
  }
  return false;
}

bool is_inline(std::string_view tag) {
  static constexpr std::array<std::string_view, 22> kTags = {
      "a",   "abbr", "acronym", "b",     "big",  "cite",   "code", "em",  "font", "i", "img",
      "kbd", "q",    "samp",    "small", "span", "strong", "sub",  "sup", "tt",   "u", "var"};
  return is_one_of(tag, kTags);
}

// The tag at `text[0]` = '<': its name (lower case, with '/' in front where it closes), attributes, and length.
struct Tag {
  std::string name;
  std::string_view attributes;
  std::size_t length = 0;
};

Tag tag_at(std::string_view text) {
  if (text.starts_with("<!--")) {
    const std::size_t end = text.find("-->", 4);
    return {"!", {}, end == std::string_view::npos ? text.size() : end + 3};
  }
  std::size_t end = text.find('>');
  end = end == std::string_view::npos ? text.size() : end;
  const std::string_view inside = text.substr(1, end - 1);
  const std::size_t name_end = std::min(inside.find_first_of(" \t\r\n", 0), inside.size());
  std::string_view name = inside.substr(0, name_end);
  if (name.size() > 1 && name.ends_with('/')) name.remove_suffix(1);
  return {to_lower(name), inside.substr(name_end), std::min(end + 1, text.size())};
}

}  // namespace

void add_html(std::string_view page, const std::string& name, std::vector<Document>& documents) {
  Document document{name, {}};
  std::string block, skipped;  // skipped: the element being left out, empty: none
  std::size_t depth = 0;
  for (std::size_t i = 0; i < page.size();) {
    if (page[i] == '<') {
      const Tag tag = tag_at(page.substr(i));
      i += tag.length;
      const bool closes = tag.name.starts_with('/'), empty = tag.attributes.ends_with('/');
      const std::string_view plain = std::string_view(tag.name).substr(closes ? 1 : 0);
      if (!skipped.empty()) {
        if (plain == skipped && !empty) depth = closes ? depth - 1 : depth + 1;
        if (depth == 0) skipped.clear();
        continue;
      }
      if (plain == "br") block += ' ';
      if (plain == "br" || is_inline(plain) || plain.starts_with('!')) continue;
      add_prose(block, document);
      block.clear();
      if (!closes && !empty && is_left_out(plain, tag.attributes)) {
        skipped = plain;
        depth = 1;
      }
      continue;
    }
    const auto special = page[i] == '&' && skipped.empty() ? entity(page.substr(i)) : std::nullopt;
    if (special) block += special->first;
    if (skipped.empty() && !special) block += page[i];
    i += special ? special->second : 1;
  }
  add_prose(block, document);
  if (!document.paragraphs.empty()) documents.push_back(std::move(document));
}

namespace {

// POD's formatting codes taken off: C<text>, B<< text >>, L<shown|target>, E<lt>; X<> and Z<> vanish.
std::string without_codes(std::string_view text, int depth = 0) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const bool code = depth < 8 && text[i] >= 'A' && text[i] <= 'Z' && i + 1 < text.size() && text[i + 1] == '<' &&
                      (i == 0 || !(text[i - 1] >= 'A' && text[i - 1] <= 'Z'));
    if (!code) {
      out += text[i++];
      continue;
    }
    const char kind = text[i];
    std::size_t brackets = 0, begin = i + 1;
    while (begin < text.size() && text[begin] == '<') ++begin, ++brackets;
    std::size_t end = begin, open = 1;
    if (brackets > 1) {
      end = text.find(" " + std::string(brackets, '>'), begin);
    } else {
      for (; end < text.size(); ++end) {
        if (text[end] == '<') ++open;
        if (text[end] == '>' && --open == 0) break;
      }
    }
    end = std::min(end, text.size());
    std::string_view inside = text.substr(begin, end - begin);
    i = std::min(text.size(), end + brackets + (brackets > 1 ? 1 : 0));
    if (kind == 'L' && inside.find('|') != std::string_view::npos) inside = inside.substr(0, inside.find('|'));
    if (kind == 'E')
      out += inside == "lt" ? "<" : inside == "gt" ? ">" : inside == "verbar" ? "|" : inside == "sol" ? "/" : "";
    else if (kind != 'X' && kind != 'Z')
      out += without_codes(inside, depth + 1);
  }
  return out;
}

}  // namespace

void add_pod(std::string_view pod, const std::string& name, std::vector<Document>& documents) {
  Document document{name, {}};
  bool in_pod = false, for_others = false;
  while (!pod.empty()) {
    const std::size_t end = std::min(pod.find("\n\n"), pod.size());
    std::string_view paragraph = pod.substr(0, end);
    pod.remove_prefix(std::min(pod.size(), end + 2));
    while (paragraph.starts_with('\n')) paragraph.remove_prefix(1);
    // A paragraph that begins with a blank is code.
    if (paragraph.empty() || paragraph[0] == ' ' || paragraph[0] == '\t') continue;
    if (paragraph[0] == '=') {
      const std::string_view command = paragraph.substr(1, paragraph.find_first_of(" \t\n") - 1);
      in_pod = command != "cut";
      for_others = command == "begin" || (for_others && command != "end");
      paragraph.remove_prefix(std::min(paragraph.size(), command.size() + 1));
      if (!command.starts_with("head") && command != "item") continue;
    }
    if (in_pod && !for_others) add_prose(without_codes(paragraph), document);
  }
  if (!document.paragraphs.empty()) documents.push_back(std::move(document));
}

}  // namespace pg::data
