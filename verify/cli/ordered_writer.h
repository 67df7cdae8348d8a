#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <string>

namespace pg::verify {

// Brings results that threads finish in any order back into order 0, 1, 2 ... with a bounded buffer: a thread whose
// result lies too far ahead waits. It cannot deadlock as long as indices are handed out in increasing order, because
// the thread that works on the lowest one never waits.
template <class T>
class OrderedWriter {
 public:
  OrderedWriter(std::size_t window, std::function<void(std::size_t, T&)> sink)
      : window_(window), sink_(std::move(sink)) {}

  // Calls the sink, one thread at a time, for every result that has become next.
  void put(std::size_t index, T value) {
    std::unique_lock lock(mutex_);
    moved_.wait(lock, [&] { return index < next_ + window_; });
    waiting_.emplace(index, std::move(value));
    for (auto it = waiting_.find(next_); it != waiting_.end(); it = waiting_.find(next_)) {
      sink_(it->first, it->second);
      waiting_.erase(it);
      ++next_;
    }
    moved_.notify_all();
  }

 private:
  const std::size_t window_;
  const std::function<void(std::size_t, T&)> sink_;
  std::mutex mutex_;
  std::condition_variable moved_;
  std::map<std::size_t, T> waiting_;
  std::size_t next_ = 0;
};

}  // namespace pg::verify
