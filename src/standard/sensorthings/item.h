// One entity of the standard, whatever it is in the graph: an entity, a series of one, an observation of a series.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "kernel/city/records.h"
#include "kernel/graph/entity.h"
#include "kernel/graph/entity_store.h"
#include "kernel/history/observation.h"
#include "standard/sensorthings/vocabulary.h"

namespace dos::sensorthings {

struct item {
  kind what = kind::thing;
  std::uint64_t id = 0;
  entity_ptr entity;                  // itself, or whose series it is
  series_ref series;                  // datastreams, observations, historical locations, places of their own
  record_ptr about;                   // of a datastream that was made here
  std::optional<observation> moment;  // observations and historical locations; of a place: where it was then
  bool derived = false;               // nobody made it: it follows from the entity
};

// With the series, for what is one or stands in one.
inline item make_item(kind what, std::uint64_t id, entity_ptr entity, series_ref const& series = {}) {
  auto i = item();
  i.what = what;
  i.id = id;
  i.entity = std::move(entity);
  i.series = series;
  return i;
}
inline item make_derived(kind what, std::uint64_t id, entity_ptr entity, series_ref const& series = {}) {
  auto i = make_item(what, id, std::move(entity), series);
  i.derived = true;
  return i;
}

inline bool is_alive(entity_ptr const& e) { return e && e->deleted_at == no_time; }

}  // namespace dos::sensorthings
