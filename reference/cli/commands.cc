#include "reference/cli/command.h"

namespace pg::cli {

const std::vector<AddCommand>& commands() {
  // clang-format off
  static const std::vector<AddCommand> table = {
  };
  // clang-format on
  return table;
}

}  // namespace pg::cli
