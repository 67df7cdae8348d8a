#include "reference/data/tokenizer_trainer.h"

#include <fmt/format.h>
#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

#include <unordered_map>

#include "reference/base/text.h"

namespace pg::data {
namespace {

constexpr std::size_t kMaxSentenceBytes = 4000;

// The texts as sentences of at most kMaxSentenceBytes, cut in front of spaces (else between UTF-8 sequences).
class Sentences final : public sentencepiece::SentenceIterator {
 public:
  explicit Sentences(const std::vector<std::string_view>& texts) : texts_(texts) { Next(); }

  bool done() const override { return done_; }
  const std::string& value() const override { return sentence_; }
  sentencepiece::util::Status status() const override { return {}; }

  void Next() override {
    while (rest_.empty()) {
      if (next_ == texts_.size()) {
        done_ = true;
        return;
      }
      rest_ = texts_[next_++];
    }
    std::size_t cut = rest_.size();
    if (cut > kMaxSentenceBytes) {
      const std::size_t space = rest_.rfind(' ', kMaxSentenceBytes - 1);
      cut = space == std::string_view::npos || space == 0 ? kMaxSentenceBytes : space;
      while (cut > 1 && (static_cast<unsigned char>(rest_[cut]) & 0xC0) == 0x80) --cut;
    }
    sentence_.assign(rest_.substr(0, cut));
    for (char& c : sentence_)
      if (c == '\0') c = ' ';
    rest_.remove_prefix(cut);
  }

 private:
  const std::vector<std::string_view>& texts_;
  std::size_t next_ = 0;
  std::string_view rest_;
  std::string sentence_;
  bool done_ = false;
};

// SentencePiece's messages begin with the place in its sources and the condition: "file.cc(1) [a > b] What is wrong".
std::string_view without_place(std::string_view message) {
  const std::size_t end = message.rfind("] ");
  return end == std::string_view::npos ? message : message.substr(end + 2);
}

}  // namespace

Result<std::string> train_tokenizer(const std::vector<std::string_view>& texts, std::size_t vocab_size,
                                    const std::string& normalization) {
  if (vocab_size < 4 + 256 + 1 || vocab_size > 65536)
    return Error{
        fmt::format("a vocabulary of {} pieces: it has to be 261 (256 bytes, 4 special pieces and a character) to "
                    "65,536",
                    vocab_size)};
  const std::unordered_map<std::string, std::string> options = {{"model_type", "bpe"},
                                                                {"vocab_size", std::to_string(vocab_size)},
                                                                {"character_coverage", "0.999"},
                                                                {"byte_fallback", "true"},
                                                                {"split_digits", "true"},
                                                                {"normalization_rule_name", normalization},
                                                                {"add_dummy_prefix", "false"},
                                                                {"hard_vocab_limit", "false"},
                                                                {"pad_id", "0"},
                                                                {"bos_id", "1"},
                                                                {"eos_id", "2"},
                                                                {"unk_id", "3"},
                                                                {"num_threads", "2"},
                                                                {"minloglevel", "2"}};
  std::string model;
  sentencepiece::SentencePieceProcessor made;
  try {
    Sentences sentences(texts);
    const auto status = sentencepiece::SentencePieceTrainer::Train(options, &sentences, &model);
    if (!status.ok())
      return Error{fmt::format("SentencePiece cannot train {} pieces on this text: {}", vocab_size,
                               escape_line(without_place(status.message())))};
    const auto loaded = made.LoadFromSerializedProto(model);
    if (!loaded.ok())
      return Error{fmt::format("SentencePiece made no usable model: {}", escape_line(loaded.message()))};
  } catch (const std::exception& problem) {
    return Error{fmt::format("SentencePiece cannot train on this text: {}", escape_line(problem.what()))};
  }
  if (static_cast<std::size_t>(made.GetPieceSize()) != vocab_size)
    return Error{fmt::format("the text fills {} pieces only, not {}: use more text or a smaller vocabulary",
                             made.GetPieceSize(), vocab_size)};
  return model;
}

}  // namespace pg::data
