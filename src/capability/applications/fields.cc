#include "capability/applications/fields.h"

#include <algorithm>

#include "base/id.h"
#include "kernel/model/shape.h"

namespace dos::applications {
namespace {

std::vector<fault> wrong_values(model::type const& t, json::object const& fields, std::string_view what,
                                std::function<bool(model::attribute_rule const&)> const& is_asked) {
  auto wrong = std::vector<fault>();
  for (auto const& m : fields) {
    auto const* const rule = find_rule(t, m.key);
    if (!rule || !is_asked(*rule)) {
      wrong.emplace_back(fault_kind::invalid, std::string(what) + " has no field " + m.key, m.key);
      continue;
    }
    if (m.value.is_null()) continue;
    try {
      model::make_attribute_of(*rule, m.value);
    } catch (fault const& f) {
      wrong.push_back(f);
    }
  }
  return wrong;
}

bool is_given(json::object const& fields, model::attribute_rule const& rule) {
  auto const* const v = fields.find(rule.term);
  return v && !v->is_null();
}

fault missing(model::attribute_rule const& rule) { return fault(fault_kind::invalid, rule.term + " is needed", rule.term); }

bool is_assigned(model::type const& t, symbol attribute) {
  return attribute == t.number || (t.workflow && attribute == t.workflow->attribute);
}

}  // namespace

model::attribute_rule const* find_rule(model::type const& t, std::string_view term) {
  auto const it = std::find_if(t.attributes.begin(), t.attributes.end(), [&](auto const& r) { return r.term == term; });
  return it == t.attributes.end() ? nullptr : &*it;
}

std::vector<fault> wrong_fields(model::type const& t, model::action const& a, json::object const& fields, entity const& of) {
  auto const find_asked = [&](symbol attribute) {
    return std::find_if(a.asks.begin(), a.asks.end(), [&](model::asked const& q) { return q.attribute == attribute; });
  };
  auto wrong = wrong_values(t, fields, "the action " + a.name, [&](auto const& rule) { return find_asked(rule.name) != a.asks.end(); });
  for (auto const& q : a.asks) {
    auto const* const rule = t.find(q.attribute);
    if (q.required && rule && !is_given(fields, *rule) && !of.find(q.attribute)) wrong.push_back(missing(*rule));
  }
  return wrong;
}

std::vector<fault> wrong_fields(model::type const& t, json::object const& fields) {
  auto wrong = wrong_values(t, fields, "a " + t.term, [&](auto const& rule) { return !is_assigned(t, rule.name); });
  for (auto const& rule : t.attributes) {
    if (rule.required && rule.by_default.is_null() && !is_assigned(t, rule.name) && !is_given(fields, rule)) wrong.push_back(missing(rule));
  }
  return wrong;
}

entity made_of(model::type const& t, json::object const& fields) {
  auto e = entity();
  auto const tail = t.term.substr(t.term.find_last_of("/#:") + 1);
  e.id = "urn:ngsi-ld:" + tail + ':' + new_uuid();
  e.types = {t.iri};
  for (auto const& m : fields) {
    auto const* const rule = find_rule(t, m.key);
    if (rule && !m.value.is_null()) e.set(model::make_attribute_of(*rule, m.value));
  }
  return e;
}

}  // namespace dos::applications
