// What somebody sees of entities at one moment: rows, attributes, times. A query is rewritten before it is planned, so that
// counts are exact and nothing hidden can be told from order, count, or what an answer lacks.
#pragma once

#include <functional>
#include <memory>
#include <unordered_map>

#include "kernel/graph/query.h"
#include "kernel/model/policy.h"

namespace dos::model {

// What the plain rules ask of the city.
struct plain_rules {
  std::function<bool(symbol)> is_open;            // a type
  std::function<bool(entity const&)> is_brought;  // by who asks
  bool is_all_open = false;                       // for what is read because something open refers to it
};

// The attribute whose history is what was done with an entity: told as its timeline and nowhere else.
inline constexpr std::string_view act_iri = "urn:dos2030:act";

// For one call on one thread: conditions are bound when they are first needed.
class view final : public query::lens, public std::enable_shared_from_this<view> {
 public:
  view(policy_ptr p, std::shared_ptr<principal const> who, timestamp now, plain_rules rules);
  ~view() override;

  // Nothing is hidden from who asks.
  bool is_clear() const { return is_clear_; }
  bool reads(entity const& e) const override;
  bool shows(entity const& e, symbol attribute) const override;
  timestamp modified_at(entity const& e) const override;
  // Also of an attribute that is not there now. History is shown while `where` holds today, and by a grant that shows all
  // of it as long as the entity is read at all.
  bool shows_history(entity const& e, symbol attribute) const;
  // What is seen of it; itself when that is all; nothing when it is not read. Its version and when it was modified follow
  // from what is seen.
  entity_ptr masked(entity_ptr const& e) const;
  query::query narrowed(query::query q) const;

  // What indexes know of a type is what who asks may know, as long as its entities have no other type.
  bool reads_all_of(symbol type) const;
  // By the type alone nothing speaks against it.
  bool may_read(symbol type) const;

 private:
  struct rules_of_type;
  struct narrowing;
  rules_of_type const& bound(symbol type) const;
  bool reads_plainly(entity const& e) const;
  query::node_ptr narrowed(query::node_ptr const& n, narrowing const& by) const;
  bool shows_all(entity const& e, std::vector<symbol>& hidden) const;

  policy_ptr policy_;
  std::shared_ptr<principal const> who_;
  timestamp now_;
  plain_rules rules_;
  bool is_clear_ = false;
  mutable std::unordered_map<symbol, std::unique_ptr<rules_of_type>> bound_;
};
using view_ptr = std::shared_ptr<view const>;

}  // namespace dos::model
