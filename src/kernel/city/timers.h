// What entities wait for: the deadlines of their types, as records. Written with what begins and ends them (model_guard), and
// by whoever changes what types declare.
#pragma once

#include <compare>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "kernel/graph/entity.h"
#include "kernel/model/type.h"

namespace dos {

// What falls due: key: entity, moment, which of the type's deadlines.
inline constexpr std::string_view timer_collection = "timer";

// One deadline of one entity.
struct timer {
  timestamp due;
  std::string entity;
  std::size_t deadline = 0;  // of its type

  std::string key() const;
  static std::optional<timer> parse(std::string_view key);
  auto operator<=>(timer const&) const = default;
};
// Those that an entity as it is waits for.
std::vector<timer> timers_of(model::type const& t, entity const& e);

}  // namespace dos
