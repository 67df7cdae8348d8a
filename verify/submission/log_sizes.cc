// Size lines of a log (records.md 6) and what they say together.
#include <algorithm>
#include <string>

#include "verify/submission/line_pattern.h"
#include "verify/submission/log_lines.h"

namespace pg::verify {
namespace {

using Kind = SizeLine::Kind;

// A petabyte: larger numbers are no sizes, and their sums would overflow.
constexpr std::int64_t kMaxBytes = 1'000'000'000'000'000;

struct SizePattern {
  std::string_view pattern;  // captures: with a tag "%#", else "#"
  Kind kind;
  bool tagged = false;
};
constexpr SizePattern kSizes[] = {
    {"Serialized model: # bytes*", Kind::raw_model},
    {"Serialized model (raw): # bytes*", Kind::raw_model},
    {"Serialized model %: # bytes*", Kind::model, true},
    {"Serialized model % bytes:# *", Kind::model, true},
    {"Code size: # bytes*", Kind::code},
    {"Code size (uncompressed): # bytes*", Kind::code_plain},
    {"Code size (compressed): # bytes*", Kind::code_packed},
    {"Total submission size: # bytes*", Kind::raw_total},
    {"Total submission size %: # bytes*", Kind::total, true},
    {"Total submission: # bytes*", Kind::total},
    {"Total submission %: # bytes*", Kind::total, true},
    {"Total * submission size: # bytes*", Kind::total},
    {"budget:#/#*", Kind::budget},
    {"artifact:*code:#", Kind::code},
    {"Artifact: # bytes*", Kind::total},
    {"artifact_bytes: *#", Kind::total},
    {"code_bytes:#", Kind::code},
    {"code_bytes=#", Kind::code},
};

// "15,987,547" -> "15987547" where every comma stands between digits and three follow.
std::string without_commas(std::string_view text) {
  std::string out;
  const auto digit = [&](std::size_t i) { return i < text.size() && text[i] >= '0' && text[i] <= '9'; };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool grouping =
        text[i] == ',' && i > 0 && digit(i - 1) && digit(i + 1) && digit(i + 2) && digit(i + 3) && !digit(i + 4);
    if (!grouping) out += text[i];
  }
  return out;
}

const SizeLine* last_of(const LogRun& run, Kind kind) {
  const auto it = std::find_if(run.sizes.rbegin(), run.sizes.rend(), [&](const SizeLine& s) { return s.kind == kind; });
  return it == run.sizes.rend() ? nullptr : &*it;
}

void set(Logged<std::int64_t>& field, std::int64_t value, std::uint32_t line) {
  field.value = value;
  field.line = line;
}

}  // namespace

bool RunCollector::add_size(std::string_view line, std::uint32_t number) {
  constexpr std::string_view kStarts = "SCTbaAcIRW";
  if (kStarts.find(line[0]) == std::string_view::npos) return false;
  const bool grouped = line.find(',') != std::string_view::npos;
  const std::string plain = grouped ? without_commas(line) : std::string();
  const std::string_view text = grouped ? std::string_view(plain) : line;
  Captures c;
  const auto add = [&](Kind kind, std::string_view digits, std::string_view tag) {
    if (const auto bytes = parse_int(digits); bytes && *bytes <= kMaxBytes)
      keep(current().sizes, SizeLine{kind, number, std::string(tag.substr(0, 80)), *bytes});
  };
  // "INT7+zlib model: N bytes | Total submission: N bytes" and "Raw model: N bytes | Code: N bytes | Total: N".
  if (match_line(text, "% model: # bytes | Total submission: # bytes", c)) {
    add(Kind::model, c[1], c[0]);
    add(Kind::total, c[2], c[0]);
    return true;
  }
  if (match_line(text, "Raw model: # bytes | Code: # bytes | Total: #*", c)) {
    add(Kind::raw_model, c[0], "");
    add(Kind::code, c[1], "");
    add(Kind::raw_total, c[2], "");
    return true;
  }
  for (const SizePattern& p : kSizes) {
    if (p.pattern[0] != text[0] || !match_line(text, p.pattern, c)) continue;
    add(p.kind, c[p.tagged ? 1 : 0], p.tagged ? c[0] : std::string_view());
    return true;
  }
  return false;
}

// Which lines are the artifact's. A tag can lie and a run may print several totals, so the total that equals model +
// counted code wins over the last one; an untagged total counts only where that sum says so.
void resolve_sizes(LogRun& run) {
  const SizeLine* code = last_of(run, Kind::code_packed);
  if (code == nullptr) code = last_of(run, Kind::code);
  const SizeLine* model = last_of(run, Kind::model);
  const SizeLine* total = nullptr;
  if (code != nullptr) set(run.bytes_code, code->bytes, code->line);
  if (model != nullptr) set(run.bytes_model, model->bytes, model->line);
  const auto adds_up = [&](const SizeLine& s) { return model && code && s.bytes == model->bytes + code->bytes; };
  for (const SizeLine& s : run.sizes) {
    const bool is_total = s.kind == Kind::total || s.kind == Kind::budget;
    const bool better = total == nullptr || adds_up(s) || !adds_up(*total);
    if ((is_total && better) || (s.kind == Kind::raw_total && adds_up(s) && (total == nullptr || !adds_up(*total))))
      total = &s;
  }
  if (total == nullptr) return;
  set(run.bytes_total, total->bytes, total->line);
  // The budget line's family prints the parts of the model only: what is left of the total is the model.
  if (model == nullptr && code != nullptr && total->kind == Kind::budget)
    set(run.bytes_model, total->bytes - code->bytes, total->line);
}

}  // namespace pg::verify
