#pragma once

#include <c10/core/Device.h>
#include <c10/util/intrusive_ptr.h>

#include <chrono>
#include <memory>

#include "reference/base/result.h"
#include "reference/dist/group.h"

namespace c10d {
class Backend;
class Store;
}  // namespace c10d

// What stands behind make_group() for more than one process. The pieces lie in files of their own because each of their
// headers is expensive, and because Gloo's headers (Debian's) are older than the code inside LibTorch: nothing but
// gloo.cc may include them.
namespace pg::dist {

using Milliseconds = std::chrono::milliseconds;

Result<std::unique_ptr<Group>> make_c10d_group(const Place& place, c10::Device device, int timeout_s);

// These throw what c10d throws.
c10::intrusive_ptr<c10d::Backend> make_gloo_backend(const c10::intrusive_ptr<c10d::Store>& store, const Place& place,
                                                    Milliseconds timeout);
// In nccl/ or, without a CUDA toolkit, in nccl_stub/, where it says so; has_nccl() is asked before processes meet, so
// that none waits for one that has stopped already.
bool has_nccl();
c10::intrusive_ptr<c10d::Backend> make_nccl_backend(const c10::intrusive_ptr<c10d::Store>& store, const Place& place,
                                                    Milliseconds timeout);

}  // namespace pg::dist
