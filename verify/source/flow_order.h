#pragma once

#include <string>
#include <vector>

#include "verify/source/flow_events.h"

namespace pg::verify::py {

struct TraceStep {
  ExprId expr = kNone;  // either
  StmtId stmt = kNone;
  std::string what;
};

// What reading found. `kind` says which mechanism; `trace` is the path of the flow, first cause first.
struct Finding {
  enum class Kind {
    adapt_then_score,        // learns from validation tokens, then scores them
    calibrate_on_val,        // statistics of unscored validation tokens go into the weights
    epochs_of_scoring,       // scores inside a loop that learns from the same tokens several times
    rescored,                // scored again behind learning from them
    per_sample,              // fresh parameters fitted to the tokens they then score (SLOT)
    throw_away,              // learns from validation tokens, the result is not used
    previous_chunk,          // learns ahead of scoring under a condition: perhaps on the tokens before
    blend_at_gold,           // probability of the gold token alone mixed with a table
    choice_by_outcome,       // the better of two scores after seeing the token
    best_of_passes,          // the best score of several passes over the same tokens
    rescored_stored,         // stored probabilities scored again with a table filled in between
    payload_answers,         // compares targets with tokens that a file brought
    late_training_data,      // reads training data behind the training loop
    late_network,            // uses the network behind the training loop
    network_used,            // uses the network ahead of it
    targets_altered,         // scores other token ids than those of the validation set
    subset_scored,           // keeps a constant number of validation tokens
    subset_beside,           // has such a part beside the whole set
    smear_across_documents,  // a model mixes each position with the one before it across documents
  };
  Kind kind;
  std::vector<TraceStep> trace;
  double confidence = 1;
  // It concerns another evaluation than the one whose line carries the claimed score.
  bool beside_claim = false;
};

// Every place where validation tokens change what later scores them, with the verdict on its order.
std::vector<Finding> find_order_violations(const Flow& flow);

// The evaluation that printed a metric of this name runs behind another one that learned from the tokens it scores.
// `metric`: as the log prints it; empty: none.
std::vector<Finding> find_rescoring(const Flow& flow, std::string_view metric);

}  // namespace pg::verify::py
