#include "kernel/city/model_guard.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <random>
#include <unordered_map>

#include "base/fault.h"
#include "kernel/city/guard_words.h"
#include "kernel/model/shape.h"
#include "kernel/model/view.h"

namespace dos {
namespace {

using namespace guard_words;

template <typename Is>
std::string actions_that(model::type const& m, Is const& is) {
  auto names = std::vector<std::string>();
  for (auto const& a : m.actions) {
    if (is(a)) names.push_back(a.name);
  }
  return names.empty() ? "no action does so" : "these actions do so: " + listed(names);
}

std::string random_number() {
  static constexpr std::string_view letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  static thread_local auto source = std::random_device();
  auto out = std::string();
  for (auto i = 0; i < 12; ++i) {
    if (i == 4 || i == 8) out += '-';
    out += letters[source() % letters.size()];
  }
  return out;
}

void replace_all(std::string& in, std::string_view what, std::string const& by) {
  for (auto at = in.find(what); at != in.npos; at = in.find(what, at + by.size())) in.replace(at, what.size(), by);
}

// "{CITY}-{year}-{n:5}"
std::string numbered(std::string pattern, std::string_view city, std::string const& year, std::int64_t n) {
  auto upper = std::string(city);
  std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) { return char(std::toupper(c)); });
  replace_all(pattern, "{CITY}", upper);
  replace_all(pattern, "{year}", year);
  auto const digits = std::to_string(n);
  for (auto width = std::size_t(0); width < 10; ++width) {
    auto const wide = digits.size() < width ? std::string(width - digits.size(), '0') + digits : digits;
    replace_all(pattern, width == 0 ? "{n}" : "{n:" + std::to_string(width) + "}", wide);
  }
  return pattern;
}

std::string ended(model::type const& m, entity const& e) {
  return "this " + m.term + " is " + std::string(model::text_of(e, m.workflow->attribute)) + ": it changes by an action alone";
}

attribute_ptr plain(symbol name, json::value v) {
  auto a = attribute();
  a.name = name;
  a.value = std::move(v);
  return make_attribute(std::move(a));
}

}  // namespace

// --- timers ---

// Told by what the deadline says, not by its place: the next version of a model may have others before it.
std::string key_of(timer const& t, model::type const& of) {
  auto const& d = of.deadlines[t.deadline];
  return t.entity + "|" + to_string(t.due) + "|" + d.in + "|" + std::string(d.at.text()) + "|" + std::to_string(d.after_us) + "|" + d.act + "|" + d.to;
}

std::vector<timer> timers_of(model::type const& m, entity const& e) {
  auto out = std::vector<timer>();
  if (e.deleted_at != no_time) return out;
  auto const state = m.workflow ? e.find(m.workflow->attribute) : attribute_ptr();
  for (auto i = std::size_t(0); i < m.deadlines.size(); ++i) {
    auto const& d = m.deadlines[i];
    if (d.is_held) continue;
    if (!d.in.empty() && (!state || model::text_of(e, m.workflow->attribute) != d.in)) continue;
    auto begin = std::optional<timestamp>();
    if (d.at) begin = model::moment_of(e, d.at);
    else begin = state ? state->modified_at : e.created_at;
    if (begin) out.push_back({*begin + d.after_us, e.id, i});
  }
  return out;
}

// --- creation ---

void model_guard::complete(entity& e, entity_ptr const& before) {
  auto const* const m = parts_.models.model_of(e.types);
  if (!m || e.deleted_at != no_time) return;
  keep_what_is_told_again(*m, e, before);
  if (is_alive(before.get())) return;
  require(!before || !parts_.models.model_of(before->types), fault_kind::conflict, "there was a " + m->term + " of this id", "id");
  auto assigned = std::set<symbol>();
  auto const assign = [&](symbol name, attribute_ptr a) {
    e.set(std::move(a));
    assigned.insert(name);
  };
  if (m->workflow && !e.find(m->workflow->attribute)) assign(m->workflow->attribute, plain(m->workflow->attribute, json::value(m->workflow->start)));
  for (auto const& rule : m->attributes) {
    if (rule.by_default.is_null() || !e.find_all(rule.name).empty()) continue;
    assign(rule.name, model::make_attribute_of(rule, filled_in(rule.by_default, parts_.who, parts_.of.now())));
  }
  if (m->number) {
    require(e.find_all(m->number).empty(), fault_kind::invalid, "the number is given by the city", m->find(m->number) ? m->find(m->number)->term : "number");
    auto number = std::string();
    if (m->number_pattern == "random") {
      number = random_number();
    } else {
      auto const year = to_string(parts_.of.now()).substr(0, 4);
      auto const key = std::string(m->iri.text()) + (m->number_pattern.find("{year}") == std::string::npos ? "" : "|" + year);
      auto const last = parts_.of.find_record(number_collection, key);
      auto const* const n = last ? last->find("n") : nullptr;
      auto const next = (n ? n->as_int() : 0) + 1;
      parts_.of.put_record(number_collection, key, json::object{{"n", next}});
      number = numbered(m->number_pattern, parts_.city, year, next);
    }
    assign(m->number, plain(m->number, json::value(number)));
  }
  if (!assigned.empty()) assigned_.emplace_back(e.id, std::move(assigned));
}

// What decides something and is told again as it is has not changed. A time that is not believed would put it into history alone.
void model_guard::keep_what_is_told_again(model::type const& m, entity& e, entity_ptr const& before) const {
  for (auto i = std::size_t(0); i < e.attributes.size(); ++i) {
    auto& a = e.attributes[i];
    auto const old = !before ? attribute_ptr() : i < before->attributes.size() && before->attributes[i] == a ? a : before->find(a->name, a->dataset);
    if (old == a) continue;
    auto const* const rule = m.find(a->name);
    if (!rule) continue;
    auto const decides = rule->is_guarded || (before && model::is_at_an_end(m, *before));
    require(!decides || a->observed_at <= parts_.of.believed_until(), fault_kind::conflict, rule->term + " is as it is now: it has no time ahead",
            rule->term);
    auto const is_same = old && rule->is_guarded && is_alive(before.get()) && old->value == a->value && old->kind == a->kind &&
                         a->attributes.empty() && old->attributes.empty();
    if (is_same) a = old;
  }
}

void model_guard::note_creation(std::string_view id) {
  auto const e = parts_.of.find(id);
  auto const* const m = e ? parts_.models.model_of(e->types) : nullptr;
  if (!m || (m->actions.empty() && !m->workflow)) return;
  auto what = json::object{{"action", "create"}};
  if (m->workflow) what.push("to", m->workflow->start);
  note(id, std::move(what));
}

void model_guard::note(std::string_view id, json::object what) {
  auto const& who = parts_.who;
  what.push("by", fires_ ? std::string("timer") : who.subject.empty() ? who.name : who.subject);
  auto o = observation();
  o.time = parts_.of.now();
  o.value = std::move(what);
  parts_.of.observe({id, symbol(model::act_iri), {}, attribute_kind::json_property}, std::move(o));
}

// --- history and removal ---

void model_guard::require_history(std::string_view id, symbol attribute) {
  auto const e = parts_.of.find(id);
  if (!e) return;
  auto const* const m = parts_.models.model_of(e->types);
  if (!m) return;
  require(attribute != symbol(model::act_iri), fault_kind::conflict, "what was done is written by doing it");
  auto const* const rule = m->find(attribute);
  if (rule && rule->is_guarded) {
    throw fault(fault_kind::conflict, "the history of " + rule->term + " is what it was: it is not written by hand", rule->term);
  }
  if (!rule && !m->is_open) throw fault(fault_kind::invalid, "a " + m->term + " has no such attribute: " + std::string(attribute.text()));
  require(e->deleted_at == no_time, fault_kind::conflict, "what a " + m->term + " was is kept as it was", "id");
  require(!model::is_at_an_end(*m, *e), fault_kind::conflict, model::is_at_an_end(*m, *e) ? ended(*m, *e) : std::string());
}

void model_guard::require_removable(std::string_view id) {
  auto const e = parts_.of.find(id);
  if (!e) return;
  auto const* const m = parts_.models.model_of(e->types);
  if (!m) return;
  if (e->deleted_at == no_time) return check_removal(*m, *e);
  throw fault(fault_kind::conflict, "what a " + m->term + " was is kept as long as its city says", "id");
}

bool model_guard::acts_with(std::string_view id, std::function<bool(act_done const&)> const& is) const {
  return std::any_of(acts_.begin(), acts_.end(), [&](act_done const& a) { return a.id == id && is(a); });
}

void model_guard::check_removal(model::type const& m, entity const& before) {
  auto const may = acts_with(before.id, [](act_done const& a) { return a.what == nullptr || a.what->deletes; });
  if (may) return;
  auto const deletes = [](model::action const& a) { return a.deletes; };
  if (!m.workflow && std::none_of(m.actions.begin(), m.actions.end(), deletes)) return;
  throw fault(fault_kind::conflict, "a " + m.term + " is removed by an action alone; " + actions_that(m, deletes), "id");
}

// --- the final images ---

void model_guard::undo_to(mark const& m) {
  acts_.resize(m.acts);
  timer_changes_.resize(m.timers);
  parts_.constraints.undo_to(m.constraints);
}

void model_guard::check(mark const& since) {
  auto const& images = parts_.of.images();
  auto finals = std::vector<image_pair>();
  if (images.size() - since.images == 1) {
    finals.push_back(images.back());
  } else {
    auto places = std::unordered_map<std::string_view, std::size_t>();
    for (auto i = since.images; i < images.size(); ++i) {
      auto const [it, is_new] = places.try_emplace(images[i].after->id, finals.size());
      if (is_new) finals.push_back(images[i]);
      else finals[it->second].after = images[i].after;
    }
  }
  check_pairs(finals);
}

void model_guard::finish() {
  auto const& images = parts_.of.images();
  if (done_.empty()) return check({0, 0, 0, 0});
  auto finals = std::vector<image_pair>();
  auto places = std::unordered_map<std::string_view, std::size_t>();
  auto next = done_.begin();
  for (auto i = std::size_t(0); i < images.size(); ++i) {
    if (next != done_.end() && i == next->second) ++next;
    if (next != done_.end() && i >= next->first) continue;
    auto const [it, is_new] = places.try_emplace(images[i].after->id, finals.size());
    if (is_new) finals.push_back({images[i].before, {}});
  }
  for (auto const& i : images) {
    if (auto const it = places.find(i.after->id); it != places.end()) finals[it->second].after = i.after;
  }
  check_pairs(finals);
}

void model_guard::check_pairs(std::vector<image_pair> const& finals) {
  for (auto const& p : finals) check_one(p);
  if (parts_.constraints.has_any()) {
    parts_.constraints.apply(finals, [this](std::string_view id) { return parts_.of.find(id); });
  }
  for (auto const& p : finals) follow_timers(p);
}

void model_guard::check_one(image_pair const& p) {
  auto const* const before = p.before.get();
  auto const* const after = p.after.get();
  auto const* const was = before ? parts_.models.model_of(before->types) : nullptr;
  auto const* const is = after ? parts_.models.model_of(after->types) : nullptr;
  if (!was && !is) return;
  auto const lived = is_alive(before), lives = is_alive(after);
  if (was && (was != is || !std::is_permutation(before->types.begin(), before->types.end(), after->types.begin(), after->types.end()))) {
    throw fault(fault_kind::conflict, "what is a " + was->term + " stays one: its types are fixed", "type");
  }
  auto const is_model = [&](symbol t) { return parts_.models.find(t) != nullptr; };
  require(!after || std::count_if(after->types.begin(), after->types.end(), is_model) <= 1, fault_kind::invalid,
          "an entity has one modelled type and not several", "type");
  require(!lived || was, fault_kind::conflict, "what is there does not become a " + is->term + "; make a new one", "type");
  if (lived && !lives) return check_removal(*was, *before);
  if (!lives) {
    require(!is, fault_kind::conflict, "a " + is->term + " begins with its state, not with its history", "type");
    return;
  }
  require(!after->more.is_object() || !after->more.find("expiresAt"), fault_kind::invalid,
          "a " + is->term + " does not expire by itself; its deadlines end it", "expiresAt");
  if (lived) check_change(*is, *before, *after);
  else check_creation(*is, *after);
  check_once(*is, *after);
}

void model_guard::check_values(model::type const& m, entity const* before, entity const& after, std::vector<symbol>& changed) {
  auto const is_device = parts_.who.role == role::device;
  for (auto i = std::size_t(0); i < after.attributes.size(); ++i) {
    auto const& a = after.attributes[i];
    if (before) {
      auto const old = i < before->attributes.size() && before->attributes[i] == a ? a : before->find(a->name, a->dataset);
      if (old == a) continue;
    }
    changed.push_back(a->name);
    auto const* const rule = m.find(a->name);
    if (!rule) {
      if (m.is_open) continue;
      throw fault(fault_kind::invalid, "a " + m.term + " has no such attribute: " + std::string(a->name.text()), std::string(a->name.text()));
    }
    require(!rule->is_guarded || !a->dataset, fault_kind::conflict, rule->term + " has one instance: no datasetId", rule->term);
    require(!a->more.is_object() || !a->more.find("expiresAt"), fault_kind::invalid, rule->term + " does not expire", rule->term);
    if (is_device && model::is_out_of_range(*rule, *a)) continue;  // doubtful, see governed_write
    if (auto f = model::judge_value(*rule, *a)) throw *f;
    if (rule->to.empty() || !model::plain_value(*a).is_string()) continue;
    auto const target = parts_.of.find(model::plain_value(*a).as_string());
    auto const fits = !is_alive(target.get()) || std::any_of(rule->to.begin(), rule->to.end(), [&](symbol t) { return target->has_type(t); });
    require(fits, fault_kind::invalid, rule->term + " leads to another kind of entity", rule->term);
  }
}

void model_guard::check_creation(model::type const& m, entity const& after) {
  auto changed = std::vector<symbol>();
  check_values(m, nullptr, after, changed);
  if (m.workflow && model::text_of(after, m.workflow->attribute) != m.workflow->start) {
    auto const* const rule = m.find(m.workflow->attribute);
    throw fault(fault_kind::conflict, "a " + m.term + " begins as " + m.workflow->start, rule ? rule->term : "");
  }
  if (parts_.who.role != role::device) {
    for (auto const& rule : m.attributes) {
      require(!rule.required || !after.find_all(rule.name).empty(), fault_kind::invalid, rule.term + " is missing", rule.term);
    }
  }
  auto const it = std::find_if(assigned_.begin(), assigned_.end(), [&](auto const& a) { return a.first == after.id; });
  if (it == assigned_.end()) {
    if (auto f = model::judge(writer(), nullptr, &after)) throw *f;
    return;
  }
  // What the model gave is not what somebody set; conditions see it all the same.
  auto given = after;
  std::erase_if(given.attributes, [&](attribute_ptr const& a) { return it->second.contains(a->name); });
  if (auto f = model::judge(writer(), nullptr, &given)) {
    if (auto whole = model::judge(writer(), nullptr, &after)) throw *whole;
  }
}

void model_guard::check_change(model::type const& m, entity const& before, entity const& after) {
  auto changed = std::vector<symbol>();
  check_values(m, &before, after, changed);
  for (auto const& old : before.attributes) {
    if (after.find(old->name, old->dataset)) continue;
    changed.push_back(old->name);
    auto const* const rule = m.find(old->name);
    auto const is_missed = rule && rule->required && after.find_all(old->name).empty();
    if (is_missed) throw fault(fault_kind::invalid, rule->term + " is needed", rule->term);
  }
  if (is_renaming(before, after)) return;
  auto const is_by_hand = [&](symbol name) { return !is_by_an_act(after, name); };
  if (model::is_at_an_end(m, before)) {
    auto const touched = before.scopes != after.scopes || before.more != after.more || std::any_of(changed.begin(), changed.end(), is_by_hand);
    require(!touched, fault_kind::conflict, ended(m, before));
  }
  for (auto const name : changed) {
    if (!is_by_hand(name)) continue;
    auto const* const rule = m.find(name);
    auto const term = rule ? rule->term : std::string(name.text());
    if (m.workflow && name == m.workflow->attribute) {
      auto const state = std::string(model::text_of(before, name));
      auto const leads_on = [&](model::action const& a) { return !a.to.empty() && (a.from.empty() || contains(a.from, state)); };
      throw fault(fault_kind::conflict, "the state of a " + m.term + " changes by an action alone; " + actions_that(m, leads_on), term);
    }
    require(name != m.number, fault_kind::conflict, "a number stays", term);
    require(!rule || !rule->is_fixed || before.find_all(name).empty(), fault_kind::conflict, term + " stays as it is once it is set", term);
  }
}

// Who has it has it for ever, so records tell it: they are in the log, as the entity may long be gone.
void model_guard::check_once(model::type const& m, entity const& after) {
  for (auto const& c : m.constraints) {
    if (c.what != model::constraint::kind::once) continue;
    auto key = std::string(m.iri.text()) + "|" + c.text;
    for (auto const name : c.attributes) {
      auto const a = after.find(name);
      if (!a) {
        key.clear();
        break;
      }
      key += "|" + json::to_string(model::plain_value(*a));
    }
    if (key.empty() || (!c.only_while.is_empty() && !c.only_while.holds(after, {parts_.who, parts_.of.now(), nullptr}))) continue;
    auto const known = parts_.of.find_record(once_collection, key);
    if (!known) {
      parts_.of.put_record(once_collection, key, json::object{{"entity", after.id}});
      continue;
    }
    auto const* const rule = m.find(c.attributes[0]);
    require(known->text_or("entity", "") == after.id, fault_kind::conflict, "that was used already (" + c.text + ")", rule ? rule->term : "");
  }
}

void model_guard::follow_timers(image_pair const& p) {
  auto const model_of = [&](entity_ptr const& e) {
    auto const* const m = e ? parts_.models.model_of(e->types) : nullptr;
    return m && !m->deadlines.empty() ? m : nullptr;
  };
  auto const* const was = model_of(p.before);
  auto const* const is = model_of(p.after);
  if (!was && !is) return;
  auto const before = was ? timers_of(*was, *p.before) : std::vector<timer>(), after = is ? timers_of(*is, *p.after) : std::vector<timer>();
  for (auto const& t : before) {
    if (std::find(after.begin(), after.end(), t) != after.end()) continue;
    if (auto const key = key_of(t, *was); parts_.of.find_record(timer_collection, key)) parts_.of.erase_record(timer_collection, key);
    timer_changes_.push_back({false, t});
  }
  for (auto const& t : after) {
    if (std::find(before.begin(), before.end(), t) == before.end()) timer_changes_.push_back({true, t});
  }
}

void model_guard::checked(mark const& since) {
  done_.emplace_back(since.images, parts_.of.images().size());
  acts_.resize(since.acts);  // they permit nothing of what comes later
}

// Attributes under other names, with their values and their series: a new version of a model calls them so. No door does that.
bool model_guard::is_renaming(entity const& before, entity const& after) const {
  if (!parts_.who.may_administer() || before.scopes != after.scopes || before.more != after.more ||
      before.attributes.size() != after.attributes.size()) {
    return false;
  }
  return std::all_of(after.attributes.begin(), after.attributes.end(), [&](attribute_ptr const& a) {
    return std::any_of(before.attributes.begin(), before.attributes.end(), [&](attribute_ptr const& old) {
      return old == a || (a->series != 0 && old->series == a->series && old->value == a->value && old->kind == a->kind && old->dataset == a->dataset &&
                          old->name != a->name);
    });
  });
}

bool model_guard::is_by_an_act(entity const& after, symbol attribute) const {
  for (auto a = acts_.rbegin(); a != acts_.rend(); ++a) {
    if (a->id != after.id || !a->allows.contains(attribute)) continue;
    auto const now = after.find(attribute);
    return !now || std::find(a->left.begin(), a->left.end(), now) != a->left.end();
  }
  return false;
}

}  // namespace dos
