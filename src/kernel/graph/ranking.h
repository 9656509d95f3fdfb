// The first entities of an order, found while they pass by in any order. For this module only.
#pragma once

#include <string>
#include <vector>

#include "kernel/graph/query.h"

namespace dos::query {

// Booleans before numbers before times before other texts; what has no value at the path comes last, also in descending
// order. Of several values the first in the order counts. Equal ones are ordered by id.
class ranking {
 public:
  ranking(std::vector<order_by> const& order, std::size_t size_max) : order_(order), size_max_(size_max) {}

  void add(entity_ptr e);
  std::vector<entity_ptr> take(std::size_t offset);  // those from `offset` to `size_max`, in order; empties the ranking
  // Metres of the last that counts, once there are `size_max`: nothing farther away can come in. Of an order by distance.
  double farthest_m();

 private:
  struct key {
    enum class rank { boolean, number, time, text, missing };
    key::rank rank = rank::missing;
    double number = 0;
    std::string text;
  };
  struct entry {
    std::vector<key> keys;
    entity_ptr entity;
  };

  key key_of(order_by const& o, entity const& e) const;
  int compare(key const& a, key const& b, bool descending) const;
  bool is_before(entry const& a, entry const& b) const;
  void cut();

  std::vector<order_by> const& order_;
  std::size_t size_max_;
  std::vector<entry> entries_;
};

}  // namespace dos::query
