#pragma once

#include <c10/core/Device.h>

#include <filesystem>
#include <string>

#include "reference/base/result.h"

namespace pg::cli {

// Files of a run beside the log and those of train::write_submission().
inline constexpr const char* kWeightsFile = "final_model.safetensors";
inline constexpr const char* kTorchWeightsFile = "final_model.pt";
inline constexpr const char* kScheduleFile = "schedule.txt";

// Whether a run may use the folder `out`, before anything is made or read: not where a finished run lies, nor an
// unfinished one without `resume` (or none with it), nor where a file would be written over that is not this run's.
Status check_folder(const std::filesystem::path& out, const std::string& log_name, bool resume);

// The line that the originals log: most memory that tensors on the GPU had and that was held for them; on a CPU the
// most that the process had.
std::string peak_memory(c10::Device device);

}  // namespace pg::cli
