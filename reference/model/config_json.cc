#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <type_traits>

#include "reference/model/config.h"
#include "reference/model/keys.h"

namespace pg::model {
namespace {

using nlohmann::json;

// Every field under its key, once, for reading, writing and the list of known keys.
template <class C, class Visitor>
void visit_fields(C& c, Visitor&& visit) {
  visit("vocab_size", c.vocab_size);
  visit("layers", c.layers);
  visit("dim", c.dim);
  visit("heads", c.heads);
  visit("kv_heads", c.kv_heads);
  visit("hidden", c.hidden);
  visit("embedding_dim", c.embedding_dim);
  visit("tie_embeddings", c.tie_embeddings);
  visit("embed_init_std", c.embed_init_std);
  visit("softcap", c.softcap);
  visit("rope_base", c.rope_base);
  visit("rope_dims", c.rope_dims);
  visit("train_seq_len", c.train_seq_len);
  visit("q_gain_init", c.q_gain_init);
  visit("leaky_slope", c.leaky_slope);
  visit("ln_scale", c.ln_scale);
  visit("skip_gates", c.skip_gates);
  visit("xsa_last_n", c.xsa_last_n);
  visit("parallel_from", c.parallel_from);
  visit("loop", c.loop);
  visit("init", c.init);
  visit("init_through_bf16", c.init_through_bf16);
  visit("norm_eps", c.norm_eps);
  visit("features", c.features);
}

template <class C, class Visitor>
requires std::is_same_v<std::remove_const_t<C>, Loop>
void visit_fields(C& loop, Visitor&& visit) {
  visit("count", loop.count);
  visit("start", loop.start);
  visit("end", loop.end);
}

template <class C>
std::vector<std::string_view> keys_of() {
  std::vector<std::string_view> keys;
  C object;
  visit_fields(object, [&](std::string_view key, const auto&) { keys.push_back(key); });
  return keys;
}

Error expected(std::string_view what, const json& value, std::string_view where) {
  return Error{fmt::format("{} must be {}, is {}", where, what, value.dump().substr(0, 60))};
}

Status read(const json& value, int& out, std::string_view where) {
  if (!value.is_number_integer()) return expected("an integer", value, where);
  const auto number = value.get<std::int64_t>();
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > std::numeric_limits<int>::max())
    return expected("an integer below 2^31", value, where);
  if (number < std::numeric_limits<int>::min() || number > std::numeric_limits<int>::max())
    return expected("an integer below 2^31", value, where);
  out = static_cast<int>(number);
  return {};
}

Status read(const json& value, bool& out, std::string_view where) {
  if (!value.is_boolean()) return expected("true or false", value, where);
  out = value.get<bool>();
  return {};
}

Status read(const json& value, double& out, std::string_view where) {
  if (!value.is_number()) return expected("a number", value, where);
  out = value.get<double>();
  return {};
}

Status read(const json& value, Init& out, std::string_view where) {
  if (value == "default" || value == "orthogonal") {
    out = value == "default" ? Init::kDefault : Init::kOrthogonal;
    return {};
  }
  return expected(R"("default" or "orthogonal")", value, where);
}

Status read(const json& value, decltype(Config::features)& out, std::string_view where) {
  if (!value.is_object()) return expected("an object of features", value, where);
  for (const auto& [name, settings] : value.items()) {
    const std::string inside = fmt::format("{}.{}", where, name.substr(0, 60));
    if (!settings.is_object()) return expected("an object of settings", settings, inside);
    auto& mine = out[name];
    for (const auto& [key, number] : settings.items()) {
      if (Status status = read(number, mine[key], fmt::format("{}.{}", inside, key.substr(0, 60))); !status)
        return status;
    }
  }
  return {};
}

template <class C>
Status read_object(const json& object, C& out, std::string_view where);

Status read(const json& value, Loop& out, std::string_view where) {
  return read_object(value, out, where);
}

template <class C>
Status read_object(const json& object, C& out, std::string_view where) {
  if (Status status = check_keys(object, keys_of<C>(), where); !status) return status;
  Status result;
  visit_fields(out, [&](std::string_view key, auto& field) {
    const auto found = object.find(key);
    if (result.ok() && found != object.end()) result = read(*found, field, fmt::format("{}.{}", where, key));
  });
  return result;
}

json write(const Init& init) {
  return init == Init::kOrthogonal ? "orthogonal" : "default";
}

template <class T>
json write(const T& value) {
  if constexpr (std::is_same_v<T, Loop> || std::is_same_v<T, Config>) {
    json object = json::object();
    visit_fields(value, [&](std::string_view key, const auto& field) { object[std::string(key)] = write(field); });
    return object;
  } else {
    return value;
  }
}

}  // namespace

Result<Config> config_from_json(const json& model, std::string_view where) {
  Config config;
  if (Status status = read_object(model, config, where); !status) return status.error();
  if (Status status = config.validate(); !status) return Error{fmt::format("{}: {}", where, status.error().message)};
  return config;
}

json to_json(const Config& config) {
  return write(config);
}

}  // namespace pg::model
