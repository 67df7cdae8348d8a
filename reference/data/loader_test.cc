#include "reference/data/loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "reference/base/file.h"
#include "reference/data/test_folder.h"

namespace pg::data {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* kKinds[] = {"sequential", "shuffled", "coprime", "simple"};

// Token i of shard s is s * 1500 + i, so that a token tells where it stands.
std::vector<fs::path> write_shards(const TestFolder& folder, const std::vector<std::size_t>& sizes) {
  std::vector<fs::path> paths;
  for (std::size_t s = 0; s < sizes.size(); ++s) {
    std::vector<std::uint16_t> tokens(sizes[s]);
    for (std::size_t i = 0; i < tokens.size(); ++i) tokens[i] = static_cast<std::uint16_t>(s * 1500 + i);
    std::string name = std::to_string(s);
    name.insert(0, 6 - name.size(), '0');
    paths.push_back(folder.shard("fineweb_train_" + name + ".bin", tokens));
  }
  return paths;
}

std::unique_ptr<Loader> made(std::string_view kind, const std::vector<fs::path>& shards, int rank = 0, int world = 1) {
  auto loader = make_loader(kind, shards, rank, world, 65536);
  EXPECT_TRUE(loader.ok()) << loader.error().message;
  return std::move(loader).value();
}

std::string error_of(std::string_view kind, const std::vector<fs::path>& shards, int rank, int world,
                     std::size_t vocab) {
  const auto loader = make_loader(kind, shards, rank, world, vocab);
  return loader ? "" : loader.error().message;
}

void compare_with_original(const json& c, const std::vector<fs::path>& shards, std::size_t seq_len) {
  const auto loader = made(c["kind"].get<std::string>(), shards, c["rank"], c["world"]);
  const std::size_t global_tokens = c["sequences"].get<std::size_t>() * seq_len;
  ASSERT_TRUE(loader->check(global_tokens, seq_len).ok());
  std::size_t call = 0;
  for (const json& row : c["calls"]) {
    for (; call < row[0]; ++call) (void)loader->next(global_tokens, seq_len);
    const Batch batch = loader->next(global_tokens, seq_len);
    ++call;
    ASSERT_EQ(batch.sequences, row[1].size());
    ASSERT_EQ(batch.ids.size(), batch.sequences * seq_len);
    ASSERT_EQ(batch.targets.size(), batch.ids.size());
    for (std::size_t i = 0; i < batch.sequences; ++i) {
      EXPECT_EQ(batch.ids[i * seq_len], row[1][i]) << "call " << call << " row " << i;
      EXPECT_EQ(batch.targets[(i + 1) * seq_len - 1], row[2][i]) << "call " << call << " row " << i;
    }
  }
}

TEST(Loader, GivesWhatTheOriginalsGive) {
  const json vectors = json::parse(read_file(PG_SOURCE_DIR "/reference/data/testdata/loaders.json", 1 << 22).value());
  ASSERT_GE(vectors["cases"].size(), 10U);
  for (const auto& [name, sizes] : vectors["sizes"].items()) {
    const TestFolder folder;
    write_shards(folder, sizes.get<std::vector<std::size_t>>());
    // #1060 seeds itself with the paths as given: the vectors were made inside the folder.
    const fs::path before = fs::current_path();
    fs::current_path(folder.root());
    std::vector<fs::path> shards;
    for (const std::string& file : folder.names()) shards.emplace_back(file);
    std::sort(shards.begin(), shards.end());
    for (const json& c : vectors["cases"]) {
      if (c["shards"] != name) continue;
      SCOPED_TRACE(c["kind"].get<std::string>() + " " + name + " rank " + c["rank"].dump() + " of " +
                   c["world"].dump());
      compare_with_original(c, shards, vectors["seq_len"]);
    }
    fs::current_path(before);
  }
}

TEST(SequentialLoader, AStepHasTheSameSequencesForEveryNumberOfProcesses) {
  const TestFolder folder;
  const auto shards = write_shards(folder, {701, 333, 5, 1000});
  const std::size_t seq_len = 8, step_tokens = 8 * 3 * seq_len;
  std::map<int, std::vector<std::multiset<std::vector<std::int64_t>>>> steps;  // of each world
  for (const int world : {1, 2, 4, 8}) {
    const int accumulation = 8 / world;
    std::vector<std::multiset<std::vector<std::int64_t>>>& sets = steps[world];
    sets.resize(20);
    for (int rank = 0; rank < world; ++rank) {
      const auto loader = made("sequential", shards, rank, world);
      for (auto& set : sets)
        for (int micro = 0; micro < accumulation; ++micro) {
          const Batch batch = loader->next(step_tokens / static_cast<std::size_t>(accumulation), seq_len);
          for (auto row = batch.ids.begin(); row != batch.ids.end(); row += 8) set.insert({row, row + 8});
        }
    }
    EXPECT_EQ(sets, steps[1]) << world;
    EXPECT_EQ(sets[0].size(), 24U);
  }
}

// Expected: the hash of #1060 over str(pathlib.Path(path)), by Python.
TEST(CoprimeLoader, IsSeededWithThePathAsPythonWritesIt) {
  const TestFolder folder;
  folder.folder("sub");
  folder.shard("x.bin", std::vector<std::uint16_t>(100, 5));
  folder.shard("sub/x.bin", std::vector<std::uint16_t>(100, 5));
  const fs::path before = fs::current_path();
  fs::current_path(folder.root());
  const std::pair<const char*, std::uint64_t> expected[] = {{"x.bin", 7086973447816733551U},
                                                            {"./x.bin", 7086973447816733551U},
                                                            {"sub/../x.bin", 12592224345281040879U},
                                                            {"sub//x.bin", 7533491056240335730U},
                                                            {"sub/./x.bin", 7533491056240335730U}};
  for (const auto& [path, seed] : expected) EXPECT_EQ(made("coprime", {path})->state()["seed"], seed) << path;
  fs::current_path(before);
}

TEST(Loader, TargetsAreTheTokensAfterTheIds) {
  const TestFolder folder;
  const auto shards = write_shards(folder, {701, 333, 1000});
  for (const char* kind : {"shuffled", "coprime", "simple"}) {
    const auto loader = made(kind, shards);
    for (int call = 0; call < 30; ++call) {
      const Batch batch = loader->next(4 * 8, 8);
      for (std::size_t i = 0; i < batch.ids.size(); ++i) EXPECT_EQ(batch.targets[i], batch.ids[i] + 1) << kind;
    }
  }
}

TEST(Loader, GoesOnExactlyWhereASavedStateStands) {
  const TestFolder folder;
  const auto shards = write_shards(folder, {701, 333, 64, 1000});
  for (const char* kind : kKinds) {
    SCOPED_TRACE(kind);
    for (const int calls : {0, 1, 77}) {
      const auto loader = made(kind, shards, 1, 2), saver = made(kind, shards, 0, 2);
      for (int call = 0; call < calls; ++call)
        for (const auto& rank : {loader.get(), saver.get()}) (void)rank->next(64, call < 40 ? 8 : 16);
      // What rank 0 saved, on an object of rank 1 that already went its own way.
      const json state = json::parse(saver->state().dump());
      const auto resumed = made(kind, shards, 1, 2);
      for (int call = 0; call < 5; ++call) (void)resumed->next(64, 8);
      const Status restored = resumed->restore(state);
      ASSERT_TRUE(restored.ok()) << restored.error().message;
      EXPECT_EQ(resumed->state(), state);
      for (int call = 0; call < 20; ++call) {
        const Batch expected = loader->next(64, 16), got = resumed->next(64, 16);
        EXPECT_EQ(got.ids, expected.ids);
        EXPECT_EQ(got.targets, expected.targets);
      }
    }
  }
}

TEST(Loader, StateIsTheSameOnEveryRank) {
  const TestFolder folder;
  const auto shards = write_shards(folder, {701, 333, 64, 1000});
  for (const char* kind : kKinds) {
    const auto first = made(kind, shards, 0, 2), second = made(kind, shards, 1, 2);
    for (int call = 0; call < 9; ++call) (void)first->next(64, 8), (void)second->next(64, 8);
    EXPECT_EQ(first->state(), second->state()) << kind;
  }
}

TEST(Loader, StatesThatDoNotFitAreErrors) {
  const TestFolder folder, other;
  const auto shards = write_shards(folder, {701, 333});
  const auto longer = write_shards(other, {702, 333});
  for (const char* kind : kKinds) {
    SCOPED_TRACE(kind);
    const auto loader = made(kind, shards);
    (void)loader->next(64, 8);
    const json good = loader->state();
    EXPECT_THAT(made(kind, longer)->restore(good).error().message,
                AllOf(HasSubstr("shard 0 was"), HasSubstr("701"), HasSubstr("702"), HasSubstr("start anew")));
    const std::string another = kind == std::string("simple") ? "coprime" : "simple";
    EXPECT_THAT(made(another, shards)->restore(good).error().message, HasSubstr("it is of loader"));
    for (const json& broken : {json(), json::array(), json{{"kind", kind}}, json{{"kind", kind}, {"shards", 3}}})
      EXPECT_FALSE(loader->restore(broken).ok());
    for (const char* key : {"position", "shard", "calls", "seed", "world"}) {
      if (!good.contains(key)) continue;
      for (const json& value :
           {json(-1), json("x"), json(1e30), json(99999999), json::array({json::array({0, 0, 1})})}) {
        if (std::string_view(key) == "seed" && value.is_number_unsigned()) continue;  // any number is a seed
        json broken = good;
        broken[key] = value;
        EXPECT_FALSE(loader->restore(broken).ok()) << key << " " << value;
      }
    }
  }
  const auto two = made("shuffled", shards, 0, 2);
  EXPECT_THAT(two->restore(made("shuffled", shards)->state()).error().message, HasSubstr("number of processes"));
}

TEST(Loader, BadInputIsAnErrorThatSaysTheWayOut) {
  const TestFolder folder;
  const auto shards = write_shards(folder, {701, 333});
  EXPECT_THAT(error_of("random", shards, 0, 1, 65536), HasSubstr("there are sequential, shuffled, coprime and simple"));
  EXPECT_THAT(error_of("simple", {}, 0, 1, 65536), HasSubstr("pgref corpus"));
  EXPECT_THAT(error_of("simple", shards, 2, 2, 65536), HasSubstr("rank 2 of 2"));
  EXPECT_THAT(error_of("simple", shards, 0, 1, 1024),
              AllOf(HasSubstr("fineweb_train_000001.bin"), HasSubstr("id 1500")));
  EXPECT_THAT(error_of("shuffled", shards, 2, 3, 65536), HasSubstr("rank 2 of 3 gets none of the 2 shards"));
  EXPECT_THAT(error_of("simple", {folder / "none.bin"}, 0, 1, 65536), HasSubstr("none.bin"));
  EXPECT_THAT(error_of("sequential", {folder.shard("empty.bin", {})}, 0, 1, 65536), HasSubstr("no tokens at all"));
}

TEST(Loader, CheckRefusesBatchesThatNoNextCouldServe) {
  const TestFolder folder;
  const auto shards = write_shards(folder, {701, 333});
  for (const char* kind : kKinds) {
    const auto loader = made(kind, shards, 1, 2);
    EXPECT_TRUE(loader->check(64, 8).ok()) << kind;
    EXPECT_THAT(loader->check(72, 8).error().message, HasSubstr("make it a multiple of 16")) << kind;
    EXPECT_FALSE(loader->check(0, 8).ok());
    EXPECT_FALSE(loader->check(64, 0).ok());
  }
  EXPECT_THAT(made("shuffled", shards, 1, 2)->check(1024, 512).error().message, HasSubstr("rank 1"));
  EXPECT_THAT(made("coprime", shards)->check(1024, 1024).error().message, HasSubstr("none of the 2 shards"));
  EXPECT_THAT(made("simple", shards)->check(1024, 8).error().message, HasSubstr("the longest of 2 shards has 701"));
}

}  // namespace
}  // namespace pg::data
