// Results in a log: metric lines (records.md 5) and other numbers that stand beside "bpb".
#include <optional>
#include <string>

#include "reference/base/text.h"
#include "verify/submission/log_lines.h"
#include "verify/submission/log_words.h"

namespace pg::verify {
namespace {

constexpr std::size_t kMaxMentions = 256;

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Progress output carries running or per-rank values. Whole words only: "slot8steps" is the name of a result.
bool is_progress(std::string_view lower) {
  if (lower.find("tc[") != std::string_view::npos) return true;
  for (std::size_t i = 0; i < lower.size();) {
    std::size_t end = i;
    while (end < lower.size() && is_letter(lower[end])) ++end;
    const std::string_view word = lower.substr(i, end - i);
    for (const std::string_view progress :
         {"rank", "running", "batch", "chunk", "progress", "epoch", "windows", "step"})
      if (word == progress) return true;
    i = end + 1;
  }
  return false;
}

}  // namespace

// "<words> val_loss:N ... val_bpb:N ..." and "<words> val_bpb:N": an evaluation's result. Progress output that carries
// running or per-rank values is not one.
bool RunCollector::add_metric(std::string_view text, std::uint32_t number) {
  if (text.find("bpb") == std::string_view::npos || text[0] == ' ' || text[0] == '#') return false;
  MetricLine metric;
  metric.line = number;
  std::optional<Decimal> bpb;
  bool parameters = false;
  std::size_t words = 0;
  for (std::string_view rest = text; !rest.empty();) {
    std::string_view key, value;
    const std::string_view word = next_word(rest);
    if (word.empty()) break;
    if (!split_pair(word, rest, key, value) || (value.empty() && !rest.empty())) {
      if (metric.val_loss || bpb || parameters) {
        // "final_..._exact sliding val_loss:N sliding val_bpb:N": a word ahead of the first value is part of the name.
        if (!metric.val_loss && !bpb) return false;
        continue;
      }
      if (++words > 6 || word.size() > 80) return false;
      if (!metric.name.empty()) metric.name += ' ';
      metric.name += word;
      continue;
    }
    while (!value.empty() && (value.back() == ',' || value.back() == ')' || value.back() == '|'))
      value.remove_suffix(1);
    if (key == "val_loss" && !metric.val_loss) {
      metric.val_loss = parse_decimal(value);
      if (!metric.val_loss) {
        if (value == "nan" || value == "inf") log_value(current().markers["nan_metric"], std::string(text), number);
        return false;
      }
    } else if (key == "val_bpb" && !bpb) {
      bpb = parse_decimal(value);
      if (!bpb) return false;
    } else if (key == "eval_time" || key == "time") {
      if (!metric.eval_time_ms) metric.eval_time_ms = milliseconds(value);
    } else if (key == "elapsed" && value.ends_with("s") && !metric.eval_time_ms) {
      if (const auto s = parse_decimal(value.substr(0, value.size() - 1)); s && s->value >= 0 && s->value < 1e9)
        metric.eval_time_ms = static_cast<std::int64_t>(s->value * 1000 + 0.5);
    } else if (!metric.val_loss && !bpb) {
      // "stride:64" ahead of the value is a parameter; "ttt_sliding:done", "candidate_eval:ema" are names.
      if (metric.name.empty()) {
        metric.name = std::string(word);
        ++words;
      } else if (parse_decimal(value)) {
        parameters = true;
      } else {
        metric.name += ' ';
        metric.name += word;
      }
    }
  }
  if (!bpb) return false;
  const std::string lower = to_lower(metric.name);
  if (is_progress(lower) && lower.find("candidate") == std::string::npos) return false;
  if (metric.name.empty()) metric.name = "val_bpb";
  metric.val_bpb = *bpb;
  metric.text = std::string(text.substr(0, 400));
  LogRun& run = current();
  in_hyperparameters_ = false;
  keep(run.metrics, std::move(metric));
  return true;
}

// Numbers with at least four decimals behind "bpb", at most 24 characters away.
void RunCollector::add_mentions(std::string_view text, std::uint32_t number) {
  if (text.size() > 400 || (text.find("bpb") == std::string_view::npos && text.find("BPB") == std::string_view::npos))
    return;
  const std::string lower = to_lower(text);
  std::size_t at = lower.find("bpb");
  if (at == std::string::npos || is_progress(lower)) return;
  for (; at != std::string::npos; at = lower.find("bpb", at + 3)) {
    const std::size_t digit = lower.find_first_of("0123456789", at + 3);
    if (digit == std::string::npos || digit > at + 27) continue;
    const std::size_t end = std::min(lower.find_first_not_of("0123456789.", digit), lower.size());
    const auto value = parse_decimal(std::string_view(lower).substr(digit, end - digit));
    if (!value || value->decimals() < 4 || value->value <= 0 || value->value > 20) continue;
    std::vector<ScoreMention>& mentions = current().mentions;
    if (mentions.size() >= kMaxMentions) mentions.erase(mentions.begin(), mentions.begin() + kMaxMentions / 2);
    mentions.push_back({number, *value, std::string(text.substr(0, 160))});
  }
}

}  // namespace pg::verify
