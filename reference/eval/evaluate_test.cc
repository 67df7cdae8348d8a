#include "reference/eval/evaluate.h"

#include <ATen/ops/empty.h>
#include <c10/util/Exception.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <barrier>
#include <cmath>
#include <limits>
#include <mutex>
#include <numeric>
#include <thread>

namespace pg::eval {
namespace {

constexpr std::size_t kSeq = 64, kStride = 8;

// Token i of these texts has the id i, so that a target says where it stands. The loss of a target is a function of it
// and of what stands before it in its row, and every target that is asked for is counted.
class CountingModel : public model::Model {
 public:
  explicit CountingModel(std::size_t tokens) : asked(tokens, 0), context(tokens, 0) {
    config_.vocab_size = static_cast<int>(tokens);
  }
  const model::Config& config() const override { return config_; }
  const model::Runtime& runtime() const override { return runtime_; }
  std::vector<model::Parameter>& parameters() override { return parameters_; }
  void set_looping(bool) override {}
  bool looping() const override { return false; }
  at::Tensor logits(const at::Tensor&) override { return {}; }
  at::Tensor accumulate_gradients(const at::Tensor&, const at::Tensor&, double) override { return {}; }
  at::Tensor token_nll(const at::Tensor& ids, const at::Tensor& targets, std::int64_t from) override {
    const std::int64_t rows = ids.size(0), length = ids.size(1), width = length - from;
    at::Tensor out = at::empty({rows, width}, at::kFloat);
    for (std::int64_t row = 0; row < rows; ++row) {
      for (std::int64_t p = from; p < length; ++p) {
        const auto target = targets.const_data_ptr<std::int64_t>()[row * length + p];
        const auto first = ids.const_data_ptr<std::int64_t>()[row * length];
        TORCH_CHECK(target != broken, "no memory for target ", target);
        out.mutable_data_ptr<float>()[row * width + p - from] = target == poison ? NAN : nll_of(target, first);
        ++asked[static_cast<std::size_t>(target)];
        context[static_cast<std::size_t>(target)] = target - first;
      }
    }
    return out;
  }
  static float nll_of(std::int64_t target, std::int64_t first) {
    return 0.1F + static_cast<float>(target % 97) / 7.0F + static_cast<float>(target - first) / 1000.0F;
  }

  std::vector<int> asked;                 // by target id; padding asks for id 0
  std::vector<std::int64_t> context;      // tokens before the target in its row
  std::int64_t poison = -1, broken = -1;  // targets: not a number; a failure of the framework

 private:
  model::Config config_;
  model::Runtime runtime_;
  std::vector<model::Parameter> parameters_;
};

// Processes as threads: sums meet in a table that all see.
struct Meeting {
  explicit Meeting(int world) : barrier(world), parts(static_cast<std::size_t>(world)) {}
  std::barrier<> barrier;
  std::vector<at::Tensor> parts;
};
class ThreadGroup : public dist::Group {
 public:
  ThreadGroup(Meeting& meeting, int rank, int world) : meeting_(meeting), place_{rank, rank, world, world > 1} {}
  const dist::Place& place() const override { return place_; }
  void all_reduce(at::Tensor& tensor, Reduce how) override {
    meeting_.parts[static_cast<std::size_t>(place_.rank)] = tensor.clone();
    meeting_.barrier.arrive_and_wait();
    at::Tensor all = meeting_.parts[0].clone();
    for (std::size_t i = 1; i < meeting_.parts.size(); ++i)
      all = how == Reduce::kMax ? all.maximum(meeting_.parts[i]) : all.add(meeting_.parts[i]);
    meeting_.barrier.arrive_and_wait();
    tensor.copy_(all);
  }
  void broadcast(at::Tensor&, int) override {}
  void all_gather(std::vector<at::Tensor>&, const at::Tensor&) override {}
  void reduce_scatter(at::Tensor&, std::vector<at::Tensor>&, Reduce) override {}
  void barrier() override {}

 private:
  Meeting& meeting_;
  dist::Place place_;
};

std::vector<std::uint16_t> counting_text(std::size_t tokens) {
  std::vector<std::uint16_t> out(tokens);
  std::iota(out.begin(), out.end(), std::uint16_t{0});
  return out;
}

// Every third id has a mark of a blank in front, every tenth ends a document.
data::ByteTable some_bytes(std::size_t vocab) {
  data::ByteTable table;
  for (std::size_t id = 0; id < vocab; ++id) {
    table.base_bytes.push_back(id % 10 == 0 ? 0 : static_cast<std::int32_t>(1 + id % 5));
    table.leading_space.push_back(id % 3 == 0 && id % 10 != 0);
    table.boundary.push_back(id % 10 == 0);
  }
  return table;
}

Result<EvalResult> run_alone(model::Model& model, const std::vector<std::uint16_t>& text, const EvalOptions& options) {
  Meeting meeting(1);
  ThreadGroup group(meeting, 0, 1);
  return evaluate(model, text, some_bytes(text.size()), group, options);
}

EvalOptions sliding(score::Tail tail) {
  EvalOptions options;
  options.mode = Mode::kSliding;
  options.seq_len = kSeq;
  options.stride = kStride;
  options.tail = tail;
  options.batch = 7;
  return options;
}

TEST(Evaluate, PlainScoresEveryTargetWithItsBytes) {
  const auto text = counting_text(1000);
  CountingModel model(text.size());
  EvalOptions options;
  options.seq_len = kSeq;
  options.batch = 4;
  const auto result = run_alone(model, text, options);
  ASSERT_TRUE(result.ok()) << result.error().message;
  const auto table = some_bytes(text.size());
  double nats = 0;
  std::uint64_t bytes = 0;
  for (std::size_t t = 1; t < text.size(); ++t) {
    nats += static_cast<double>(
        CountingModel::nll_of(static_cast<std::int64_t>(t), static_cast<std::int64_t>((t - 1) / kSeq * kSeq)));
    bytes += t % 10 == 0 ? 0 : 1 + t % 5 + (t % 3 == 0 && (t - 1) % 10 != 0);
  }
  EXPECT_EQ(result->sums.tokens, 999u);
  EXPECT_EQ(result->sums.bytes, bytes);
  EXPECT_NEAR(result->sums.nats, nats, 1e-9);
  EXPECT_DOUBLE_EQ(result->val_bpb, result->sums.nats / std::log(2.0) / static_cast<double>(bytes));
  for (std::size_t t = 1; t < text.size(); ++t) EXPECT_EQ(model.asked[t], 1) << t;
}

TEST(Evaluate, SlidingGivesEveryTargetItsContextOnce) {
  const auto text = counting_text(3000);
  CountingModel model(text.size());
  const auto result = run_alone(model, text, sliding(score::Tail::kExact));
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(result->sums.tokens, 2999u);
  for (std::size_t t = 1; t < text.size(); ++t) {
    EXPECT_EQ(model.asked[t], 1) << t;
    EXPECT_TRUE(t <= kSeq || model.context[t] > static_cast<std::int64_t>(kSeq - kStride)) << t;
  }
}

// The scripts' loops over windows as they stand there (eval.md 3), target t being token t + 1.
score::Sums written_out(score::Tail tail, std::size_t targets) {
  const auto table = some_bytes(3000);
  score::Sums sums;
  for (std::size_t start = 0; start < targets; start += kStride) {
    const std::size_t end = std::min(start + kSeq, targets), length = end - start, context = kSeq - kStride;
    if (tail == score::Tail::kPr1394 && start > 0 && start + context >= targets) break;
    if (tail == score::Tail::kPr1123 && length < kStride) break;
    std::size_t from = 0;
    if (start > 0) from = tail == score::Tail::kPr1394 ? context : length - std::min(length, kStride);
    for (std::size_t p = from; p < length; ++p) {
      const std::size_t token = start + p + 1;
      sums.add(static_cast<double>(
                   CountingModel::nll_of(static_cast<std::int64_t>(token), static_cast<std::int64_t>(start))),
               static_cast<std::uint64_t>(
                   table.count_bytes(static_cast<std::uint16_t>(token - 1), static_cast<std::uint16_t>(token))));
    }
  }
  return sums;
}

TEST(Evaluate, TheScriptsTailsScoreWhatTheyScored) {
  const auto text = counting_text(3000);
  const std::size_t targets = 2999 / kSeq * kSeq;
  for (const auto tail : {score::Tail::kPr1394, score::Tail::kPr549, score::Tail::kPr1123}) {
    CountingModel model(text.size());
    const auto result = run_alone(model, text, sliding(tail));
    ASSERT_TRUE(result.ok()) << result.error().message;
    const score::Sums written = written_out(tail, targets);
    EXPECT_EQ(result->sums.tokens, written.tokens) << name_of(tail);
    EXPECT_EQ(result->sums.bytes, written.bytes) << name_of(tail);
    EXPECT_NEAR(result->sums.nats, written.nats, 1e-9) << name_of(tail);
    EXPECT_EQ(model.asked[targets + 1], 0);
    EXPECT_GE(model.asked[targets], 1);
  }
}

TEST(Evaluate, AnyNumberOfProcessesGivesTheSameBits) {
  const auto text = counting_text(3000);
  for (const Mode mode : {Mode::kPlain, Mode::kSliding}) {
    EvalOptions options = sliding(score::Tail::kExact);
    options.mode = mode;
    CountingModel alone(text.size());
    const auto expected = run_alone(alone, text, options);
    for (const int world : {2, 4, 60}) {
      Meeting meeting(world);
      std::vector<std::thread> ranks;
      std::vector<int> asked(text.size(), 0);
      std::mutex mutex;
      for (int rank = 0; rank < world; ++rank) {
        ranks.emplace_back([&, rank] {
          ThreadGroup group(meeting, rank, world);
          CountingModel model(text.size());
          const auto result = evaluate(model, text, some_bytes(text.size()), group, options);
          const std::lock_guard lock(mutex);
          EXPECT_EQ(result->sums.nats, expected->sums.nats);
          EXPECT_EQ(result->val_bpb, expected->val_bpb);
          EXPECT_EQ(result->sums.tokens, expected->sums.tokens);
          EXPECT_EQ(result->sums.bytes, expected->sums.bytes);
          for (std::size_t t = 1; t < text.size(); ++t) asked[t] += model.asked[t];
        });
      }
      for (std::thread& thread : ranks) thread.join();
      for (std::size_t t = 1; t < text.size(); ++t) EXPECT_EQ(asked[t], 1) << t;
    }
  }
}

TEST(Evaluate, BatchSizeDoesNotChangeWhatIsScored) {
  const auto text = counting_text(1500);
  std::uint64_t tokens = 0;
  for (const std::size_t batch : {0u, 1u, 3u, 1000u}) {
    CountingModel model(text.size());
    EvalOptions options = sliding(score::Tail::kExact);
    options.batch = batch;
    const auto result = run_alone(model, text, options);
    ASSERT_TRUE(result.ok());
    EXPECT_EQ(result->sums.tokens, 1499u);
    tokens += result->sums.tokens;
  }
  EXPECT_EQ(tokens, 4 * 1499u);
}

TEST(Evaluate, ALossThatIsNotFiniteIsAnErrorThatSaysWhere) {
  const auto text = counting_text(1000);
  CountingModel model(text.size());
  model.poison = 700;
  EvalOptions options;
  options.seq_len = kSeq;
  options.batch = 1;
  const auto result = run_alone(model, text, options);
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.error().message, ::testing::HasSubstr("starts at token 640"));
}

// Without a word from the one that failed the others would wait for it, and this test would hang.
TEST(Evaluate, AFailureInOneProcessEndsAll) {
  const auto text = counting_text(1000);
  Meeting meeting(3);
  std::vector<std::string> said(3);
  std::vector<std::thread> ranks;
  for (int rank = 0; rank < 3; ++rank)
    ranks.emplace_back([&, rank] {
      CountingModel model(text.size());
      model.broken = 500;
      ThreadGroup group(meeting, rank, 3);
      EvalOptions options;
      options.seq_len = kSeq;
      options.batch = 1;
      const auto result = evaluate(model, text, some_bytes(text.size()), group, options);
      said[static_cast<std::size_t>(rank)] = result.ok() ? "" : result.error().message;
    });
  for (std::thread& thread : ranks) thread.join();
  EXPECT_THAT(said[1], ::testing::HasSubstr("no memory for target 500"));
  for (const int other : {0, 2})
    EXPECT_THAT(said[static_cast<std::size_t>(other)], ::testing::HasSubstr("another process failed"));
}

TEST(Evaluate, IdsOutsideTheVocabularyAreAnError) {
  auto text = counting_text(1000);
  CountingModel model(text.size());
  text[123] = 1000;
  const auto result = run_alone(model, text, {});
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.error().message, ::testing::HasSubstr("token 123 has the id 1000"));
}

TEST(Evaluate, NothingToScoreIsAnError) {
  CountingModel model(10);
  for (const std::size_t tokens : {0u, 1u}) EXPECT_FALSE(run_alone(model, counting_text(tokens), {}).ok());
  EvalOptions whole = sliding(score::Tail::kPr1394);
  EXPECT_FALSE(run_alone(model, counting_text(kSeq), whole).ok());
}

TEST(Evaluate, ProgressEndsAtAllBatches) {
  const auto text = counting_text(1000);
  CountingModel model(text.size());
  EvalOptions options = sliding(score::Tail::kExact);
  std::size_t last = 0, all = 0;
  options.progress = [&](std::size_t done, std::size_t of) {
    EXPECT_EQ(done, last + 1);
    last = done;
    all = of;
  };
  ASSERT_TRUE(run_alone(model, text, options).ok());
  EXPECT_EQ(last, all);
}

}  // namespace
}  // namespace pg::eval
