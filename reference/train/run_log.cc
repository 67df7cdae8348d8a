#include "reference/train/run_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "reference/base/text.h"

namespace pg::train {
namespace {

Result<std::FILE*> open(const std::filesystem::path& path, const char* mode) {
  if (std::FILE* file = std::fopen(path.c_str(), mode)) return file;
  return Error{fmt::format("cannot write {}: {}", escape_line(path.string()), std::strerror(errno))};
}

}  // namespace

Result<RunLog> RunLog::create(const std::filesystem::path& path) {
  const auto file = open(path, "wbe");
  if (!file) return file.error();
  RunLog log;
  log.file_ = *file;
  log.path_ = path;
  return log;
}

Result<RunLog> RunLog::resume(const std::filesystem::path& path, std::uint64_t bytes) {
  std::error_code error;
  const std::uint64_t there = std::filesystem::exists(path, error) ? std::filesystem::file_size(path, error) : 0;
  if (!error && there > bytes) std::filesystem::resize_file(path, bytes, error);
  if (error) return Error{fmt::format("cannot cut {}: {}", escape_line(path.string()), error.message())};
  const auto file = open(path, "abe");
  if (!file) return file.error();
  RunLog log;
  log.file_ = *file;
  log.path_ = path;
  log.size_ = std::min(there, bytes);
  return log;
}

RunLog::RunLog(RunLog&& other) noexcept {
  *this = std::move(other);
}

RunLog& RunLog::operator=(RunLog&& other) noexcept {
  std::swap(file_, other.file_);
  std::swap(path_, other.path_);
  std::swap(size_, other.size_);
  std::swap(problem_, other.problem_);
  return *this;
}

RunLog::~RunLog() {
  if (file_) std::fclose(file_);
}

void RunLog::line(std::string_view text) {
  if (!file_) return;
  const bool written = std::fwrite(text.data(), 1, text.size(), file_) == text.size() &&
                       std::fputc('\n', file_) != EOF && std::fflush(file_) == 0;
  if (!written && problem_ == 0) problem_ = errno;
  size_ += text.size() + 1;
}

void RunLog::hyperparameters(const nlohmann::json& settings) {
  line("Hyperparameters:");
  std::vector<std::string> lines;
  for (const auto& [section, fields] : settings.items()) {
    if (!fields.is_object()) continue;
    for (const auto& [name, value] : fields.items())
      lines.push_back(fmt::format("  {}: {}", name, value.is_string() ? value.get<std::string>() : value.dump()));
  }
  std::sort(lines.begin(), lines.end());
  lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
  for (const std::string& text : lines) line(text);
}

void RunLog::train_step(std::int64_t step, std::int64_t iterations, double loss, double train_time_ms) {
  line(fmt::format("step:{}/{} train_loss:{:.4f} train_time:{:.0f}ms step_avg:{:.2f}ms", step, iterations, loss,
                   train_time_ms, train_time_ms / static_cast<double>(std::max<std::int64_t>(step, 1))));
}

void RunLog::validation(std::int64_t step, std::int64_t iterations, const Evaluation& result, double train_time_ms) {
  line(fmt::format("step:{}/{} val_loss:{:.4f} val_bpb:{:.4f} train_time:{:.0f}ms step_avg:{:.2f}ms", step, iterations,
                   result.val_loss, result.val_bpb, train_time_ms,
                   train_time_ms / static_cast<double>(std::max<std::int64_t>(step, 1))));
}

void RunLog::stopped_early(std::int64_t step, std::int64_t iterations, double train_time_ms) {
  line(fmt::format("stopping_early: wallclock_cap train_time:{:.0f}ms step:{}/{}", train_time_ms, step, iterations));
}

void RunLog::final_metric(const Evaluation& r) {
  const std::string where = r.stride > 0 ? fmt::format(" stride:{} seq_len:{}", r.stride, r.seq_len) : "";
  line(fmt::format("final_{} val_loss:{:.4f} val_bpb:{:.4f}{} eval_time:{:.0f}ms", r.name, r.val_loss, r.val_bpb, where,
                   r.eval_time_ms));
  line(fmt::format("final_{}_exact val_loss:{:.8f} val_bpb:{:.8f}", r.name, r.val_loss, r.val_bpb));
}

Status RunLog::status() const {
  if (problem_ == 0) return {};
  return Error{fmt::format("cannot write {}: {}; make room and go on with --resume", escape_line(path_.string()),
                           std::strerror(problem_))};
}

}  // namespace pg::train
