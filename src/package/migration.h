// Entities that are there when their type changes: whether they fit, and how they move to the new names.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "contract/contract.h"
#include "package/city_packages.h"

namespace dos::package {

inline constexpr std::size_t broken_told_max = 20;

struct broken {
  std::string entity;
  std::string member;
  std::string rule;
};
struct survey {
  std::size_t checked = 0;
  std::size_t does_not_fit = 0;
  std::size_t to_move = 0;       // have an attribute that is called otherwise now
  std::vector<broken> examples;  // at most broken_told_max
};

// The dry run: every stored entity of a type that the plan changes, as it would be after it. Nothing is written.
survey look_at(city const& c, plan const& p);

// Gives attributes their new names, a slice of entities at a time; their series come along. Again and again harmless. `tell` hears how many have moved
// so far, and says whether to go on. Returns how many moved.
std::size_t move_entities(session const& s, plan const& p, std::function<bool(std::size_t)> const& tell);

// What of an image is against the type; nothing where all is well. Values that are missing are no fault: `required` binds
// forms and actions.
std::vector<broken> faults_of(model::type const& t, entity const& e);

}  // namespace dos::package
