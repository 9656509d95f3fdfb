// What models, grants and constraints say of one write, whatever the door: asked on the final images at the end of the
// decision and of each of its attempts. Inside kernel/city only; see governed_write.h.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/record_collection.h"
#include "kernel/city/constraint_index.h"
#include "kernel/city/pending.h"
#include "kernel/city/timers.h"
#include "kernel/model/policy.h"

namespace dos {

// Who has used up what may be used once; key: constraint and values. They outlive the entity.
inline constexpr auto once_collection = record_collection{"once", "kernel/city", "constraint and values"};
// The last number of a type in a year.
inline constexpr auto number_collection = record_collection{"number", "kernel/city", "IRI of the type and year"};

class model_guard {
 public:
  struct parts {
    pending_write& of;
    principal const& who;
    model::registry const& models;
    model::policy const& policy;
    constraint_index& constraints;
    std::string_view city;
    std::function<entity_ptr(entity_ptr const&)> seen;  // by who writes; nothing: they may not know of it
    bool is_something_due = false;                      // for some entity
  };
  explicit model_guard(parts p) : parts_(std::move(p)) {}

  model::type const* model_of(entity const& e) const { return parts_.models.model_of(e.types); }
  // What the model itself sets when an entity begins: state, number, defaults. Faults: invalid, conflict.
  void complete(entity& e, entity_ptr const& before);
  // After it was put.
  void note_creation(std::string_view id);
  // Faults: conflict, forbidden.
  void require_history(std::string_view entity, symbol attribute);
  void require_removable(std::string_view entity);
  // See transaction::act. `put` and `erase` come back through the guarded write.
  entity_ptr act(transaction& through, std::string_view id, std::string_view action, json::object fields, acting const& how);

  // Images from `first` on, as one.
  struct mark {
    std::size_t images, acts, constraints, timers;
  };
  mark here() const { return {parts_.of.images().size(), acts_.size(), parts_.constraints.mark(), timer_changes_.size()}; }
  void check(mark const& since);
  void checked(mark const& since);
  void undo_to(mark const& m);
  // At the end of the decision: what no attempt has looked at.
  void finish();

  struct timer_change {
    bool begins;
    dos::timer what;
  };
  std::vector<timer_change> take_timer_changes() { return std::move(timer_changes_); }

  // Does what fell due for an entity before `now`, in order. True when there was something.
  bool fire_due(transaction& through, entity_ptr const& e);
  void fire(transaction& through, dos::timer const& t);
  void drop(dos::timer const& t, fault const& why);  // it is done with, and noted

 private:
  struct act_done {
    std::string id;
    model::action const* what;  // nothing: an override
    std::set<symbol> allows;
    std::vector<attribute_ptr> left = {};  // as it left them: what comes by hand afterwards is not its doing
  };
  void check_pairs(std::vector<image_pair> const& finals);
  void check_one(image_pair const& p);
  void check_creation(model::type const& m, entity const& after);
  void check_change(model::type const& m, entity const& before, entity const& after);
  void check_removal(model::type const& m, entity const& before);
  void check_values(model::type const& m, entity const* before, entity const& after, std::vector<symbol>& changed);
  void check_once(model::type const& m, entity const& after);
  void follow_timers(image_pair const& p);
  bool is_renaming(entity const& before, entity const& after) const;
  bool is_by_an_act(entity const& after, symbol attribute) const;
  void note_what_is_left();
  void end(dos::timer const& t, model::type const& m);
  bool acts_with(std::string_view id, std::function<bool(act_done const&)> const& is) const;
  void note(std::string_view id, json::object what);
  void keep_what_is_told_again(model::type const& m, entity& e, entity_ptr const& before) const;
  entity_ptr override_state(transaction& through, entity_ptr const& e, model::type const& m, json::object fields, acting const& how);
  model::writer writer() const { return {parts_.policy, parts_.who, parts_.of.now()}; }

  parts parts_;
  std::vector<act_done> acts_;
  std::vector<std::pair<std::string, std::set<symbol>>> assigned_;  // by the model, at creation
  std::vector<std::pair<std::size_t, std::size_t>> done_;
  std::vector<timer_change> timer_changes_;
  bool fires_ = false;  // what falls due is permitted to the program
};

}  // namespace dos
