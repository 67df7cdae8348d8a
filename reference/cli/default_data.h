#pragma once

#include <filesystem>

#include "reference/base/result.h"
#include "reference/dist/group.h"

namespace pg::cli {

// The folder of the default corpus for a tokenizer of `vocab_size` pieces; rank 0 makes it if it is not there, the
// others wait. Collective; `device` is the one that the group talks through.
Result<std::filesystem::path> default_data(int vocab_size, c10::Device device, dist::Group& group, bool quiet);

}  // namespace pg::cli
