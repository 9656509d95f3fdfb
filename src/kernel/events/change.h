// What a committed write changed: the unit that subscriptions, live streams and rules read, in log order.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

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

struct entity_change {
  std::uint64_t position = 0;  // in the log
  timestamp at;
  entity_ptr before;  // nothing when created
  entity_ptr after;   // with deleted_at set when deleted
  std::vector<attribute_change> attributes;
};

}  // namespace dos
