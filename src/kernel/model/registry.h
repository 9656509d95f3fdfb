// All that a city's packages declare, at one moment: types, roles and their grants. Immutable; another one takes its place.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/model/type.h"

namespace dos::model {

struct grant {
  enum verb : std::uint8_t { read = 1, create = 2, change = 4, act = 8, administer = 16 };
  std::uint8_t may = 0;                // verbs together
  std::vector<std::string> actions;    // of `act`; empty: every one
  std::vector<symbol> types;
  condition where;
  enum class extent : std::uint8_t { all, only, except };
  extent shows = extent::all;          // which attributes
  std::vector<symbol> attributes;
  bool whole_history = false;          // also of times when `where` did not hold
  std::int64_t per_us = 0;             // closed periods of this length only; 0: every value
  std::string places;                  // "district", "grid": how exactly places are told; empty: exactly
  std::string text;                    // where it stands, for explanations: "modules/booking/roles.yaml: caretaker, 2"

  bool permits(verb v) const { return (may & (v | administer)) != 0; }
  bool shows_attribute(symbol a) const;
  bool is_on(symbol type) const;
};

// Names with a meaning of their own, which packages grant to like to any other: "everyone", "viewer", "device", "editor".
struct role {
  std::string name;
  std::string package;
  std::vector<grant> grants;
  json::value words;
};

class registry {
 public:
  registry() = default;
  registry(std::uint32_t version, std::string digest, std::vector<std::shared_ptr<type const>> types, std::vector<role> roles);

  std::uint32_t version() const { return version_; }    // 0: there are no packages
  std::string const& digest() const { return digest_; }  // of all that it was made of
  std::vector<std::shared_ptr<type const>> const& types() const { return types_; }
  std::vector<role> const& roles() const { return roles_; }
  type const* find(symbol iri) const;
  type const* find_by_term(std::string_view term) const;
  // The first of the entity's types that has a model; most entities have none.
  type const* model_of(std::vector<symbol> const& types) const;
  // Whether grants decide who may what: some role grants something on it. Elsewhere the plain roles hold (viewers read,
  // editors write, devices bring, and everybody reads what is marked open). Administrators read everything.
  bool is_granted(symbol iri) const;
  bool has_grants() const { return !granted_.empty(); }
  role const* find_role(std::string_view name) const;

 private:
  std::uint32_t version_ = 0;
  std::string digest_;
  std::vector<std::shared_ptr<type const>> types_;
  std::vector<role> roles_;
  std::map<symbol, type const*> by_iri_;
  std::vector<symbol> granted_;  // sorted
};

using registry_ptr = std::shared_ptr<registry const>;

}  // namespace dos::model
