// The parsers of reference/data that read other people's bytes: the first byte chooses which. Beyond "no crash" it
// checks that what they accept keeps its promises.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "reference/data/documents.h"
#include "reference/data/download.h"
#include "reference/data/token_shard.h"

namespace {

using pg::data::Document;

void require(bool condition) {
  if (!condition) std::abort();
}

void check_documents(const std::vector<Document>& documents) {
  for (const Document& document : documents)
    for (const std::string& paragraph : document.paragraphs)
      require(!paragraph.empty() && paragraph == pg::data::one_line(paragraph));
}

void check_manifest(const std::string& text) {
  const auto manifest = pg::data::parse_download_manifest(text, "fuzz");
  if (!manifest) return;
  for (const auto& file : manifest->files) {
    require(!file.name.empty() && file.name.front() != '/' &&
            ("/" + file.name + "/").find("/../") == std::string::npos);
    require(file.sha256.empty() || file.sha256.size() == 64);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::vector<Document> documents;
  switch (data[0]) {
    case 's': {
      const auto tokens = pg::data::parse_shard_header(text.substr(0, 1024), text.size(), "fuzz");
      require(!tokens || 1024 + 2 * *tokens == text.size());
      break;
    }
    case 'h':
      pg::data::add_html(text, "fuzz", documents);
      break;
    case 'p':
      pg::data::add_pod(text, "fuzz", documents);
      break;
    case 'j':
      (void)pg::data::add_jsonl(text, "fuzz", documents);
      break;
    case 'd': {
      const std::size_t half = text.size() / 2;
      (void)pg::data::add_dictd(text.substr(0, half), text.substr(half), "fuzz", documents);
      break;
    }
    case 'm':
      check_manifest(std::string(text));
      (void)pg::data::published_files(std::string(text), "http://h", "sp1024", 2);
      break;
    default:
      break;
  }
  check_documents(documents);
  return 0;
}
