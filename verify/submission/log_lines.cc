// The grammar of log lines (records.md 4 to 6; the patterns look like the lines). Size lines: log_sizes.cc; durations:
// log_phases.cc.
#include "verify/submission/log_lines.h"

#include <algorithm>
#include <utility>

#include "reference/base/text.h"
#include "verify/submission/line_pattern.h"
#include "verify/submission/log_words.h"

namespace pg::verify {
namespace {

constexpr std::size_t kMaxRuns = 1024;  // runs kept per file
constexpr std::size_t kMaxHyperparameters = 2048;
constexpr std::size_t kMaxValue = 512;        // bytes of a hyper-parameter's value
constexpr std::size_t kMaxMetricLine = 1024;  // longer lines hold no result

bool is_identifier(std::string_view s) {
  return !s.empty() && !(s[0] >= '0' && s[0] <= '9') && std::all_of(s.begin(), s.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

void add_curves(LogRun& run, const StepLine& step, std::string_view train_loss) {
  if (step.val_loss) run.val_loss_curve.add(step.step, step.val_loss->value);
  if (step.val_bpb) run.val_bpb_curve.add(step.step, step.val_bpb->value);
  if (train_loss.empty()) return;
  const auto loss = run.train_loss_curve.wants_next() ? parse_decimal(train_loss) : std::nullopt;
  if (loss)
    run.train_loss_curve.add(step.step, loss->value);
  else
    run.train_loss_curve.skip();
}

}  // namespace

bool LogRun::progressed() const {
  return last_step || last_val_step || stop_train_time_ms || !metrics.empty() || !sizes.empty();
}

LogRun& RunCollector::current() {
  if (runs_.empty()) runs_.emplace_back();
  return runs_.back();
}

LogRun& RunCollector::header(std::uint32_t number) {
  if (!runs_.empty() && runs_.back().progressed()) {
    if (runs_.size() >= kMaxRuns) {
      runs_.erase(runs_.begin(), runs_.begin() + kMaxRuns / 2);
      too_many_ = true;
    }
    runs_.emplace_back();
  }
  LogRun& run = current();
  if (run.first_line == 0) run.first_line = number;
  return run;
}

void RunCollector::add_source(EmbeddedSource source) {
  LogRun& run = header(source.first_line);
  run.source = std::move(source);
}

void RunCollector::add_line(std::string_view text, std::uint32_t number) {
  if (text.empty()) return;
  LogRun& run = current();
  if (run.first_line == 0) run.first_line = number;
  run.last_line = number;
  if (in_hyperparameters_ && add_hyperparameter(text, number)) return;
  if (add_step(text, number)) return;
  if (text.size() > kMaxMetricLine) {
    add_summary_pairs(text.substr(0, 16 * 1024), number);
    return;
  }
  add_beginning(text, number);
  if (add_fact(text, number) || add_size(text, number) || add_phase(text, number)) return;
  if (!add_metric(text, number)) add_mentions(text, number);
}

// "step:N/M key:value ..." in all its forms and "N/M train_loss: ...".
bool RunCollector::add_step(std::string_view text, std::uint32_t number) {
  Captures c;
  std::string_view rest = text;
  if (rest.starts_with("step:"))
    rest.remove_prefix(5);
  else if (!(rest[0] >= '0' && rest[0] <= '9'))
    return false;
  const std::string_view first = next_word(rest);
  if (!match_line(first, "#/#", c) || rest.empty()) return false;
  StepLine step;
  step.line = number;
  step.step = parse_int(c[0]).value_or(0);
  step.iterations = parse_int(c[1]).value_or(0);
  bool recognised = false;
  std::string_view train_loss;
  while (!rest.empty()) {
    std::string_view key, value;
    const std::string_view word = next_word(rest);
    if (!split_pair(word, rest, key, value)) continue;
    if (key == "val_loss") step.val_loss = parse_decimal(value);
    if (key == "val_bpb") step.val_bpb = parse_decimal(value);
    if (key == "train_loss" || key == "loss") train_loss = value;
    if (key == "train_time" || key == "t") step.train_time_ms = milliseconds(value);
    recognised = recognised || key == "val_loss" || key == "train_loss" || key == "loss" || key == "fitness" ||
                 key == "train_time";
  }
  if (!recognised) return false;
  LogRun& run = current();
  in_hyperparameters_ = false;
  add_curves(run, step, train_loss);
  if (!run.first_step) run.first_step = step;
  // A train line of the same step, or one without a time, does not hide the time that was printed last.
  if (run.last_step && !step.train_time_ms && run.last_step->step == step.step)
    step.train_time_ms = run.last_step->train_time_ms;
  if (step.val_bpb) run.last_val_step = step;
  run.last_step = step;
  return true;
}

bool RunCollector::add_fact(std::string_view text, std::uint32_t number) {
  Captures c;
  const auto is = [&](std::string_view pattern) { return match_line(text, pattern, c); };
  switch (text[0]) {
    case 's':
      if (text.starts_with("stopping_early:")) {
        if (!is("stopping_early: * train_time:#ms*") && !is("stopping_early: * train_time: #ms*") &&
            !is("stopping_early:* train_time:#ms*"))
          return false;
        LogRun& run = current();
        log_int(run.stop_train_time_ms, c[0], number);
        if (is("*step:#/#*") || is("*step: #/#*")) {
          log_int(run.stop_step, c[0], number);
          log_int(run.stop_iterations, c[1], number);
        } else if (is("*step:#*")) {
          log_int(run.stop_step, c[0], number);
        }
        return true;
      }
      // "skipping_final_val:1 train_time:587561ms step:9824/20000": the end of training without a validation.
      if (is("skipping_final_val:* train_time:#ms step:#/#")) {
        log_int(current().stop_train_time_ms, c[0], number);
        log_int(current().stop_step, c[1], number);
        log_int(current().stop_iterations, c[2], number);
        return true;
      }
      if (is("seed:#") || is("seed:# *") || is("seed: #") || is("seed=#") || is("seed = #")) {
        log_int(header(number).seed, c[0], number);
        return true;
      }
      return false;
    case 'w':
      if (is("world_size:# *") || is("world_size:#")) {
        log_int(header(number).world_size, c[0], number);
        return true;
      }
      return false;
    case 'v':
      if (is("val_loader:*tokens:#*") || is("val_tokens: #") || is("val_tokens:#*")) {
        log_int(current().val_tokens, c[0], number);
        return true;
      }
      if (text.starts_with("val_bpb:byte_sidecar"))
        log_value(current().markers["byte_sidecar"], std::string(text), number);
      if (is("val_bpb:enabled *vocab_size=#*")) log_int(current().vocab_size, c[0], number);
      if (text.starts_with("val_bpb:enabled")) {
        add_summary_pairs(text.substr(16 > text.size() ? text.size() : 16), number);
        return true;
      }
      return false;
    case 't':
      if (is("train_shards: #")) {
        log_value(current().markers["train_shards"], std::string(c[0]), number);
        return true;
      }
      break;
    case 'm':
      if (is("model_params:#*")) {
        log_int(current().model_params, c[0], number);
        return true;
      }
      break;
    case 'H':
      if (text == "Hyperparameters:") {
        header(number);
        in_hyperparameters_ = true;
        return true;
      }
      break;
    case 'R':
      if (is("Running PyTorch %")) log_value(current().torch, std::string(c[0]), number);
      if (is("Running Python *")) header(number);
      break;
    case 'P':
      if (is("PyTorch %")) log_value(current().torch, std::string(c[0]), number);
      break;
    case '|':
      if (is("|*0  NVIDIA *") && !current().gpu) {
        const std::string_view name = text.substr(text.find("NVIDIA"));
        log_value(current().gpu, std::string(trim(name.substr(0, std::min(name.find("  "), std::size_t{64})))), number);
      }
      return true;
    case 'f':
      if (is("final_eval_mode:%*")) {
        log_value(current().markers["final_eval_mode"], std::string(text), number);
        return true;
      }
      break;
    case 'g':
      if (is("gptq:reserving ~s*") || is("gptq:reserving #ms*")) {
        const double unit =
            text.find("ms ") != std::string_view::npos && text.find("ms from") != std::string_view::npos ? 0.001 : 1;
        if (const auto s = parse_decimal(c[0])) log_value(current().gptq_reserve_s, s->value * unit, number);
        return true;
      }
      break;
    default:
      break;
  }
  if (text.find("MB model + ") != std::string_view::npos) {
    // "INT4+fp8+brotli: 15.67MB model + 0.077MB code = 15.75/16.00MB FITS": sizes without bytes.
    if (match_line(trim(text), "%: ~MB model + ~MB code = ~/~MB*", c))
      log_value(current().markers["rounded_size"], std::string(trim(text)), number);
    return true;
  }
  if (text.find("(limited)") != std::string_view::npos &&
      (is("eval: # batches (limited)") || is("*eval: # batches (limited)"))) {
    log_value(current().limited_eval, std::string(text), number);
    return true;
  }
  if (const std::size_t at = text.find("params:");
      at != std::string_view::npos && match_line(text.substr(at), "params:* ws:#*", c)) {
    log_int(header(number).world_size, c[0], number);
    const std::string_view params = text.substr(at);
    if (!current().seed && (match_line(params, "params:* s:#", c) || match_line(params, "params:* s:# *", c)))
      log_int(current().seed, c[0], number);
    return true;
  }
  if (text.find('=') != std::string_view::npos || text.find(':') != std::string_view::npos)
    add_summary_pairs(text, number);
  return false;
}

bool RunCollector::add_hyperparameter(std::string_view text, std::uint32_t number) {
  const std::size_t colon = text.find(':');
  if (text.size() > 3 && text.starts_with("  ") && colon != std::string_view::npos &&
      is_identifier(text.substr(2, colon - 2))) {
    set_hyperparameter(text.substr(2, colon - 2), trim(text.substr(colon + 1)), number);
    return true;
  }
  in_hyperparameters_ = false;
  return false;
}

void RunCollector::set_hyperparameter(std::string_view key, std::string_view value, std::uint32_t number) {
  LogRun& run = current();
  if (run.hyperparameters.size() < kMaxHyperparameters && key.size() <= 128)
    log_value(run.hyperparameters[std::string(key)], std::string(value.substr(0, kMaxValue)), number);
  else
    too_many_ = true;
  if (key == "seed" && parse_int(value)) log_int(run.seed, value, number);
  if (key == "world_size") log_int(run.world_size, value, number);
  if (key == "val_tokens" && !run.val_tokens) log_int(run.val_tokens, value, number);
  if (key == "vocab_size") log_int(run.vocab_size, value, number);
  const auto seconds = parse_decimal(value);
  if (key == "max_wallclock_seconds" && seconds) log_value(run.max_wallclock_s, seconds->value, number);
  if (key == "gptq_reserve_seconds" && seconds) log_value(run.gptq_reserve_s, seconds->value, number);
}

// Lines made of "key:value" or "key=value" words only, ahead of training: the one-line dumps and summary lines.
void RunCollector::add_summary_pairs(std::string_view text, std::uint32_t number) {
  if (current().progressed()) {
    // A dump behind a finished run belongs to the next one; only the long dumps are sure enough to say so.
    if (text.find(" seed=") == std::string_view::npos || text.size() < 400) return;
    header(number);
  }
  std::vector<std::pair<std::string_view, std::string_view>> pairs;
  for (std::string_view rest = text; !rest.empty();) {
    std::string_view key, value, none;
    const std::string_view word = next_word(rest);
    if (word.empty()) break;
    if (!split_pair(word, none, key, value) || !is_identifier(key)) {
      // Values with blanks ("schedule=[1, 2]") continue the pair before them in long dumps; short lines are prose.
      if (pairs.size() < 8) return;
      continue;
    }
    pairs.emplace_back(key, value);
  }
  if (pairs.size() < 2) return;
  for (const auto& [key, value] : pairs) set_hyperparameter(key, value, number);
}

std::vector<LogRun> RunCollector::finish(std::uint32_t& aborted) {
  std::vector<LogRun> kept;
  for (LogRun& run : runs_) {
    if (!run.progressed() && run.mentions.empty()) {
      ++aborted;
      continue;
    }
    const bool evaluates_only = !run.last_step && !run.stop_train_time_ms && !run.metrics.empty();
    const bool same_seed = kept.empty() || !run.seed || !kept.back().seed || *run.seed == *kept.back().seed;
    if (evaluates_only && !kept.empty() && same_seed && kept.back().stop_train_time_ms) {
      LogRun& training = kept.back();
      run.first_line = training.first_line;
      run.first_step = training.first_step;
      run.last_step = training.last_step;
      run.last_val_step = training.last_val_step;
      run.train_loss_curve = std::move(training.train_loss_curve);
      run.val_loss_curve = std::move(training.val_loss_curve);
      run.val_bpb_curve = std::move(training.val_bpb_curve);
      run.stop_train_time_ms = training.stop_train_time_ms;
      run.stop_step = training.stop_step;
      run.stop_iterations = training.stop_iterations;
      if (run.sizes.empty()) run.sizes = training.sizes;
      if (!run.source) run.source = training.source;
      run.phases.insert(run.phases.begin(), training.phases.begin(), training.phases.end());
      run.metrics.insert(run.metrics.begin(), training.metrics.begin(), training.metrics.end());
      if (!run.seed) run.seed = training.seed;
      if (!run.world_size) run.world_size = training.world_size;
      if (!run.val_tokens) run.val_tokens = training.val_tokens;
      kept.back() = std::move(run);
      continue;
    }
    kept.push_back(std::move(run));
  }
  if (kept.empty() && !runs_.empty()) kept.push_back(std::move(runs_.back()));
  runs_.clear();
  return kept;
}

}  // namespace pg::verify
