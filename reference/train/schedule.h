#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "reference/base/result.h"
#include "reference/train/config.h"

namespace pg::train {

// What the schedule decides for one step.
struct Decision {
  double multiplier = 1;  // of every learning rate
  bool looping = false;
};

// Learning rates and depth recurrence over a run (optim.md 3). With a cap on the clock, the clock decides, as in the
// originals; without, the number of steps, and a run repeats exactly. A recorded run can be replayed step by step.
class Schedule {
 public:
  explicit Schedule(const Config& config) : config_(config) {}

  // A run's decisions as text (docs/formats/schedule.md): a line "STEP MULTIPLIER LOOPING" per step, in order from step
  // 0, numbers apart by blanks, LOOPING 0 or 1; empty lines and those that begin with '#' are skipped. The multiplier
  // has the 17 digits that give back its bits.
  static Result<std::vector<Decision>> read(const std::filesystem::path& path);
  static std::string text(const std::vector<Decision>& decisions);
  // Decisions of another run, made instead of own ones. Steps beyond them are not made.
  void replay(std::vector<Decision> decisions) { replayed_ = std::move(decisions); }

  // Milliseconds of training that there are; 0: no cap.
  double cap_ms() const;
  // Steps are made below this; fewer when the cap comes first.
  std::int64_t iterations() const;
  bool by_clock() const { return cap_ms() > 0 && replayed_.empty(); }

  // For the step with this number, from 0, `elapsed_ms` of training after the start.
  Decision decide(std::int64_t step, double elapsed_ms) const;
  // How much of the run is behind it: of the cap, or of the steps.
  double fraction(std::int64_t step, double elapsed_ms) const;

 private:
  double baseline_multiplier(std::int64_t step, double elapsed_ms) const;

  Config config_;
  std::vector<Decision> replayed_;
};

}  // namespace pg::train
