#include <fmt/format.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "reference/base/decimal.h"
#include "reference/base/text.h"
#include "reference/dist/group.h"

namespace pg::dist {
namespace {

constexpr std::int64_t kMaxWorld = 1 << 16;

bool is_set(const char* name) {
  return std::getenv(name) != nullptr;
}

// The variable `name` as an integer in [low, high].
Result<int> integer(const char* name, std::int64_t low, std::int64_t high) {
  const char* text = std::getenv(name);
  if (!text)
    return Error{fmt::format("{} is not set; torchrun sets it, or set it to a number from {} to {}", name, low, high)};
  const auto value = parse_int(text);
  if (!value || *value < low || *value > high)
    return Error{
        fmt::format("{}='{}' is not a number from {} to {}; unset RANK and WORLD_SIZE to run as one process, or start "
                    "with torchrun",
                    name, escape_line(text, 40), low, high)};
  return static_cast<int>(*value);
}

}  // namespace

Result<Place> place_from_environment() {
  Place place;
  if (is_set("RANK") != is_set("WORLD_SIZE"))
    return Error{fmt::format("{} is set but {} is not; set both (torchrun does), or neither to run as one process",
                             is_set("RANK") ? "RANK" : "WORLD_SIZE", is_set("RANK") ? "WORLD_SIZE" : "RANK")};
  if (!is_set("RANK")) return place;
  const auto world = integer("WORLD_SIZE", 1, kMaxWorld);
  if (!world) return world.error();
  place.world = *world;
  const auto rank = integer("RANK", 0, place.world - 1);
  if (!rank) return rank.error();
  place.rank = *rank;
  if (is_set("LOCAL_RANK")) {
    const auto local = integer("LOCAL_RANK", 0, place.world - 1);
    if (!local) return local.error();
    place.local_rank = *local;
    place.has_local_rank = true;
  }
  if (place.world == 1) return place;
  if (!is_set("MASTER_ADDR") || std::string_view(std::getenv("MASTER_ADDR")).empty())
    return Error{"MASTER_ADDR is not set; it is the host name or address of the machine that runs rank 0"};
  if (const auto port = integer("MASTER_PORT", 1, 65535); !port) return port.error();
  return place;
}

}  // namespace pg::dist
