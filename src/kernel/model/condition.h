// A condition that a package states: q of NGSI-LD with $me, $my_organisations, $now±duration and $old.x, in the one query
// tree. What only the moment tells is bound before anything is matched.
#pragma once

#include <vector>

#include "base/time.h"
#include "kernel/access/principal.h"
#include "kernel/graph/entity.h"
#include "kernel/graph/query.h"

namespace dos::model {

struct circumstances {
  principal const& who;         // $me, $my_organisations
  timestamp now;
  entity const* old = nullptr;  // $old: the image before the change; what is compared with nothing does not hold
};

class condition {
 public:
  condition() = default;  // holds always
  explicit condition(query::node_ptr tree) : tree_(std::move(tree)) {}

  bool is_empty() const { return !tree_; }
  query::node_ptr const& tree() const { return tree_; }
  // Without variables, ready to be matched or planned; the tree itself when it has none. Never null.
  query::node_ptr bound(circumstances const& c) const;
  bool holds(entity const& e, circumstances const& c) const { return !tree_ || query::matches(*bound(c), e); }
  // Attributes of the entity that it reads, each once.
  std::vector<symbol> attributes() const;

 private:
  query::node_ptr tree_;
};

}  // namespace dos::model
