#include "reference/dist/group.h"

#include <ATen/Context.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include "reference/dist/c10d.h"

namespace pg::dist {
namespace {

class Done : public Pending {
 public:
  void wait() override {}
};

// One process: every collective already has its result.
class Alone : public Group {
 public:
  explicit Alone(const Place& place) : place_(place) {}
  const Place& place() const override { return place_; }
  void all_reduce(at::Tensor&, Reduce) override {}
  void broadcast(at::Tensor&, int) override {}
  void all_gather(std::vector<at::Tensor>& out, const at::Tensor& mine) override { out.at(0).copy_(mine); }
  void reduce_scatter(at::Tensor& out, std::vector<at::Tensor>& in, Reduce) override { out.copy_(in.at(0)); }
  void barrier() override {}

 private:
  Place place_;
};

}  // namespace

std::unique_ptr<Pending> Group::start_all_gather(at::Tensor& out, at::Tensor& mine) {
  std::vector<at::Tensor> parts = out.split(mine.size(0));
  all_gather(parts, mine);
  return std::make_unique<Done>();
}

std::unique_ptr<Pending> Group::start_reduce_scatter(at::Tensor& out, at::Tensor& in, Reduce how) {
  std::vector<at::Tensor> parts = in.split(out.size(0));
  reduce_scatter(out, parts, how);
  return std::make_unique<Done>();
}

Status agree(Group& group, c10::Device device, Status mine) {
  if (group.place().world == 1) return mine;
  at::Tensor failed = at::tensor({mine.ok() ? 0.0F : 1.0F}, at::kFloat).to(device);
  group.all_reduce(failed, Group::Reduce::kMax);
  if (!mine.ok() || failed.item<float>() == 0) return mine;
  return Error{"another process stopped the run; its output says why"};
}

Status check_device(c10::Device device) {
  return check_device(device, device.is_cuda() ? at::getNumGPUs() : 0);
}

Status check_device(c10::Device device, std::size_t gpus) {
  if (!device.is_cuda()) return {};
  if (gpus == 0)
    return Error{
        "no GPU can be used: this program was built without CUDA (then start pgref_cuda), or there is no driver or no "
        "device here; --device cpu trains and evaluates without"};
  if (device.has_index() && static_cast<std::size_t>(device.index()) >= gpus)
    return Error{
        fmt::format("GPU {} (LOCAL_RANK) is not there, this machine has {}; start at most as many processes per "
                    "machine as it has GPUs (torchrun --nproc-per-node), or see CUDA_VISIBLE_DEVICES",
                    static_cast<int>(device.index()), gpus)};
  return {};
}

Result<std::unique_ptr<Group>> make_group(const Place& place, c10::Device device, int timeout_s) {
  if (device.is_cuda() && place.world > 1 && !place.has_local_rank)
    return Error{
        "LOCAL_RANK is not set, and without it every process of a machine would take its GPU 0; torchrun sets it, or "
        "set it to 0, 1, ... for the processes of each machine"};
  if (const Status s = check_device(device); !s) return s.error();
  if (place.world == 1) return std::unique_ptr<Group>(new Alone(place));
  if (place.rank < 0 || place.rank >= place.world)
    return Error{fmt::format("rank {} is not below the number of processes, {}", place.rank, place.world)};
  return make_c10d_group(place, device, timeout_s);
}

}  // namespace pg::dist
