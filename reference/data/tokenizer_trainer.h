#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/result.h"

namespace pg::data {

// Trains a SentencePiece BPE model with the options of the challenge (data/download_hf_docs_and_tokenize.py): byte
// fallback, split digits, nmt_nfkc, character coverage 0.999, no dummy prefix, pad 0, bos 1, eos 2, unk 3. Returns the
// bytes of the .model file, the same for the same texts. Two differences from the script: texts longer than
// SentencePiece's limit of 4,192 bytes are cut at spaces instead of left out, and a vocabulary that the text cannot
// fill is an Error. `normalization`: a rule name of SentencePiece. About 6 s per 10 MB and 1,024 pieces on one core.
Result<std::string> train_tokenizer(const std::vector<std::string_view>& texts, std::size_t vocab_size,
                                    const std::string& normalization = "nmt_nfkc");

}  // namespace pg::data
