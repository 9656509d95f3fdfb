// What of a change may be shown today, whenever it was: rights are those of now, and what was erased since stays erased. Inside
// kernel/city only.
#pragma once

#include <optional>

#include "kernel/events/change.h"
#include "kernel/graph/entity_store.h"
#include "kernel/history/history.h"
#include "kernel/model/view.h"

namespace dos {

struct present {
  entity_store const& entities;
  dos::history const& history;
  model::view const& view;  // of who asks
  bool may_be_erased = true;                // false: nothing was taken out of any history since the change
};

// The change as it is in a world that holds but what `view` shows: what was hidden before is created, what is hidden
// afterwards is nobody's business, an update of hidden attributes is none.
std::optional<entity_change> masked(entity_change const& c, model::view const& view);

// Shown is what who asks may see, of that image and of the entity as it is. Of a forgotten entity it is that it went. A
// value is left out when its history has it no longer; an update of which nothing is left is none.
std::optional<entity_change> shown_today(entity_change const& c, present const& p);

}  // namespace dos
