// Every script below PG_RECORDS_DIR: none crashes, none is slow, and those that are packed open.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <vector>

#include "reference/base/file.h"
#include "reference/base/parallel.h"
#include "verify/submission/unpack.h"

namespace pg::verify {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> scripts_below(const fs::path& root) {
  std::vector<fs::path> scripts;
  for (fs::recursive_directory_iterator it(root, fs::directory_options::skip_permission_denied), end; it != end; ++it)
    if (it->is_regular_file() && it->path().extension() == ".py") scripts.push_back(it->path());
  return scripts;
}

TEST(UnpackData, OpensEveryPackedScriptOfTheContest) {
  const char* root = std::getenv("PG_RECORDS_DIR");
  if (root == nullptr || !fs::is_directory(root))
    GTEST_SKIP() << "PG_RECORDS_DIR is not set to a folder with submissions";
  const std::vector<fs::path> scripts = scripts_below(root);
  ASSERT_FALSE(scripts.empty());
  std::mutex mutex;
  int packed = 0;
  std::vector<std::string> opaque, lost;
  const auto start = std::chrono::steady_clock::now();
  parallel_for(scripts.size(), 0, [&](std::size_t i) {
    const auto content = read_file(scripts[i], 64u << 20);
    if (!content) return;
    const fs::path folder = scripts[i].parent_path();
    const CodeFile file =
        unpack_code(scripts[i].filename().string(), *content, [&](std::string_view path) -> std::optional<std::string> {
          auto sibling = read_file(folder / path, 64u << 20);
          return sibling ? std::optional(*std::move(sibling)) : std::nullopt;
        });
    const std::lock_guard lock(mutex);
    packed += !file.packed.empty();
    if (!file.opaque.empty()) opaque.push_back(scripts[i].string() + ": " + file.opaque);
    // The wrapper that nearly all packed submissions use must not be taken for plain code.
    const bool wrapper =
        content->find(".decompress(") < 4096 && content->find("b85decode(") < 4096 && content->size() < 60'000;
    if (wrapper && file.packed.empty() && file.opaque.empty()) lost.push_back(scripts[i].string());
  });
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  for (const std::string& line : opaque) std::printf("opaque: %s\n", line.c_str());
  for (const std::string& line : lost) std::printf("taken for plain: %s\n", line.c_str());
  std::printf("%zu scripts, %d packed, %zu opaque, %.2f s\n", scripts.size(), packed, opaque.size(), seconds);
  EXPECT_LE(opaque.size(), scripts.size() / 200 + 1);
  EXPECT_LE(lost.size(), scripts.size() / 200 + 1);
}

}  // namespace
}  // namespace pg::verify
