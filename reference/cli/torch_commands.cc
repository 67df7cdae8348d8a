// The table of commands that need LibTorch; built instead of torch_stub.cc where it is there.
#include "reference/cli/command.h"

namespace pg::cli {

const std::vector<AddCommand>& torch_commands() {
  static const std::vector<AddCommand> table = {
      add_train_command,
      add_eval_command,
      add_info_command,
      add_parity_command,
  };
  return table;
}

}  // namespace pg::cli
