// The NCCL group with one rank on a GPU. A program without GoogleTest, because it must be able to be built where it
// cannot start.
#include <ATen/ops/full.h>
#include <c10/cuda/CUDAFunctions.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

#include "reference/dist/c10d.h"
#include "reference/dist/gpu.h"
#include "reference/dist/spawn.h"

int main() {
  try {
    if (c10::cuda::device_count() == 0) {
      std::puts("skipped: no GPU");
      return 77;
    }
    ::setenv("MASTER_ADDR", "127.0.0.1", 1);
    ::setenv("MASTER_PORT", std::to_string(pg::dist::free_port()).c_str(), 1);
    const pg::dist::Place place{.rank = 0, .local_rank = 0, .world = 1, .has_local_rank = true};
    auto group = pg::dist::make_c10d_group(place, c10::Device(c10::kCUDA, 0), 60);
    if (!group.ok()) {
      std::puts(group.error().message.c_str());
      return 1;
    }
    at::Tensor x = at::full({1000}, 3.0, at::TensorOptions().device(c10::kCUDA).dtype(at::kBFloat16));
    (*group)->all_reduce(x, pg::dist::Group::Reduce::kMean);
    std::vector<at::Tensor> parts{x};
    at::Tensor out = at::full({1000}, 0.0, x.options());
    (*group)->reduce_scatter(out, parts, pg::dist::Group::Reduce::kSum);
    (*group)->start_reduce_scatter(out, x, pg::dist::Group::Reduce::kMean)->wait();
    (*group)->start_all_gather(x, out)->wait();
    (*group)->broadcast(out, 0);
    (*group)->barrier();
    const double sum = x.to(at::kDouble).sum().item<double>();
    std::printf("sum %.1f on %s\n", sum, pg::dist::gpu_name(0).c_str());
    return sum == 3000.0 && !pg::dist::gpu_name(0).empty() ? 0 : 1;
  } catch (const std::exception& error) {
    std::puts(error.what());
    return 1;
  }
}
