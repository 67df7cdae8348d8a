#include <cstdlib>
#include <string>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include "reference/dist/c10d.h"

namespace pg::dist {
namespace {

using Gloo = c10d::ProcessGroupGloo;

// The interface that GLOO_SOCKET_IFNAME names, as PyTorch does; loopback where rank 0 is this machine; otherwise the
// one that this machine's name stands for.
auto network_device() {
  if (const char* interface = std::getenv("GLOO_SOCKET_IFNAME")) return Gloo::createDeviceForInterface(interface);
  const char* master = std::getenv("MASTER_ADDR");
  const std::string address = master ? master : "";
  if (address == "localhost" || address.starts_with("127.")) return Gloo::createDeviceForHostname("127.0.0.1");
  return Gloo::createDefaultDevice();
}

}  // namespace

c10::intrusive_ptr<c10d::Backend> make_gloo_backend(const c10::intrusive_ptr<c10d::Store>& store, const Place& place,
                                                    Milliseconds timeout) {
  auto options = Gloo::Options::create(timeout);
  options->devices = {network_device()};
  return c10::make_intrusive<Gloo>(store, place.rank, place.world, options);
}

}  // namespace pg::dist
