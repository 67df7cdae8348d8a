#include "verify/source/parse_memory.h"

#include <tree_sitter/api.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

namespace pg::verify::py {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kWanted = false;
#elif defined(__has_feature)
constexpr bool kWanted = !__has_feature(address_sanitizer);
#else
constexpr bool kWanted = true;
#endif

constexpr std::size_t kAlign = 16, kHeader = sizeof(std::size_t);
constexpr std::size_t kBlock = 1u << 20;
constexpr std::size_t kKept = 16;            // blocks that a thread keeps for its next parse
constexpr std::size_t kSmall = 1024;         // up to here pieces have multiples of kAlign bytes, above powers of two
constexpr std::size_t kLarge = kBlock / 16;  // above: from the heap, so that little of a block's end is lost

[[noreturn]] void out_of_memory() {
  std::fputs("pgverify: out of memory while parsing\n", stderr);
  std::abort();
}

// The bytes of the whole piece stand right in front of what its user gets.
std::size_t& bytes_of(void* piece) {
  return *reinterpret_cast<std::size_t*>(static_cast<char*>(piece) - kHeader);
}

class Blocks {
 public:
  Blocks() = default;
  ~Blocks() { reset(0); }
  Blocks(const Blocks&) = delete;
  Blocks& operator=(const Blocks&) = delete;

  void* allocate(std::size_t wanted) {
    if (wanted > kLarge) return allocate_large(wanted);
    std::size_t bytes = (wanted + kHeader + kAlign - 1) / kAlign * kAlign;
    if (bytes > kSmall) bytes = std::bit_ceil(bytes);
    void*& first = free_[free_list(bytes)];
    if (first != nullptr) {
      void* const piece = first;
      std::memcpy(&first, piece, sizeof first);
      return piece;
    }
    if (left_ < bytes) next_block();
    char* const piece = at_ + kHeader;
    at_ += bytes, left_ -= bytes;
    bytes_of(piece) = bytes;
    return piece;
  }

  void release(void* piece) {
    const std::size_t bytes = bytes_of(piece);
    if (bytes > 2 * kLarge) return release_large(piece);
    void*& first = free_[free_list(bytes)];
    std::memcpy(piece, &first, sizeof first);
    first = piece;
  }

  static std::size_t room(void* piece) { return bytes_of(piece) - kHeader; }

  void reset(std::size_t kept) {
    free_.fill(nullptr);
    for (Large* large = large_; large != nullptr;) std::free(std::exchange(large, large->next));
    large_ = nullptr;
    for (; blocks_.size() > kept; blocks_.pop_back()) std::free(blocks_.back());
    used_ = left_ = 0;
  }

 private:
  struct alignas(kAlign) Large {
    Large *next = nullptr, *previous = nullptr;
    std::size_t unused = 0, bytes = 0;  // `bytes` last: right in front of the piece
  };

  static std::size_t free_list(std::size_t bytes) {
    if (bytes <= kSmall) return bytes / kAlign;
    return kSmall / kAlign + static_cast<std::size_t>(std::bit_width(bytes / kSmall)) - 1;
  }

  void next_block() {
    if (used_ == blocks_.size()) {
      void* const block = std::malloc(kBlock);
      if (block == nullptr) out_of_memory();
      blocks_.push_back(static_cast<char*>(block));
    }
    // Headers lie kHeader bytes before a multiple of kAlign.
    at_ = blocks_[used_++] + kAlign - kHeader;
    left_ = kBlock - kAlign;
  }

  void* allocate_large(std::size_t wanted) {
    // A size above every small piece's tells the two apart.
    const std::size_t bytes = std::max(wanted + kHeader, 2 * kLarge + 1);
    auto* const large = static_cast<Large*>(std::malloc(sizeof(Large) - kHeader + bytes));
    if (large == nullptr) out_of_memory();
    *large = {large_, nullptr, 0, bytes};
    if (large_ != nullptr) large_->previous = large;
    large_ = large;
    return large + 1;
  }

  void release_large(void* piece) {
    Large* const large = static_cast<Large*>(piece) - 1;
    (large->previous != nullptr ? large->previous->next : large_) = large->next;
    if (large->next != nullptr) large->next->previous = large->previous;
    std::free(large);
  }

  std::vector<char*> blocks_;
  std::size_t used_ = 0, left_ = 0;  // blocks; bytes of the last of them
  char* at_ = nullptr;
  Large* large_ = nullptr;
  std::array<void*, kSmall / kAlign + 16> free_{};
};

thread_local Blocks blocks;
thread_local Blocks* current = nullptr;  // of a parse that runs

void* allocate(std::size_t bytes) {
  if (current != nullptr) return current->allocate(bytes);
  void* const piece = std::malloc(bytes);
  if (piece == nullptr && bytes > 0) out_of_memory();
  return piece;
}

void* allocate_zeroed(std::size_t count, std::size_t size) {
  if (current == nullptr) {
    void* const piece = std::calloc(count, size);
    if (piece == nullptr && count > 0 && size > 0) out_of_memory();
    return piece;
  }
  std::size_t bytes = 0;
  if (__builtin_mul_overflow(count, size, &bytes)) out_of_memory();
  return std::memset(current->allocate(bytes), 0, bytes);
}

void release(void* piece) {
  if (current == nullptr) {
    std::free(piece);
  } else if (piece != nullptr) {
    current->release(piece);
  }
}

void* reallocate(void* piece, std::size_t bytes) {
  if (current == nullptr) {
    void* const moved = std::realloc(piece, bytes);
    if (moved == nullptr && bytes > 0) out_of_memory();
    return moved;
  }
  if (piece == nullptr) return current->allocate(bytes);
  const std::size_t room = Blocks::room(piece);
  if (room >= bytes) return piece;
  void* const moved = current->allocate(bytes);
  std::memcpy(moved, piece, room);
  current->release(piece);
  return moved;
}

}  // namespace

ParseMemory::ParseMemory() {
  if (!kWanted) return;
  // For the whole process, before the first piece: outside of parses these are the heap's own.
  static const bool set = (ts_set_allocator(allocate, allocate_zeroed, reallocate, release), true);
  (void)set;
  current = &blocks;
}

ParseMemory::~ParseMemory() {
  if (!kWanted) return;
  current = nullptr;
  blocks.reset(kKept);
}

bool ParseMemory::frees_trees() {
  return kWanted;
}

}  // namespace pg::verify::py
