#pragma once

#include <string>
#include <vector>

#include "reference/base/result.h"
#include "reference/data/documents.h"

namespace pg::data {

// Documents as single lines of text, in an order that does not depend on where they came from.
struct CorpusSplit {
  std::vector<std::string> train, val;
  std::size_t repeated_paragraphs = 0;  // left out because another document has them too
  std::size_t short_documents = 0;      // left out
  std::size_t near_copies = 0;          // kept out of val because train has much of their text
};

// Cleans and splits by document:
//   1. paragraphs of 80 bytes or more that occurred before are left out, then documents under `min_bytes`;
//   2. a document's SHA-256 decides: the share `val_fraction` of all hashes is validation. So a document keeps its side
//      whatever else is in the corpus, and both sides are sorted by hash, which mixes the sources;
//   3. a validation document of which more than a tenth of the runs of eight words also occur in training moves there.
// An Error if either side is empty.
Result<CorpusSplit> split_corpus(std::vector<Document> documents, double val_fraction, std::size_t min_bytes);

}  // namespace pg::data
