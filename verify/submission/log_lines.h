#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "verify/submission/log.h"

namespace pg::verify {

// Turns the lines of one log, fed in order, into runs. A header line (seed, hyper-parameters, embedded source) behind a
// run that has progressed starts the next run.
class RunCollector {
 public:
  // One line without its end, epoch prefix or carriage returns.
  void add_line(std::string_view text, std::uint32_t number);
  // Source that the script printed ahead of its run.
  void add_source(EmbeddedSource source);
  // The runs in file order. Starts that never took a step are counted in `aborted`, not returned, unless nothing else
  // is there. A last process that only evaluates inherits what the training before it printed.
  std::vector<LogRun> finish(std::uint32_t& aborted);
  bool too_many() const { return too_many_; }

 private:
  LogRun& current();
  LogRun& header(std::uint32_t number);  // starts the next run where the current one has progressed
  bool add_step(std::string_view text, std::uint32_t number);
  bool add_fact(std::string_view text, std::uint32_t number);
  bool add_size(std::string_view text, std::uint32_t number);
  bool add_phase(std::string_view text, std::uint32_t number);
  bool add_metric(std::string_view text, std::uint32_t number);
  void add_mentions(std::string_view text, std::uint32_t number);
  void add_beginning(std::string_view text, std::uint32_t number);
  bool add_hyperparameter(std::string_view text, std::uint32_t number);
  void add_summary_pairs(std::string_view text, std::uint32_t number);
  void set_hyperparameter(std::string_view key, std::string_view value, std::uint32_t number);
  // Bounded: beyond the cap the older half goes.
  template <class T>
  void keep(std::vector<T>& list, T item) {
    if (list.size() >= kMaxListed) {
      list.erase(list.begin(), list.begin() + kMaxListed / 2);
      too_many_ = true;
    }
    list.push_back(std::move(item));
  }

  static constexpr std::size_t kMaxListed = 4096;  // metric, size and phase lines kept per run

  std::vector<LogRun> runs_;
  bool in_hyperparameters_ = false;
  bool too_many_ = false;
};

// Fills bytes_total, bytes_model and bytes_code from the size lines.
void resolve_sizes(LogRun& run);
// Fills everything that is read off the collected lines, choose_metric included.
void resolve_run(LogRun& run);
// Whether `name` is one of the evaluations that records.md 5 ranks.
bool is_listed_metric(std::string_view name);
// Makes run.metrics[index] the claimed metric.
void use_metric(LogRun& run, std::size_t index);

}  // namespace pg::verify
