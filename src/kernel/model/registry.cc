#include "kernel/model/registry.h"

#include <algorithm>

namespace dos::model {

bool grant::shows_attribute(symbol a) const {
  if (shows == extent::all) return true;
  auto const is_named = std::find(attributes.begin(), attributes.end(), a) != attributes.end();
  return is_named == (shows == extent::only);
}

bool grant::is_on(symbol type) const { return std::find(types.begin(), types.end(), type) != types.end(); }

registry::registry(std::uint32_t version, std::string digest, std::vector<std::shared_ptr<type const>> types, std::vector<role> roles)
    : version_(version), digest_(std::move(digest)), types_(std::move(types)), roles_(std::move(roles)) {
  for (auto const& t : types_) by_iri_.emplace(t->iri, t.get());
  for (auto const& r : roles_) {
    for (auto const& g : r.grants) granted_.insert(granted_.end(), g.types.begin(), g.types.end());
  }
  std::sort(granted_.begin(), granted_.end());
  granted_.erase(std::unique(granted_.begin(), granted_.end()), granted_.end());
}

type const* registry::find(symbol iri) const {
  auto const it = by_iri_.find(iri);
  return it == by_iri_.end() ? nullptr : it->second;
}

type const* registry::find_by_term(std::string_view term) const {
  auto const it = std::find_if(types_.begin(), types_.end(), [&](auto const& t) { return t->term == term; });
  return it == types_.end() ? nullptr : it->get();
}

type const* registry::model_of(std::vector<symbol> const& types) const {
  if (by_iri_.empty()) return nullptr;
  for (auto const t : types) {
    if (auto const* const found = find(t)) return found;
  }
  return nullptr;
}

bool registry::is_granted(symbol iri) const { return std::binary_search(granted_.begin(), granted_.end(), iri); }

role const* registry::find_role(std::string_view name) const {
  auto const it = std::find_if(roles_.begin(), roles_.end(), [&](role const& r) { return r.name == name; });
  return it == roles_.end() ? nullptr : &*it;
}

}  // namespace dos::model
