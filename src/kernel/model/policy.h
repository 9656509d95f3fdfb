// The grants of somebody's roles, compiled once for a set of roles and a registry, and what they say of writing. Of reading:
// kernel/model/view.h.
//
// An entity none of whose types is granted to any role follows the plain rules (viewers read, editors write, devices bring,
// everybody reads what is marked open). Of one with granted types grants alone decide, and of each of those types one has to
// permit it. Administrators read everything, and write what the model permits.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/fault.h"
#include "kernel/graph/entity.h"
#include "kernel/model/registry.h"

namespace dos::model {

class policy {
 public:
  // Of these roles (roles_of). The registry may be null: there are no packages.
  static std::shared_ptr<policy const> of(registry_ptr r, principal const& who);

  // A grant on one type, to whom.
  struct granted {
    grant const* what;
    role const* to;
  };
  bool is_granted(symbol type) const { return registry_ && registry_->is_granted(type); }
  // That these roles have on a type.
  std::vector<granted> const& on(symbol type) const;
  registry_ptr const& registry() const { return registry_; }
  // All there are, of whomever.
  std::vector<role> const& roles() const;
  // Some grant or action lets them write, whatever their plain role.
  bool may_write_something(principal const& who) const { return writes_ || (persons_act_ && !who.subject.empty()); }

 private:
  registry_ptr registry_;
  std::unordered_map<symbol, std::vector<granted>> on_;
  bool writes_ = false;
  bool persons_act_ = false;  // some action is for whom an attribute names
};
using policy_ptr = std::shared_ptr<policy const>;

// Names of the roles that somebody has: those of packages, and the plain ones: everyone, member, viewer, device, editor.
std::vector<std::string> roles_of(principal const& who);

// Policies by plain role and roles, until the registry is another one. Any thread.
class policies {
 public:
  policy_ptr of(registry_ptr const& r, principal const& who) const;

 private:
  mutable std::mutex mutex_;
  mutable registry_ptr registry_;
  mutable std::map<std::pair<dos::role, std::vector<std::string>>, policy_ptr> by_roles_;
};

// --- writing ---

struct writer {
  policy const& of;
  principal const& who;
  timestamp now;
};

// Whether somebody may make `after` of `before`, by grants alone; null: it was not, it is not to be. The fault is
// `forbidden`. Images are the whole ones, hidden parts included. On types without grants: whoever may write at all. Not for
// actions, which change what they declare (may_act).
std::optional<fault> judge(writer const& w, entity const* before, entity const* after);
// Of history alone: whether somebody may add to (or rewrite) that of an attribute.
std::optional<fault> judge_history(writer const& w, entity const& e, symbol attribute);
// By a grant of `act`; `says_nothing`: none of the registry's grants names this action.
enum class verdict { yes, no, says_nothing };
verdict may_act(writer const& w, entity const& e, std::string_view action);

// --- explaining ---

struct asked_for {
  grant::verb verb = grant::read;
  symbol attribute = {};          // none: the entity
  std::string_view action = {};   // of `act`
};
struct reason {
  grant const* what = nullptr;
  role const* to = nullptr;
  bool is_mine = false;           // who asks has that role
  bool covers_verb = false;
  bool covers_attribute = false;
  bool holds = false;             // its `where`, for that entity
  bool decides() const { return is_mine && covers_verb && covers_attribute && holds; }
};
// Every grant on the entity's types, of whatever role, and why it does (not) permit it. Points into the registry of the policy.
std::vector<reason> reasons(writer const& w, entity const& e, asked_for const& what);

}  // namespace dos::model
