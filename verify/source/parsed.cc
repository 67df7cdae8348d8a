#include "verify/source/parsed.h"

#include <functional>
#include <list>
#include <mutex>

namespace pg::verify::py {
namespace {

// Bytes of the vectors that grow with the source; what the call graph keeps is of the same order as the expressions.
std::size_t weight(const Parsed& p) {
  return p.source.size() + 2 * p.module.exprs.size() * sizeof(Expr) + p.module.stmts.size() * sizeof(Stmt) +
         p.module.lists.size() * sizeof(std::uint32_t);
}

class Memory {
 public:
  std::shared_ptr<const Parsed> find(std::size_t hash, std::string_view source) {
    const std::lock_guard lock(mutex_);
    for (auto at = entries_.begin(); at != entries_.end(); ++at) {
      if (at->hash != hash || at->parsed->source != source) continue;
      entries_.splice(entries_.begin(), entries_, at);
      return at->parsed;
    }
    return nullptr;
  }

  void add(std::size_t hash, std::shared_ptr<const Parsed> parsed) {
    const std::size_t bytes = weight(*parsed);
    if (bytes > kMaxRemembered / 8) return;
    std::list<Entry> dropped;  // destroyed behind the lock
    const std::lock_guard lock(mutex_);
    entries_.push_front({hash, bytes, std::move(parsed)});
    bytes_ += bytes;
    while (bytes_ > kMaxRemembered) {
      bytes_ -= entries_.back().bytes;
      dropped.splice(dropped.begin(), entries_, std::prev(entries_.end()));
    }
  }

 private:
  struct Entry {
    std::size_t hash, bytes;
    std::shared_ptr<const Parsed> parsed;
  };
  std::mutex mutex_;
  std::list<Entry> entries_;  // used last first
  std::size_t bytes_ = 0;
};

}  // namespace

std::shared_ptr<const Parsed> parse_remembered(std::string_view source) {
  static Memory memory;
  const std::size_t hash = std::hash<std::string_view>{}(source);
  if (auto known = memory.find(hash, source)) return known;
  auto parsed = std::make_shared<const Parsed>(std::string(source));
  memory.add(hash, parsed);
  return parsed;
}

}  // namespace pg::verify::py
