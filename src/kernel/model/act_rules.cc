#include "kernel/model/act_rules.h"

#include <algorithm>

#include "kernel/model/shape.h"

namespace dos::model {

bool is_named(type const& t, action const& a, entity const& e, principal const& who) {
  auto const roles = roles_of(who);
  return std::any_of(a.by.begin(), a.by.end(), [&](std::string const& by) {
    if (std::find(roles.begin(), roles.end(), by) != roles.end()) return true;
    auto const rule = std::find_if(t.attributes.begin(), t.attributes.end(), [&](auto const& r) { return r.term == by; });
    if (rule == t.attributes.end() || rule->is != value_kind::person || who.subject.empty()) return false;
    auto const person = e.find(rule->name);
    if (!person) return false;
    auto const& v = plain_value(*person);
    auto const me = json::value(who.subject);
    return v.is_array() ? std::find(v.as_array().begin(), v.as_array().end(), me) != v.as_array().end() : v == me;
  });
}

bool is_theirs(writer const& w, type const& t, action const& a, entity const& e) {
  if (is_named(t, a, e, w.who)) return true;
  return may_act(w, e, a.name) == verdict::yes;
}

std::optional<fault> hindrance(writer const& w, type const& t, action const& a, entity const& e) {
  auto const* const rule = t.workflow ? t.find(t.workflow->attribute) : nullptr;
  auto const against = [&](std::string detail) { return fault(fault_kind::conflict, std::move(detail), rule ? rule->term : std::string()); };
  auto const state = t.workflow ? text_of(e, t.workflow->attribute) : std::string_view();
  if (!a.from.empty() && std::find(a.from.begin(), a.from.end(), state) == a.from.end()) {
    auto from = std::string();
    for (auto const& s : a.from) from += (from.empty() ? "" : " or ") + s;
    return against(a.name + " goes from " + from + "; this is " + std::string(state));
  }
  if (!a.when.holds(e, {w.who, w.now, &e})) return against(a.name + " is not possible as things are now");
  return std::nullopt;
}

}  // namespace dos::model
