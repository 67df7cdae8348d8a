#include "verify/submission/metadata.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "reference/base/text.h"
#include "verify/submission/located_json.h"
#include "verify/submission/metadata_keys.h"
#include "verify/submission/metadata_seeds.h"
#include "verify/submission/metadata_values.h"

namespace pg::verify {
namespace {

using Kind = MetadataDeviation::Kind;

constexpr std::size_t kMaxUnknownKeys = 1000;

// The object that a list-wrapped file means: its first one.
const JsonValue* top_object(const JsonDocument& document, Deviations& deviations) {
  const JsonValue& root = document.root;
  if (root.is_object()) return &root;
  if (!root.is_array()) return nullptr;
  const auto first = std::ranges::find_if(root.items, [](const JsonValue& item) { return item.is_object(); });
  if (first == root.items.end()) return nullptr;
  deviations.add(
      Kind::wrong_type, "", first->line,
      fmt::format("the file is a list of {} values, not one object; the first object is read", root.items.size()));
  return &*first;
}

void read_fields(const std::vector<Scope>& scopes, Metadata& m, Deviations& deviations) {
  const FieldReader reader(scopes, deviations);
  const std::vector<Scope> top(scopes.begin(), scopes.begin() + 1);
  const FieldReader identity(top, deviations);
  m.name = identity.text(kName);
  m.author = identity.text(kAuthor);
  m.github_id = identity.text(kGithubId);
  m.date = identity.text(kDate);
  m.track = identity.text(kTrack);
  m.blurb = identity.text(kBlurb);
  m.val_bpb = reader.decimal(kValBpb);
  m.val_loss = reader.decimal(kValLoss);
  m.val_bpb_std = reader.decimal(kValBpbStd);
  m.val_loss_std = reader.decimal(kValLossStd);
  m.pre_quant_val_bpb = reader.decimal(kPreQuantBpb);
  m.bytes_total = reader.integer(kBytesTotal);
  m.bytes_code = reader.integer(kBytesCode);
  m.bytes_model = reader.integer(kBytesModel);
  m.bytes_total_mean = reader.real(kBytesTotalMean);
  m.bytes_total_max = reader.integer(kBytesTotalMax);
  m.train_time_ms = reader.milliseconds(kTrainTime);
  m.eval_time_ms = reader.milliseconds(kEvalTime);
  m.steps = reader.integer(kSteps);
  m.n_seeds = reader.integer(kSeedCount);
}

void read_p_value(const Scope& top, Metadata& m, Deviations& deviations) {
  for (const Synonym& synonym : kPValue.synonyms) {
    const Scope::Entry* const entry = top.find(synonym.key);
    if (entry == nullptr || m.p_value_text) continue;
    const JsonValue& value = entry->member->value;
    if (value.is_null()) deviations.add(Kind::null_value, entry->path, entry->member->line, entry->path + " is null");
    if (!value.is_number() && !value.is_string()) continue;
    m.p_value_text = {value.text, entry->path, entry->member->line, 0};
    const auto quantity = parse_quantity(value.text);
    if (value.is_string())
      deviations.add(Kind::wrong_type, entry->path, entry->member->line,
                     fmt::format("{} is the text \"{}\", not a number", entry->path, escape_line(value.text, 40)));
    if (quantity && !quantity->approximate && quantity->unit.empty())
      m.p_value = {quantity->number, entry->path, entry->member->line, 0};
  }
}

// A score that is an object: {"mean": 1.081, "std": 0.0002, "42": ...}.
void read_score_objects(const Scope& top, Metadata& m) {
  const auto part = [&](std::string_view key, std::string_view inner, Claimed<Decimal>& into) {
    const Scope::Entry* const entry = top.find(key);
    const JsonValue* const value = entry == nullptr ? nullptr : entry->member->value.find(inner);
    const auto number = value != nullptr && value->is_number() ? parse_decimal(value->text) : std::nullopt;
    if (!into && number && number->value > 0) into = {number, fmt::format("{}.{}", entry->path, inner), value->line, 0};
  };
  for (const std::string_view key : {"val_bpb", "val_bpb_seeds", "val_bpb_per_seed", "mean_val_bpb"}) {
    part(key, "mean", m.val_bpb);
    part(key, "std", m.val_bpb_std);
  }
  part("val_loss", "mean", m.val_loss);
  part("val_loss", "std", m.val_loss_std);
}

// Whether `number` stands within 24 characters before or behind "bpb" in `text`.
bool stands_beside_bpb(std::string_view text, std::string_view number) {
  const std::string lower = to_lower(text.substr(0, 4096));
  for (std::size_t at = lower.find(number); at != std::string::npos; at = lower.find(number, at + 1)) {
    const std::size_t from = at < 24 ? 0 : at - 24;
    if (lower.substr(from, at - from + number.size() + 24).find("bpb") != std::string::npos) return true;
  }
  return false;
}

// Some authors put the bits per byte into val_loss and leave val_bpb out. No model of the contest scores 1.0 to 1.5
// nats per token (its bpb would be below 0.9, a byte model's above 1.4); outside of that its own prose must say so.
void move_bpb_from_loss(const Scope& top, Metadata& m, Deviations& deviations) {
  if (m.val_bpb || !m.val_loss || m.val_loss.key != "val_loss" || top.find("val_bpb") != nullptr) return;
  const double loss = m.val_loss->value;
  const bool said = (m.blurb && stands_beside_bpb(*m.blurb, m.val_loss->text)) ||
                    (m.name && stands_beside_bpb(*m.name, m.val_loss->text));
  if (!said && !(loss >= 1.0 && loss <= 1.5)) return;
  deviations.add(
      Kind::inconsistent, "val_loss", m.val_loss.line,
      fmt::format("val_loss {} is read as the score in bits per byte: val_bpb is missing and {}; write val_bpb",
                  m.val_loss->text,
                  said ? "the file's own text calls it bpb" : "no model of the contest has so few nats per token"));
  m.val_bpb = std::move(m.val_loss);
  m.val_loss = {};
}

void settle_sizes(Metadata& m, Deviations& deviations) {
  // 0 code bytes is a claim (made, too); beside no total it is an unfilled form.
  if (m.bytes_code && *m.bytes_code == 0 && !m.bytes_total) {
    deviations.add(Kind::blank, m.bytes_code.key, m.bytes_code.line, m.bytes_code.key + " is 0, a placeholder");
    m.bytes_code = {};
  }
  if (m.bytes_total && m.bytes_total.half_unit == 0) return;
  const SeedClaim* most = nullptr;
  for (const SeedClaim& claim : m.per_seed)
    if (claim.bytes_total && (most == nullptr || *claim.bytes_total > *most->bytes_total)) most = &claim;
  if (most == nullptr) return;
  m.bytes_total = most->bytes_total;
  deviations.add(Kind::synonym, m.bytes_total.key, m.bytes_total.line,
                 "bytes_total is missing; the largest of the seeds' sizes is taken");
}

void read_compliance(const Scope& top, Metadata& m, Deviations& deviations) {
  const Scope::Entry* const entry = top.find("compliance");
  if (entry == nullptr) return;
  for (const JsonMember& member : entry->member->value.members) {
    if (member.value.kind == JsonValue::Kind::boolean) {
      m.compliance[normalized_key(member.key)] = member.value.boolean;
    } else if (member.value.is_string() && member.key.find("note") == std::string::npos) {
      deviations.add(Kind::wrong_type, "compliance." + member.key, member.line,
                     fmt::format("compliance.{} is a text, not true or false", escape_line(member.key, 60)));
    }
  }
}

// Every key that the tables name, whether or not it was needed.
bool is_known_key(std::string_view key) {
  static const std::set<std::string_view> known = [] {
    std::set<std::string_view> keys;
    for (const Field* const field :
         {&kName,      &kAuthor,     &kGithubId,   &kDate,        &kTrack,      &kBlurb,          &kValBpb,
          &kValLoss,   &kValBpbStd,  &kValLossStd, &kPreQuantBpb, &kBytesTotal, &kBytesTotalMean, &kBytesTotalMax,
          &kBytesCode, &kBytesModel, &kTrainTime,  &kEvalTime,    &kSteps,      &kSeedCount,      &kPValue})
      for (const Synonym& synonym : field->synonyms) keys.insert(synonym.key);
    for (const std::string_view name : result_scopes()) keys.insert(name);
    for (const std::string_view name : seed_containers()) keys.insert(name);
    for (const SeedColumn& column : seed_columns()) keys.insert(column.key);
    return keys;
  }();
  return known.contains(key);
}

void read_object(const JsonValue& object, Metadata& m, Deviations& deviations) {
  std::vector<Scope> scopes{Scope(object, "")};
  for (const std::string_view name : result_scopes())
    if (const Scope::Entry* const entry = scopes.front().find(name);
        entry != nullptr && entry->member->value.is_object())
      scopes.emplace_back(entry->member->value, entry->path + '.');
  const Scope& top = scopes.front();
  read_fields(scopes, m, deviations);
  read_p_value(top, m, deviations);
  read_score_objects(top, m);
  move_bpb_from_loss(top, m, deviations);
  read_seeds(top, m, deviations);
  settle_sizes(m, deviations);
  read_compliance(top, m, deviations);
  for (const JsonMember& member : object.members) {
    if (m.keys.size() >= kMaxUnknownKeys) break;
    m.keys.push_back(normalized_key(member.key));
    const bool by_seed = parse_seed_key(member.key) || m.keys.back().find("_seed") != std::string::npos;
    if (!by_seed && !is_known_key(m.keys.back()) && !is_descriptive_key(m.keys.back()))
      m.unknown_keys.push_back(member.key);
  }
}

constexpr std::size_t kMaxFigures = 5000;

// read_json limits the depth.
void collect_figures(const JsonValue& value, std::vector<std::string>& path, std::vector<MetadataFigure>& out) {
  if (out.size() >= kMaxFigures) return;
  if (value.is_number())
    if (const auto number = parse_decimal(value.text)) out.push_back({path, *number, value.line});
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    path.push_back(fmt::format("[{}]", i));
    collect_figures(value.items[i], path, out);
    path.pop_back();
  }
  for (const JsonMember& member : value.members) {
    path.push_back(member.key);
    collect_figures(member.value, path, out);
    path.pop_back();
  }
}

}  // namespace

Metadata parse_metadata(std::string_view path, std::string_view json) {
  Metadata m;
  m.path = path;
  Deviations deviations(m.deviations);
  const JsonDocument document = read_json(json);
  for (const JsonDuplicate& duplicate : document.duplicates)
    deviations.add(Kind::duplicate_key, duplicate.key, duplicate.line,
                   fmt::format("{} stands twice; readers take the last one", escape_line(duplicate.key, 60)));
  const JsonValue* const object = document.valid || document.recovered ? top_object(document, deviations) : nullptr;
  m.parsed = document.valid && object != nullptr;
  m.recovered = !document.valid && object != nullptr;
  if (!m.parsed) {
    m.parse_error_line = document.valid ? document.root.line : document.error_line;
    m.parse_error = document.valid ? "no JSON object: write {\"name\": ..., \"val_bpb\": ...}"
                                   : fmt::format("not valid JSON: {}; {}", document.error, document.advice);
    deviations.add(Kind::unreadable, "", m.parse_error_line, m.parse_error);
  }
  for (const std::string& repair : document.repairs) deviations.add(Kind::unreadable, "", 0, "ignored: " + repair);
  if (object != nullptr) {
    read_object(*object, m, deviations);
    std::vector<std::string> key_path;
    collect_figures(*object, key_path, m.figures);
  }
  return m;
}

std::string choose_metadata_file(const std::vector<std::string>& paths) {
  std::string best;
  for (const std::string& path : paths) {
    if (path == "submission.json") return path;
    const std::string lower = to_lower(path);
    const bool candidate = lower.find('/') == std::string::npos && lower.substr(0, 10) == "submission" &&
                           lower.size() >= 15 && lower.substr(lower.size() - 5) == ".json";
    if (candidate && (best.empty() || path < best)) best = path;
  }
  return best;
}

}  // namespace pg::verify
