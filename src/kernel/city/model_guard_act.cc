// Actions, and what falls due.
#include <algorithm>

#include "base/fault.h"
#include "kernel/city/guard_words.h"
#include "kernel/city/model_guard.h"
#include "kernel/graph/attribute_editor.h"
#include "kernel/model/act_rules.h"
#include "kernel/model/shape.h"

namespace dos {
namespace {

using namespace guard_words;

constexpr std::string_view override_action = "override";

std::string word_of(model::type const& m, symbol attribute) {
  auto const* const rule = m.find(attribute);
  return rule ? rule->term : std::string(attribute.text());
}

attribute_ptr made(model::type const& m, symbol name, json::value v) {
  if (auto const* const rule = m.find(name)) return model::make_attribute_of(*rule, std::move(v));
  auto a = attribute();
  a.name = name;
  a.value = std::move(v);
  return make_attribute(std::move(a));
}

}  // namespace

entity_ptr model_guard::act(transaction& through, std::string_view id, std::string_view name, json::object fields, acting const& how) {
  auto const e = through.find(id);
  auto const absent = [&] { return fault(fault_kind::not_found, "there is no entity " + std::string(id), "id"); };
  if (!e || e->deleted_at != no_time) throw absent();
  auto const* const m = parts_.models.model_of(e->types);
  auto const seen = fires_ ? e : parts_.seen(e);
  auto const is_known = bool(seen);
  require(!how.if_version || !is_known || seen->version == *how.if_version, fault_kind::precondition_failed,
          "it has changed since you saw it", "If-Match");
  if (m && name == override_action) {
    if (!is_known) throw absent();
    return override_state(through, e, *m, std::move(fields), how);
  }
  auto const* const a = m ? m->find_action(name) : nullptr;
  if (!a || !(fires_ || model::is_theirs(writer(), *m, *a, *e))) {
    if (!is_known) throw absent();
    if (!a) throw fault(fault_kind::not_found, "there is no action " + std::string(name) + " for it", "action");
    throw fault(fault_kind::forbidden, name.data() + std::string(" is for ") + (a->by.empty() ? "nobody" : listed(a->by)), "action");
  }
  auto const state = m->workflow ? std::string(model::text_of(*e, m->workflow->attribute)) : std::string();
  if (auto f = model::hindrance(writer(), *m, *a, *e)) throw *std::move(f);
  auto done = act_done{e->id, a, {}};
  auto changed = entity(*e);
  auto noted = json::object();
  for (auto const& f : fields) {
    auto const asked = std::find_if(a->asks.begin(), a->asks.end(), [&](model::asked const& one) { return word_of(*m, one.attribute) == f.key; });
    require(asked != a->asks.end(), fault_kind::invalid, a->name + " asks for no " + std::string(f.key), f.key);
    done.allows.insert(asked->attribute);
    changed.set(made(*m, asked->attribute, f.value));
    auto const* const rule = m->find(asked->attribute);
    noted.push(std::string(f.key), rule && rule->is_personal ? json::value() : f.value);
  }
  for (auto const& one : a->asks) {
    auto const term = word_of(*m, one.attribute);
    auto const is_given = std::any_of(fields.begin(), fields.end(), [&](auto const& f) { return f.key == term; });
    require(is_given || !one.required, fault_kind::invalid, a->name + " needs " + term, term);
  }
  for (auto const& [attribute, value] : a->sets) {
    done.allows.insert(attribute);
    if (value.is_null()) {
      changed.remove(attribute, {});
      continue;
    }
    changed.set(made(*m, attribute, filled_in(value, parts_.who, parts_.of.now())));
  }
  if (m->workflow && !a->to.empty()) {
    done.allows.insert(m->workflow->attribute);
    if (a->to != state) changed.set(made(*m, m->workflow->attribute, json::value(a->to)));
  }
  acts_.push_back(std::move(done));
  auto what = json::object{{"action", a->name}};
  if (!state.empty()) what.push("from", state);
  if (!a->to.empty()) what.push("to", a->to);
  if (!noted.empty()) what.push("fields", std::move(noted));
  if (!how.reason.empty()) what.push("reason", how.reason);
  if (!how.via.empty()) what.push("via", how.via);
  through.put(std::move(changed));
  note_what_is_left();
  note(id, std::move(what));
  if (!a->deletes) return through.find(id);
  through.erase(id);
  return {};
}

// What nobody foresaw: not without a reason, and in the timeline for good. Constraints and kinds hold all the same.
entity_ptr model_guard::override_state(transaction& through, entity_ptr const& e, model::type const& m, json::object fields, acting const& how) {
  require(parts_.who.may_administer(), fault_kind::forbidden, "an override is for administrators", "action");
  require(!how.reason.empty(), fault_kind::invalid, "an override needs a reason", "reason");
  auto done = act_done{e->id, nullptr, {}};
  auto changed = entity(*e);
  auto removes = false;
  for (auto const& f : fields) {
    if (f.key == "delete" && f.value == json::value(true)) {
      removes = true;
      continue;
    }
    auto const rule = std::find_if(m.attributes.begin(), m.attributes.end(), [&](auto const& r) { return r.term == f.key; });
    auto const is_state = m.workflow && rule != m.attributes.end() && rule->name == m.workflow->attribute;
    require(rule != m.attributes.end(), fault_kind::invalid, "a " + m.term + " has no " + std::string(f.key), f.key);
    require(!is_state || (f.value.is_string() && contains(m.workflow->states, f.value.as_string())), fault_kind::invalid,
            "a " + m.term + " is one of " + (m.workflow ? listed(m.workflow->states) : ""), f.key);
    require(rule->name != m.number, fault_kind::invalid, "a number stays", f.key);
    done.allows.insert(rule->name);
    if (f.value.is_null()) changed.remove(rule->name, {});
    else changed.set(made(m, rule->name, f.value));
  }
  acts_.push_back(std::move(done));
  auto what = json::object{{"action", override_action}, {"reason", how.reason}, {"fields", std::move(fields)}};
  through.put(std::move(changed));
  note_what_is_left();
  note(e->id, std::move(what));
  if (!removes) return through.find(e->id);
  through.erase(e->id);
  return {};
}

bool model_guard::fire_due(transaction& through, entity_ptr const& e) {
  if (!parts_.is_something_due || !e || fires_) return false;
  auto const* const m = parts_.models.model_of(e->types);
  if (!m || m->deadlines.empty()) return false;
  auto due = timers_of(*m, *e);
  std::erase_if(due, [&](timer const& t) { return t.due > parts_.of.now() || parts_.of.find_record(timer_collection, key_of(t, *m)); });
  if (due.empty()) return false;
  std::sort(due.begin(), due.end());
  fire(through, due.front());
  return true;
}

void model_guard::fire(transaction& through, timer const& t) {
  timer_changes_.push_back({false, t});
  auto const e = parts_.of.find(t.entity);
  auto const* const m = e ? parts_.models.model_of(e->types) : nullptr;
  if (!m || t.deadline >= m->deadlines.size()) return;
  auto const all = timers_of(*m, *e);
  // Of an image before this one, or done when somebody looked.
  if (std::find(all.begin(), all.end(), t) == all.end() || parts_.of.find_record(timer_collection, key_of(t, *m))) return;
  auto const& d = m->deadlines[t.deadline];
  fires_ = true;
  try {
    if (d.act.empty()) note(t.entity, json::object{{"action", "remind"}, {"to", d.to}, {"due", to_string(t.due)}});
    else act(through, t.entity, d.act, {}, {});
  } catch (fault const& f) {
    note(t.entity, json::object{{"action", d.act}, {"due", to_string(t.due)}, {"refused", f.detail}});
  }
  fires_ = false;
  end(t, *m);
}

void model_guard::drop(timer const& t, fault const& why) {
  timer_changes_.push_back({false, t});
  auto const e = parts_.of.find(t.entity);
  auto const* const m = e ? parts_.models.model_of(e->types) : nullptr;
  if (!m || t.deadline >= m->deadlines.size()) return;
  fires_ = true;
  note(t.entity, json::object{{"action", m->deadlines[t.deadline].act}, {"due", to_string(t.due)}, {"refused", why.detail}});
  fires_ = false;
  end(t, *m);
}

// An entity that still tells of it would have it done again.
void model_guard::end(timer const& t, model::type const& m) {
  auto const e = parts_.of.find(t.entity);
  if (!e) return;
  auto const all = timers_of(m, *e);
  if (std::find(all.begin(), all.end(), t) != all.end()) parts_.of.put_record(timer_collection, key_of(t, m), json::object{{"at", to_string(parts_.of.now())}});
}

// After the last act has been put: an attribute is its doing as long as it is the one that it left.
void model_guard::note_what_is_left() {
  auto& done = acts_.back();
  auto const e = parts_.of.find(done.id);
  for (auto const name : done.allows) {
    if (auto a = e->find(name)) done.left.push_back(std::move(a));
  }
}

}  // namespace dos
