#include <c10/cuda/CUDAFunctions.h>

#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

#include "reference/dist/c10d.h"

namespace pg::dist {

bool has_nccl() {
  return true;
}

c10::intrusive_ptr<c10d::Backend> make_nccl_backend(const c10::intrusive_ptr<c10d::Store>& store, const Place& place,
                                                    Milliseconds timeout) {
  const c10::Device device(c10::kCUDA, static_cast<c10::DeviceIndex>(place.local_rank));
  c10::cuda::set_device(device.index());
  auto options = c10d::ProcessGroupNCCL::Options::create();
  options->timeout = timeout;
  auto backend = c10::make_intrusive<c10d::ProcessGroupNCCL>(store, place.rank, place.world, options);
  backend->setBoundDeviceId(device);  // a barrier has no tensor that says where it is
  return backend;
}

}  // namespace pg::dist
