#include "reference/dist/group.h"

#include <ATen/Context.h>
#include <fmt/format.h>

#include "reference/dist/c10d.h"

namespace pg::dist {
namespace {

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

Status check_device(c10::Device device) {
  if (!device.is_cuda() || at::globalContext().hasCUDA()) return {};
  return Error{
      "no GPU can be used: this program was built without CUDA (then start pgref_cuda), or there is no driver or no "
      "device here; --device cpu trains and evaluates without"};
}

Result<std::unique_ptr<Group>> make_group(const Place& place, c10::Device device, int timeout_s) {
  if (const Status s = check_device(device); !s) return s.error();
  if (place.world == 1) return std::unique_ptr<Group>(new Alone(place));
  if (place.rank < 0 || place.rank >= place.world)
    return Error{fmt::format("rank {} is not below the number of processes, {}", place.rank, place.world)};
  return make_c10d_group(place, device, timeout_s);
}

}  // namespace pg::dist
