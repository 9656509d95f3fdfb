#include "linked_data/entity_change.h"

#include <algorithm>

#include "base/fault.h"
#include "kernel/city/instance.h"
#include "kernel/graph/attribute_editor.h"
#include "linked_data/attribute_patch.h"

namespace dos::linked_data {
namespace {

void add_types(entity& e, std::vector<symbol> const& types) {
  for (auto const type : types) {
    if (!e.has_type(type)) e.types.push_back(type);
  }
}

void note(std::vector<symbol>& names, symbol name) {
  if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

void take_over(entity& e, json::value more) {
  auto const* expires = more.find("expiresAt");
  if (expires == nullptr) return;
  if (!e.more.is_object()) e.more = json::object();
  if (*expires == json::value(null_uri)) {
    e.more.as_object().erase("expiresAt");
    if (e.more.as_object().empty()) e.more = {};
  } else {
    e.more.as_object()["expiresAt"] = *expires;
  }
}

}  // namespace

symbol scope_name() {
  static auto const name = symbol("https://uri.etsi.org/ngsi-ld/scope");
  return name;
}

void observe_scopes(transaction& t, std::string_view id, std::vector<symbol> const& scopes, timestamp at) {
  auto const key = series_key{.entity = id, .attribute = scope_name(), .dataset = {}};
  if (scopes.empty()) {
    t.observe(key, to_deletion(at, 0));
    return;
  }
  auto a = attribute();
  a.name = scope_name();
  a.observed_at = at;
  a.modified_at = t.now();
  if (scopes.size() == 1) {
    a.value = scopes[0].text();
  } else {
    auto list = json::array();
    for (auto const s : scopes) list.push_back(s.text());
    a.value = std::move(list);
  }
  t.observe(key, to_observation(a, 0));
}

timestamp end_of(entity const& e) { return parse_timestamp(e.more.text_or("expiresAt", "")).value_or(no_time); }

void store_entity(transaction& t, entity e) {
  auto const old = t.find(e.id);
  auto const has_changed = old && old->deleted_at == no_time ? old->scopes != e.scopes : !e.scopes.empty();
  auto const id = e.id;
  auto const scopes = has_changed ? e.scopes : std::vector<symbol>();
  auto const end = end_of(e);
  t.put(std::move(e));
  if (has_changed) observe_scopes(t, id, scopes, t.now());
  if (end != no_time && end <= t.now()) t.erase(id);
}

update_result append(entity& e, entity_fragment f, bool overwrites) {
  auto result = update_result();
  add_types(e, f.types);
  take_over(e, std::move(f.more));
  if (f.has_scope) {
    if (f.removes_scope) {
      e.scopes.clear();
      note(result.updated, scope_name());
    } else {
      if (overwrites) e.scopes.clear();
      for (auto const s : f.scopes) {
        if (std::find(e.scopes.begin(), e.scopes.end(), s) == e.scopes.end()) e.scopes.push_back(s);
      }
      note(result.updated, scope_name());
    }
  }
  auto attributes = attribute_editor(e.attributes);
  for (auto& a : f.attributes) {
    auto const name = a.data.name;
    auto const is_there = bool(attributes.find(name, a.data.dataset));
    if (is_there && !overwrites) {
      result.not_updated.emplace_back(name, "the attribute exists and noOverwrite was asked for");
    } else if (a.removes) {
      if (!attributes.remove(name, a.data.dataset)) {
        result.not_updated.emplace_back(name, "there is no such attribute to remove");
      } else {
        note(result.updated, name);
      }
    } else {
      attributes.set(to_attribute(std::move(a)));
      note(result.updated, name);
    }
  }
  return result;
}

update_result update(entity& e, entity_fragment f) {
  auto result = update_result();
  add_types(e, f.types);
  take_over(e, std::move(f.more));
  if (f.has_scope) {
    if (e.scopes.empty()) {
      result.not_updated.emplace_back(scope_name(), "the entity has no scope");
    } else {
      e.scopes = std::move(f.scopes);
      note(result.updated, scope_name());
    }
  }
  auto attributes = attribute_editor(e.attributes);
  for (auto& a : f.attributes) {
    auto const name = a.data.name;
    if (!a.removes) {
      attributes.set(to_attribute(std::move(a)));
      note(result.updated, name);
    } else if (attributes.remove(name, a.data.dataset)) {
      note(result.updated, name);
    } else {
      result.not_updated.emplace_back(name, "there is no such attribute to remove");
    }
  }
  return result;
}

void merge(entity& e, entity_fragment f, merge_options const& o) {
  add_types(e, f.types);
  take_over(e, std::move(f.more));
  if (f.has_scope) e.scopes = std::move(f.scopes);
  auto attributes = attribute_editor(e.attributes);
  for (auto& a : f.attributes) {
    auto const old = attributes.find(a.data.name, a.data.dataset);
    if (a.removes) {
      attributes.remove(a.data.name, a.data.dataset);
      continue;
    }
    if (a.data.observed_at == no_time && !a.removes_observed_at && o.observed_at != no_time && (!old || old->observed_at != no_time)) {
      a.data.observed_at = o.observed_at;
    }
    if (!old) {
      attributes.set(merged_into_nothing(std::move(a)));
      continue;
    }
    if (old->kind == attribute_kind::language_property && !a.has_kind && a.has_value && a.data.value.is_string() && !o.language.empty()) {
      a.data.kind = attribute_kind::language_property;
      a.has_kind = true;
      a.data.value = json::object{{o.language, json::value(a.data.value)}};
    }
    if (auto next = merged(*old, std::move(a))) attributes.set(std::move(next));
  }
}

entity copy_of(transaction const& t, std::string_view id) { return entity(*t.get(id)); }

void create(transaction& t, entity e) {
  if (auto const old = t.find(e.id); old && old->deleted_at == no_time) {
    throw fault(fault_kind::conflict, "the entity " + e.id + " exists already", "id", "ETSI GS CIM 009, 5.6.1");
  }
  store_entity(t, std::move(e));
}

void replace(transaction& t, entity e) {
  t.get(e.id);
  store_entity(t, std::move(e));
}

}  // namespace dos::linked_data
