#include "verify/submission/sizes.h"

#include <fmt/format.h>

#include "reference/base/text.h"
#include "verify/submission/reach.h"

namespace pg::verify {
namespace {

SizeReading add(std::int64_t model, std::string_view what, std::int64_t code) {
  return {add_bytes(model, code), fmt::format("model {} + {} {}", with_commas(model), what, with_commas(code))};
}

std::optional<SizeReading> logged_size(const LogRun& run) {
  if (total_is_superseded(run)) return add(*run.bytes_model, "logged code", *run.bytes_code);
  // A total below the sum of its parts is no total; PG-SIZE-ARITHMETIC says so.
  if (run.bytes_total && run.bytes_model && run.bytes_code &&
      add_bytes(*run.bytes_model, *run.bytes_code) > *run.bytes_total)
    return add(*run.bytes_model, "logged code", *run.bytes_code);
  if (run.bytes_total) return SizeReading{*run.bytes_total, "the total in the log"};
  // The two parts without their sum.
  if (run.bytes_model && run.bytes_code) return add(*run.bytes_model, "logged code", *run.bytes_code);
  return std::nullopt;
}

std::int64_t reached_code_bytes(const Submission& s) {
  std::int64_t bytes = 0;
  for (const std::string& path : s.reachable)
    if (const CodeFile* file = find_code(s, path)) bytes = add_bytes(bytes, static_cast<std::int64_t>(file->bytes));
  return bytes;
}

std::optional<SizeReading> counted(const Submission& s, std::optional<std::int64_t> model, const LogRun* run,
                                   SizeConvention convention) {
  const CodeFile* entry = entry_script(s);
  if (!model) return std::nullopt;
  if (convention == SizeConvention::as_packed && run != nullptr) {
    for (const SizeLine& size : run->sizes)
      if (size.kind == SizeLine::Kind::code_packed) return add(*model, "packed code as logged", size.bytes);
  }
  if (entry == nullptr) return std::nullopt;
  const auto shipped = static_cast<std::int64_t>(entry->bytes);
  if (convention == SizeConvention::as_packed)
    return entry->packed.empty() ? std::nullopt : std::optional(add(*model, entry->path, shipped));
  if (convention == SizeConvention::as_shipped) return add(*model, entry->path, shipped);
  const std::int64_t reached = reached_code_bytes(s);
  SizeReading size = add(*model, entry->path, shipped);
  if (reached > 0) size.parts += fmt::format(" + code it reaches {}", with_commas(reached));
  size.bytes = add_bytes(size.bytes, reached);
  return size;
}

void keep_larger(std::optional<SizeReading>& held, std::optional<SizeReading> size) {
  if (size && (!held || size->bytes > held->bytes)) held = std::move(size);
}

}  // namespace

bool total_is_superseded(const LogRun& run) {
  if (!run.bytes_total || !run.bytes_model || !run.bytes_code || run.bytes_model.line <= run.bytes_total.line)
    return false;
  for (const SizeLine& size : run.sizes) {
    const bool earlier = size.kind == SizeLine::Kind::model && size.line < run.bytes_total.line;
    if (earlier && add_bytes(size.bytes, *run.bytes_code) == *run.bytes_total) return true;
  }
  return false;
}

std::optional<std::int64_t> model_bytes(const LogRun& run) {
  if (run.bytes_model) return *run.bytes_model;
  if (run.bytes_total && run.bytes_code) return *run.bytes_total - *run.bytes_code;
  return std::nullopt;
}

const SubmittedRun& sized_run(const Submission& s, const SubmittedRun& run) {
  const LogRun& own = s.last_run(run);
  if (own.bytes_total || own.bytes_model || own.bytes_code || !run.seed) return run;
  for (const SubmittedRun& other : s.runs)
    if (other.role == Role::training_stage && other.seed == run.seed) return other;
  return run;
}

std::optional<SizeReading> size_under(const Submission& s, const SubmittedRun& submitted, SizeConvention convention) {
  const LogRun& run = s.last_run(sized_run(s, submitted));
  if (convention == SizeConvention::as_logged) return logged_size(run);
  return counted(s, model_bytes(run), &run, convention);
}

const std::optional<SizeReading>& SizeTable::under(SizeConvention convention) const {
  switch (convention) {
    case SizeConvention::as_shipped:
      return as_shipped;
    case SizeConvention::as_packed:
      return as_packed;
    case SizeConvention::reachable:
      return reachable;
    case SizeConvention::as_logged:
      break;
  }
  return as_logged;
}

SizeTable size_table(const Submission& s) {
  SizeTable table;
  for (const SubmittedRun& run : s.runs) {
    if (run.role != Role::claim) continue;
    keep_larger(table.as_logged, size_under(s, run, SizeConvention::as_logged));
    keep_larger(table.as_shipped, size_under(s, run, SizeConvention::as_shipped));
    keep_larger(table.as_packed, size_under(s, run, SizeConvention::as_packed));
    keep_larger(table.reachable, size_under(s, run, SizeConvention::reachable));
  }
  const Metadata& claim = s.metadata;
  if (!table.as_logged && claim.bytes_total) {
    table.as_logged = SizeReading{*claim.bytes_total, "claimed " + claim.bytes_total.key + ", no log prints a total"};
    table.from_claim = true;
  }
  if (!table.as_shipped && claim.bytes_model) {
    table.as_shipped = counted(s, *claim.bytes_model, nullptr, SizeConvention::as_shipped);
    table.as_packed = counted(s, *claim.bytes_model, nullptr, SizeConvention::as_packed);
    table.reachable = counted(s, *claim.bytes_model, nullptr, SizeConvention::reachable);
  }
  for (const std::string& path : s.reachable) {
    const CodeFile* code = find_code(s, path);
    const FileEntry* file = s.folder.find(path);
    const std::uint64_t bytes = code != nullptr ? code->bytes : file != nullptr ? file->bytes : 0;
    (code != nullptr ? table.reached_code : table.reached_data).push_back({path, bytes});
  }
  return table;
}

std::string size_margin(std::int64_t bytes, std::int64_t limit) {
  const bool over = bytes > limit;
  return fmt::format("{} of {}, {} bytes {}", with_commas(bytes), with_commas(limit),
                     with_commas(over ? bytes - limit : limit - bytes), over ? "over" : "left");
}

std::string convention_name(SizeConvention convention) {
  switch (convention) {
    case SizeConvention::as_shipped:
      return "files as shipped";
    case SizeConvention::as_packed:
      return "code as packed";
    case SizeConvention::reachable:
      return "all code reached";
    case SizeConvention::as_logged:
      break;
  }
  return "as logged";
}

}  // namespace pg::verify
