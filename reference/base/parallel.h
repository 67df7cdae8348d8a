#pragma once

#include <cstddef>
#include <functional>

namespace pg {

// Runs work(0) ... work(count - 1), each once, on `threads` threads (0: one per core), in no particular order, and
// returns when all are done. The first exception thrown by any of them is rethrown after the others have ended.
void parallel_for(std::size_t count, unsigned threads, const std::function<void(std::size_t)>& work);

}  // namespace pg
