#include <stdexcept>
#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include "reference/dist/c10d.h"

namespace pg::dist {

c10::intrusive_ptr<c10d::Backend> make_nccl_backend(const c10::intrusive_ptr<c10d::Store>&, const Place&,
                                                    Milliseconds) {
  throw std::runtime_error("built without CUDA: several processes on GPUs need NCCL; build the program pgref_cuda");
}

}  // namespace pg::dist
