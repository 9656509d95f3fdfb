// What entities wait for: the deadlines of their types. The entities themselves tell it; a record only notes what is done.
#pragma once

#include <compare>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/record_collection.h"
#include "base/time.h"
#include "kernel/graph/entity.h"
#include "kernel/model/type.h"

namespace dos {

// What fell due and was done, though its entity still tells of it: see key_of.
inline constexpr auto timer_collection = record_collection{"timer", "kernel/city", "entity, moment and which of the deadlines"};

// One deadline of one entity.
struct timer {
  timestamp due;
  std::string entity;
  std::size_t deadline = 0;  // of its type

  auto operator<=>(timer const&) const = default;
};
// Those that an entity as it is tells of; none of a package that is off.
std::vector<timer> timers_of(model::type const& t, entity const& e);
// Of the record that notes it as done.
std::string key_of(timer const& t, model::type const& of);

}  // namespace dos
