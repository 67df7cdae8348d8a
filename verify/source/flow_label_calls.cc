// What calls give: of the module's own functions by summary, of foreign ones by name.
#include <algorithm>
#include <array>

#include "verify/source/flow_labels.h"

namespace pg::verify::py {
namespace {

using namespace label;

template <std::size_t N>
bool among(std::string_view name, const std::array<std::string_view, N>& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Layers: what goes in is embedded or mixed by weights; a table's answer does not come out of them.
constexpr std::array<std::string_view, 8> kLayers = {
    "linear", "matmul", "embedding", "conv1d", "rms_norm", "layer_norm", "scaled_dot_product_attention", "einsum"};

}  // namespace

bool Labels::is_log_weight(ExprId e) const {
  if (m_.expr(e).kind != ExprKind::call) return false;
  const std::string_view name = last_part(callee_names_[e]);
  return (name == "log" || name == "log1p" || name == "log2") && !(of(e) & (kGold | kLookup | kBlend));
}

// max(a, b), or a name that holds nothing else.
bool Labels::is_maximum(ExprId e) const {
  if (m_.expr(e).kind == ExprKind::call) {
    const std::string_view name = last_part(callee_names_[e]);
    return m_.expr(e).operands.count >= 3 && (name == "max" || name == "maximum" || name == "fmax");
  }
  if (m_.expr(e).kind != ExprKind::name) return false;
  const auto defs = defs_.reaching(e);
  for (const std::uint32_t d : defs) {
    const ExprId value = defs_.def(d).value;
    if (defs_.def(d).kind != Def::Kind::value || value == kNone || m_.expr(value).kind != ExprKind::call ||
        !is_maximum(value))
      return false;
  }
  return !defs.empty();
}

bool Labels::is_model_call(ExprId call) const {
  const ExprId callee = m_.operand(call, 0);
  if (callee == kNone || m_.expr(callee).kind != ExprKind::name) return false;
  if (!program_.calls().callees(call).empty()) return false;
  if (callee_names_[call].find('.') != std::string::npos) return false;  // log_ = math.log
  const auto defs = defs_.reaching(callee);
  if (defs.empty()) return false;
  for (const std::uint32_t d : defs)
    if (defs_.def(d).kind == Def::Kind::element) return false;
  return true;
}

std::uint64_t Labels::of_own_call(ExprId e, int index) {
  std::uint64_t l = 0;
  const ExprId callee = m_.operand(e, 0);
  for (const Callee& c : program_.calls().callees(e)) {
    const Returned& r = returned_[c.function];
    const bool part = index >= 0 && !r.uneven && static_cast<std::size_t>(index) < r.parts.size();
    const std::uint64_t result = part ? r.parts[static_cast<std::size_t>(index)] : r.whole;
    // What a model keeps in its attributes (caches) is not what this call learns from: only its arguments are.
    const std::string_view method = m_.symbol(m_.functions[c.function].name);
    const bool model = m_.functions[c.function].cls != kNone && method.starts_with("forward");
    std::uint64_t own = result & kOwn & ~(model ? kVal | kTrain | kPayload | kLookup : 0);
    // A loader made of one split gives this split, whatever other instances of its class hold.
    if (c.bound > 0 && callee != kNone && m_.expr(callee).kind == ExprKind::attribute) {
      const std::uint64_t made_of = of(m_.operand(callee, 0)) & (kVal | kTrain);
      if (made_of == kVal || made_of == kTrain) own &= ~((kVal | kTrain) ^ made_of);
      if (made_of == 0 && round_ < kSettled && (own & kVal) && (own & kTrain)) {
        own &= ~(kVal | kTrain);  // what the receiver is made of may not have arrived yet
        withheld_ = true;
      }
    }
    l |= own;
    const std::uint32_t count = m_.functions[c.function].parameters.count;
    for (std::uint32_t i = 0; i < count && i < kMaxParameters; ++i) {
      if (!(result >> (kParameterShift + i) & 1)) continue;
      if (i < c.bound && callee != kNone && m_.expr(callee).kind == ExprKind::attribute) {
        l |= labels_[m_.operand(callee, 0)];
        continue;
      }
      const ExprId argument = program_.calls().argument(e, c, i);
      if (argument != kNone && argument < labels_.size()) l |= labels_[argument];
    }
    if (m_.symbol(m_.functions[c.function].name) == "__init__")  // an instance holds what it was made of
      for (std::uint32_t i = 1; i < m_.expr(e).operands.count; ++i) l |= labels_[m_.operand(e, i)];
  }
  return l;
}

// multinomial(p), x.long(), int(x), x.astype(np.int64), x.to(torch.int64): token ids, not probabilities.
bool Labels::makes_integers(ExprId e, std::string_view name) const {
  if (name == "long" || name == "int" || name == "multinomial" || name == "argmax") return true;
  if (name != "astype" && name != "to" && name != "array" && name != "asarray" && name != "type") return false;
  for (std::uint32_t i = 1; i < m_.expr(e).operands.count; ++i) {
    const std::string_view text = m_.text(m_.operand(e, i));
    if (text.size() < 60 &&
        (text.find("int64") != std::string_view::npos || text.find("int32") != std::string_view::npos ||
         text.find("int16") != std::string_view::npos || text.find(".long") != std::string_view::npos))
      return true;
  }
  return false;
}

std::uint64_t Labels::of_foreign_call(ExprId e, std::uint64_t arguments) {
  const std::string& qualified = callee_names_[e];
  const std::string_view name = last_part(qualified);
  const ExprId callee = m_.operand(e, 0);
  const bool method = callee != kNone && m_.expr(callee).kind == ExprKind::attribute;
  const std::uint64_t receiver = method ? labels_[m_.operand(callee, 0)] : 0;
  const FunctionId f = defs_.function_of(e);
  if (about_shape_[e]) return 0;
  if (makes_integers(e, name)) return (receiver | arguments) & ~(kGold | kProb | kBlend | kOptimizer);
  if (name == "cross_entropy" || name == "nll_loss") return (arguments & ~(kLookup | kProb)) | kGold;
  if (name == "gather" || name == "take_along_dim" || name == "take_along_axis") {
    const std::uint64_t all = receiver | arguments;
    return concrete(all, f) & kProb ? (all & ~(kLookup | kProb)) | kGold : all;
  }
  if (name == "decompress" || name == "frombuffer" || name == "read_bytes" || name == "fromfile" ||
      name == "b85decode") {
    const std::uint64_t all = receiver | arguments;
    return concrete(all, f) & (kVal | kTrain) ? all : all | kPayload;
  }
  if (name == "log_softmax" || name == "softmax") return receiver | arguments | kProb;
  if (among(name, kLayers) || (name == "logsumexp" && concrete(receiver | arguments, f) & kProb))
    return (receiver | arguments) & ~(kLookup | kOptimizer);
  if (qualified.starts_with("torch.optim.") || qualified.starts_with("optim."))
    return qualified.find("lr_scheduler") != std::string::npos ? 0 : arguments | kOptimizer;
  if (name == "get" && method && qualified.find("environ") == std::string::npos) {
    const ExprId key = m_.operand(e, 1);
    if (key != kNone && concrete(labels_[key], f) & (kVal | kTrain))
      return receiver | (labels_[key] & ~(kGold | kBlend | kProb)) | kLookup;
  }
  if (name == "where" && m_.expr(e).operands.count == 4)
    return combine(e, labels_[m_.operand(e, 2)], labels_[m_.operand(e, 3)]);
  if (name == "logaddexp" && m_.expr(e).operands.count >= 3)
    return combine(e, labels_[m_.operand(e, 1)], labels_[m_.operand(e, 2)]);
  if ((name == "stack" || name == "cat") && m_.operand(e, 1) != kNone) {
    std::uint64_t l = arguments;
    const auto items = m_.operands(m_.operand(e, 1));
    for (std::size_t i = 0; i + 1 < items.size() && i < 32; ++i)
      if (items[i] != kNone && items[i + 1] != kNone) l |= combine(e, labels_[items[i]], labels_[items[i + 1]]);
    return l;
  }
  if (is_model_call(e)) {
    int token_arguments = 0;
    for (std::uint32_t i = 1; i < m_.expr(e).operands.count; ++i)
      token_arguments += (concrete(labels_[m_.operand(e, i)], f) & (kVal | kTrain)) != 0;
    if (token_arguments >= 1) arguments |= kProb;
    if (token_arguments >= 2) arguments |= kGold;
    return arguments & ~kOptimizer;
  }
  return (receiver | arguments) & ~kOptimizer;
}

std::uint64_t Labels::of_call(ExprId e) {
  std::uint64_t arguments = 0;
  for (std::uint32_t i = 1; i < m_.expr(e).operands.count; ++i) arguments |= labels_[m_.operand(e, i)];
  const auto callees = program_.calls().callees(e);
  if (callees.empty()) return of_foreign_call(e, arguments);
  std::uint64_t l = of_own_call(e, -1);
  bool certain = false;
  for (const Callee& c : callees) {
    certain |= c.certain;
    const ClassId cls = m_.functions[c.function].cls;
    if (cls == kNone || m_.symbol(m_.functions[c.function].name) != "__init__") continue;
    for (const ExprId base : m_.bases(cls))
      if (last_part(m_.dotted_name(base)) == "Optimizer") l |= kOptimizer;
  }
  return certain ? l : l | of_foreign_call(e, arguments);
}

}  // namespace pg::verify::py
