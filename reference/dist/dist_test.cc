#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>

#include "reference/dist/group.h"
#include "reference/dist/spawn.h"

namespace pg::dist {
namespace {

using testing::Test;

// Torchrun's variables for one test; restored behind it, as other tests of this process run alone.
class PlaceTest : public Test {
 protected:
  void SetUp() override { clear(); }
  void TearDown() override { clear(); }
  static void clear() {
    for (const char* name : {"RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"}) ::unsetenv(name);
  }
  static void set(const char* name, const char* value) { ::setenv(name, value, 1); }
  static std::string error() {
    const auto place = place_from_environment();
    return place.ok() ? "" : place.error().message;
  }
};

TEST_F(PlaceTest, WithoutVariablesIsOneProcess) {
  const auto place = place_from_environment();
  ASSERT_TRUE(place.ok());
  EXPECT_EQ(place->world, 1);
  EXPECT_FALSE(place->has_local_rank);
}

TEST_F(PlaceTest, ReadsTorchrunsVariables) {
  set("RANK", "5");
  set("LOCAL_RANK", "1");
  set("WORLD_SIZE", "8");
  set("MASTER_ADDR", "node0");
  set("MASTER_PORT", "29500");
  const auto place = place_from_environment();
  ASSERT_TRUE(place.ok());
  EXPECT_EQ(place->rank, 5);
  EXPECT_EQ(place->local_rank, 1);
  EXPECT_EQ(place->world, 8);
  EXPECT_TRUE(place->has_local_rank);
}

TEST_F(PlaceTest, NamesTheMissingOrWrongVariable) {
  set("RANK", "0");
  EXPECT_NE(error().find("WORLD_SIZE is not"), std::string::npos) << error();
  set("WORLD_SIZE", "two");
  EXPECT_NE(error().find("WORLD_SIZE='two'"), std::string::npos) << error();
  set("WORLD_SIZE", "0");
  EXPECT_NE(error().find("WORLD_SIZE='0'"), std::string::npos) << error();
  set("WORLD_SIZE", "2");
  set("RANK", "2");
  EXPECT_NE(error().find("RANK='2' is not a number from 0 to 1"), std::string::npos) << error();
  set("RANK", "1");
  EXPECT_NE(error().find("MASTER_ADDR"), std::string::npos) << error();
  set("MASTER_ADDR", "127.0.0.1");
  EXPECT_NE(error().find("MASTER_PORT"), std::string::npos) << error();
  set("MASTER_PORT", "70000");
  EXPECT_NE(error().find("MASTER_PORT='70000'"), std::string::npos) << error();
  set("MASTER_PORT", "7000");
  EXPECT_EQ(error(), "");
}

std::unique_ptr<Group> join(int timeout_s = 60) {
  auto group = make_group(place_from_environment().value(), c10::kCPU, timeout_s);
  if (!group.ok()) throw std::runtime_error(group.error().message);
  return std::move(group).value();
}

double first(const at::Tensor& tensor) {
  return tensor.flatten()[0].item<double>();
}

// Two of each at a time, side by side in one tensor; the same bits as one after the other.
void check_started_collectives(Group& group, at::ScalarType type) {
  const int rank = group.place().rank, world = group.place().world;
  const auto draw = [&](std::int64_t n) { return at::arange(n, at::kFloat).mul_(0.37 * (rank + 1)).sin_().to(type); };
  at::Tensor large = draw(300 * world).view({3 * world, 100}), small = draw(world).view({world, 1});
  std::vector<at::Tensor> parts = large.clone().split(3);
  at::Tensor expected = at::zeros({3, 100}, type), large_out = expected.clone(), small_out = at::zeros({1, 1}, type);
  group.reduce_scatter(expected, parts, Group::Reduce::kMean);
  auto first_pending = group.start_reduce_scatter(large_out, large, Group::Reduce::kMean);
  auto second_pending = group.start_reduce_scatter(small_out, small, Group::Reduce::kMax);
  first_pending->wait();
  second_pending->wait();
  EXPECT_TRUE(large_out.equal(expected));

  first_pending = group.start_all_gather(large, large_out);
  second_pending = group.start_all_gather(small, small_out);
  second_pending->wait();
  first_pending->wait();
  group.all_gather(parts, expected);
  for (int r = 0; r < world; ++r) EXPECT_TRUE(large.narrow(0, 3 * r, 3).equal(parts[static_cast<std::size_t>(r)]));
}

// Every collective against its value by hand, in the types that training sends.
int check_collectives(int rank, int world, at::ScalarType type) {
  const auto group = join();
  at::Tensor x = at::full({1001}, rank + 1.0, type);
  group->all_reduce(x, Group::Reduce::kSum);
  EXPECT_EQ(first(x), world * (world + 1) / 2);
  x = at::full({7}, rank + 1.0, type);
  group->all_reduce(x, Group::Reduce::kMean);
  EXPECT_EQ(first(x), (world + 1) / 2.0);
  x = at::full({7}, rank + 1.0, type);
  group->all_reduce(x, Group::Reduce::kMax);
  EXPECT_EQ(first(x), world);
  x = at::full({7}, rank + 1.0, type);
  group->broadcast(x, world - 1);
  EXPECT_EQ(first(x), world);

  std::vector<at::Tensor> parts;
  for (int r = 0; r < world; ++r) parts.push_back(at::zeros({3, 2}, type));
  group->all_gather(parts, at::full({3, 2}, 10.0 * rank, type));
  for (int r = 0; r < world; ++r) EXPECT_EQ(first(parts[static_cast<std::size_t>(r)]), 10.0 * r);
  for (int r = 0; r < world; ++r) parts[static_cast<std::size_t>(r)].fill_(r + 1.0);
  at::Tensor mine = at::zeros({3, 2}, type);
  group->reduce_scatter(mine, parts, Group::Reduce::kMean);
  EXPECT_EQ(first(mine), rank + 1.0);
  check_started_collectives(*group, type);
  group->barrier();
  return testing::Test::HasFailure() ? 1 : 0;
}

TEST(Group, OneProcessHasTheResultsAtOnce) {
  EXPECT_EQ(check_collectives(0, 1, at::kFloat), 0);
}

TEST(Group, TwoAndFourGlooProcessesAgreeInF32AndBf16) {
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16})
    for (const int world : {2, 4}) {
      const auto codes = run_ranks(world, [&](int rank) { return check_collectives(rank, world, type); });
      EXPECT_EQ(codes, std::vector<int>(static_cast<std::size_t>(world), 0)) << world << " " << toString(type);
    }
}

TEST(Group, EveryRankHasTheSameBitsOfASum) {
  const auto codes = run_ranks(4, [](int rank) {
    const auto group = join();
    at::Tensor x = at::arange(100000, at::kFloat).mul_(0.1 * (rank + 1)).sin_();
    group->all_reduce(x, Group::Reduce::kMean);
    at::Tensor other = x.clone();
    group->broadcast(other, 0);
    return x.equal(other) ? 0 : 1;
  });
  EXPECT_EQ(codes, std::vector<int>(4, 0));
}

TEST(Group, ADeadPeerIsAnErrorThatSaysSo) {
  const auto codes = run_ranks(2, [](int rank) {
    const auto group = join(5);
    if (rank == 1) ::raise(SIGKILL);
    at::Tensor x = at::zeros({1 << 20}, at::kFloat);
    try {
      group->all_reduce(x, Group::Reduce::kSum);
      group->all_reduce(x, Group::Reduce::kSum);
    } catch (const GroupFailure& failure) {
      const std::string text = failure.what();
      return text.find("all_reduce between 2 processes failed on rank 0") == 0 ? 3 : 4;
    }
    return 5;
  });
  EXPECT_EQ(codes[0], 3);
  EXPECT_EQ(codes[1], 128 + SIGKILL);
}

TEST(Group, AMissingRankIsAnErrorAfterTheTimeout) {
  const auto codes = run_ranks(2, [](int rank) {
    if (rank == 1) return 0;
    const auto group = make_group(place_from_environment().value(), c10::kCPU, 2);
    return !group.ok() && group.error().message.find("found no process group at 127.0.0.1:") != std::string::npos ? 3
                                                                                                                  : 4;
  });
  EXPECT_EQ(codes[0], 3);
}

TEST(Group, AFailureOnOneRankIsOneOnAll) {
  const auto codes = run_ranks(3, [](int rank) {
    const auto group = join();
    if (!agree(*group, c10::kCPU, {}).ok()) return 1;
    const Status all = agree(*group, c10::kCPU, rank == 1 ? Status(Error{"mine"}) : Status());
    if (all.ok()) return 2;
    return (all.error().message == "mine") == (rank == 1) ? 0 : 3;
  });
  EXPECT_EQ(codes, std::vector<int>(3, 0));
}

TEST(Group, AGpuThatIsNotThereIsNamed) {
  const auto gpu = [](int index) { return c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(index)); };
  EXPECT_TRUE(check_device(gpu(1), 2).ok());
  EXPECT_TRUE(check_device(c10::kCPU, 0).ok());
  EXPECT_NE(check_device(gpu(2), 2).error().message.find("GPU 2 (LOCAL_RANK) is not there, this machine has 2"),
            std::string::npos);
  EXPECT_NE(check_device(gpu(0), 0).error().message.find("pgref_cuda"), std::string::npos);
  const auto group = make_group({.rank = 0, .world = 2}, gpu(0), 1);
  ASSERT_FALSE(group.ok());
  EXPECT_NE(group.error().message.find("LOCAL_RANK is not set"), std::string::npos) << group.error().message;
}

TEST(Group, NcclWithoutCudaSaysHowToGetIt) {
  const auto codes = run_ranks(2, [](int) {
    const auto group = make_group(place_from_environment().value(), c10::Device(c10::kCUDA, 0), 10);
    return !group.ok() && group.error().message.find("built without CUDA") != std::string::npos ? 3 : 4;
  });
  EXPECT_EQ(codes, std::vector<int>(2, 3));
}

}  // namespace
}  // namespace pg::dist
