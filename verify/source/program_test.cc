#include "verify/source/program.h"

#include <gtest/gtest.h>

#include <string>

namespace pg::verify::py {
namespace {

constexpr std::string_view kHead =
    "import os, sys\n"
    "class Hyperparameters:\n"
    "    ttt_enabled = bool(int(os.environ.get('TTT_ENABLED', '0')))\n"
    "    ngram = os.getenv('NGRAM', '1') == '1'\n"
    "    mode = os.environ.get('MODE', 'a').lower()\n"
    "    depth = int(os.environ.get('DEPTH', 2 * 3))\n"
    "    lr = float(os.environ.get('LR', 1e-3))\n";

// Whether the call `mark(name)` in the source is reached.
class Reading {
 public:
  explicit Reading(std::string source, Settings settings = {})
      : source_(std::move(source)), settings_(std::move(settings)), program(source_, settings_) {}

  ExprId mark(std::string_view text) const {
    const Module& m = program.module();
    for (ExprId id = 0; id < m.exprs.size(); ++id) {
      if (m.text(id) == text) return id;
    }
    ADD_FAILURE() << "no " << text;
    return 0;
  }
  Truth reached(std::string_view text) const { return program.runs_expr(mark(text)); }

 private:
  std::string source_;
  Settings settings_;

 public:
  Program program;
};

Settings command(std::string_view text) {
  Settings s;
  s.add_command_text("run.sh", text);
  return s;
}

Settings logged(std::string_view name, std::string_view value) {
  Settings s;
  s.add_log("train.log", {{std::string(name), {std::string(value), 3}}});
  return s;
}

Value folded(std::string_view expression, std::string_view head = "", Settings settings = {}) {
  const std::string source = std::string(head) + "probe = " + std::string(expression) + "\n";
  const Program p(source, settings);
  return p.folder().fold(p.module().stmts.back().value).value;
}

std::string ttt(std::string_view condition) {
  return std::string(kHead) + "def adapt(): pass\ndef main():\n    args = Hyperparameters()\n    h = args\n    if " +
         std::string(condition) +
         ":\n        adapt()\n    else:\n        plain()\nif __name__ == '__main__':\n    main()\n";
}

TEST(Fold, ComputesConstants) {
  EXPECT_EQ(folded("2 ** 10 - 7 // 2").integer, 1021);
  EXPECT_EQ(folded("-7 // 2").integer, -4);
  EXPECT_EQ(folded("-7 % 3").integer, 2);
  EXPECT_EQ(folded("0x10 + 1_000 + int('0') + int(True)").integer, 1017);
  EXPECT_DOUBLE_EQ(folded("3 / 2 + float('0.25')").real, 1.75);
  EXPECT_EQ(folded("'a' + f'b{1 + 1}' 'c'").text, "ab2c");
  EXPECT_EQ(folded("'x' in ('x', 'y') and not 0").truth(), Truth::yes);
  EXPECT_EQ(folded("1 < 2 < 2").truth(), Truth::no);
  EXPECT_EQ(folded("'1' == \"1\"").truth(), Truth::yes);
  EXPECT_EQ(folded("'a,b'.split(',')").items.size(), 2u);
  EXPECT_EQ(folded("min(3, max(1, 2), len('abcd'))").integer, 2);
  EXPECT_EQ(folded("1 if [] else 5").integer, 5);
  EXPECT_EQ(folded("None is None").truth(), Truth::yes);
  EXPECT_FALSE(folded("2 ** 200").known());
  EXPECT_FALSE(folded("1 / 0").known());
  EXPECT_FALSE(folded("f(1)").known());
  EXPECT_FALSE(folded("-9223372036854775807 - 2").known());
}

TEST(Fold, DecidesByOneKnownSide) {
  EXPECT_EQ(folded("f() and 0").truth(), Truth::no);
  EXPECT_EQ(folded("f() or 1").truth(), Truth::yes);
  EXPECT_EQ(folded("f() and 1").truth(), Truth::unknown);
}

TEST(Fold, FollowsNamesInStraightLines) {
  EXPECT_EQ(folded("x", "x = '1'\nx = int(x)\n").integer, 1);
  EXPECT_EQ(folded("x", "x = '1'\nx = int(x)\n").kind, Value::Kind::integer);
  EXPECT_EQ(folded("x", "x = 1\nif False:\n  x = 2\n").integer, 1);
  EXPECT_FALSE(folded("x", "x = 1\nif f():\n  x = 2\n").known());
  EXPECT_FALSE(folded("x", "x = 1\nx += 1\n").known());
  EXPECT_EQ(folded("a + b", "a, (b, c) = 1, (2, 3)\n").integer, 3);
}

// The first `if` of the source.
Truth first_condition(const std::string& source) {
  const Settings none;
  const Program p(source, none);
  for (const Stmt& s : p.module().stmts) {
    if (s.kind == StmtKind::if_) return p.folder().truth(s.value);
  }
  ADD_FAILURE() << "no condition";
  return Truth::unknown;
}

TEST(Fold, DoesNotTrustWhatMayHaveChanged) {
  EXPECT_FALSE(folded("not skips", "skips = []\nskips.append(1)\n").known());
  EXPECT_EQ(folded("'a' in modes", "modes = ('a', 'b')\n").truth(), Truth::yes);
  // Assigned later in the loop, from something that mentions the name itself.
  EXPECT_EQ(
      first_condition("def f(ps):\n  h = None\n  for p in ps:\n    if h is not None: wait()\n    h = launch(p, h)\n"
                      "f(1)\n"),
      Truth::unknown);
}

TEST(Fold, SeesAttributesThatAreSetFromOutside) {
  const std::string head =
      "class A:\n  def __init__(self): self.on = False\n  def f(self):\n    if self.on: g()\n"
      "class B:\n  def __init__(self):\n    self.a = A()\n    self.on = 2\n";
  EXPECT_EQ(first_condition(head), Truth::no);
  EXPECT_EQ(first_condition(head + "    self.a.on = True\n"), Truth::unknown);
  EXPECT_EQ(first_condition(head + "def s(x): x.on = True\n"), Truth::unknown);
}

TEST(Fold, ReadsTheEnvironmentThroughHelpers) {
  const std::string head =
      "import os\n"
      "def flag(name, default=False):\n  v = os.environ.get(name)\n  if v is None: return default\n"
      "  return v.lower() in ('1', 'true')\n";
  EXPECT_EQ(folded("flag('A')", head).truth(), Truth::no);
  EXPECT_EQ(folded("flag('A', True)", head).truth(), Truth::yes);
  EXPECT_EQ(folded("flag('A')", head, command("A=1 python x.py")).truth(), Truth::yes);
  EXPECT_EQ(folded("flag('A')", head, logged("a", "True")).truth(), Truth::yes);
}

TEST(Fold, LeavesTheLaunchersVariablesOpen) {
  EXPECT_FALSE(folded("int(os.environ.get('WORLD_SIZE', '1')) > 1", "import os\n").known());
  EXPECT_FALSE(folded("'RANK' in os.environ", "import os\n").known());
}

TEST(Fold, ReadsDataclassesAndArgparse) {
  const std::string data =
      "import argparse\nfrom dataclasses import dataclass, field\n@dataclass\nclass C:\n  a: int = 3\n  b: bool = "
      "field(default=True)\n"
      "p = argparse.ArgumentParser()\np.add_argument('--n-gram', '-n', type=int, default=4)\n"
      "p.add_argument('--fast', action='store_true')\nargs = p.parse_args()\n";
  EXPECT_EQ(folded("C().a", data).integer, 3);
  EXPECT_EQ(folded("C().b", data).truth(), Truth::yes);
  EXPECT_EQ(folded("args.n_gram", data).integer, 4);
  EXPECT_EQ(folded("args.fast", data).truth(), Truth::no);
  EXPECT_EQ(folded("args.fast", data, command("python t.py --fast")).truth(), Truth::yes);
  EXPECT_EQ(folded("args.n_gram", data, command("python t.py --n-gram 0")).truth(), Truth::no);
  EXPECT_EQ(folded("c.a", data + "c = C(a=7)\n").integer, 7);
}

TEST(Program, KnowsWhatIsSwitchedOffByDefault) {
  const Reading run(ttt("args.ttt_enabled"));
  EXPECT_EQ(run.reached("adapt()"), Truth::no);
  EXPECT_EQ(run.reached("plain()"), Truth::yes);
  EXPECT_EQ(run.program.runs_function(1), Truth::no);
}

TEST(Program, KnowsWhatTheCommandSwitchedOn) {
  const Reading run(ttt("h.ttt_enabled"), command("TTT_ENABLED=1 torchrun train_gpt.py"));
  EXPECT_EQ(run.reached("adapt()"), Truth::yes);
  EXPECT_EQ(run.reached("plain()"), Truth::no);
  EXPECT_EQ(run.program.runs_function(1), Truth::yes);
  const Module& m = run.program.module();
  const auto why = run.program.why(m.expr(run.mark("adapt()")).stmt);
  ASSERT_FALSE(why.empty());
  EXPECT_EQ(why[0].kind, SettingOrigin::Kind::command);
  EXPECT_EQ(why[0].file, "run.sh");
  EXPECT_EQ(why[0].name, "TTT_ENABLED");
}

TEST(Program, BelievesTheLogBeforeTheCommand) {
  Settings settings = command("TTT_ENABLED=1 torchrun train_gpt.py");
  settings.add_log("train.log", {{"ttt_enabled", {"False", 3}}});
  EXPECT_EQ(Reading(ttt("args.ttt_enabled"), settings).reached("adapt()"), Truth::no);
}

TEST(Program, DoesNotKnowWhereSourcesDisagree) {
  const Reading run(ttt("args.ttt_enabled"), command("TTT_ENABLED=1 python a.py\nTTT_ENABLED=0 python a.py\n"));
  EXPECT_EQ(run.reached("adapt()"), Truth::unknown);
  EXPECT_EQ(run.reached("plain()"), Truth::unknown);
}

TEST(Program, NamesTheDefaultAsTheReason) {
  const Reading run(ttt("args.ttt_enabled and args.depth > 2"));
  const auto why = run.program.why(run.program.module().expr(run.mark("adapt()")).stmt);
  ASSERT_FALSE(why.empty());
  EXPECT_EQ(why[0].kind, SettingOrigin::Kind::code);
  EXPECT_EQ(why[0].line, 3u);
  EXPECT_EQ(why[0].value, "'0'");
}

TEST(Program, FollowsSettingsThroughParametersAndAttributes) {
  const std::string source =
      std::string(kHead) +
      "class E:\n    def __init__(self, ttt_enabled): self.ttt_enabled = ttt_enabled\n"
      "    def go(self):\n        if self.ttt_enabled: inner()\n"
      "def score(x, use_ngram=False):\n    if use_ngram: blend()\n    if not use_ngram: return\n    tail()\n"
      "args = Hyperparameters()\nE(args.ttt_enabled).go()\nscore(1, use_ngram=args.ngram)\n";
  const Reading off(source), on(source, command("TTT_ENABLED=1 NGRAM=0 python a.py"));
  EXPECT_EQ(off.reached("inner()"), Truth::no);
  EXPECT_EQ(on.reached("inner()"), Truth::yes);
  EXPECT_EQ(off.reached("blend()"), Truth::yes);
  EXPECT_EQ(off.reached("tail()"), Truth::yes);
  EXPECT_EQ(on.reached("blend()"), Truth::no);
  EXPECT_EQ(on.reached("tail()"), Truth::no);
}

TEST(Program, KnowsDeadCode) {
  const Reading run(
      "import sys\ndef f():\n  return 1\n  never()\ndef unused(): lost()\nf()\nx = g() if 0 else h()\n"
      "for i in range(0): loop()\nwhile 0: spin()\nsys.exit(0)\nlast()\n");
  for (const char* dead : {"never()", "lost()", "g()", "loop()", "spin()", "last()"}) {
    EXPECT_EQ(run.reached(dead), Truth::no) << dead;
  }
  EXPECT_EQ(run.reached("h()"), Truth::yes);
}

TEST(Program, ReachesWhatFrameworksCall) {
  const Reading run(
      "class M(nn.Module):\n  def forward(self, x): fwd()\n  def extra(self): ext()\nm = M()\nwrap(m)\n"
      "def cb(): hook()\nregister(cb)\nclass Unused:\n  def forward(self): gone()\n");
  EXPECT_EQ(run.reached("fwd()"), Truth::yes);
  EXPECT_EQ(run.reached("ext()"), Truth::no);
  EXPECT_EQ(run.reached("hook()"), Truth::unknown);
  EXPECT_EQ(run.reached("gone()"), Truth::no);
}

}  // namespace
}  // namespace pg::verify::py
