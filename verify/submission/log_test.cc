#include "verify/submission/log.h"

#include <gtest/gtest.h>

#include <fstream>

#include "reference/base/sha256.h"
#include "verify/submission/line_pattern.h"
#include "verify/submission/log_lines.h"

namespace pg::verify {
namespace {

const std::string kBar(100, '=');

// A run in the words of the March scripts.
std::string march_run(const std::string& seed = "1337", const std::string& bpb = "1.22837129") {
  return "val_bpb:enabled tokenizer_kind=sentencepiece tokenizer_path=./data/tokenizers/fineweb_1024_bpe.model\n"
         "val_loader:shards pattern=./data/fineweb_val_*.bin tokens:62021632\n"
         "model_params:17059912\n"
         "world_size:8 grad_accum_steps:1\n"
         "train_batch_tokens:524288 train_seq_len:1024 iterations:20000 warmup_steps:20 max_wallclock_seconds:600.000\n"
         "seed:" +
         seed +
         "\n"
         "warmup_step:1/20\n"
         "step:0/20000 val_loss:6.9357 val_bpb:4.1077 train_time:0ms step_avg:0.01ms\n"
         "step:1/20000 train_loss:6.9370 train_time:24ms step_avg:24.05ms\n"
         "step:13764/20000 val_loss:2.0654 val_bpb:1.2232 train_time:600061ms step_avg:43.60ms\n"
         "stopping_early: wallclock_cap train_time:600061ms step:13764/20000\n"
         "peak memory allocated: 10184 MiB reserved: 10624 MiB\n"
         "Serialized model: 67224983 bytes\n"
         "Code size: 58380 bytes\n"
         "Total submission size: 67283363 bytes\n"
         "Serialized model int8+zlib: 15814468 bytes (payload:17178912 raw_torch:17224025 payload_ratio:3.91x)\n"
         "Total submission size int8+zlib: 15872848 bytes\n"
         "final_int8_zlib_roundtrip val_loss:2.0741 val_bpb:1.2284 eval_time:5599ms\n"
         "final_int8_zlib_roundtrip_exact val_loss:2.07405347 val_bpb:" +
         bpb + "\n";
}

std::string april_run() {
  return "Hyperparameters:\n"
         "  eval_only_path: \n"
         "  gptq_reserve_seconds: 12.0\n"
         "  max_wallclock_seconds: 600.0\n"
         "  seed: 42\n"
         "  vocab_size: 8192\n"
         "  world_size: 8\n"
         "train_shards: 80\n"
         "val_tokens: 40540160\n"
         "gptq:reserving 12s, effective=588000ms\n"
         "0/20000 val_loss: 9.0090 val_bpb: 3.4877\n"
         "500/20000 train_loss: 3.3867 train_time: 0.9m tok/s: 8012345\n"
         "4550/20000 val_loss: 2.8131 val_bpb: 1.0890\n"
         "stopping_early: wallclock_cap train_time: 588047ms step: 4550/20000\n"
         "pre-quantization post-ema val_loss:2.80891046 val_bpb:1.08741611 eval_time:6701ms\n"
         "Serialized model: 135431033 bytes\n"
         "Code size (uncompressed): 131887 bytes\n"
         "Code size (compressed): 28025 bytes\n"
         "GPTQ:collected 67 Hessians in 12.7s\n"
         "Serialized model quantized+brotli: 15975300 bytes\n"
         "Total submission size quantized+brotli: 16003325 bytes\n"
         "quantized val_loss:2.84000000 val_bpb:1.09945246 eval_time:8000ms\n"
         "quantized_sliding_window val_loss:2.79800000 val_bpb:1.08319280 eval_time:91000ms\n"
         "ttt_lora:compile warmup done (122.0s)\n"
         "quantized_ttt val_loss:2.79241542 val_bpb:1.08103103 eval_time:368074ms\n"
         "total_eval_time:368.1s\n";
}

const LogRun& only_run(const LogFile& log) {
  EXPECT_EQ(log.runs.size(), 1u);
  return log.runs.back();
}

TEST(LogReader, ReadsARunOfTheMarchScripts) {
  const LogFile log = read_log_text("train.log", march_run());
  const LogRun& run = only_run(log);
  EXPECT_EQ(*run.seed, 1337);
  EXPECT_EQ(run.seed.line, 6u);
  EXPECT_EQ(*run.world_size, 8);
  EXPECT_EQ(*run.val_tokens, 62021632);
  EXPECT_EQ(*run.model_params, 17059912);
  EXPECT_DOUBLE_EQ(*run.max_wallclock_s, 600);
  EXPECT_EQ(*run.train_time_ms, 600061);
  EXPECT_EQ(*run.steps, 13764);
  EXPECT_EQ(*run.bytes_total, 15872848);
  EXPECT_EQ(*run.bytes_model, 15814468);
  EXPECT_EQ(*run.bytes_code, 58380);
  EXPECT_EQ(run.metric_name, "final_int8_zlib_roundtrip_exact");
  EXPECT_EQ(run.metric_line, 19u);
  EXPECT_EQ(run.val_bpb->text, "1.22837129");
  EXPECT_EQ(run.eval_time_ms, 5599) << "the timer stands on the line with four decimals";
  EXPECT_EQ(log.sha256, sha256_hex(march_run()));
}

TEST(LogReader, ReadsARunOfTheAprilScripts) {
  const LogRun run = only_run(read_log_text("train_seed42.log", april_run()));
  EXPECT_EQ(*run.seed, 42);
  EXPECT_EQ(*run.world_size, 8);
  EXPECT_EQ(*run.vocab_size, 8192);
  EXPECT_EQ(*run.val_tokens, 40540160);
  EXPECT_EQ(run.hyperparameters.at("eval_only_path").value, "");
  EXPECT_DOUBLE_EQ(*run.gptq_reserve_s, 12);
  EXPECT_EQ(*run.train_time_ms, 588047);
  EXPECT_EQ(*run.steps, 4550);
  EXPECT_EQ(*run.bytes_code, 28025) << "the compressed count is the counted one";
  EXPECT_EQ(*run.bytes_total, 16003325);
  EXPECT_EQ(run.metric_name, "quantized_ttt");
  EXPECT_EQ(run.eval_time_ms, 368074);
  double warmup = 0;
  for (const PhaseLine& phase : run.phases)
    if (phase.phase == PhaseLine::Phase::warmup) warmup += phase.seconds;
  EXPECT_DOUBLE_EQ(warmup, 122.0);
}

TEST(LogReader, DoesNotMistakeEmbeddedSourceForOutput) {
  const std::string source =
      "\"\"\"\nval_loss:1.0000 val_bpb:0.5000\n\"\"\"\nimport os\nimport sys\n\ndef main():\n    return 0\n"
      "seed:7\nfinal_int8_zlib_roundtrip_exact val_loss:0.1 val_bpb:0.11111111\n    log0(f\"final val_loss:{x:.4f} "
      "val_bpb:{y:.4f}\")\n";
  const std::string text =
      source + "\n" + kBar + "\nRunning Python 3.12.3\nRunning PyTorch 2.9.1+cu128\n" + kBar + "\n" + march_run();
  const LogRun run = only_run(read_log_text("train.log", text));
  EXPECT_EQ(run.val_bpb->text, "1.22837129");
  EXPECT_EQ(*run.seed, 1337);
  EXPECT_EQ(*run.torch, "2.9.1+cu128");
  ASSERT_TRUE(run.source);
  EXPECT_EQ(run.source->first_line, 1u);
  EXPECT_EQ(run.source->bytes, source.size());
  EXPECT_EQ(run.source->sha256, sha256_hex(source));
  EXPECT_EQ(run.source->text, source);
}

TEST(LogReader, FindsSourceBehindAPreambleAndAHyperparameterBlock) {
  const std::string text = "nohup: ignoring input\nHyperparameters:\n  seed: 5\n  world_size: 8\nSource code:\n" +
                           kBar + "\nimport a\nimport b\ndef f():\n    return 1\n\n" + kBar +
                           "\nRunning Python 3.12\n" + kBar +
                           "\nval_tokens: 40540160\n1/5 val_loss: 2.0 val_bpb: 1.5\nquantized_ttt val_loss:2.1 "
                           "val_bpb:1.12345678 eval_time:5ms\n";
  const LogRun run = only_run(read_log_text("x.log", text));
  ASSERT_TRUE(run.source);
  EXPECT_EQ(run.source->first_line, 7u);
  EXPECT_EQ(*run.seed, 5);
  EXPECT_EQ(run.metric_name, "quantized_ttt");
}

TEST(LogReader, TakesADocstringOfOneLineForTheStartOfSource) {
  const std::string source = "\"Trains a model.\"\n\nimport a\nimport b\ndef f():\n    return 1\n";
  const LogRun run =
      only_run(read_log_text("x.log", source + "\n" + kBar + "\nRunning Python 3.12\n" + kBar + "\n" + march_run()));
  ASSERT_TRUE(run.source);
  EXPECT_EQ(run.source->text, source);
}

TEST(LogReader, TakesTheLastOfSeveralRuns) {
  const LogFile log = read_log_text("train.log", march_run("1", "1.30000000") + march_run("2", "1.20000000"));
  ASSERT_EQ(log.runs.size(), 2u);
  EXPECT_EQ(*log.runs[0].seed, 1);
  EXPECT_EQ(log.runs[0].val_bpb->text, "1.30000000");
  EXPECT_EQ(*log.runs[1].seed, 2);
  EXPECT_FALSE(log.same_run_twice);
  EXPECT_TRUE(read_log_text("tee.log", march_run() + march_run()).same_run_twice);
}

TEST(LogReader, CountsStartsThatNeverTrained) {
  const LogFile log = read_log_text("train.log", "Running Python 3.12\nseed:3\nRunning Python 3.12\n" + march_run());
  EXPECT_EQ(only_run(log).seed.value, 1337);
  const LogFile late = read_log_text("train.log", march_run() + "Running Python 3.12\nseed:3\n");
  EXPECT_EQ(only_run(late).seed.value, 1337);
  EXPECT_EQ(late.aborted_starts, 1u);
}

TEST(LogReader, JoinsAnEvaluationToTheTrainingAheadOfIt) {
  const LogRun run = only_run(read_log_text(
      "x.log",
      april_run() +
          "Hyperparameters:\n  seed: 42\nquantized_ttt_phased val_loss:2.7 val_bpb:1.07000001 eval_time:400000ms\n"));
  EXPECT_EQ(run.metric_name, "quantized_ttt_phased");
  EXPECT_EQ(*run.train_time_ms, 588047);
  EXPECT_EQ(*run.bytes_model, 15975300);
}

TEST(LogReader, StripsEpochPrefixesCarriageReturnsAndProgressBars) {
  std::string prefixed, windows;
  std::string line;
  for (const char c : april_run()) {
    if (c != '\n') {
      line += c;
      continue;
    }
    prefixed += "1776142360.538 " + line + "\n";
    windows += " 10%|#   |\r" + line + "\r\n";
    line.clear();
  }
  const LogFile a = read_log_text("a.txt", prefixed), b = read_log_text("b.txt", windows);
  EXPECT_TRUE(a.has_epoch_prefix);
  EXPECT_TRUE(b.has_crlf);
  for (const LogFile* log : {&a, &b}) {
    EXPECT_EQ(only_run(*log).metric_name, "quantized_ttt");
    EXPECT_EQ(*only_run(*log).train_time_ms, 588047);
    EXPECT_EQ(*only_run(*log).world_size, 8);
  }
}

TEST(LogReader, AnswersForAnyBytes) {
  const LogFile nul = read_log_text("x.log", std::string("seed:1\0\n\xff\xfe\nstep:1/2 val_loss:", 27));
  EXPECT_TRUE(nul.has_nul);
  EXPECT_TRUE(nul.has_invalid_utf8);
  EXPECT_TRUE(nul.ends_without_newline);
  EXPECT_FALSE(read_log_text("x.log", "").is_run_log());
  EXPECT_FALSE(read_log_text("requirements.txt", "torch==2.9\nnumpy\n").is_run_log());
  EXPECT_FALSE(read_log_text("x.log", "val_bpb:nan\nfinal val_loss:nan val_bpb:nan\n").is_run_log());
  const std::string long_line(200 * 1024, 'a');
  const LogFile cut = read_log_text("x.log", long_line + "\n" + march_run() + long_line);
  EXPECT_EQ(cut.long_lines, 2u);
  EXPECT_EQ(cut.lines, 21u);
  EXPECT_EQ(only_run(cut).metric_line, 20u);
}

TEST(LogReader, ReadsUtf16AndByteOrderMarks) {
  std::string wide = "\xFF\xFE";
  for (const char c : march_run()) wide += std::string{c, '\0'};
  const LogFile log = read_log_text("x.log", wide);
  EXPECT_TRUE(log.is_utf16);
  EXPECT_FALSE(log.has_nul);
  EXPECT_EQ(log.bytes, wide.size());
  EXPECT_EQ(log.sha256, sha256_hex(wide));
  EXPECT_EQ(only_run(log).metric_line, 19u);
  const LogFile marked = read_log_text("x.log", "\xEF\xBB\xBFseed:7\nstep:1/2 train_loss:2.0 train_time:5ms\n");
  EXPECT_EQ(only_run(marked).seed.value, 7);
}

TEST(LogReader, KeepsScoresInOtherFormsAside) {
  const LogFile log = read_log_text(
      "x.log", "[2026-04-19 10:28:15] TTT BPB: 1.0783\nttt_x vl:0.73961404 bpb:0.43804165\n  chunk bpb=1.2345\n");
  EXPECT_FALSE(log.is_run_log());
  ASSERT_EQ(log.runs.back().mentions.size(), 2u);
  EXPECT_EQ(log.runs.back().mentions[0].val_bpb.text, "1.0783");
  EXPECT_EQ(log.runs.back().mentions[1].val_bpb.text, "0.43804165");
}

TEST(LogReader, ReadsTruncatedLogsUpToTheirEnd) {
  const std::string whole = april_run();
  for (std::size_t size = 0; size < whole.size(); size += 7) {
    const LogFile log = read_log_text("x.log", std::string_view(whole).substr(0, size));
    EXPECT_LE(log.runs.size(), 1u);
  }
  const LogRun run = only_run(read_log_text("x.log", whole.substr(0, whole.find("Serialized"))));
  EXPECT_EQ(run.metric_name, kStepMetric);
  EXPECT_EQ(run.val_bpb->text, "1.0890");
}

TEST(LogReader, GivesTheSameAnswerHoweverTheBytesArrive) {
  const std::string path = testing::TempDir() + "pg_chunks.log";
  std::ofstream(path) << std::string(300 * 1024, 'x') << "\n" << march_run();
  const auto file = read_log(path, "x.log");
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->lines, 20u);
  EXPECT_EQ(file->long_lines, 1u);
  EXPECT_EQ(file->runs.back().metric_line, 20u);
  EXPECT_FALSE(read_log(testing::TempDir(), "folder").ok());
}

TEST(LogReader, KeepsABoundedNumberOfFacts) {
  std::string text;
  for (int i = 0; i < 20000; ++i) text += "candidate_eval:step val_loss:2.0 val_bpb:1.5\n";
  const LogFile log = read_log_text("x.log", text + march_run());
  EXPECT_TRUE(log.too_many_events);
  EXPECT_LE(log.runs.back().metrics.size(), 4096u);
  EXPECT_EQ(log.runs.back().val_bpb->text, "1.22837129");
}

struct MetricCase {
  const char* lines;
  const char* name;
  const char* bpb;
};

class ChooseMetric : public testing::TestWithParam<MetricCase> {};

TEST_P(ChooseMetric, FollowsThePriorityOfTheRecords) {
  const LogRun run = only_run(read_log_text("x.log", GetParam().lines));
  EXPECT_EQ(run.metric_name, GetParam().name);
  EXPECT_EQ(run.val_bpb->text, GetParam().bpb);
}

INSTANTIATE_TEST_SUITE_P(
    Names, ChooseMetric,
    testing::Values(
        // An experiment behind the claim does not replace it.
        MetricCase{"final_int6_sliding_window val_loss:2.5 val_bpb:1.08938974 eval_time:76195ms\nfinal_int6_ttt "
                   "val_loss:3.0 val_bpb:1.33603200 eval_time:405410ms\n",
                   "final_int6_sliding_window", "1.08938974"},
        // The alias repeats the sliding value.
        MetricCase{"final_int6_sliding_window_exact val_loss:1.9 val_bpb:1.11437394\nfinal_int8_zlib_roundtrip_exact "
                   "val_loss:1.9 val_bpb:1.11437394\n",
                   "final_int6_sliding_window_exact", "1.11437394"},
        MetricCase{"final_int8_zlib_roundtrip_exact val_loss:2.1 val_bpb:1.2\nfinal_int8_zlib_roundtrip_exact sliding "
                   "val_loss:2.02124749 sliding val_bpb:1.19709881\n",
                   "final_int8_zlib_roundtrip_exact sliding", "1.19709881"},
        MetricCase{"final_sliding_window_eval_exact stride:64 val_loss:2.02215627 "
                   "val_bpb:1.19763674\nfinal_int8_zlib_roundtrip_exact val_loss:2.1 val_bpb:1.3\n",
                   "final_sliding_window_eval_exact", "1.19763674"},
        MetricCase{"final_xnor_roundtrip val_loss:2.8633 val_bpb:1.5956\nfinal_sliding val_loss:2.7621 val_bpb:1.5392 "
                   "(stride=16, T=1.00) time:130598ms\n",
                   "final_sliding", "1.5392"},
        MetricCase{
            "DIAGNOSTIC post_ema val_loss:1.9 val_bpb:1.1385 eval_time:1960ms\nstep:5/5 val_loss:2.0 val_bpb:1.5956\n",
            "step val line (no post-quant metric in log)", "1.5956"},
        // The same name twice: the later one.
        MetricCase{"final_int6_sliding_window_exact val_loss:1.9 val_bpb:1.15\nfinal_int6_sliding_window_exact "
                   "val_loss:1.9 val_bpb:1.14\n",
                   "final_int6_sliding_window_exact", "1.14"},
        MetricCase{"ttt_sliding:done val_loss=1.889768 val_bpb=1.119230 elapsed=409.8s\nlegal_ttt val_loss:1.8898 "
                   "val_bpb:1.1192 eval_time:410268ms\n"
                   "legal_ttt_exact val_loss:1.88976776 val_bpb:1.11922988\n",
                   "legal_ttt_exact", "1.11922988"},
        MetricCase{
            "final_ngram_exact val_loss:0.5 val_bpb:0.29\nfinal_int8_zlib_roundtrip_exact val_loss:2.0 val_bpb:1.2\n",
            "final_ngram_exact", "0.29"}));

TEST(ChooseMetric, PrefersTheSiblingWithAllDecimalsAndReadsNamesWordByWord) {
  const LogRun lora = only_run(read_log_text("x.log",
                                             "final_ttt_lora val_loss:1.2 val_bpb:0.7130 eval_time:72361ms\n"
                                             "final_ttt_lora_exact val_loss:1.20381 val_bpb:0.71297118\n"));
  EXPECT_EQ(lora.val_bpb->text, "0.71297118");
  EXPECT_EQ(lora.eval_time_ms, 72361);
  EXPECT_EQ(
      only_run(read_log_text("x.log", "final_sliding_window+slot8steps val_loss:1.8 val_bpb:1.1042\n")).metric_name,
      "final_sliding_window+slot8steps");
  const LogRun skipped = only_run(read_log_text("x.log", "skipping_final_val:1 train_time:587561ms step:9824/20000\n"));
  EXPECT_EQ(*skipped.train_time_ms, 587561);
  EXPECT_EQ(*skipped.steps, 9824);
}

TEST(ChooseMetric, TakesProgressLinesForNothing) {
  const LogFile log =
      read_log_text("x.log",
                    "  sliding_eval [  0.0%] 32/121136 windows running_bpb=1.208722\n"
                    "ttt_progress: batch 778/782 batch_loss:2.7837 batch_bpb:1.1136 running_loss:2.0 running_bpb:1.1\n"
                    "ttp: b778/782 bl:2.3878 bb:1.1115 rl:2.3878 rb:1.1115 dl:9244-10426 gd:0\n"
                    "evs:rank:0 DONE val_loss=1.2 val_bpb=1.1 tokens=5 bytes=6 elapsed=1.0s\n");
  EXPECT_FALSE(log.is_run_log());
}

struct SizeCase {
  const char* lines;
  std::int64_t total, model, code;
};
class Sizes : public testing::TestWithParam<SizeCase> {};

TEST_P(Sizes, AreReadAsTheArtifactsOwn) {
  const LogRun run = only_run(read_log_text("x.log", GetParam().lines));
  EXPECT_EQ(run.bytes_total.value.value_or(-1), GetParam().total);
  EXPECT_EQ(run.bytes_model.value.value_or(-1), GetParam().model);
  EXPECT_EQ(run.bytes_code.value.value_or(-1), GetParam().code);
}

INSTANTIATE_TEST_SUITE_P(
    Lines, Sizes,
    testing::Values(
        // Without a tagged total the untagged one is the artifact's only where model + code says so.
        SizeCase{"Code size: 80288 bytes\nTotal submission size: 111648442 bytes\nSerialized model rdquant+zstd: "
                 "16558180 bytes\nTotal submission size: 16638468 bytes\n",
                 16638468, 16558180, 80288},
        SizeCase{"Serialized model: 67224983 bytes\nCode size: 58380 bytes\nTotal submission size: 67283363 bytes\n",
                 -1, -1, 58380},
        SizeCase{"artifact:15.60MB binary:97320960(13685760B) fp:2542200(2585072B) "
                 "code:70399\nbudget:15670651/16000000 (15.67/16.00MB) FITS\n",
                 15670651, 15600252, 70399},
        SizeCase{"Raw model: 85587955 bytes | Code: 70969 bytes | Total: 85658924\nINT7+zlib model: 15370972 bytes | "
                 "Total submission: 15441941 bytes\n",
                 15441941, 15370972, 70969},
        // The label of the total lies; the sum does not.
        SizeCase{"Code size: 52243 bytes\nSerialized model int6+zstd: 15810407 bytes\nTotal submission size int8+zlib: "
                 "15862650 bytes\n",
                 15862650, 15810407, 52243},
        SizeCase{
            "Total submission size: 15,999,999 bytes (1 bytes under the 16 MB limit)\nartifact_bytes:   15555017\n",
            15555017, -1, -1}));

TEST(LinePattern, MatchesWholeLinesOnly) {
  Captures c;
  EXPECT_TRUE(match_line("step:12/34 t:5ms", "step:#/# t:#ms", c));
  EXPECT_EQ(c[1], "34");
  EXPECT_FALSE(match_line("step:12/34 t:5ms ", "step:#/# t:#ms", c));
  EXPECT_TRUE(match_line("Serialized model int6+zstd-22: 5 bytes", "Serialized model %: # bytes*", c));
  EXPECT_EQ(c[0], "int6+zstd-22");
  EXPECT_TRUE(match_line("a:b:c: 7", "%: #", c));
  EXPECT_EQ(c[0], "a:b:c");
  EXPECT_TRUE(match_line("x elapsed=1.5e-3s y", "*elapsed=~s*", c));
  EXPECT_EQ(c[0], "1.5e-3");
  EXPECT_FALSE(match_line("seed:", "seed:#", c));
  EXPECT_FALSE(match_line("", "%", c));
  EXPECT_TRUE(match_line("", "*", c));
  EXPECT_FALSE(match_line(std::string(100000, 'a'), "*b*", c));
}

}  // namespace
}  // namespace pg::verify
