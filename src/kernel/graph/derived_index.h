// What is worked out from entities so that queries need not look at all of them. For this module only.
#pragma once

#include <cstdint>

#include "kernel/graph/entity.h"

namespace dos {

// One writer or many readers: the store's lock. Inserting twice is as good as once, and erasing what is not there does
// nothing, so that an index can be built from a moving store and then be brought up to date by a journal.
class derived_index {
 public:
  virtual ~derived_index() = default;
  virtual bool concerns(symbol attribute_name) const = 0;
  virtual void insert(std::uint32_t slot, entity const& e) = 0;
  virtual void erase(std::uint32_t slot, entity const& e) = 0;
};

}  // namespace dos
