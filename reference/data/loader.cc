#include "reference/data/loader.h"

#include <fmt/format.h>

#include <algorithm>

#include "reference/base/text.h"
#include "reference/data/loader_kinds.h"

namespace pg::data {

using nlohmann::json;

Batch empty_batch(std::size_t sequences, std::size_t seq_len) {
  Batch batch{sequences, seq_len, {}, {}};
  batch.ids.reserve(sequences * seq_len);
  batch.targets.reserve(sequences * seq_len);
  return batch;
}

void append(Batch& batch, std::span<const std::uint16_t> window) {
  batch.ids.insert(batch.ids.end(), window.begin(), window.end() - 1);
  batch.targets.insert(batch.targets.end(), window.begin() + 1, window.end());
}

Status check_shape(std::size_t global_tokens, std::size_t seq_len, std::size_t world) {
  if (seq_len > 0 && global_tokens > 0 && global_tokens % (world * seq_len) == 0) return {};
  return Error{
      fmt::format("a micro-batch of {} tokens is no whole number of sequences of {} for each of {} processes: "
                  "make it a multiple of {}",
                  global_tokens, seq_len, world, world * std::max<std::size_t>(seq_len, 1))};
}

json describe(std::string_view kind, const std::vector<TokenShard>& shards) {
  json list = json::array();
  for (const TokenShard& shard : shards)
    list.push_back({{"name", to_utf8(shard.path().filename().string())}, {"tokens", shard.size()}});
  return {{"kind", kind}, {"shards", std::move(list)}};
}

json Place::state(std::string_view kind, const std::vector<TokenShard>& shards) const {
  json state = describe(kind, shards);
  state["shard"] = shard;
  state["position"] = position;
  return state;
}

Status Place::restore(const json& state, std::string_view kind, const std::vector<TokenShard>& shards) {
  if (const Status fit = fits(state, kind, shards); !fit) return fit;
  const auto at = number(state, "shard"), offset = number(state, "position");
  if (!at || !offset || *at >= shards.size() || *offset > shards[*at].size())
    return bad_state("its position is outside the shards");
  *this = {*at, *offset};
  return {};
}

Error bad_state(std::string_view why) {
  return Error{
      fmt::format("the saved loader state does not fit: {}. Resume with the data and options it was saved with, "
                  "or start anew",
                  why)};
}

Status fits(const json& state, std::string_view kind, const std::vector<TokenShard>& shards) {
  if (!state.is_object() || !state.contains("kind") || !state.contains("shards"))
    return bad_state("it is no loader state");
  const json here = describe(kind, shards);
  if (state["kind"] != here["kind"])
    return bad_state(fmt::format("it is of loader {}, this run has {}", state["kind"].dump(), kind));
  const json& theirs = state["shards"];
  if (!theirs.is_array() || theirs.size() != shards.size())
    return bad_state(fmt::format("it has {} shards, this run {}", theirs.size(), shards.size()));
  for (std::size_t i = 0; i < shards.size(); ++i)
    if (theirs[i] != here["shards"][i])
      return bad_state(fmt::format("shard {} was {}, now {}", i, escape_line(theirs[i].dump()),
                                   escape_line(here["shards"][i].dump())));
  return {};
}

std::optional<std::uint64_t> number(const json& state, const char* key) {
  const auto found = state.find(key);
  if (found == state.end() || !found->is_number_unsigned()) return std::nullopt;
  return found->get<std::uint64_t>();
}

void CallHistory::add(std::size_t global_tokens, std::size_t seq_len) {
  if (runs_.empty() || runs_.back().global_tokens != global_tokens || runs_.back().seq_len != seq_len)
    runs_.push_back({global_tokens, seq_len, 0});
  ++runs_.back().calls;
}

json CallHistory::to_json() const {
  json list = json::array();
  for (const Run& run : runs_) list.push_back({run.global_tokens, run.seq_len, run.calls});
  return list;
}

Status CallHistory::replay(const json& list, const Loader& loader,
                           const std::function<void(std::size_t, std::size_t)>& call) {
  constexpr std::uint64_t kMaxCalls = 1'000'000'000;  // a hostile state must not spin for ever
  if (!list.is_array()) return bad_state("it has no list of calls");
  std::uint64_t total = 0;
  for (const json& run : list) {
    const bool plain = run.is_array() && run.size() == 3 &&
                       std::all_of(run.begin(), run.end(), [](const json& v) { return v.is_number_unsigned(); });
    if (!plain) return bad_state("its list of calls is broken");
    const auto global_tokens = run[0].get<std::uint64_t>(), seq_len = run[1].get<std::uint64_t>();
    const auto calls = run[2].get<std::uint64_t>();
    if (const Status checked = loader.check(global_tokens, seq_len); !checked) return checked;
    total += std::min(calls, kMaxCalls);
    if (total > kMaxCalls) return bad_state("its list of calls is too long");
    for (std::uint64_t i = 0; i < calls; ++i) call(global_tokens, seq_len);
  }
  return {};
}

Result<std::unique_ptr<Loader>> make_loader(std::string_view kind, const std::vector<std::filesystem::path>& shards,
                                            int rank, int world, std::size_t vocab_size) {
  using Make = std::unique_ptr<Loader> (*)(LoaderSetup);
  const std::pair<std::string_view, Make> kinds[] = {{"sequential", make_sequential_loader},
                                                     {"shuffled", make_shuffled_loader},
                                                     {"coprime", make_coprime_loader},
                                                     {"simple", make_simple_loader}};
  const auto* found = std::find_if(std::begin(kinds), std::end(kinds), [&](const auto& k) { return k.first == kind; });
  if (found == std::end(kinds))
    return Error{fmt::format("no loader '{}'; there are sequential, shuffled, coprime and simple", escape_line(kind))};
  if (world < 1 || rank < 0 || rank >= world)
    return Error{fmt::format("rank {} of {} processes: ranks are 0 to processes - 1", rank, world)};
  if (shards.empty()) return Error{"no training shards. pgref corpus makes some, pgref fetch downloads them"};
  LoaderSetup setup{{}, static_cast<std::size_t>(rank), static_cast<std::size_t>(world)};
  if (kind == "shuffled" && setup.rank >= shards.size())
    return Error{
        fmt::format("loader 'shuffled' gives every process shards of its own, and rank {} of {} gets none of "
                    "the {} shards: use fewer processes, more shards, or another loader",
                    rank, world, shards.size())};
  std::size_t tokens = 0;
  for (const auto& path : shards) {
    auto shard = TokenShard::open(path);
    if (!shard) return shard.error();
    tokens += shard->size();
    if (setup.shards.size() % setup.world == setup.rank)
      if (const Status checked = check_vocabulary(*shard, vocab_size); !checked) return checked.error();
    setup.shards.push_back(std::move(*shard));
  }
  if (tokens == 0)
    return Error{
        fmt::format("the training shards hold no tokens at all, beginning with {}", escape_line(shards[0].string()))};
  return found->second(std::move(setup));
}

}  // namespace pg::data
