#include <fmt/format.h>

#include <algorithm>

#include "reference/base/text.h"
#include "verify/cli/command.h"
#include "verify/cli/examine.h"
#include "verify/cli/exit_code.h"
#include "verify/cli/output.h"
#include "verify/policy/data_dir.h"
#include "verify/report/layout.h"

namespace pg::verify {
namespace {

void describe(Layout& out, const Policy& policy) {
  out.line(
      fmt::format("{}{}", out.styled(policy.name, Style::strong), policy.name == kDefaultPolicy ? " (default)" : ""));
  out.indented(policy.title, 2);
  out.indented(
      fmt::format(
          "size {} bytes, {} decides; train {:g} s, eval {:g} s on {} GPUs, last step may overshoot by {} ms; {} "
          "seeds; submission.json needs {}",
          with_commas(policy.limit_bytes), to_string(policy.size_convention),
          static_cast<double>(policy.train_limit_ms) / 1000, static_cast<double>(policy.eval_limit_ms) / 1000,
          policy.world_size, policy.last_step_tolerance_ms, policy.min_seeds, fmt::join(policy.required_keys, ", ")),
      2);
  for (const auto& [id, severity] : policy.severity) out.line(fmt::format("  {} is {}", id, to_string(severity)));
  out.indented("source: " + policy.source, 2);
  out.line("  sha256 " + policy.digest);
}

int run() {
  const auto folder = data_dir(DataKind::policies);
  if (!folder) {
    complain(folder.error().message);
    return kExitError;
  }
  std::vector<std::string> names = policy_names();
  std::stable_partition(names.begin(), names.end(), [](const std::string& name) { return name == kDefaultPolicy; });
  int code = names.empty() ? kExitError : kExitOk;
  if (names.empty()) complain(fmt::format("{} holds no policy", folder->string()));
  Layout out(use_color("auto", true));
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto policy = policy_for(names[i]);
    if (!policy) {
      complain(policy.error().message);
      code = kExitError;
      continue;
    }
    if (i > 0) out.line("");
    describe(out, *policy);
  }
  const std::string text = out.take();
  std::fwrite(text.data(), 1, text.size(), stdout);
  return code;
}

}  // namespace

void add_policies_command(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("policies", "List the rule sets with their limits and sources");
  command->footer("Examples:\n  pgverify policies\n  pgverify DIR --policy readme-2026-03");
  command->callback([&action] { action = [] { return run(); }; });
}

}  // namespace pg::verify
