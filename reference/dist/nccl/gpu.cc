#include "reference/dist/gpu.h"

#include <ATen/cuda/CUDAContextLight.h>

namespace pg::dist {

std::string gpu_name(int index) {
  return at::cuda::getDeviceProperties(static_cast<c10::DeviceIndex>(index))->name;
}

}  // namespace pg::dist
