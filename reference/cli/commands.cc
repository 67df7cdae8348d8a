#include "reference/cli/command.h"

namespace pg::cli {

const std::vector<AddCommand>& commands() {
  // clang-format off
  static const std::vector<AddCommand> table = {
      add_corpus_command,
      add_fetch_command,
      add_tokenizer_command,
  };
  // clang-format on
  return table;
}

}  // namespace pg::cli
