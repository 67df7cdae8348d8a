#include "reference/score/windows.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace pg::score {
namespace {

constexpr std::array<std::pair<Tail, std::string_view>, 4> kNames = {
    {{Tail::kExact, "exact"}, {Tail::kPr1394, "pr1394"}, {Tail::kPr549, "pr549"}, {Tail::kPr1123, "pr1123"}}};

std::size_t divide_up(std::size_t a, std::size_t b) {
  return a / b + (a % b != 0);
}

std::size_t count_windows(std::size_t targets, std::size_t seq_len, std::size_t stride, Tail tail) {
  if (targets == 0) return 0;
  const std::size_t context = seq_len - stride;
  switch (tail) {
    case Tail::kExact:
      return targets > context ? divide_up(targets - context, stride) : 1;
    case Tail::kPr1394:
      return targets > context ? divide_up(targets - context, stride) : 0;
    case Tail::kPr549:
      return divide_up(targets, stride);
    case Tail::kPr1123:
      return std::max<std::size_t>(targets / stride, 1);
  }
  return 0;
}

}  // namespace

std::string_view name_of(Tail tail) {
  for (const auto& [value, name] : kNames)
    if (value == tail) return name;
  return "";
}

std::optional<Tail> tail_from_name(std::string_view name) {
  for (const auto& [value, known] : kNames)
    if (known == name) return value;
  return std::nullopt;
}

Share share_of(std::size_t count, int rank, int world) {
  const auto r = static_cast<std::size_t>(rank), w = static_cast<std::size_t>(world);
  return {count * r / w, count * (r + 1) / w};
}

std::size_t contest_targets(std::size_t tokens, std::size_t seq_len) {
  return tokens == 0 || seq_len == 0 ? 0 : (tokens - 1) / seq_len * seq_len;
}

WindowPlan::WindowPlan(std::size_t targets, std::size_t seq_len, std::size_t stride, Tail tail)
    : targets_(targets), seq_len_(seq_len), stride_(stride), tail_(tail) {
  windows_ = count_windows(targets, seq_len, stride, tail);
}

Result<WindowPlan> WindowPlan::plain(std::size_t targets, std::size_t seq_len) {
  return sliding(targets, seq_len, seq_len, Tail::kExact);
}

Result<WindowPlan> WindowPlan::sliding(std::size_t targets, std::size_t seq_len, std::size_t stride, Tail tail) {
  if (seq_len == 0) return Error{"evaluation: the sequence length is 0; give one of at least 1"};
  if (stride == 0 || stride > seq_len)
    return Error{"evaluation: a stride of " + std::to_string(stride) + " with windows of " + std::to_string(seq_len) +
                 " positions; it must lie between 1 and the window's length, or targets would be left out"};
  return WindowPlan(targets, seq_len, stride, tail);
}

Window WindowPlan::at(std::size_t index) const {
  const std::size_t start = index * stride_;
  const std::size_t length = std::min(seq_len_, targets_ - start);
  if (index == 0) return {start, length, 0};
  const bool from_context = tail_ == Tail::kExact || tail_ == Tail::kPr1394;
  const std::size_t from = from_context ? seq_len_ - stride_ : length - std::min(stride_, length);
  return {start, length, from};
}

std::size_t WindowPlan::scored() const {
  if (tail_ == Tail::kExact || tail_ == Tail::kPr1394) return windows_ == 0 ? 0 : targets_;
  // Every window but the first scores `stride` positions, or all of a shorter one: only the last can be shorter.
  const std::size_t first = std::min(seq_len_, targets_);
  if (windows_ <= 1) return first;
  return first + (windows_ - 2) * stride_ + at(windows_ - 1).scored();
}

}  // namespace pg::score
