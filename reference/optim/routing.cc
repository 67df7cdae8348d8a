#include "reference/optim/routing.h"

#include <algorithm>

namespace pg::optim {
namespace {

bool is_control(const std::string& name, const Config& config) {
  const auto& patterns = config.control_tensor_name_patterns;
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    return !pattern.empty() && name.find(pattern) != std::string::npos;
  });
}

}  // namespace

Routing route(const std::vector<model::Parameter>& parameters, const Config& config) {
  Routing routing;
  for (const model::Parameter& p : parameters) {
    if (p.tensor.numel() == 0) continue;
    const bool matrix = p.tensor.dim() == 2 && !is_control(p.name, config);
    if (p.name == "tok_emb.weight" || p.name.ends_with("embed.weight")) {
      routing.embeddings.push_back(p);
    } else if (p.name == "lm_head.weight") {
      routing.head.push_back(p);
    } else if (matrix && (p.name.starts_with("blocks.") || p.name == "embed_proj.weight" || p.name == "head_proj.weight")) {
      routing.matrices.push_back(p);
    } else {
      routing.scalars.push_back(p);
    }
  }
  return routing;
}

}  // namespace pg::optim
