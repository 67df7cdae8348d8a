#include "reference/data/documents.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "reference/base/file.h"
#include "reference/base/sha256.h"
#include "reference/base/text.h"

namespace pg::data {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxFileBytes = 4ULL << 30;
constexpr std::size_t kMaxUnpackedBytes = 1 << 30;

bool is_letter(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80;
}

Result<std::string> gunzip(std::string_view packed, const std::string& name) {
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) return Error{"zlib cannot start"};
  std::string out;
  std::vector<char> buffer(1 << 18);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  int code = Z_OK;
  while (code == Z_OK && out.size() <= kMaxUnpackedBytes) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    code = inflate(&stream, Z_NO_FLUSH);
    out.append(buffer.data(), buffer.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  if (code != Z_STREAM_END)
    return Error{fmt::format("{}: is no whole gzip file, or unpacks to more than {} bytes", escape_line(name),
                             kMaxUnpackedBytes)};
  return out;
}

// dictd's numbers: base 64 digits, the highest first.
bool parse_base64(std::string_view digits, std::size_t& value) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  value = 0;
  if (digits.empty() || digits.size() > 8) return false;
  for (const char c : digits) {
    const std::size_t digit = kDigits.find(c);
    if (digit == std::string_view::npos) return false;
    value = value * 64 + digit;
  }
  return true;
}

std::string kind_of(const fs::path& path) {
  return to_lower(path.extension().string());
}

// The files below `from` that hold texts, or `from` itself, in the order of their names.
Result<std::vector<fs::path>> text_files(const fs::path& from) {
  constexpr std::array<std::string_view, 6> kKinds = {".txt", ".jsonl", ".html", ".htm", ".pod", ".index"};
  std::vector<fs::path> files;
  std::error_code error;
  const auto add = [&](const fs::path& path) {
    if (std::find(kKinds.begin(), kKinds.end(), kind_of(path)) != kKinds.end()) files.push_back(path);
  };
  if (fs::is_directory(from, error)) {
    for (fs::recursive_directory_iterator it(from, error), end; !error && it != end; it.increment(error))
      if (it->is_regular_file(error) && !it->is_symlink(error)) add(it->path());
    if (error) return Error{fmt::format("cannot read {}: {}", escape_line(from.string()), error.message())};
    std::sort(files.begin(), files.end());
  } else {
    add(from);
  }
  return files;
}

// `file` as documents are named after it.
std::string name_below(const fs::path& from, const fs::path& file) {
  return file == from ? from.filename().string() : file.lexically_relative(from).generic_string();
}

// What an .index is the index of.
fs::path dictionary_of(fs::path index) {
  return index.replace_extension(".dict.dz");
}

Status add_file(const fs::path& path, const std::string& name, std::vector<Document>& documents) {
  const std::string kind = kind_of(path);
  const auto content = read_file(path, kMaxFileBytes);
  if (!content) return content.error();
  if (kind == ".jsonl") return add_jsonl(*content, name, documents);
  if (kind == ".index") {
    const fs::path packed = dictionary_of(path);
    const auto bytes = read_file(packed, kMaxFileBytes);
    if (!bytes) return Error{bytes.error().message + " (it belongs to the .index beside it)"};
    const auto dictionary = gunzip(*bytes, packed.string());
    if (!dictionary) return dictionary.error();
    return add_dictd(*dictionary, *content, name, documents);
  }
  (kind == ".txt" ? add_text : kind == ".pod" ? add_pod : add_html)(*content, name, documents);
  return {};
}

}  // namespace

std::string one_line(std::string_view text) {
  const std::string valid = to_utf8(text);
  std::string line;
  line.reserve(valid.size());
  for (std::size_t i = 0; i < valid.size(); ++i) {
    const auto c = static_cast<unsigned char>(valid[i]);
    const bool no_break = c == 0xC2 && i + 1 < valid.size() && static_cast<unsigned char>(valid[i + 1]) == 0xA0;
    if (no_break) ++i;
    if (c > ' ' && c != 0x7F && !no_break)
      line += valid[i];
    else if (!line.empty() && line.back() != ' ')
      line += ' ';
  }
  if (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

bool is_prose(std::string_view paragraph) {
  const auto spaces = std::count(paragraph.begin(), paragraph.end(), ' ');
  const auto letters = std::count_if(paragraph.begin(), paragraph.end(),
                                     [](char c) { return is_letter(static_cast<unsigned char>(c)); });
  return spaces >= 3 && 5 * (letters + spaces) >= 4 * static_cast<std::ptrdiff_t>(paragraph.size());
}

void add_text(std::string_view text, const std::string& name, std::vector<Document>& documents) {
  std::string line = one_line(text);
  if (!line.empty()) documents.push_back({name, {std::move(line)}});
}

Status add_jsonl(std::string_view lines, const std::string& name, std::vector<Document>& documents) {
  for (std::size_t number = 1; !lines.empty(); ++number) {
    const std::size_t end = lines.find('\n');
    const std::string_view line = trim(lines.substr(0, end));
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
    if (line.empty()) continue;
    const auto parsed = nlohmann::json::parse(line, nullptr, false);
    const auto text = parsed.is_object() ? parsed.find("text") : parsed.end();
    if (!parsed.is_object() || text == parsed.end() || !text->is_string())
      return Error{
          fmt::format("{}:{}: no JSON object with a string under \"text\"; every line has to be one document, "
                      "{{\"text\": \"...\"}}",
                      escape_line(name), number)};
    add_text(text->get_ref<const std::string&>(), fmt::format("{}:{}", name, number), documents);
  }
  return {};
}

Status add_dictd(std::string_view dictionary, std::string_view index, const std::string& name,
                 std::vector<Document>& documents) {
  std::vector<std::pair<std::size_t, std::size_t>> entries;
  for (std::size_t number = 1; !index.empty(); ++number) {
    const std::size_t end = index.find('\n');
    const std::string_view line = index.substr(0, end);
    index.remove_prefix(end == std::string_view::npos ? index.size() : end + 1);
    const std::size_t first = line.find('\t'), second = line.find('\t', first + 1);
    std::size_t offset = 0, length = 0;
    if (second == std::string_view::npos || !parse_base64(line.substr(first + 1, second - first - 1), offset) ||
        !parse_base64(line.substr(second + 1), length) || offset > dictionary.size() ||
        length > dictionary.size() - offset)
      return Error{fmt::format("{}:{}: is no line of a dictd index of a dictionary of {} bytes", escape_line(name),
                               number, dictionary.size())};
    // Entries named 00-database-... (00database... without punctuation) are about the dictionary.
    if (!line.starts_with("00-database") && !line.starts_with("00database")) entries.emplace_back(offset, length);
  }
  std::sort(entries.begin(), entries.end());
  entries.erase(std::unique(entries.begin(), entries.end()), entries.end());  // several headwords, one entry
  for (const auto& [offset, length] : entries) {
    std::string entry(dictionary.substr(offset, length));
    std::erase_if(entry, [](char c) { return c == '{' || c == '}'; });  // links
    Document document{fmt::format("{}@{}", name, offset), {}};
    std::string_view rest = entry;
    while (!rest.empty()) {
      const std::size_t end = rest.find("\n\n");
      std::string paragraph = one_line(rest.substr(0, end));
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 2);
      // The first is the headword.
      if (document.paragraphs.empty() ? !paragraph.empty() : is_prose(paragraph))
        document.paragraphs.push_back(std::move(paragraph));
    }
    if (document.paragraphs.size() > 1) documents.push_back(std::move(document));
  }
  return {};
}

Result<std::vector<Document>> read_documents(const fs::path& from) {
  std::error_code error;
  if (!fs::exists(from, error)) return Error{fmt::format("{} does not exist", escape_line(from.string()))};
  const auto files = text_files(from);
  if (!files) return files.error();
  std::vector<Document> documents;
  for (const fs::path& file : *files)
    if (const Status added = add_file(file, name_below(from, file), documents); !added) return added.error();
  if (documents.empty())
    return Error{
        fmt::format("no text in {}: give a .jsonl with \"text\" in every line, or a folder with .txt, .jsonl, "
                    ".html or .pod files",
                    escape_line(from.string()))};
  return documents;
}

Result<std::string> digest_of_documents(const fs::path& from) {
  auto files = text_files(from);
  if (!files) return files.error();
  for (std::size_t i = files->size(); i-- > 0;)
    if (kind_of((*files)[i]) == ".index") files->push_back(dictionary_of((*files)[i]));
  Sha256 digest;
  for (const fs::path& file : *files) {
    Sha256 content;
    const auto read = read_chunks(file, [&](std::string_view chunk) {
      content.update(chunk);
      return true;
    });
    if (!read) return read.error();
    digest.update(fmt::format("{} {} {}\n", content.hex(), *read, name_below(from, file)));
  }
  return digest.hex();
}

}  // namespace pg::data
