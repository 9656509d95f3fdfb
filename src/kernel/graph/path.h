// Walks to the values at a path of an entity, without copying them. For this module only.
#pragma once

#include <string>
#include <string_view>

#include "base/text.h"
#include "kernel/graph/query.h"

namespace dos::query {

// A JSON-LD typed value ({"@type":"DateTime","@value":…}) counts as what it holds (ETSI GS CIM 009, 4.9).
inline json::value const& unwrapped(json::value const& v) {
  auto const* const inner = v.find("@value");
  return inner ? *inner : v;
}

// Each of these calls visit(json::value const&) until it says true, and says whether it did.

template <typename Visit>
bool any_in_json(json::value const& v, std::vector<std::string> const& trail, std::size_t at, Visit const& visit) {
  if (at == trail.size()) return visit(v);
  auto const& here = unwrapped(v);
  if (&here != &v) {
    auto const* const as_given = v.find(trail[at]);
    if (as_given && any_in_json(*as_given, trail, at + 1, visit)) return true;
  }
  if (here.is_array()) {
    auto const& items = here.as_array();
    if (auto const index = text::to_int(trail[at])) {
      return *index >= 0 && std::size_t(*index) < items.size() && any_in_json(items[std::size_t(*index)], trail, at + 1, visit);
    }
    for (auto const& item : items) {
      if (item.is_object() && any_in_json(item, trail, at, visit)) return true;
    }
    return false;
  }
  auto const* const inner = here.find(trail[at]);
  return inner && any_in_json(*inner, trail, at + 1, visit);
}

// The trail of a language property is a language tag; "*", or none, is every language.
template <typename Visit>
bool any_in_languages(json::value const& v, std::vector<std::string> const& trail, Visit const& visit) {
  if (!v.is_object()) return visit(v);
  for (auto const& m : v.as_object()) {
    auto const wanted = trail.empty() || trail[0] == "*" || text::equal_ignoring_case(trail[0], m.key);
    if (wanted && visit(m.value)) return true;
  }
  return false;
}

template <typename Visit>
bool any_in_attribute(path const& p, attribute const& a, std::size_t depth, Visit const& visit) {
  if (depth < p.sub_attributes.size()) {
    for (auto const& sub : a.attributes) {
      if (sub->name == p.sub_attributes[depth] && any_in_attribute(p, *sub, depth + 1, visit)) return true;
    }
    return false;
  }
  auto const text = [&](std::string_view s) { return !s.empty() && visit(json::value(s)); };
  auto const time = [&](timestamp t) { return t != no_time && visit(json::value(to_string(t))); };
  switch (p.what) {
    case path::field::value:
      if (a.kind == attribute_kind::language_property) return any_in_languages(a.value, p.trail, visit);
      return any_in_json(a.value, p.trail, 0, visit);
    case path::field::observed_at: return time(a.observed_at);
    case path::field::created_at: return time(a.created_at);
    case path::field::modified_at: return time(a.modified_at);
    case path::field::unit: return text(a.unit.text());
    case path::field::dataset: return text(a.dataset.text());
    case path::field::provenance: return text(to_text(a.provenance));
    default: return false;
  }
}

template <typename Visit>
bool any_value(path const& p, entity const& e, lens const* through, Visit const& visit) {
  if (p.attribute) {
    if (through && !through->shows(e, p.attribute)) return false;
    for (auto const& a : e.attributes) {
      if (a->name == p.attribute && any_in_attribute(p, *a, 0, visit)) return true;
    }
    return false;
  }
  auto const any_of = [&](std::vector<symbol> const& names) {
    for (auto const name : names) {
      if (visit(json::value(name.text()))) return true;
    }
    return false;
  };
  auto const time = [&](timestamp t) { return t != no_time && visit(json::value(to_string(t))); };
  switch (p.what) {
    case path::field::id: return visit(json::value(e.id));
    case path::field::type: return any_of(e.types);
    case path::field::scope: return any_of(e.scopes);
    case path::field::created_at: return time(e.created_at);
    case path::field::modified_at: return time(through ? through->modified_at(e) : e.modified_at);
    default: return false;
  }
}

}  // namespace dos::query
