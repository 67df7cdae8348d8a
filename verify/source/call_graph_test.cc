#include "verify/source/call_graph.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace pg::verify::py {
namespace {

// The names of the functions that the call with this text may run, in order.
class Graph {
 public:
  explicit Graph(std::string source) : source_(std::move(source)), module(parse_python(source_)), calls(module) {}

  ExprId find(std::string_view text) const {
    for (ExprId id = static_cast<ExprId>(module.exprs.size()); id-- > 0;) {
      if (module.text(id) == text && module.expr(id).kind == ExprKind::call) return id;
    }
    ADD_FAILURE() << "no call " << text;
    return kNone;
  }
  std::vector<std::string> callees(std::string_view text) const {
    std::vector<std::string> names;
    for (const Callee& callee : calls.callees(find(text))) {
      const Function& f = module.functions[callee.function];
      std::string name = f.cls != kNone ? std::string(module.symbol(module.classes[f.cls].name)) + "." : "";
      name += f.kind == Function::Kind::lambda ? "lambda" : module.symbol(f.name);
      names.push_back(name + (callee.certain ? "" : "?"));
    }
    return names;
  }
  std::string name_of(std::string_view text) const { return calls.qualified_name(module.operand(find(text), 0)); }

 private:
  std::string source_;

 public:
  Module module;
  CallGraph calls;
};

using Names = std::vector<std::string>;

TEST(CallGraph, FollowsNamesByScope) {
  const Graph g("def f(): return g(1)\ndef g(x): pass\ndef h():\n  def g(): pass\n  g()\nf()\n");
  EXPECT_EQ(g.callees("g(1)"), Names{"g"});
  EXPECT_EQ(g.callees("f()"), Names{"f"});
  EXPECT_EQ(g.module.functions[g.calls.callees(g.find("g()"))[0].function].line, 4u);
  EXPECT_EQ(g.calls.calls_of(1).size(), 1u);
}

TEST(CallGraph, FollowsAliasesPartialsAndWrappers) {
  const Graph g(
      "import functools, torch\nfrom functools import partial as P\ndef f(a, b): pass\n"
      "g = f\nh = functools.partial(f, 1)\nk = torch.compile(P(g, 2), mode='x')\nl = lambda: 0\n"
      "g(0)\nh(2)\nk(3)\nl()\nd = {'a': f, 'b': l}\nd['a'](4)\n");
  EXPECT_EQ(g.callees("g(0)"), Names{"f"});
  EXPECT_EQ(g.callees("h(2)"), Names{"f"});
  EXPECT_EQ(g.calls.callees(g.find("h(2)"))[0].bound, 1u);
  EXPECT_EQ(g.callees("k(3)"), Names{"f"});
  EXPECT_EQ(g.callees("l()"), Names{"lambda"});
  EXPECT_EQ(g.callees("d['a'](4)"), (Names{"f?", "lambda?"}));
}

TEST(CallGraph, FollowsInstancesMethodsAndModules) {
  const Graph g(
      "import torch.nn as nn\n"
      "class Block(nn.Module):\n  def forward(self, x): return self.mix(x)\n  def mix(self, x): return x\n"
      "class GPT(nn.Module):\n  def __init__(self, n):\n    self.blocks = nn.ModuleList([Block() for _ in range(n)])\n"
      "  def forward(self, x):\n    for block in self.blocks: x = block(x)\n    return self.blocks[0](x, 1)\n"
      "model = GPT(3).to('cuda')\nmodel(ids)\nmodel.module.forward(y)\n"
      "def run(m): m(z)\nrun(model)\ndef typed(m: GPT): m(w)\nother.mix(9)\n");
  EXPECT_EQ(g.callees("GPT(3)"), Names{"GPT.__init__"});
  EXPECT_EQ(g.callees("self.mix(x)"), Names{"Block.mix"});
  EXPECT_EQ(g.callees("block(x)").at(0).substr(0, 13), "Block.forward");
  EXPECT_EQ(g.callees("self.blocks[0](x, 1)").at(0).substr(0, 13), "Block.forward");
  EXPECT_EQ(g.callees("model(ids)"), Names{"GPT.forward"});
  EXPECT_EQ(g.callees("m(z)"), Names{"GPT.forward"});
  EXPECT_EQ(g.callees("m(w)"), Names{"GPT.forward"});
  EXPECT_EQ(g.callees("other.mix(9)"), Names{"Block.mix?"});
}

TEST(CallGraph, NamesForeignCallsByTheirModules) {
  const Graph g(
      "import torch.nn.functional as F, torch, os\nfrom torch import nn\nfrom time import time as now\n"
      "F.cross_entropy(a)\nnn.Linear(b)\nnow()\nos.environ.get('X')\nx.backward()\nmin(c)\n"
      "ce = F.cross_entropy\nce(q)\n");
  EXPECT_EQ(g.name_of("F.cross_entropy(a)"), "torch.nn.functional.cross_entropy");
  EXPECT_EQ(g.name_of("nn.Linear(b)"), "torch.nn.Linear");
  EXPECT_EQ(g.name_of("now()"), "time.time");
  EXPECT_EQ(g.name_of("os.environ.get('X')"), "os.environ.get");
  EXPECT_EQ(g.name_of("min(c)"), "min");
  EXPECT_EQ(g.name_of("ce(q)"), "torch.nn.functional.cross_entropy");
  EXPECT_TRUE(g.callees("F.cross_entropy(a)").empty());
}

TEST(CallGraph, MapsArgumentsToParameters) {
  const Graph g("class A:\n  def f(self, a, b=1, *r, c=2, **k): pass\no = A()\no.f(x, y, z, c=w, q=v)\no.f(*s)\n");
  const ExprId call = g.find("o.f(x, y, z, c=w, q=v)");
  const Callee callee = g.calls.callees(call)[0];
  EXPECT_EQ(callee.bound, 1u);
  EXPECT_EQ(g.module.text(g.calls.argument(call, callee, 1)), "x");
  EXPECT_EQ(g.module.text(g.calls.argument(call, callee, 2)), "y");
  EXPECT_EQ(g.module.text(g.calls.argument(call, callee, 4)), "w");
  EXPECT_EQ(g.calls.parameter_of(call, callee, 1), 1u);
  EXPECT_EQ(g.calls.parameter_of(call, callee, 3), 3u);  // *r
  EXPECT_EQ(g.calls.parameter_of(call, callee, 4), 4u);
  EXPECT_EQ(g.calls.parameter_of(call, callee, 5), 5u);  // **k
  EXPECT_EQ(g.calls.argument(g.find("o.f(*s)"), callee, 1), kNone);
}

TEST(CallGraph, KnowsWhichFunctionsArePassedOn) {
  const Graph g("def f(): pass\ndef g(): pass\nregister(f)\ng()\n");
  EXPECT_TRUE(g.calls.escapes(1));
  EXPECT_FALSE(g.calls.escapes(2));
}

TEST(CallGraph, ListsCallsInOrderOfEvaluation) {
  const Graph g("def f():\n  a(b(1), c())\nd()\n");
  const auto calls = g.calls.calls_in(1);
  ASSERT_EQ(calls.size(), 3u);
  EXPECT_EQ(g.module.text(calls[0]), "b(1)");
  EXPECT_EQ(g.module.text(calls[2]), "a(b(1), c())");
  EXPECT_EQ(g.calls.calls_in(0).size(), 1u);
}

TEST(CallGraph, RespectsGlobalAndClassScopes) {
  const Graph g("def a(): pass\ndef set():\n  global cb\n  cb = a\nclass C:\n  a = 1\n  def m(self): a()\ncb(0)\n");
  EXPECT_EQ(g.callees("cb(0)"), Names{"a"});
  EXPECT_EQ(g.callees("a()"), Names{"a"});
}

}  // namespace
}  // namespace pg::verify::py
