#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "reference/base/result.h"

namespace pg::score {

// Targets are numbered 0 .. N - 1; target i is token i + 1 and is predicted from tokens up to i. A window feeds the
// inputs start .. start + length - 1 to the model and scores those of its positions that are >= from.
struct Window {
  std::size_t start = 0, length = 0, from = 0;

  std::size_t scored() const { return length - from; }
  friend bool operator==(const Window&, const Window&) = default;
};

// Which windows are kept at the end of the text and which of their positions are scored (eval.md 3). The sums of
// pr549 and pr1123 contain targets twice, pr1123's may lack the last stride - 1; the others have each target once.
enum class Tail {
  kExact,   // the default: as pr1394, and texts shorter than the context are scored too
  kPr1394,  // windows that reach past their context; scored from the context on (#1394, #1413)
  kPr549,   // every window with a target; the last `stride` positions of each (#549 without learning, #367)
  kPr1123   // windows with at least `stride` targets; the last `stride` positions of each (#1123, #549 with learning)
};
std::string_view name_of(Tail tail);  // "exact", "pr1394", "pr549", "pr1123"
std::optional<Tail> tail_from_name(std::string_view name);

// A run of consecutive items, [begin, end).
struct Share {
  std::size_t begin = 0, end = 0;

  std::size_t size() const { return end - begin; }
};
// What `rank` of `world` processes takes of `count` items: [count * rank / world, count * (rank + 1) / world).
Share share_of(std::size_t count, int rank, int world);

// Targets that the contest's scripts keep of a validation set of `tokens` tokens: whole sequences only
// (eval.md 1), so that the number depends on seq_len.
std::size_t contest_targets(std::size_t tokens, std::size_t seq_len);

// The windows of an evaluation over N targets, computed and not stored: 633,409 of them in #1394's.
class WindowPlan {
 public:
  // Sequences side by side, every position scored; the last one may be shorter.
  static Result<WindowPlan> plain(std::size_t targets, std::size_t seq_len);
  // Windows of seq_len positions every `stride`, 1 <= stride <= seq_len.
  static Result<WindowPlan> sliding(std::size_t targets, std::size_t seq_len, std::size_t stride, Tail tail);

  std::size_t size() const { return windows_; }
  Window at(std::size_t index) const;
  std::size_t seq_len() const { return seq_len_; }
  // Positions that are scored; above targets() where some are scored twice.
  std::size_t scored() const;
  std::size_t targets() const { return targets_; }

 private:
  WindowPlan(std::size_t targets, std::size_t seq_len, std::size_t stride, Tail tail);

  std::size_t targets_, seq_len_, stride_;
  Tail tail_;
  std::size_t windows_ = 0;
};

}  // namespace pg::score
