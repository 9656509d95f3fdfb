// What a committed write changed: the unit that subscriptions, live streams and rules read, in log order.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/json.h"
#include "kernel/graph/entity.h"

namespace dos {

// Bits, so that a subscription can name several. ETSI GS CIM 009, 5.2.12 (notificationTrigger)
enum trigger : std::uint8_t {
  entity_created = 1,
  entity_updated = 2,
  entity_deleted = 4,
  attribute_created = 8,
  attribute_updated = 16,
  attribute_deleted = 32
};

struct attribute_change {
  symbol name;
  symbol dataset;
  trigger what = attribute_updated;
};

// What is now: the images are those of that position, not today's.
struct entity_change {
  std::uint64_t position = 0;  // in the log
  timestamp at;
  entity_ptr before;  // nothing when created
  entity_ptr after;   // with deleted_at set when deleted
  std::vector<attribute_change> attributes;

  bool is_deletion() const { return after->deleted_at != no_time; }
  // What the change is about: of a deletion, what there was.
  entity const& image() const { return is_deletion() && before ? *before : *after; }
};

// What was, alone: the state stays as it is.
struct history_change {
  enum class kind : std::uint8_t { observed, changed, removed, series_removed, forgotten };

  std::uint64_t position = 0;
  timestamp at;
  std::string entity;
  symbol name, dataset;           // of the attribute; empty when all of the entity is forgotten
  std::uint64_t series = 0;
  kind what = kind::observed;
  std::uint64_t first_number = 0;  // of `count` observations, one after the other
  std::uint64_t count = 0;
};

// A document of the platform itself.
struct record_change {
  std::uint64_t position = 0;
  timestamp at;
  std::string collection, key;
  std::shared_ptr<json::value const> record;  // nothing: it is gone
};

using change = std::variant<entity_change, history_change, record_change>;

inline std::uint64_t position_of(change const& c) {
  return std::visit([](auto const& one) { return one.position; }, c);
}

}  // namespace dos
