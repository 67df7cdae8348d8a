#include "reference/data/vocabulary.h"

#include <fmt/format.h>
#include <sentencepiece_processor.h>

#include <utility>

#include "reference/base/file.h"
#include "reference/base/text.h"

namespace pg::data {
namespace {

constexpr std::uint64_t kMaxModelBytes = 64 << 20;

}  // namespace

Vocabulary::Vocabulary(Vocabulary&&) noexcept = default;
Vocabulary& Vocabulary::operator=(Vocabulary&&) noexcept = default;
Vocabulary::~Vocabulary() = default;

Result<Vocabulary> Vocabulary::load(const std::filesystem::path& path) {
  const auto bytes = read_file(path, kMaxModelBytes);
  if (!bytes) return Error{"the tokenizer: " + bytes.error().message};
  return from_bytes(*bytes, path.string());
}

Result<Vocabulary> Vocabulary::from_bytes(std::string_view model, const std::string& name) {
  const auto bad = [&](std::string_view why) {
    return Error{
        fmt::format("{} is no SentencePiece model that can be used here: {}. Give the .model file that the shards "
                    "were made with; pgref tokenizer train makes one",
                    escape_line(name), escape_line(why))};
  };
  Vocabulary vocabulary;
  vocabulary.name_ = name;
  vocabulary.processor_ = std::make_unique<sentencepiece::SentencePieceProcessor>();
  if (model.empty()) return bad("it is empty");
  try {
    const auto status = vocabulary.processor_->LoadFromSerializedProto({model.data(), model.size()});
    if (!status.ok()) return bad(status.message());
    const int size = vocabulary.processor_->GetPieceSize();
    if (size < 1 || size > 65536) return bad(fmt::format("it has {} pieces, shards can hold 1 to 65,536", size));
    vocabulary.size_ = static_cast<std::size_t>(size);
  } catch (const std::exception& problem) {
    return bad(problem.what());
  }
  return vocabulary;
}

PieceType Vocabulary::type(std::size_t id) const {
  const int n = static_cast<int>(id);
  if (processor_->IsControl(n)) return PieceType::control;
  if (processor_->IsUnknown(n)) return PieceType::unknown;
  if (processor_->IsUnused(n)) return PieceType::unused;
  return processor_->IsByte(n) ? PieceType::byte : PieceType::normal;
}

std::string_view Vocabulary::piece(std::size_t id) const {
  return processor_->IdToPiece(static_cast<int>(id));
}

int Vocabulary::bos_id() const {
  return processor_->bos_id();
}

Result<std::vector<std::uint16_t>> Vocabulary::encode(std::string_view text) const {
  std::vector<int> ids;
  const auto status = processor_->Encode({text.data(), text.size()}, &ids);
  if (!status.ok())
    return Error{fmt::format("{} cannot encode this text: {}", escape_line(name_), escape_line(status.message()))};
  return std::vector<std::uint16_t>(ids.begin(), ids.end());
}

Result<std::string> Vocabulary::decode(std::span<const std::uint16_t> ids) const {
  for (std::size_t i = 0; i < ids.size(); ++i)
    if (ids[i] >= size_)
      return Error{fmt::format("token {} is id {}, but {} has {} pieces: it is another tokenizer's", i, ids[i],
                               escape_line(name_), size_)};
  std::string text;
  const auto status = processor_->Decode(std::vector<int>(ids.begin(), ids.end()), &text);
  if (!status.ok())
    return Error{fmt::format("{} cannot decode: {}", escape_line(name_), escape_line(status.message()))};
  return text;
}

}  // namespace pg::data
