#include "reference/model/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "reference/model/feature.h"
#include "reference/model/keys.h"
#include "reference/model/parameter_spec.h"

namespace pg::model {
namespace {

template <class T>
Status wrong(std::string_view field, const T& value, std::string_view rule) {
  return Error{fmt::format("model.{} is {}: {}", field, value, rule)};
}

Status check_sizes(const Config& c) {
  constexpr int kMax = 1 << 20;
  struct Field {
    const char* name;
    int value, least, most;
  };
  for (const Field& f :
       {Field{"vocab_size", c.vocab_size, 2, 65536}, Field{"layers", c.layers, 2, 1024}, Field{"dim", c.dim, 2, kMax},
        Field{"heads", c.heads, 1, kMax}, Field{"kv_heads", c.kv_heads, 1, kMax}, Field{"hidden", c.hidden, 1, kMax},
        Field{"embedding_dim", c.embedding_dim, 0, kMax}, Field{"train_seq_len", c.train_seq_len, 1, 1 << 24},
        Field{"xsa_last_n", c.xsa_last_n, 0, c.layers}, Field{"parallel_from", c.parallel_from, -1, c.layers - 1}}) {
    if (f.value < f.least || f.value > f.most)
      return wrong(f.name, f.value, fmt::format("give a number from {} to {}", f.least, f.most));
  }
  return {};
}

Status check_heads(const Config& c) {
  if (c.dim % c.heads != 0)
    return wrong("heads", c.heads, fmt::format("model.dim = {} must be a multiple of it", c.dim));
  if (c.heads % c.kv_heads != 0)
    return wrong("kv_heads", c.kv_heads, fmt::format("model.heads = {} must be a multiple of it", c.heads));
  if (c.head_dim() % 2 != 0)
    return wrong("heads", c.heads,
                 fmt::format("the rotation needs heads of an even width, and {} / {} = {} is odd; change dim or heads",
                             c.dim, c.heads, c.head_dim()));
  // With 2 the exponent of the rescaled base, n / (n - 2), would be infinite.
  if (c.rope_dims != 0 && (c.rope_dims % 2 != 0 || c.rope_dims < 4 || c.rope_dims > c.head_dim()))
    return wrong("rope_dims", c.rope_dims,
                 fmt::format("give 0 (all) or an even number from 4 to the heads' width {}", c.head_dim()));
  return {};
}

Status check_numbers(const Config& c) {
  struct Field {
    const char* name;
    double value;
    bool positive;
  };
  for (const Field& f : {Field{"softcap", c.softcap, true}, Field{"norm_eps", c.norm_eps, true},
                         Field{"embed_init_std", c.embed_init_std, false}, Field{"q_gain_init", c.q_gain_init, false},
                         Field{"leaky_slope", c.leaky_slope, false}}) {
    if (!std::isfinite(f.value) || f.value < 0 || (f.positive && f.value == 0))
      return wrong(f.name, f.value, f.positive ? "give a number above 0" : "give a number of at least 0");
  }
  if (!std::isfinite(c.rope_base) || c.rope_base <= 1) return wrong("rope_base", c.rope_base, "give a number above 1");
  return {};
}

Status check_loop(const Config& c) {
  if (c.loop.count < 0 || c.loop.count > 64) return wrong("loop.count", c.loop.count, "give a number from 0 to 64");
  if (c.loop.count == 0) return {};
  if (c.loop.end < 0 || c.loop.end >= c.layers)
    return wrong("loop.end", c.loop.end, fmt::format("give a block from 0 to {}", c.layers - 1));
  if (c.loop.start < 0 || c.loop.start > c.loop.end)
    return wrong("loop.start", c.loop.start, fmt::format("give a block from 0 to loop.end = {}", c.loop.end));
  return {};
}

Status check_features(const Config& c) {
  std::vector<std::string_view> known;
  for (const FeatureType* type : feature_types()) known.push_back(type->name);
  for (const auto& [name, settings] : c.features) {
    const FeatureType* type = find_feature(name);
    if (type == nullptr) return Error{unknown_key("model.features", name, known)};
    for (const auto& [key, value] : settings) {
      if (std::find(type->settings.begin(), type->settings.end(), key) == type->settings.end())
        return Error{unknown_key("model.features." + name, key, type->settings)};
      if (!std::isfinite(value)) return wrong("features." + name + "." + key, value, "give a finite number");
    }
    if (Status status = type->validate(c, settings); !status) return status;
  }
  return {};
}

}  // namespace

Status Config::validate() const {
  for (Status (*check)(const Config&) : {check_sizes, check_heads, check_numbers, check_loop, check_features}) {
    if (Status status = check(*this); !status) return status;
  }
  return {};
}

Config::Order Config::order(bool looping) const {
  std::vector<int> all;
  const bool loops = looping && loop.count > 0;
  for (int i = 0; i < layers; ++i) {
    all.push_back(i);
    if (!loops || i != loop.end) continue;
    for (int again = 0; again < loop.count; ++again) {
      for (int j = loop.start; j <= loop.end; ++j) all.push_back(j);
    }
  }
  const auto middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
  return {{all.begin(), middle}, {middle, all.end()}};
}

int Config::skip_rows() const {
  const Order unrolled = order(true);
  return static_cast<int>(std::min(unrolled.encoder.size(), unrolled.decoder.size()));
}

long long Config::parameter_count() const {
  long long sum = 0;
  for (const ParameterSpec& spec : parameter_specs(*this)) sum += spec.numel();
  return sum;
}

}  // namespace pg::model
