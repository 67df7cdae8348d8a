#include "verify/submission/reach.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "verify/submission/code_diff.h"
#include "verify/submission/roles.h"
#include "verify/submission/sizes.h"

namespace pg::verify {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct File {
  std::string path, content;
};

std::string log_text(std::int64_t code, std::int64_t model, const std::string& source = {}) {
  const std::string line(100, '=');
  return (source.empty() ? "" : source + "\n" + line + "\nRunning Python 3.12\n" + line + "\n") +
         "seed:42\nstep:10/10 val_loss:2.0 val_bpb:1.2 train_time:9ms step_avg:1ms\nCode size: " +
         std::to_string(code) + " bytes\nSerialized model int8+zlib: " + std::to_string(model) +
         " bytes\nTotal submission size int8+zlib: " + std::to_string(code + model) +
         " bytes\nfinal_int8_zlib_roundtrip val_loss:2.0 val_bpb:1.2\n";
}

Submission folder(std::vector<File> files, const std::string& log = {}, const std::string& readme = {}) {
  Submission s;
  std::sort(files.begin(), files.end(), [](const File& a, const File& b) { return a.path < b.path; });
  for (const File& file : files) {
    s.folder.files.push_back({file.path, file.content.size(), {}});
    const bool code = file.path.ends_with(".py") || file.path.ends_with(".cpp") || file.path.ends_with(".cu") ||
                      file.path.ends_with(".h");
    if (code) s.code.push_back(unpack_code(file.path, file.content));
  }
  s.readme_text = readme;
  s.metadata = parse_metadata("submission.json", R"({"val_bpb": 1.2})");
  if (!log.empty()) s.logs.push_back(read_log_text("train.log", log));
  assign_roles(s);
  resolve_code(s);
  return s;
}

std::string entry_of(const Submission& s) {
  return s.entry < 0 ? "" : s.code[static_cast<std::size_t>(s.entry)].path;
}

TEST(Reach, FollowsImportsExecsAndNativeSourcesTransitively) {
  const Submission s = folder({{"fused.cpp", "#include \"fused.h\"\n"},
                               {"fused.h", "int x;\n"},
                               {"helper.py", "import deep.inner as d\n"},
                               {"deep/inner.py", "import torch\n"},
                               {"other.cpp", "int y;\n"},
                               {"prepare.py", "import helper\n"},
                               {"tok.model", "x"},
                               {"train_gpt.py",
                                "import os, torch\nfrom helper import f\nfrom torch.utils.cpp_extension import load\n"
                                "m = load(name='k', sources=['fused.cpp'])\nt = open('./tok.model')\n"}});
  EXPECT_EQ(entry_of(s), "train_gpt.py");
  EXPECT_THAT(s.reachable, ElementsAre("deep/inner.py", "fused.cpp", "fused.h", "helper.py", "tok.model"));
  EXPECT_EQ(find_code(s, "other.cpp"), nullptr) << "no script reaches it";
  EXPECT_THAT(reachable_from(s, "prepare.py"), ElementsAre("deep/inner.py", "helper.py"));
  for (const CodeReference& reference : entry_script(s)->references)
    EXPECT_NE(s.folder.find(reference.target), nullptr) << reference.target;
}

TEST(Reach, FollowsShimsAndJoinedPaths) {
  const Submission shim =
      folder({{"train_gpt.py", "exec(open(__file__.replace(\"train_gpt.py\",\"train_gpt_decode.py\")).read())"},
              {"train_gpt_decode.py", "import torch\n"}});
  EXPECT_THAT(shim.reachable, ElementsAre("train_gpt_decode.py"));
  EXPECT_EQ(shim.code[0].references[0].kind, CodeReference::Kind::exec);
  EXPECT_EQ(shim.code[0].references[0].line, 1u);
  const Submission joined =
      folder({{"human/kernel.cpp", "int x;\n"},
              {"ngram/tilt.cpp", "int x;\n"},
              {"train_gpt.py",
               "import os\nC = os.path.join(HERE, 'ngram', 'tilt.cpp')\nD = os.path.join(TMP, 'kernel.cpp')\n"}});
  EXPECT_THAT(joined.reachable, ElementsAre("ngram/tilt.cpp"))
      << "a bare name means a file of a folder that is named too";
}

TEST(Reach, SeesThroughPackedCode) {
  // base64 of "import helper\n" + padding comments.
  const Submission s = folder(
      {{"helper.py", "x = 1\n"}, {"train_gpt.py", "import base64\nexec(base64.b64decode('aW1wb3J0IGhlbHBlcgo='))\n"}});
  EXPECT_THAT(s.reachable, ElementsAre("helper.py"));
  EXPECT_EQ(entry_script(s)->references[0].line, 2u);
  EXPECT_EQ(entry_script(s)->references[0].decoded_line, 1u);
}

TEST(Reach, KeepsNoMissingImportsButMissingExecTargets) {
  const Submission s =
      folder({{"train_gpt.py", "import numpy\nimport runpy\nrunpy.run_path('gone.py')\nopen('out.bin')\n"}});
  ASSERT_EQ(s.code[0].references.size(), 1u);
  EXPECT_EQ(s.code[0].references[0].target, "gone.py");
  EXPECT_THAT(s.reachable, IsEmpty());
}

TEST(Reach, SurvivesCyclesAndPathsOutside) {
  const Submission s = folder({{"a.py", "import b\n"},
                               {"b.py", "import a, train_gpt\nopen('../../etc/x.txt')\n"},
                               {"train_gpt.py", "import a\n"}});
  EXPECT_THAT(s.reachable, ElementsAre("a.py", "b.py"));
}

TEST(Entry, IsTrainGptUnlessTheLogsCountAnotherScript) {
  const std::string small = "import torch\n", large = "import torch\nprint(1)\n";
  const auto choose = [&](std::int64_t code, const std::string& source = {}) {
    return entry_of(folder({{"train_gdn.py", large}, {"train_gpt.py", small}}, log_text(code, 1000, source)));
  };
  EXPECT_EQ(choose(static_cast<std::int64_t>(small.size())), "train_gpt.py");
  EXPECT_EQ(choose(static_cast<std::int64_t>(large.size())), "train_gdn.py");
  EXPECT_EQ(choose(5), "train_gpt.py") << "neither counted: the standard name";
  const Submission shim = folder({{"train_gpt.py", "exec(open('real.py').read())"}, {"real.py", large}},
                                 log_text(static_cast<std::int64_t>(large.size()), 1000));
  EXPECT_EQ(entry_of(shim), "train_gpt.py") << "it leads to the script that was counted";
}

TEST(Entry, WithoutTrainGptGoesByLogsLikenessReadmeAndSize) {
  const std::string a = "import torch\nimport os\nimport re\na = 1\nb = 2\nc = 3\n",
                    b = "import numpy\n" + std::string(80, '#') + "\nx = 1\n";
  EXPECT_EQ(entry_of(folder({{"only.py", a}})), "only.py");
  EXPECT_EQ(entry_of(folder({{"train_a.py", a}, {"train_b.py", b}}, log_text(static_cast<std::int64_t>(a.size()), 9))),
            "train_a.py");
  EXPECT_EQ(entry_of(folder({{"train_a.py", a}, {"train_b.py", b}},
                            log_text(1, 9, "import torch\nimport os\nimport re\na = 1\nb = 2\nc = 4"))),
            "train_a.py");
  EXPECT_EQ(
      entry_of(folder({{"train_a.py", a}, {"train_b.py", b}}, {}, "run `torchrun --nproc_per_node=8 train_a.py`")),
      "train_a.py");
  EXPECT_EQ(entry_of(folder({{"train_a.py", a}, {"train_b.py", b}, {"zz.py", a + b}})), "train_b.py");
  EXPECT_EQ(entry_of(folder({{"train_gpt.py", ""}, {"train_x.py", a}})), "train_x.py");
  EXPECT_EQ(entry_of(folder({{"train_gpt.py", ""}})), "");
}

TEST(Sizes, CountsFourWays) {
  const std::string helper(500, '#'), script = "import helper\nt = open('tok.model')\n";
  const Submission s = folder({{"helper.py", helper}, {"tok.model", "12345"}, {"train_gpt.py", script}},
                              log_text(40, 1'000'000) + "Code size (compressed): 30 bytes\n");
  const SizeTable t = size_table(s);
  EXPECT_EQ(t.as_logged->bytes, 1'000'040);
  EXPECT_EQ(t.as_shipped->bytes, 1'000'000 + static_cast<std::int64_t>(script.size()));
  EXPECT_EQ(t.as_packed->bytes, 1'000'030);
  EXPECT_EQ(t.reachable->bytes, t.as_shipped->bytes + 500);
  ASSERT_EQ(t.reached_data.size(), 1u);
  EXPECT_EQ(t.reached_data[0].bytes, 5u);
  EXPECT_FALSE(t.from_claim);
}

TEST(Sizes, TakesALaterModelInsteadOfTheTotalBeforeIt) {
  const Submission s =
      folder({{"train_gpt.py", "x"}}, log_text(10, 24'000'000) + "Serialized model GPTQ+brotli: 15000000 bytes\n");
  EXPECT_EQ(size_table(s).as_logged->bytes, 15'000'010);
}

TEST(Sizes, DoesNotOverflow) {
  EXPECT_EQ(add_bytes(INT64_MAX, 5), INT64_MAX);
  EXPECT_EQ(size_margin(15'987'547, 16'000'000), "15,987,547 of 16,000,000, 12,453 bytes left");
  EXPECT_EQ(size_margin(16'054'963, 16'000'000), "16,054,963 of 16,000,000, 54,963 bytes over");
}

TEST(CodeDiff, CountsLinesAsASetAndIgnoresOneNewlineAtTheEnd) {
  const LineDiff same = diff_lines("a\nb\n", "a\nb");
  EXPECT_EQ(same.only_a + same.only_b + same.first_a, 0u);
  const LineDiff moved = diff_lines("a\nb\nc", "b\na\nc");
  EXPECT_EQ(moved.only_a, 0u);
  EXPECT_EQ(moved.first_a, 1u);
  const LineDiff changed = diff_lines("a\nb\nc\nd", "a\nX\nc");
  EXPECT_EQ(changed.only_a, 2u);
  EXPECT_EQ(changed.only_b, 1u);
  EXPECT_EQ(changed.first_a, 2u);
  EXPECT_DOUBLE_EQ(changed.changed(), 0.5);
  EXPECT_EQ(line_at("a\nbb\nc", 2), "bb");
  EXPECT_EQ(line_at("a", 5), "");
  EXPECT_EQ(diff_lines("a\r\nb", "a\nb").only_a, 0u);
}

}  // namespace
}  // namespace pg::verify
