#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "verify/rules/results.h"
#include "verify/rules/rule.h"
#include "verify/submission/log_lines.h"
#include "verify/submission/roles.h"

namespace pg::verify {

// Submissions for rule tests, built from text in the real formats by the real readers.

struct SampleRun {
  std::string name = "train_seed42.log";
  std::int64_t seed = 42;
  std::string val_loss = "2.79241542", val_bpb = "1.08103103";
  std::int64_t train_ms = 588047, eval_ms = 368074, steps = 4550, model = 15'975'300, code = 16'594,
               val_tokens = 40'540'160;
  int world_size = 8;
  std::string gpu = {}, extra = {};  // extra: lines ahead of the metric
  std::string metric = "quantized_ttt";
};

inline std::string sample_log(const SampleRun& run) {
  const auto number = [](std::int64_t v) { return std::to_string(v); };
  return (run.gpu.empty() ? "" : "|   0  " + run.gpu + "          On  |   00000000:18:00.0 Off |\n") +
         "Hyperparameters:\n  seed: " + number(run.seed) + "\n  world_size: " + number(run.world_size) +
         "\nval_tokens: " + number(run.val_tokens) + "\n" + number(run.steps) +
         "/20000 val_loss: 2.8131 val_bpb: 1.0890\nstopping_early: wallclock_cap train_time: " + number(run.train_ms) +
         "ms step: " + number(run.steps) + "/20000\nCode size: " + number(run.code) +
         " bytes\nSerialized model quantized+brotli: " + number(run.model) +
         " bytes\nTotal submission size quantized+brotli: " + number(run.model + run.code) + " bytes\n" + run.extra +
         run.metric + " val_loss:" + run.val_loss + " val_bpb:" + run.val_bpb + " eval_time:" + number(run.eval_ms) +
         "ms\n";
}

// Three seeds with mean 1.08100288; seeds 42, 314, 999.
inline std::vector<SampleRun> sample_runs() {
  SampleRun a, b, c;
  a.val_bpb = "1.08079352", a.val_loss = "2.79180203";
  b.name = "train_seed314.log", b.seed = 314;
  c.name = "train_seed999.log", c.seed = 999, c.val_bpb = "1.08118408", c.val_loss = "2.79281077";
  return {a, b, c};
}

inline Submission sample_submission(const std::vector<SampleRun>& runs,
                                    std::string_view json = R"({"val_bpb": 1.0810, "seeds": [42, 314, 999]})",
                                    std::string track = "10min_16mb") {
  Submission s;
  s.name = "sample";
  s.track = std::move(track);
  if (!json.empty()) s.metadata = parse_metadata("submission.json", json);
  for (const SampleRun& run : runs) s.logs.push_back(read_log_text(run.name, sample_log(run)));
  assign_roles(s);
  return s;
}

inline std::vector<RuleResult> run_rule(const Rule& rule, const Submission& s) {
  return rule.check(s, Policy{});
}

}  // namespace pg::verify
