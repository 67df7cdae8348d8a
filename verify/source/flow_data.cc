#include "verify/source/flow_data.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "verify/source/flow_late.h"

namespace pg::verify::py {
namespace {

using Kind = Finding::Kind;
// The validation set has 62 million tokens in the smallest vocabulary of the contest and over 36 million in the
// largest.
constexpr double kFullSet = 30e6, kShortestCut = 1000;
constexpr std::size_t kMaxSteps = 48;

bool is_token_data(std::uint64_t l) {
  return (l & label::kVal) && !(l & (label::kGold | label::kProb | label::kLookup | label::kBlend | label::kTrain));
}

// The targets of a loss: cross_entropy(_, targets), nll_loss(_, targets), gather(_, index).
ExprId targets_of(const Module& m, ExprId call, std::string_view name) {
  if (name == "cross_entropy" || name == "nll_loss") return m.operand(call, 2);
  return kNone;
}

// clamp(t, max=n), t % n, t.fmod(n): ids that were too high become others.
bool changes_ids(const Flow& flow, ExprId e) {
  const Module& m = flow.module();
  const Expr& x = m.expr(e);
  if (x.kind == ExprKind::binary && x.op == Op::mod) return is_token_data(flow.labels().of(m.operand(e, 0)));
  if (x.kind != ExprKind::call) return false;
  const std::string& name = flow.labels().callee_name(e);
  const std::string_view last = last_part(name);
  const bool clamps = last == "clamp" || last == "clamp_" || last == "clip" || last == "clamp_max" ||
                      last == "clamp_max_" || last == "remainder" || last == "fmod";
  if (!clamps || !is_token_data(flow.labels().of(e))) return false;
  if (last == "clamp" || last == "clamp_" || last == "clip") {  // clamp(min=0) takes nothing away
    std::uint32_t bounds = 0;
    bool only_min = true;
    for (std::uint32_t i = 1; i < x.operands.count; ++i) {
      const ExprId a = m.operand(e, i);
      if (m.expr(a).kind == ExprKind::keyword && m.name(a) == "min") continue;
      bounds += !is_token_data(flow.labels().of(a));
      only_min = only_min && m.expr(a).kind != ExprKind::keyword && bounds < 2;
    }
    return bounds > 0 && !only_min;
  }
  return true;
}

class DataCheck {
 public:
  explicit DataCheck(const Flow& flow) : flow_(flow), m_(flow.module()) {}

  std::vector<Finding> run() {
    for (ExprId e = 0; e < m_.exprs.size() && found_.size() < 16; ++e) {
      if (m_.expr(e).stmt == kNone || !flow_.runs(m_.expr(e).stmt)) continue;
      if (m_.expr(e).kind == ExprKind::call)
        changed_targets(e);
      else if (m_.expr(e).kind == ExprKind::subscript)
        cut_short(e);
    }
    return std::move(found_);
  }

 private:
  void changed_targets(ExprId call) {
    const std::string& name = flow_.labels().callee_name(call);
    const ExprId targets = targets_of(m_, call, last_part(name));
    if (targets == kNone || !(flow_.labels().of(targets) & label::kVal)) return;
    std::vector<ExprId> open{targets};
    std::vector<std::uint32_t> seen;
    for (std::size_t i = 0; i < open.size() && open.size() < kMaxSteps; ++i) {
      for (const ExprId e : flow_.below(open[i])) {
        if (changes_ids(flow_, e)) {
          found_.push_back({Kind::targets_altered,
                            {{e, kNone, "token ids above a bound become others"},
                             {call, kNone, "and are the targets that are scored"}},
                            .75});
          return;
        }
        if (m_.expr(e).kind != ExprKind::name) continue;
        for (const std::uint32_t id : flow_.defs().reaching(e)) {
          const Def& d = flow_.defs().def(id);
          if (d.value == kNone || d.kind == Def::Kind::parameter || std::ranges::find(seen, id) != seen.end()) continue;
          seen.push_back(id);
          open.push_back(d.value);
        }
      }
    }
  }

  // val_tokens = val_tokens[:1000000]
  void cut_short(ExprId e) {
    const ExprId index = m_.operand(e, 1), object = m_.operand(e, 0);
    if (m_.expr(e).operands.count != 2 || index == kNone || m_.expr(index).kind != ExprKind::slice) return;
    const ExprId lower = m_.operand(index, 0), upper = m_.operand(index, 1);
    if (upper == kNone || !is_token_data(flow_.labels().of(object)) || !flow_.loops_around(m_.expr(e).stmt).empty())
      return;
    if (lower != kNone && m_.text(lower) != "0") return;
    // What is cut is bound to the name it is read from, or to one that stands for all the tokens.
    const Stmt& s = m_.stmts[m_.expr(e).stmt];
    if ((s.kind != StmtKind::assign && s.kind != StmtKind::return_) || s.value == kNone) return;
    const Folded& bound = flow_.program().folder().fold(upper);
    if (!bound.value.known() || !bound.value.is_number()) return;
    const double n = bound.value.number();
    if (n < kShortestCut || n >= kFullSet) return;
    // A short copy beside the whole set serves progress lines; the set itself cut short is scored.
    const ExprId from = Defs::root_name(m_, object);
    const auto targets = m_.targets(m_.expr(e).stmt);
    const bool replaced =
        s.kind == StmtKind::return_ || (from != kNone && !targets.empty() && m_.name(targets[0]) == m_.name(from));
    found_.push_back(
        {replaced ? Kind::subset_scored : Kind::subset_beside,
         {{e, kNone, "only the first " + std::to_string(static_cast<long long>(n)) + " validation tokens are kept"}},
         .7});
  }

  const Flow& flow_;
  const Module& m_;
  std::vector<Finding> found_;
};

constexpr std::array<std::string_view, 14> kNetworkCalls = {"urllib.request.urlopen",
                                                            "urllib.request.urlretrieve",
                                                            "requests.get",
                                                            "requests.post",
                                                            "httpx.get",
                                                            "huggingface_hub.hf_hub_download",
                                                            "huggingface_hub.snapshot_download",
                                                            "datasets.load_dataset",
                                                            "wget.download",
                                                            "gdown.download",
                                                            "socket.create_connection",
                                                            "torch.hub.load",
                                                            "torch.hub.download_url_to_file",
                                                            "torch.hub.load_state_dict_from_url"};

bool uses_network(const Flow& flow, ExprId call) {
  const Module& m = flow.module();
  const std::string& name = flow.labels().callee_name(call);
  if (std::ranges::find(kNetworkCalls, name) != kNetworkCalls.end()) return true;
  if (last_part(name) == "from_pretrained") {
    for (const ExprId e : flow.below(call))
      if (m.expr(e).kind == ExprKind::string && m.string_value(e).find('/') != std::string::npos) return true;
    return false;
  }
  if (!name.starts_with("subprocess.") && name != "os.system") return false;
  for (const ExprId e : flow.below(call)) {  // a command that downloads
    if (m.expr(e).kind != ExprKind::string || m.expr(e).end - m.expr(e).begin > 400) continue;
    const std::string text = m.string_value(e);
    for (const std::string_view tool : {"curl", "wget", "git clone", "aws s3", "gsutil", "huggingface-cli download"})
      if (text == tool || text.starts_with(std::string(tool) + ' ')) return true;
  }
  return false;
}

}  // namespace

std::vector<Finding> find_changed_data(const Flow& flow) {
  return DataCheck(flow).run();
}

std::vector<Finding> find_network(const Flow& flow) {
  const Module& m = flow.module();
  std::vector<Finding> found;
  for (ExprId e = 0; e < m.exprs.size() && found.size() < 8; ++e) {
    if (m.expr(e).kind != ExprKind::call || m.expr(e).stmt == kNone || !uses_network(flow, e)) continue;
    const Truth runs = flow.program().runs(m.expr(e).stmt);
    if (runs == Truth::no && !flow.runs(m.expr(e).stmt)) continue;
    const bool late = behind_training(flow, m.expr(e).stmt);
    found.push_back({late ? Kind::late_network : Kind::network_used,
                     {{e, kNone, late ? "the network is used behind the training loop" : "the network is used"}},
                     runs == Truth::yes ? .8 : .5});
  }
  return found;
}

}  // namespace pg::verify::py
