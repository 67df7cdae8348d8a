// Stands in for torch_commands.cc in a build without LibTorch.
#include <fmt/format.h>

#include <string>

#include "reference/cli/command.h"
#include "reference/cli/terminal.h"

namespace pg::cli {
namespace {

void add_missing(CLI::App& app, Action& action, const std::string& name, const std::string& what) {
  CLI::App* command = app.add_subcommand(name, what + " (not in this build: it has no LibTorch)");
  command->allow_extras();
  command->footer("Example:\n  ci/fetch_torch && cmake --preset release && ninja -C build/release pgref");
  command->callback([&action, name] {
    action = [name] {
      complain(
          fmt::format("'{}' needs LibTorch, and this build has none. Run ci/fetch_torch (or give cmake "
                      "-DPG_TORCH_PYTHON=PYTHON with one that has torch), then cmake and ninja again",
                      name));
      return static_cast<int>(kExitError);
    };
  });
}

}  // namespace

const std::vector<AddCommand>& torch_commands() {
  static const std::vector<AddCommand> table = {
      [](CLI::App& app, Action& action) { add_missing(app, action, "train", "Train a preset"); },
      [](CLI::App& app, Action& action) { add_missing(app, action, "eval", "Evaluate a model in bits per byte"); },
      [](CLI::App& app, Action& action) {
        add_missing(app, action, "info", "Show a preset's or a model's parameters");
      },
      [](CLI::App& app, Action& action) {
        add_missing(app, action, "parity", "Hold the model against numbers of the Python originals");
      },
  };
  return table;
}

}  // namespace pg::cli
