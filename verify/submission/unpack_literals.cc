#include "verify/submission/unpack_literals.h"

#include <algorithm>
#include <array>
#include <string>

namespace pg::verify {
namespace {

constexpr std::size_t kMinLiteral = 200;

enum : std::uint8_t { kHex = 1, kB32 = 2, kB64 = 4, kB85 = 8, kA85 = 16 };

constexpr std::array<std::uint8_t, 256> make_alphabets() {
  std::array<std::uint8_t, 256> table{};
  const auto add = [&](std::string_view characters, std::uint8_t bit) {
    for (const char c : characters) table[static_cast<unsigned char>(c)] |= bit;
  };
  add("0123456789abcdefABCDEF", kHex);
  add("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567=", kB32);
  add("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=", kB64);
  add("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~", kB85);
  for (int c = '!'; c <= 'u'; ++c) table[c] |= kA85;
  add("z~", kA85);
  for (const char c : {'\n', '\r'}) table[static_cast<unsigned char>(c)] = 0xFF;  // wrapped lines
  return table;
}
constexpr auto kAlphabets = make_alphabets();

struct Group {
  std::size_t first = 0, last = 0;  // tokens, inclusive
  std::uint64_t body_bytes = 0;
  std::uint8_t alphabets = 0;  // that hold all its characters
};

std::uint8_t alphabets_of(std::string_view text) {
  std::uint8_t allowed = 0xFF;
  for (const char c : text) {
    allowed &= kAlphabets[static_cast<unsigned char>(c)];
    if (allowed == 0) return 0;
  }
  return allowed;
}

// Whether the token stands between two pieces of one list or sum of literals.
bool is_joint(const PyTokens& tokens, std::size_t at) {
  return tokens.is_op(at, ',') || tokens.is_op(at, '+');
}

template <class Visit>
void each_group(const PyTokens& tokens, Visit&& visit) {
  for (std::size_t at = 0; at + 1 < tokens.size();) {
    if (!tokens.is_string(at)) {
      ++at;
      continue;
    }
    Group group{at, at, 0, 0xFF};
    for (std::size_t next = at; tokens.is_string(next); next = is_joint(tokens, next) ? next + 1 : next) {
      // A docstring is left at its first blank, so this costs next to nothing in plain code.
      group.alphabets &= alphabets_of(tokens.source().substr(tokens[next].body, tokens[next].body_length));
      group.body_bytes += tokens[next].body_length;
      group.last = next;
      ++next;
    }
    at = group.last + 1;
    if (group.body_bytes >= kMinLiteral && group.alphabets != 0) visit(group);
  }
}

Span span_of_group(const PyTokens& tokens, const Group& group) {
  const std::uint64_t start = tokens[group.first].offset;
  return tokens.span(start, tokens[group.last].offset + tokens[group.last].length - start);
}

// The code that a text decodes to in one step more, if any.
PyValuePtr open_literal(const std::string& text, std::uint8_t alphabets, UnpackBudget& budget) {
  constexpr std::array<std::pair<std::uint8_t, TextCodec>, 5> kCodecs = {{{kHex, TextCodec::hex},
                                                                          {kB32, TextCodec::b32},
                                                                          {kB64, TextCodec::b64},
                                                                          {kB85, TextCodec::b85},
                                                                          {kA85, TextCodec::a85}}};
  for (const auto& [bit, codec] : kCodecs) {
    if ((alphabets & bit) == 0) continue;
    auto bytes = decode_text(codec, text, budget);
    if (!bytes) continue;
    auto value = std::make_shared<PyValue>();
    value->kind = PyValue::Kind::bytes;
    value->codecs = {codec_name(codec)};
    value->packed_bytes = text.size();
    if (looks_like_python(*bytes)) {
      value->data = std::move(*bytes);
      return value;
    }
    auto stream = decode_stream(StreamCodec::detect, *bytes, budget);
    if (!stream || !looks_like_python(stream->bytes)) continue;
    value->codecs.emplace_back(codec_name(stream->codec));
    value->data = std::move(stream->bytes);
    return value;
  }
  return nullptr;
}

}  // namespace

void add_sniffed_literals(const PyTokens& tokens, UnpackBudget& budget, std::vector<Payload>& payloads) {
  // Evaluated already, if only as something that is no code: a guess need not look at it again.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> covered;
  for (const Payload& payload : payloads)
    if (const auto& literal = payload.value->literal) covered.emplace_back(literal->offset, literal->length);
  std::sort(covered.begin(), covered.end());
  each_group(tokens, [&](const Group& group) {
    const Span span = span_of_group(tokens, group);
    const auto behind =
        std::lower_bound(covered.begin(), covered.end(), std::pair(span.offset + span.length, std::uint64_t{0}));
    if (behind != covered.begin() && std::prev(behind)->first + std::prev(behind)->second > span.offset) return;
    std::string text;
    for (std::size_t at = group.first; at <= group.last; ++at)
      if (tokens.is_string(at)) text += tokens.string_value(at);
    std::erase_if(text, [](char c) { return c == '\n' || c == '\r'; });
    PyValuePtr value = open_literal(text, group.alphabets, budget);
    if (value == nullptr) return;
    value->literal = span;
    payloads.push_back({std::move(value), false});
  });
}

std::uint64_t long_literal_bytes(const PyTokens& tokens) {
  std::uint64_t bytes = 0;
  each_group(tokens, [&](const Group& group) { bytes += span_of_group(tokens, group).length; });
  return bytes;
}

std::optional<Span> largest_packed_literal(const PyTokens& tokens) {
  std::optional<Span> largest;
  each_group(tokens, [&](const Group& group) {
    const Span span = span_of_group(tokens, group);
    if (!largest || span.length > largest->length) largest = span;
  });
  return largest;
}

}  // namespace pg::verify
