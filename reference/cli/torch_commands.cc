// The table of commands that need LibTorch; built instead of torch_stub.cc where it is there.
#include "reference/cli/command.h"

namespace pg::cli {

const std::vector<AddCommand>& torch_commands() {
  static const std::vector<AddCommand> table = {};
  return table;
}

}  // namespace pg::cli
