#include "reference/dist/c10d.h"

#include <c10/util/Exception.h>
#include <fmt/format.h>
#include <signal.h>

#include <cstdlib>
#include <exception>
#include <string>
#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <utility>

namespace pg::dist {
namespace {

// c10 puts a stack trace behind the first line.
std::string first_line(const std::exception& error) {
  const auto* c10_error = dynamic_cast<const c10::Error*>(&error);
  const std::string text = c10_error ? c10_error->what_without_backtrace() : error.what();
  return text.substr(0, text.find('\n'));
}

// Throws GroupFailure for whatever `work` throws.
template <class Work>
void attempt(const char* what, const Place& place, int timeout_s, Work&& work) {
  try {
    work();
  } catch (const std::exception& error) {
    throw GroupFailure(
        fmt::format("{} between {} processes failed on rank {}: {}. Another process ended, hangs, or needs longer "
                    "than {} s; its own output says which",
                    what, place.world, place.rank, first_line(error), timeout_s));
  }
}

class C10dPending : public Pending {
 public:
  // `mean_of`: what is still to be divided by the number of processes; undefined if nothing is.
  C10dPending(const char* what, const Place& place, int timeout_s, c10::intrusive_ptr<c10d::Work> work,
              at::Tensor mean_of)
      : what_(what), place_(place), timeout_s_(timeout_s), work_(std::move(work)), mean_of_(std::move(mean_of)) {}
  void wait() override {
    attempt(what_, place_, timeout_s_, [&] {
      work_->wait();
      if (mean_of_.defined()) mean_of_.div_(place_.world);
    });
  }

 private:
  const char* what_;
  Place place_;
  int timeout_s_;
  c10::intrusive_ptr<c10d::Work> work_;
  at::Tensor mean_of_;
};

class C10dGroup : public Group {
 public:
  C10dGroup(const Place& place, c10::intrusive_ptr<c10d::Store> store, c10::intrusive_ptr<c10d::Backend> backend,
            bool native_mean, int timeout_s)
      : place_(place),
        store_(std::move(store)),
        backend_(std::move(backend)),
        native_mean_(native_mean),
        timeout_s_(timeout_s) {}

  const Place& place() const override { return place_; }

  void all_reduce(at::Tensor& tensor, Reduce how) override {
    attempt("all_reduce", [&] {
      std::vector<at::Tensor> tensors{tensor};
      c10d::AllreduceOptions options;
      options.reduceOp = operation(how);
      backend_->allreduce(tensors, options)->wait();
      finish(tensor, how);
    });
  }

  void broadcast(at::Tensor& tensor, int root) override {
    attempt("broadcast", [&] {
      std::vector<at::Tensor> tensors{tensor};
      c10d::BroadcastOptions options;
      options.rootRank = root;
      backend_->broadcast(tensors, options)->wait();
    });
  }

  void all_gather(std::vector<at::Tensor>& out, const at::Tensor& mine) override {
    attempt("all_gather", [&] {
      std::vector<std::vector<at::Tensor>> outs{out};
      std::vector<at::Tensor> inputs{mine};
      backend_->allgather(outs, inputs)->wait();
    });
  }

  void reduce_scatter(at::Tensor& out, std::vector<at::Tensor>& in, Reduce how) override {
    attempt("reduce_scatter", [&] {
      std::vector<at::Tensor> outs{out};
      std::vector<std::vector<at::Tensor>> inputs{in};
      c10d::ReduceScatterOptions options;
      options.reduceOp = operation(how);
      backend_->reduce_scatter(outs, inputs, options)->wait();
      finish(out, how);
    });
  }

  void barrier() override {
    attempt("barrier", [&] { backend_->barrier()->wait(); });
  }

  std::unique_ptr<Pending> start_all_gather(at::Tensor& out, at::Tensor& mine) override {
    return start("all_gather", {}, [&] { return backend_->_allgather_base(out, mine); });
  }

  std::unique_ptr<Pending> start_reduce_scatter(at::Tensor& out, at::Tensor& in, Reduce how) override {
    c10d::ReduceScatterOptions options;
    options.reduceOp = operation(how);
    return start("reduce_scatter", how == Reduce::kMean && !native_mean_ ? out : at::Tensor(), [&] {
      if (native_mean_) return backend_->_reduce_scatter_base(out, in, options);
      // Gloo rounds the sums of the form for one tensor differently from reduce_scatter()'s.
      std::vector<at::Tensor> outs{out};
      std::vector<std::vector<at::Tensor>> inputs{in.split(out.size(0))};
      return backend_->reduce_scatter(outs, inputs, options);
    });
  }

 private:
  c10d::ReduceOp operation(Reduce how) const {
    if (how == Reduce::kMax) return c10d::ReduceOp::MAX;
    return how == Reduce::kMean && native_mean_ ? c10d::ReduceOp::AVG : c10d::ReduceOp::SUM;
  }
  void finish(at::Tensor& tensor, Reduce how) const {
    if (how == Reduce::kMean && !native_mean_) tensor.div_(place_.world);
  }
  template <class Work>
  void attempt(const char* what, Work&& work) {
    dist::attempt(what, place_, timeout_s_, std::forward<Work>(work));
  }
  template <class Begin>
  std::unique_ptr<Pending> start(const char* what, const at::Tensor& mean_of, Begin&& begin) {
    std::unique_ptr<Pending> pending;
    attempt(what, [&] { pending = std::make_unique<C10dPending>(what, place_, timeout_s_, begin(), mean_of); });
    return pending;
  }

  Place place_;
  c10::intrusive_ptr<c10d::Store> store_;  // outlives the backend, which talks through it
  c10::intrusive_ptr<c10d::Backend> backend_;
  bool native_mean_;
  int timeout_s_;
};

std::string variable(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value ? value : otherwise;
}

// Rank 0 holds the store, unless torchrun's agent already does. Restarts of the same run must not meet old keys.
c10::intrusive_ptr<c10d::Store> rendezvous(const Place& place, Milliseconds timeout) {
  c10d::TCPStoreOptions options;
  options.port = static_cast<std::uint16_t>(std::stoi(variable("MASTER_PORT", "29500")));
  options.isServer = place.rank == 0 && variable("TORCHELASTIC_USE_AGENT_STORE", "") != "True";
  options.numWorkers = static_cast<std::size_t>(place.world);
  options.waitWorkers = false;
  options.timeout = timeout;
  auto store = c10::make_intrusive<c10d::TCPStore>(variable("MASTER_ADDR", "127.0.0.1"), options);
  return c10::make_intrusive<c10d::PrefixStore>("pgref/attempt_" + variable("TORCHELASTIC_RESTART_COUNT", "0"), store);
}

}  // namespace

Result<std::unique_ptr<Group>> make_c10d_group(const Place& place, c10::Device device, int timeout_s) {
  if (device.is_cuda() && !has_nccl())
    return Error{"built without CUDA: several processes on GPUs need NCCL; build and start the program pgref_cuda"};
  const Milliseconds timeout = std::chrono::seconds(timeout_s);
  ::signal(SIGPIPE, SIG_IGN);  // Gloo writes to the sockets of peers that may have died: an error, not our end
  try {
    auto store = rendezvous(place, timeout);
    auto backend =
        device.is_cuda() ? make_nccl_backend(store, place, timeout) : make_gloo_backend(store, place, timeout);
    auto group = std::make_unique<C10dGroup>(place, std::move(store), std::move(backend), device.is_cuda(), timeout_s);
    group->barrier();  // communicators are made by the first collective: fail here, not in a training step
    return std::unique_ptr<Group>(std::move(group));
  } catch (const std::exception& error) {
    return Error{fmt::format(
        "rank {} of {} found no process group at {}:{} within {} s: {}. Check that all ranks are started and that "
        "MASTER_ADDR and MASTER_PORT are the same everywhere and reachable",
        place.rank, place.world, variable("MASTER_ADDR", "127.0.0.1"), variable("MASTER_PORT", "29500"), timeout_s,
        first_line(error))};
  }
}

}  // namespace pg::dist
