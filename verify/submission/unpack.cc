#include "verify/submission/unpack.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "reference/base/sha256.h"
#include "reference/base/text.h"
#include "verify/submission/unpack_decoders.h"
#include "verify/submission/unpack_eval.h"
#include "verify/submission/unpack_literals.h"
#include "verify/submission/unpack_references.h"

namespace pg::verify {
namespace {

// Text outside packed literals that still counts as a wrapper and not as a script of its own.
constexpr std::uint64_t kWrapperBytes = 4096;

// Decoded code found in one layer: one literal's (or sibling file's) code, unwrapped to the end.
struct Piece {
  std::vector<CodeLayer> layers;  // this layer's first, nested ones behind
  std::string source;
  std::string chain;
  std::vector<CodeReference> references;  // lines in `source`
};

struct Layer {
  std::vector<Piece> pieces;
  std::string opaque;
  std::vector<CodeReference> references;  // of the layer's own text
  bool wrapper = false;                   // its text is nothing but the packed code and what unpacks it
};

std::string chain_of(const PyValue& value) {
  std::string chain;
  for (auto codec = value.codecs.rbegin(); codec != value.codecs.rend(); ++codec)
    chain.append(chain.empty() ? "" : "+").append(*codec);
  return chain;
}

// The code in decoded text: itself, or the string values of a JSON object {"file name": "source"}, one behind the
// other. What is executed is code if it is text at all. Empty where it is no code.
std::string code_in(const std::string& data, bool executed) {
  if (data.empty() || !looks_like_text(data)) return {};
  if (data[0] == '{' && data.size() <= (16u << 20)) {
    const auto bundle = nlohmann::json::parse(data, nullptr, false);
    std::string code;
    if (bundle.is_object()) {
      for (const auto& [name, content] : bundle.items()) {
        if (!content.is_string()) return {};
        const auto& text = content.get_ref<const std::string&>();
        if (!text.empty()) code.append(code.empty() ? "" : "\n").append(text);
      }
      return looks_like_python(code) ? code : std::string();
    }
  }
  return executed || looks_like_python(data) ? data : std::string();
}

class Unpacker {
 public:
  Unpacker(std::string_view path, const SiblingReader& read_sibling) : path_(path), read_sibling_(read_sibling) {}

  Layer unpack(std::string_view text, int depth) {
    Layer layer;
    const PyTokens tokens(text);
    if (tokens.cut_off()) {
      layer.opaque = "longer than " + with_commas(PyTokens::kMaxTokens) + " tokens";
      return layer;
    }
    PyEvaluator evaluator(tokens, path_, read_sibling_, budget_);
    evaluator.run();
    layer.references = find_references(tokens);
    for (CodeReference& reference : evaluator.references) layer.references.push_back(std::move(reference));

    std::vector<Payload> chosen = choose(evaluator.payloads);
    add_sniffed_literals(tokens, budget_, chosen);
    std::string failure;
    std::uint64_t packed = 0;
    for (const Payload& payload : chosen) {
      std::string code = code_in(payload.value->data, payload.executed);
      const Span literal = payload.value->literal.value_or(Span{0, 0, 1, 1});
      if (code.empty()) {
        if (payload.executed && failure.empty())
          failure = place(literal) + "runs decoded bytes (" + chain_of(*payload.value) + ") that are no Python source";
        continue;
      }
      packed += literal.length;
      add_piece(layer, *payload.value, literal, std::move(code), depth, failure);
    }
    const std::uint64_t plain = text.size() - std::min<std::uint64_t>(packed, text.size());
    layer.wrapper = !layer.pieces.empty() && plain <= kWrapperBytes;
    if (layer.pieces.empty() && failure.empty()) failure = why_opaque(tokens, evaluator);
    // A script of its own whose packed extra cannot be read is still a script that can be read.
    if (!failure.empty() && (layer.pieces.empty() ? unpacked_text(tokens) <= kWrapperBytes : layer.wrapper))
      layer.opaque = failure;
    return layer;
  }

 private:
  static std::string place(const Span& span) { return "line " + std::to_string(span.line) + ": "; }

  // One payload per literal (or sibling file): the one with the most decoding behind it, the last where several have.
  static std::vector<Payload> choose(std::vector<Payload>& payloads) {
    std::map<std::pair<std::string, std::uint64_t>, Payload> best;
    for (Payload& payload : payloads) {
      const PyValue& value = *payload.value;
      Payload& held = best[{value.sibling, value.literal ? value.literal->offset : 0}];
      const bool executed = payload.executed || (held.value != nullptr && held.executed);
      if (held.value == nullptr || value.codecs.size() >= held.value->codecs.size()) held = std::move(payload);
      held.executed = executed;
    }
    std::vector<Payload> chosen;
    for (auto& [key, payload] : best) chosen.push_back(std::move(payload));
    return chosen;
  }

  void add_piece(Layer& layer, const PyValue& value, const Span& literal, std::string code, int depth,
                 std::string& failure) {
    Piece piece;
    piece.chain = chain_of(value);
    piece.layers.push_back({piece.chain, literal, value.packed_bytes, value.data.size()});
    if (depth + 1 >= budget_.limits().max_depth) {
      failure =
          place(literal) + "more than " + std::to_string(budget_.limits().max_depth) + " wrappers inside each other";
      return;
    }
    Layer inner = unpack(code, depth + 1);
    if (!inner.opaque.empty()) {
      failure = place(literal) + "inside the decoded code, " + inner.opaque;
      return;
    }
    if (!inner.wrapper) {
      piece.references = std::move(inner.references);
      piece.source = std::move(code);
    }
    for (Piece& nested : inner.pieces) {
      if (!piece.source.empty()) piece.source += '\n';
      piece.source += nested.source;
      if (inner.wrapper && &nested == &inner.pieces.front()) piece.chain += "+" + nested.chain;
      for (CodeLayer& nested_layer : nested.layers) piece.layers.push_back(std::move(nested_layer));
      for (CodeReference& reference : nested.references) piece.references.push_back(std::move(reference));
    }
    layer.pieces.push_back(std::move(piece));
  }

  // Bytes of text outside the long literals.
  static std::uint64_t unpacked_text(const PyTokens& tokens) {
    return tokens.source().size() - std::min<std::uint64_t>(long_literal_bytes(tokens), tokens.source().size());
  }

  // Why a layer without decoded code may still hide some; empty where it is plain.
  static std::string why_opaque(const PyTokens& tokens, const PyEvaluator& evaluator) {
    for (const DecodeFailure& failed : evaluator.failures) {
      const std::uint64_t length = failed.literal ? failed.literal->length : 0;
      // A sibling may as well hold a model; a literal that makes up half of the script is the script.
      const bool code = failed.sibling.empty() ? length * 2 >= tokens.source().size() : evaluator.executes;
      if (failed.executed || code)
        return place(failed.literal.value_or(Span{0, 0, 1, 1})) + "decoding (" + failed.codec +
               ") failed: " + failed.message;
    }
    if (!evaluator.executes) return {};
    const std::optional<Span> literal = largest_packed_literal(tokens);
    if (literal && literal->length * 2 >= tokens.source().size())
      return place(*literal) + "runs code from a literal of " +
             with_commas(static_cast<std::int64_t>(literal->length)) + " bytes that no known decoder opens";
    return {};
  }

  std::string path_;
  const SiblingReader& read_sibling_;
  UnpackBudget budget_;
};

// Puts a packed file's source, segments and references together from its pieces.
void assemble(CodeFile& file, std::string_view content, Layer layer) {
  const auto append = [&](std::string_view text, const Span& shipped, bool verbatim) {
    if (!file.source.empty()) file.source += '\n';
    file.segments.push_back({file.source.size(), text.size(), shipped, verbatim});
    file.source += text;
  };
  if (!layer.wrapper) append(content, {0, content.size(), 1, 1}, true);
  for (CodeReference& reference : layer.references) file.references.push_back(std::move(reference));
  for (Piece& piece : layer.pieces) {
    const Span& shipped = piece.layers.front().literal;
    append(piece.source, shipped, false);
    const std::uint32_t lines_before = span_of(file.source, file.segments.back().offset, 0).line - 1;
    for (CodeReference& reference : piece.references) {
      reference.decoded_line = reference.line + lines_before;
      reference.line = shipped.line;
      file.references.push_back(std::move(reference));
    }
    if (file.packed.empty()) file.packed = piece.chain;
    for (CodeLayer& step : piece.layers) file.layers.push_back(std::move(step));
  }
}

bool has_ending(std::string_view path, std::initializer_list<std::string_view> endings) {
  const std::string lower = to_lower(path);
  return std::any_of(endings.begin(), endings.end(), [&](std::string_view ending) { return lower.ends_with(ending); });
}

}  // namespace

CodeFile unpack_code(std::string_view path, std::string_view content, const SiblingReader& read_sibling) {
  CodeFile file;
  file.path = path;
  file.bytes = content.size();
  file.sha256 = sha256_hex(content);
  if (has_ending(path, {".pyc", ".pyd", ".so", ".dll", ".dylib", ".o", ".a"})) {
    file.opaque = "compiled code";
    return file;
  }
  if (!looks_like_text(content)) {
    file.opaque = "line 1: not text: NUL bytes, control characters or too many bytes that are no UTF-8";
    return file;
  }
  if (has_ending(path, {".py", ".pyw"})) {
    Layer layer = Unpacker(path, read_sibling).unpack(content, 0);
    file.opaque = std::move(layer.opaque);
    if (!file.opaque.empty() || layer.pieces.empty()) {
      file.references = std::move(layer.references);
    } else {
      assemble(file, content, std::move(layer));
    }
  } else {
    file.references = find_includes(content);
  }
  if (file.opaque.empty() && file.segments.empty()) file.source = content;
  file.decoded_bytes = file.source.size();
  return file;
}

CodeFile unpack_code(std::string_view path, std::string_view content) {
  return unpack_code(path, content, {});
}

Span CodeFile::shipped_position(std::uint64_t source_offset) const {
  for (const SourceSegment& segment : segments) {
    if (source_offset > segment.offset + segment.length) continue;
    if (!segment.verbatim) return segment.shipped;
    return span_of(source, source_offset, 0);
  }
  if (!segments.empty()) return segments.back().shipped;
  return span_of(source, std::min<std::uint64_t>(source_offset, source.size()), 0);
}

}  // namespace pg::verify
