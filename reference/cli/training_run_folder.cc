#include "reference/cli/training_run_folder.h"

#include <c10/core/CachingDeviceAllocator.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include "reference/base/text.h"
#include "reference/train/checkpoint.h"

namespace pg::cli {

Status check_folder(const std::filesystem::path& out, const std::string& log_name, bool resume) {
  const std::string name = escape_line(out.string());
  std::error_code error;
  if (std::filesystem::exists(out / "submission.json", error))
    return Error{fmt::format("{} holds a finished run; remove it or choose another --out", name)};
  const std::filesystem::path checkpoint = train::checkpoint_file(out / "checkpoint");
  const bool unfinished = std::filesystem::exists(checkpoint, error);
  if (resume && !unfinished)
    return Error{
        fmt::format("there is no {} to resume from; start without --resume", escape_line(checkpoint.string()))};
  if (resume) return {};
  if (unfinished)
    return Error{fmt::format("{} holds the checkpoint of an unfinished run; go on with it with --resume, or remove {}",
                             name, name)};
  for (const std::string& file :
       {log_name, std::string("README.md"), std::string("train_gpt.py"), std::string(kWeightsFile),
        std::string(kTorchWeightsFile), std::string(kScheduleFile)})
    if (std::filesystem::exists(out / file, error))
      return Error{
          fmt::format("{} is there already, and this run would write over it; give an --out of its own, or "
                      "remove the file",
                      escape_line((out / file).string()))};
  return {};
}

std::string peak_memory(c10::Device device) {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  std::int64_t allocated = usage.ru_maxrss / 1024, reserved = allocated;
  if (device.is_cuda()) {
    constexpr auto kAll = static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE);
    const auto stats = c10::getDeviceAllocator(device.type())->getDeviceStats(device.index());
    allocated = stats.allocated_bytes[kAll].peak >> 20;
    reserved = stats.reserved_bytes[kAll].peak >> 20;
  }
  return fmt::format("peak memory allocated: {} MiB reserved: {} MiB", allocated, reserved);
}

}  // namespace pg::cli
