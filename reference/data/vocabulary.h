#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/result.h"

namespace sentencepiece {
class SentencePieceProcessor;
}

namespace pg::data {

// Ids of the challenge's tokenizers; documents begin with kBosId in the shards and have no end mark.
inline constexpr std::uint16_t kPadId = 0, kBosId = 1, kEosId = 2, kUnknownId = 3;

// U+2581, which stands for a space in pieces.
inline constexpr std::string_view kSpaceMark = "\xE2\x96\x81";

enum class PieceType { normal, control, unknown, unused, byte };

// A SentencePiece model (.model), at most 65,536 pieces because shards hold uint16. Reading from several threads is
// safe.
class Vocabulary {
 public:
  static Result<Vocabulary> load(const std::filesystem::path& path);
  // `name`: what errors call it.
  static Result<Vocabulary> from_bytes(std::string_view model, const std::string& name);
  Vocabulary(Vocabulary&&) noexcept;
  Vocabulary& operator=(Vocabulary&&) noexcept;
  ~Vocabulary();

  const std::string& name() const { return name_; }
  std::size_t size() const { return size_; }
  PieceType type(std::size_t id) const;
  std::string_view piece(std::size_t id) const;
  int bos_id() const;  // -1: the model has none

  // Ids of `text`, no BOS in front. The model normalises: what decode() gives back is the normal form of the text.
  Result<std::vector<std::uint16_t>> encode(std::string_view text) const;
  // Control pieces give no text; an id that is not below size() is an Error naming its place.
  Result<std::string> decode(std::span<const std::uint16_t> ids) const;

 private:
  Vocabulary() = default;

  std::string name_;
  std::unique_ptr<sentencepiece::SentencePieceProcessor> processor_;
  std::size_t size_ = 0;
};

}  // namespace pg::data
