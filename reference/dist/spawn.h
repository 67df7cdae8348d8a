#pragma once

#include <functional>
#include <vector>

namespace pg::dist {

// For tests: a TCP port that was free a moment ago.
int free_port();

// For tests: runs `work(rank)` in `world` forked processes with torchrun's variables set and one thread each; returns
// what each left as exit code (128 + signal if killed). GoogleTest failures inside count as 1.
std::vector<int> run_ranks(int world, const std::function<int(int rank)>& work);

}  // namespace pg::dist
