#pragma once

#include <string>
#include <vector>

#include "reference/model/model.h"
#include "reference/optim/config.h"

namespace pg::optim {

// Which optimizer trains which parameter (optim.md 2, rules of the baseline and #1394).
struct Routing {
  std::vector<model::Parameter> matrices;    // Muon; in the order of the model
  std::vector<model::Parameter> embeddings;  // AdamW at the embedding's rate
  std::vector<model::Parameter> head;        // Adam
  std::vector<model::Parameter> scalars;     // AdamW
};

// Two-dimensional parameters of blocks go to Muon unless their name says that they are control tensors; the projections
// of a factorised embedding as well (the originals, which do not use them, forgot them). Tables (*embed.weight,
// tok_emb.weight) are embeddings, lm_head.weight is the head, everything else a scalar. Empty parameters go nowhere.
Routing route(const std::vector<model::Parameter>& parameters, const Config& config);

}  // namespace pg::optim
