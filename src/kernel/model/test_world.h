// A small world of grants for tests.
#pragma once

#include <chrono>
#include <map>

#include "kernel/model/policy.h"

namespace dos::model {

inline grant grant_on(std::string const& type, std::uint8_t may, condition where = {}) {
  auto g = grant();
  g.may = may;
  g.types = {symbol(type)};
  g.where = std::move(where);
  g.text = type;
  return g;
}

inline role role_with(std::string name, std::vector<grant> grants) {
  auto r = role();
  r.name = std::move(name);
  r.grants = std::move(grants);
  return r;
}

inline condition compares(char const* attribute, query::operand o) {
  auto p = query::path();
  p.attribute = symbol(attribute);
  return condition(query::compare(p, query::relation::equal, std::move(o)));
}
// by==$me
inline condition own() { return compares("urn:by", query::variable()); }

class test_world {
 public:
  explicit test_world(std::vector<role> roles)
      : registry_(std::make_shared<model::registry const>(1, "digest", std::vector<std::shared_ptr<type const>>(), std::move(roles))) {}

  registry_ptr const& registry() const { return registry_; }
  std::optional<fault> judges(principal const& who, entity const* before, entity const* after) const {
    return judge({*policy::of(registry_, who), who, {}}, before, after);
  }
  verdict acts(principal const& who, entity const& e, std::string_view action) const {
    return may_act({*policy::of(registry_, who), who, {}}, e, action);
  }
  entity_ptr thing(char const* type, std::map<std::string, std::string> const& attributes) const {
    auto e = entity();
    e.id = "urn:x:1";
    e.types = {symbol(type)};
    for (auto const& [name, value] : attributes) e.attributes.push_back(valued(name, value));
    return make_ref<entity>(std::move(e));
  }
  entity_ptr with(entity_ptr const& of, std::string const& name, std::string const& value) const {
    auto e = entity(*of);
    e.set(valued(name, value));
    return make_ref<entity>(std::move(e));
  }

 private:
  static attribute_ptr valued(std::string const& name, std::string const& value) {
    auto a = attribute();
    a.name = symbol(name);
    a.value = json::value(value);
    return make_attribute(std::move(a));
  }

  registry_ptr registry_;
};

}  // namespace dos::model
