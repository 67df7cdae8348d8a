#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <memory>
#include <stdexcept>
#include <vector>

#include "reference/base/result.h"

namespace pg::dist {

// Who this process is, from torchrun's variables RANK, LOCAL_RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT.
struct Place {
  int rank = 0, local_rank = 0, world = 1;
  bool distributed = false;  // RANK and WORLD_SIZE are set
};
// Both of RANK and WORLD_SIZE or neither; MASTER_ADDR and MASTER_PORT where there is more than one process. Errors name
// the variable and what it should be.
Result<Place> place_from_environment();

// A collective that did not come about: a process of the group died, hangs or takes longer than the timeout. Thrown,
// because collectives lie deep inside a training step; pg::train catches it at its edge.
class GroupFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The processes of a run. Every call is collective: all ranks make it, in the same order. With one process nothing is
// sent. Tensors are contiguous and lie on the group's device. Throws GroupFailure.
class Group {
 public:
  enum class Reduce { kSum, kMean, kMax };
  virtual ~Group() = default;
  virtual const Place& place() const = 0;
  virtual void all_reduce(at::Tensor& tensor, Reduce how) = 0;
  virtual void broadcast(at::Tensor& tensor, int root) = 0;
  virtual void all_gather(std::vector<at::Tensor>& out, const at::Tensor& mine) = 0;
  virtual void reduce_scatter(at::Tensor& out, std::vector<at::Tensor>& in, Reduce how) = 0;
  virtual void barrier() = 0;
};

// An Error where this program or this machine has no GPU for a CUDA device.
Status check_device(c10::Device device);

// Gloo on the CPU, NCCL on a GPU; one process alone needs neither. Waits for all ranks, at most `timeout_s`; the same
// limit holds for every collective afterwards.
Result<std::unique_ptr<Group>> make_group(const Place& place, c10::Device device, int timeout_s = 300);

}  // namespace pg::dist
