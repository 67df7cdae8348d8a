#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "reference/model/config.h"

namespace pg::model {

// What a parameter is for: it decides its type (model.md 0.2) and, in optim, who updates it.
enum class Role {
  kEmbedding,  // activations' type
  kLinear,     // f32, cast to the activations' type at each product
  kControl     // scales, gains, gates: f32
};

// How its initial values are drawn (model.md 2.8).
enum class Fill {
  kConstant,    // value
  kNormal,      // mean 0, standard deviation value
  kUniform,     // between -value and value
  kOrthogonal,  // rows orthonormal, or columns where there are more rows
  kFirstRowOnes
};

struct ParameterSpec {
  std::string name;  // as in a checkpoint of the Python originals
  std::vector<std::int64_t> shape;
  Role role = Role::kControl;
  Fill fill = Fill::kConstant;
  double value = 0;

  std::int64_t numel() const;
};

// A linear layer's weight [out, in] with the initialisation that the config gives to it.
ParameterSpec linear_spec(const Config& config, std::string name, std::int64_t out, std::int64_t in,
                          bool zero_init = false);

// All parameters in the order of the originals' named_parameters(). `config` must be valid.
std::vector<ParameterSpec> parameter_specs(const Config& config);

}  // namespace pg::model
