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
  bool has_local_rank = false;  // LOCAL_RANK is set
};
// Both of RANK and WORLD_SIZE or neither; MASTER_ADDR and MASTER_PORT where there is more than one process. Errors name
// the variable and what it should be.
Result<Place> place_from_environment();

// A collective that did not come about: a process of the group died, hangs or takes longer than the timeout. Thrown,
// because collectives lie deep inside a training step; pg::train catches it at its edge. With Gloo every such failure
// comes this way. With NCCL only what fails while a collective is started does: the processor does not wait for the
// GPU, and a peer that died or hangs is found by NCCL's watchdog, which ends this process after the timeout.
class GroupFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A collective under way. Its tensors may not be touched before wait() has come back, on a GPU: before what is put on
// the current stream after it. One that is never waited for is given up. wait() throws GroupFailure.
class Pending {
 public:
  virtual ~Pending() = default;
  virtual void wait() = 0;
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
  // out: one tensor per rank, each of the shape and type of `mine`; out[r] gets rank r's.
  virtual void all_gather(std::vector<at::Tensor>& out, const at::Tensor& mine) = 0;
  // in: one tensor per rank, each of the shape and type of `out`, which gets the ranks' in[this rank] reduced. What is
  // in `in` afterwards is not said.
  virtual void reduce_scatter(at::Tensor& out, std::vector<at::Tensor>& in, Reduce how) = 0;
  virtual void barrier() = 0;

  // The same with the ranks' tensors side by side in one, [world * n, ...] for [n, ...] of each, and without waiting.
  // Several may be under way. Groups that do not say otherwise have done it when these return.
  virtual std::unique_ptr<Pending> start_all_gather(at::Tensor& out, at::Tensor& mine);
  virtual std::unique_ptr<Pending> start_reduce_scatter(at::Tensor& out, at::Tensor& in, Reduce how);
};

// Whether a step went well on all ranks: `mine` where it did not here, an Error that says so where another rank's did
// not. Collective; so every rank leaves at the same place, and none waits for one that has left. `device`: the group's.
Status agree(Group& group, c10::Device device, Status mine);

// An Error where this program or this machine has no such GPU. `gpus`: how many there are.
Status check_device(c10::Device device);
Status check_device(c10::Device device, std::size_t gpus);

// Gloo on the CPU, NCCL on a GPU; one process alone needs neither. Waits for all ranks, at most `timeout_s`; the same
// limit holds for every collective afterwards (GroupFailure says how). Several processes on GPUs need LOCAL_RANK. With
// more than one process SIGPIPE is ignored from here on, as a peer's death would otherwise end this one without a word.
Result<std::unique_ptr<Group>> make_group(const Place& place, c10::Device device, int timeout_s = 300);

}  // namespace pg::dist
