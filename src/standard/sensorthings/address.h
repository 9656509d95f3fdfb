// Resource paths: "Things(1)/Datastreams(2)/Observations", "…/name/$value", "…/$ref". OGC 18-088, 9.2
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "standard/sensorthings/lister.h"

namespace dos::sensorthings {

struct address {
  enum class form { set, entity, property };

  address::form form = form::set;
  sensorthings::collection collection;  // set
  std::optional<item> entity;           // entity, property
  std::optional<item> parent;           // of an entity that a navigation to one led to, or of a set
  std::vector<std::string> property;    // and the path into it
  bool value = false;                   // …/$value
  bool ref = false;                     // …/$ref
  bool count = false;                   // …/$count
};

// Faults: not_found (also for entities that do not belong together), invalid.
address resolve(std::span<std::string const> segments, reader const& r);

// Nothing when it does not belong there.
std::optional<item> find_within(item const& from, navigation const& n, std::uint64_t id, reader const& r);

// "Things(12)": set and id.
struct set_and_id {
  std::string_view name;
  std::optional<std::uint64_t> id;
};
set_and_id parse_segment(std::string_view segment);

}  // namespace dos::sensorthings
