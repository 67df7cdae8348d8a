#include "verify/submission/metadata_seeds.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "reference/base/text.h"

namespace pg::verify {
namespace {

using Kind = MetadataDeviation::Kind;

constexpr std::size_t kMaxSeeds = 1000;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::optional<std::int64_t> seed_value(const JsonValue& value) {
  if (value.is_number()) return parse_int(value.text);
  if (value.is_string()) return parse_int(trim(value.text));
  return std::nullopt;
}

class SeedReader {
 public:
  SeedReader(const Scope& top, Metadata& metadata, Deviations& deviations)
      : top_(top), metadata_(metadata), deviations_(deviations) {}

  void run() {
    read_declared();
    for (const std::string_view key : seed_containers())
      if (const Scope::Entry* const entry = top_.find(key))
        container(entry->member->value, entry->path + '.', metadata_.per_seed, true);
    for (const auto& [key, entry] : top_.entries()) seed_in_key(key, entry);
    for (const SeedColumn& column : seed_columns()) read_column(column);
    adopt_score();
    finish_declared();
    read_disclosed();
  }

 private:
  // `seeds` as a list of numbers, a single number or a count; `seed`.
  void read_declared() {
    const Scope::Entry* const entry = top_.find("seeds");
    if (entry != nullptr && entry->member->value.is_array()) {
      for (const JsonValue& item : entry->member->value.items) {
        if (item.is_object()) continue;
        if (!item.is_number()) deviations_.add(Kind::wrong_type, entry->path, item.line, "seeds holds a text");
        if (const auto seed = seed_value(item)) declare(*seed, entry->member->line);
      }
    } else if (entry != nullptr && seed_value(entry->member->value)) {
      // One number may be a seed or a count: a count is what the seeds of the folder bear out or not.
      const std::int64_t number = *seed_value(entry->member->value);
      deviations_.add(Kind::wrong_type, entry->path, entry->member->line, "seeds is one number, not a list");
      if (number > 0 && number <= 10 && !metadata_.n_seeds)
        metadata_.n_seeds = {number, entry->path, entry->member->line, 0};
      else
        declare(number, entry->member->line);
    } else if (entry != nullptr && entry->member->value.is_null()) {
      deviations_.add(Kind::null_value, entry->path, entry->member->line, "seeds is null");
    }
    const Scope::Entry* const single = top_.find("seed");
    if (metadata_.seeds.empty() && single != nullptr)
      if (const auto seed = seed_value(single->member->value)) declare(*seed, single->member->line);
  }

  void declare(std::int64_t seed, std::uint32_t line) {
    if (metadata_.seeds.size() >= kMaxSeeds) return;
    metadata_.seeds.push_back(seed);
    if (metadata_.seeds_line == 0) metadata_.seeds_line = line;
  }

  SeedClaim* row(std::vector<SeedClaim>& rows, std::int64_t seed, std::uint32_t line) {
    for (SeedClaim& claim : rows)
      if (claim.seed == seed) return &claim;
    if (rows.size() >= kMaxSeeds) return nullptr;
    rows.emplace_back();
    rows.back().seed = seed;
    rows.back().line = line;
    return &rows.back();
  }

  // A dict keyed by the seed, or a list of dicts that name theirs; one more level of "seeds" below is looked into.
  void container(const JsonValue& value, const std::string& prefix, std::vector<SeedClaim>& rows, bool nested) {
    for (const JsonMember& member : value.members) {
      const auto key = parse_seed_key(member.key);
      if (key) {
        if (!key->exact)
          deviations_.add(Kind::odd_name, prefix + member.key, member.line,
                          fmt::format("{}{} is read as seed {}", prefix, escape_line(member.key, 60), key->seed));
        result(member.value, prefix + member.key, key->seed, member.line, rows);
      } else if (nested && (normalized_key(member.key) == "seeds" || normalized_key(member.key) == "per_seed")) {
        container(member.value, prefix + member.key + '.', rows, false);
      } else if (const JsonValue* const seed = member.value.find("seed"); seed != nullptr && seed_value(*seed)) {
        result(member.value, prefix + member.key, *seed_value(*seed), member.line, rows);
      }
    }
    for (std::size_t i = 0; i < value.items.size(); ++i) {
      const JsonValue* const seed = value.items[i].find("seed");
      if (seed != nullptr && seed_value(*seed))
        result(value.items[i], fmt::format("{}{}", prefix, i), *seed_value(*seed), value.items[i].line, rows);
    }
  }

  void result(const JsonValue& value, const std::string& path, std::int64_t seed, std::uint32_t line,
              std::vector<SeedClaim>& rows) {
    if (!value.is_object() && !value.is_number() && !value.is_string()) return;
    SeedClaim* const claim = row(rows, seed, line);
    if (claim == nullptr) return;
    if (!value.is_object()) return fill_cell(*claim, kSeedBpb, Unit::none, value, path, line);
    const std::vector<Scope> scopes{Scope(value, path + '.')};
    // Short names are the custom here, so that a synonym is no deviation.
    std::vector<MetadataDeviation> local;
    Deviations notes(local);
    const FieldReader reader(scopes, notes);
    take(claim->val_bpb, reader.decimal(kSeedBpb));
    take(claim->val_loss, reader.decimal(kSeedLoss));
    take(claim->bytes_total, reader.integer(kSeedBytes));
    take(claim->steps, reader.integer(kSeedSteps));
    take(claim->train_time_ms, reader.milliseconds(kSeedTrainTime));
    take(claim->eval_time_ms, reader.milliseconds(kSeedEvalTime));
    for (MetadataDeviation& deviation : local)
      if (deviation.kind != Kind::synonym)
        deviations_.add(deviation.kind, deviation.key, deviation.line, std::move(deviation.message));
    if (&rows == &metadata_.per_seed) remember_scores(scopes.front(), seed);
  }

  template <class T>
  static void take(Claimed<T>& into, Claimed<T> from) {
    if (!into && from) into = std::move(from);
  }

  // One value of one seed.
  void fill_cell(SeedClaim& claim, const Field& field, Unit unit, const JsonValue& value, const std::string& path,
                 std::uint32_t line) {
    JsonValue object;
    object.kind = JsonValue::Kind::object;
    object.members.push_back({std::string(field.name), line, value});
    const std::vector<Scope> scopes{Scope(object, "")};
    std::vector<MetadataDeviation> local;
    Deviations notes(local);
    const FieldReader reader(scopes, notes);
    const auto at = [&](auto found) {
      found.key = path;
      return found;
    };
    const Synonym synonym{field.name, unit};
    const Field cell{field.name, {&synonym, 1}};
    if (&field == &kSeedBpb) take(claim.val_bpb, at(reader.decimal(cell)));
    if (&field == &kSeedLoss) take(claim.val_loss, at(reader.decimal(cell)));
    if (&field == &kSeedBytes) take(claim.bytes_total, at(reader.integer(cell)));
    if (&field == &kSeedTrainTime) take(claim.train_time_ms, at(reader.milliseconds(cell)));
    if (&field == &kSeedEvalTime) take(claim.eval_time_ms, at(reader.milliseconds(cell)));
    for (const MetadataDeviation& deviation : local)
      deviations_.add(deviation.kind, path, line, path + deviation.message.substr(field.name.size()));
  }

  // "seed_42": {...} and "val_bpb_seed42": 1.08 at the top level.
  void seed_in_key(const std::string& key, const Scope::Entry& entry) {
    const JsonValue& value = entry.member->value;
    const std::uint32_t line = entry.member->line;
    const auto whole = parse_seed_key(key);
    if (whole && whole->exact && !is_digit(key.front()) && value.is_object())
      return result(value, entry.path, whole->seed, line, metadata_.per_seed);
    const std::size_t at = key.rfind("_seed");
    if (at == std::string::npos || !value.is_number()) return;
    const auto seed = parse_seed_key(std::string_view(key).substr(at + 1));
    if (!seed || !seed->exact) return;
    const std::string_view field = std::string_view(key).substr(0, at);
    for (const Field* const known : {&kSeedBpb, &kSeedLoss, &kSeedBytes})
      for (const Synonym& synonym : known->synonyms)
        if (synonym.key == field)
          if (SeedClaim* const claim = row(metadata_.per_seed, seed->seed, line))
            return fill_cell(*claim, *known, synonym.unit, value, entry.path, line);
  }

  // {"42": 1.08, ...}, or a list in the order of `seeds`.
  void read_column(const SeedColumn& column) {
    const Scope::Entry* const entry = top_.find(column.key);
    if (entry == nullptr) return;
    const JsonValue& value = entry->member->value;
    for (const JsonMember& member : value.members)
      if (const auto key = parse_seed_key(member.key); key && key->exact)
        if (SeedClaim* const claim = row(metadata_.per_seed, key->seed, member.line))
          fill_cell(*claim, *column.field, column.unit, member.value, entry->path + '.' + member.key, member.line);
    if (!value.is_array() || value.items.empty()) return;
    if (value.items.size() != metadata_.seeds.size()) {
      deviations_.add(Kind::inconsistent, entry->path, entry->member->line,
                      fmt::format("{} holds {} values for {} declared seeds; which is whose is not said", entry->path,
                                  value.items.size(), metadata_.seeds.size()));
      return;
    }
    for (std::size_t i = 0; i < value.items.size(); ++i)
      if (SeedClaim* const claim = row(metadata_.per_seed, metadata_.seeds[i], value.items[i].line))
        fill_cell(*claim, *column.field, column.unit, value.items[i], fmt::format("{}.{}", entry->path, i),
                  value.items[i].line);
  }

  void remember_scores(const Scope& scope, std::int64_t seed) {
    for (const auto& [key, entry] : scope.entries()) {
      const auto number = entry.member->value.is_number() ? parse_decimal(entry.member->value.text) : std::nullopt;
      if (number && key.find("bpb") != std::string::npos && candidates_.size() < kMaxSeeds)
        candidates_[key].insert_or_assign(seed, Claimed<Decimal>{*number, entry.path, entry.member->line, 0});
    }
  }

  // A per-seed score under a name of its own ("post_ttt_bpb") is the claimed one where its mean over all seeds is the
  // claimed score at the claim's rounding; with one seed that would be no evidence.
  void adopt_score() {
    const auto& rows = metadata_.per_seed;
    const bool none = std::ranges::none_of(rows, [](const SeedClaim& claim) { return bool(claim.val_bpb); });
    if (!none || rows.size() < 2 || !metadata_.val_bpb) return;
    for (const auto& [key, by_seed] : candidates_) {
      if (by_seed.size() != rows.size()) continue;
      double sum = 0;
      for (const auto& [seed, score] : by_seed) sum += score->value;
      if (!agrees_at_rounding(*metadata_.val_bpb, sum / static_cast<double>(rows.size()))) continue;
      for (SeedClaim& claim : metadata_.per_seed) claim.val_bpb = by_seed.at(claim.seed);
      deviations_.add(Kind::synonym, key, rows.front().line,
                      fmt::format("{} is read as the seeds' val_bpb: its mean is the claimed score", key));
      return;
    }
  }

  void finish_declared() {
    const auto& rows = metadata_.per_seed;
    if (metadata_.seeds.empty()) {
      for (const SeedClaim& claim : rows) declare(claim.seed, claim.line);
    } else if (!rows.empty()) {
      std::set<std::int64_t> declared(metadata_.seeds.begin(), metadata_.seeds.end()), reported;
      for (const SeedClaim& claim : rows) reported.insert(claim.seed);
      if (declared != reported)
        deviations_.add(Kind::inconsistent, "seeds", metadata_.seeds_line,
                        fmt::format("{} seeds are declared, results are given for {}, and they are not the same",
                                    declared.size(), reported.size()));
    }
    const auto count = static_cast<std::int64_t>(metadata_.seeds.size());
    if (metadata_.n_seeds && count > 0 && *metadata_.n_seeds != count)
      deviations_.add(
          Kind::inconsistent, metadata_.n_seeds.key, metadata_.n_seeds.line,
          fmt::format("{} is {}, but {} seeds are listed", metadata_.n_seeds.key, *metadata_.n_seeds, count));
    if (!metadata_.n_seeds && count > 0) metadata_.n_seeds = {count, "seeds", metadata_.seeds_line, 0};
  }

  // Runs that the author tells of beside the claim.
  void read_disclosed() {
    for (const auto& [key, entry] : top_.entries()) {
      if (key.find("disclos") == std::string::npos && key.find("rerun") == std::string::npos &&
          key.find("all_runs") == std::string::npos)
        continue;
      std::vector<SeedClaim> rows;
      container(entry.member->value, entry.path + '.', rows, false);
      for (const JsonMember& member : entry.member->value.members)
        if (!parse_seed_key(member.key) && holds_scores(member))
          container(member.value, entry.path + '.' + member.key + '.', rows, false);
      if (!rows.empty() && metadata_.disclosed_key.empty()) metadata_.disclosed_key = entry.path;
      if (metadata_.disclosed.size() + rows.size() <= kMaxSeeds)
        metadata_.disclosed.insert(metadata_.disclosed.end(), rows.begin(), rows.end());
    }
  }

  // A dict of plain numbers by seed holds scores only where its name says so.
  static bool holds_scores(const JsonMember& member) {
    const bool numbers =
        std::ranges::any_of(member.value.members, [](const JsonMember& inner) { return inner.value.is_number(); });
    return !numbers || normalized_key(member.key).find("bpb") != std::string::npos;
  }

  const Scope& top_;
  Metadata& metadata_;
  Deviations& deviations_;
  std::map<std::string, std::map<std::int64_t, Claimed<Decimal>>> candidates_;
};

}  // namespace

std::optional<SeedKey> parse_seed_key(std::string_view text) {
  const std::string key = normalized_key(text);
  std::string_view rest = key;
  for (const std::string_view prefix : {"seed", "s"})
    if (rest.substr(0, prefix.size()) == prefix) {
      rest.remove_prefix(prefix.size());
      if (!rest.empty() && rest.front() == '_') rest.remove_prefix(1);
      break;
    }
  std::size_t digits = 0;
  while (digits < rest.size() && is_digit(rest[digits])) ++digits;
  const auto seed = parse_int(rest.substr(0, digits));
  if (!seed) return std::nullopt;
  rest.remove_prefix(digits);
  if (rest.empty()) return SeedKey{*seed, true};
  return rest.front() == '_' ? std::optional(SeedKey{*seed, false}) : std::nullopt;
}

void read_seeds(const Scope& top, Metadata& metadata, Deviations& deviations) {
  SeedReader(top, metadata, deviations).run();
}

}  // namespace pg::verify
