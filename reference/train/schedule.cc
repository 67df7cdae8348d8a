#include "reference/train/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <sstream>

#include "reference/base/file.h"
#include "reference/base/text.h"

namespace pg::train {
namespace {

constexpr std::uint64_t kMaxBytes = 1 << 30;

}  // namespace

Result<std::vector<Decision>> Schedule::read(const std::filesystem::path& path) {
  auto content = read_file(path, kMaxBytes);
  if (!content) return content.error();
  std::istringstream lines(*content);
  std::vector<Decision> decisions;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] == '#') continue;
    long long step = 0;
    double multiplier = 0;
    int looping = 0;
    if (std::sscanf(line.c_str(), "%lld %lf %d", &step, &multiplier, &looping) != 3 ||
        step != static_cast<long long>(decisions.size()) || !(multiplier >= 0) || multiplier > 1e6)
      return Error{fmt::format("{}: '{}' is not 'STEP MULTIPLIER LOOPING' for step {}", escape_line(path.string()),
                               escape_line(line, 60), decisions.size())};
    decisions.push_back({multiplier, looping != 0});
  }
  if (decisions.empty()) return Error{fmt::format("{}: no step in it", escape_line(path.string()))};
  return decisions;
}

std::string Schedule::text(const std::vector<Decision>& decisions) {
  std::string out = "# step, multiplier of the learning rates, depth recurrence on; pgref train --replay takes it\n";
  for (std::size_t i = 0; i < decisions.size(); ++i)
    out += fmt::format("{} {:.17g} {}\n", i, decisions[i].multiplier, decisions[i].looping ? 1 : 0);
  return out;
}

double Schedule::cap_ms() const {
  return config_.max_wallclock_seconds > 0 ? 1000 * (config_.max_wallclock_seconds - config_.gptq_reserve_seconds) : 0;
}

std::int64_t Schedule::iterations() const {
  return replayed_.empty() ? config_.iterations : static_cast<std::int64_t>(replayed_.size());
}

double Schedule::fraction(std::int64_t step, double elapsed_ms) const {
  if (by_clock()) return elapsed_ms / cap_ms();
  return static_cast<double>(step) / static_cast<double>(std::max<std::int64_t>(iterations(), 1));
}

double Schedule::baseline_multiplier(std::int64_t step, double elapsed_ms) const {
  const auto warmdown = static_cast<double>(config_.warmdown_iters);
  if (config_.warmdown_iters <= 0) return 1;
  if (!by_clock()) {
    const std::int64_t left = config_.iterations - step;
    return left <= config_.warmdown_iters ? std::max(static_cast<double>(left) / warmdown, 0.0) : 1;
  }
  const double warmdown_ms = warmdown * elapsed_ms / static_cast<double>(std::max<std::int64_t>(step, 1));
  const double left_ms = std::max(cap_ms() - elapsed_ms, 0.0);
  return left_ms <= warmdown_ms ? left_ms / std::max(warmdown_ms, 1e-9) : 1;
}

Decision Schedule::decide(std::int64_t step, double elapsed_ms) const {
  if (!replayed_.empty())
    return replayed_[static_cast<std::size_t>(std::clamp<std::int64_t>(step, 0, iterations() - 1))];
  const double frac = fraction(step, elapsed_ms);
  double multiplier = 1;
  if (config_.warmdown_frac < 0) {
    multiplier = baseline_multiplier(step, elapsed_ms);
  } else if (config_.warmdown_frac > 0 && frac >= 1 - config_.warmdown_frac) {
    multiplier = std::max((1 - frac) / config_.warmdown_frac, config_.min_lr);
  }
  if (step < config_.lr_warmup_steps)
    multiplier *= static_cast<double>(step + 1) / static_cast<double>(config_.lr_warmup_steps);
  return {multiplier, frac >= config_.enable_looping_at};
}

}  // namespace pg::train
