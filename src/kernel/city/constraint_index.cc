#include "kernel/city/constraint_index.h"

#include <algorithm>

#include "base/fault.h"
#include "base/log.h"
#include "kernel/city/guard_words.h"
#include "kernel/model/shape.h"

namespace dos {
namespace {

using namespace guard_words;

constexpr std::size_t named_max = 20;

// Conditions of constraints speak of the entity alone.
bool counts(model::condition const& c, entity const& e) {
  static auto const nobody = principal();
  return c.is_empty() || c.holds(e, {nobody, e.modified_at, nullptr});
}

std::uint64_t owner(std::string_view id) { return std::hash<std::string_view>()(id); }

fault breach(model::type const& t, model::constraint const& c, std::string detail) {
  auto const* const rule = t.find(c.what == model::constraint::kind::no_overlap ? c.from : c.attributes.empty() ? symbol() : c.attributes[0]);
  return fault(fault_kind::conflict, std::move(detail) + " (" + c.text + ")", rule ? rule->term : "");
}

// Of a resource, one if it does not say.
std::uint32_t places_of(model::constraint const& c, entity const& e) {
  auto const a = c.takes ? e.find(c.takes) : attribute_ptr();
  if (!a || !model::plain_value(*a).is_number()) return 1;
  return std::uint32_t(std::clamp(model::plain_value(*a).as_double(), 1.0, 1e6));
}

}  // namespace

constraint_index::constraint_index(model::registry_ptr r, entity_store const& entities, broken what) : models_(std::move(r)) {
  for (auto const& t : models_->types()) {
    for (auto const& c : t->constraints) {
      if (c.what == model::constraint::kind::once) continue;  // records, see model_guard
      auto const n = std::uint32_t(slots_.size());
      slots_.push_back({t.get(), &c, {}, {}, {}});
      by_type_[t->iri].push_back(n);
      if (c.part_of) trees_.push_back(n);
    }
  }
  if (slots_.empty()) return;
  auto const find = [&](std::string_view id) { return entities.find(id); };
  for (auto const n : trees_) {
    auto q = query::query();
    q.attributes = {slots_[n].rule->part_of};
    entities.for_each(q, [&](entity_ptr const& e) {
      move_part(n, nullptr, e.get());
      return true;
    });
  }
  auto faults = std::vector<std::string>();
  for (auto const& [type, all] : by_type_) {
    auto q = query::query();
    q.selectors.push_back({{}, nullptr, {{type}}});
    entities.for_each(q, [&, &all = all](entity_ptr const& e) {
      for (auto const n : all) {
        auto const row = row_of(slots_[n], *e);
        if (!row) continue;
        try {
          add(n, e->id, *row, find);
        } catch (fault const& f) {
          faults.push_back(e->id + ": " + f.detail);
        }
      }
      return faults.size() < named_max;
    });
  }
  settle();
  if (faults.empty()) return;
  auto text = std::string("entities that are there break it");
  for (auto const& f : faults) text += "; " + f;
  if (what == broken::refuses) throw fault(fault_kind::conflict, text);
  log::warning("a constraint does not hold", {{"entities", text}});
}

std::optional<constraint_index::row> constraint_index::row_of(slot const& s, entity const& e) const {
  if (e.deleted_at != no_time || !e.has_type(s.type->iri) || !counts(s.rule->only_while, e)) return std::nullopt;
  if (s.rule->what == model::constraint::kind::no_overlap) {
    auto const of = model::text_of(e, s.rule->of);
    auto const from = model::moment_of(e, s.rule->from), to = model::moment_of(e, s.rule->to);
    if (of.empty() || !from || !to) return std::nullopt;
    return row{std::string(of), from->us, to->us, places_of(*s.rule, e)};
  }
  auto key = std::string();
  for (auto const name : s.rule->attributes) {
    auto const a = e.find(name);
    if (!a) return std::nullopt;
    key += json::to_string(model::plain_value(*a));
    key += '\x1f';
  }
  return row{std::move(key)};
}

void constraint_index::apply(std::span<image_pair const> finals, find_entity const& find) {
  auto const lock = std::lock_guard(mutex_);
  struct coming {
    std::uint32_t slot;
    std::string const* id;
    row at;
  };
  auto to_come = std::vector<coming>();
  for (auto const& pair : finals) {
    auto const* const before = is_alive(pair.before.get()) ? pair.before.get() : nullptr;
    auto const* const after = is_alive(pair.after.get()) ? pair.after.get() : nullptr;
    for (auto const n : trees_) move_part(n, before, after);
    auto const& types = after ? after->types : before ? before->types : std::vector<symbol>();
    for (auto const t : types) {
      auto const it = by_type_.find(t);
      if (it == by_type_.end()) continue;
      for (auto const n : it->second) {
        auto const was = before ? row_of(slots_[n], *before) : std::nullopt;
        auto is = after ? row_of(slots_[n], *after) : std::nullopt;
        if (was == is) continue;
        auto const& id = pair.after ? pair.after->id : pair.before->id;
        if (was && take(slots_[n], id, *was)) journal_.push_back({change::removed, n, id, *was});
        if (is) to_come.push_back({n, &id, std::move(*is)});
      }
    }
  }
  for (auto const& c : to_come) add(c.slot, *c.id, c.at, find);
  for (auto const& pair : finals) {
    if (!is_alive(pair.after.get())) continue;
    for (auto const& s : slots_) {
      if (s.rule->capacity_of) require_capacity(s, pair.before.get(), *pair.after);
    }
  }
}

void constraint_index::add(std::uint32_t n, std::string const& id, row const& r, find_entity const& find) {
  auto& s = slots_[n];
  if (s.rule->what == model::constraint::kind::no_overlap) {
    require_free(s, r, find);
  } else if (auto const it = s.holders.find(r.key); it != s.holders.end() && it->second != id) {
    throw breach(*s.type, *s.rule, "there is one with these values already");
  }
  put(s, id, r);
  journal_.push_back({change::added, n, id, r});
}

void constraint_index::put(slot& s, std::string const& id, row const& r) {
  if (s.rule->what != model::constraint::kind::no_overlap) {
    s.holders.insert_or_assign(r.key, id);
    return;
  }
  s.resources[r.key].add({r.from, r.to, r.places, owner(id)});
}

bool constraint_index::take(slot& s, std::string const& id, row const& r) {
  if (s.rule->what != model::constraint::kind::no_overlap) {
    auto const it = s.holders.find(r.key);
    if (it == s.holders.end() || it->second != id) return false;
    s.holders.erase(it);
    return true;
  }
  auto const of = s.resources.find(r.key);
  if (of == s.resources.end() || !of->second.remove({r.from, r.to, r.places, owner(id)})) return false;
  if (of->second.empty()) s.resources.erase(of);
  return true;
}

void constraint_index::undo_to(std::size_t mark) {
  if (journal_.size() == mark) return;
  auto const lock = std::lock_guard(mutex_);
  while (journal_.size() > mark) {
    auto const& step = journal_.back();
    auto& s = slots_[step.slot];
    switch (step.what) {
      case change::added: take(s, step.id, step.at); break;
      case change::removed: put(s, step.id, step.at); break;
      case change::part_added: s.parts[step.at.key].erase(step.id); break;
      case change::part_removed: s.parts[step.at.key].insert(step.id); break;
    }
    journal_.pop_back();
  }
}

// --- resources ---

std::uint32_t constraint_index::capacity_of(slot const& s, entity const* resource) const {
  if (!s.rule->capacity_of || resource == nullptr) return s.rule->capacity;
  auto const a = resource->find(s.rule->capacity_of);
  if (!a || !model::plain_value(*a).is_number()) return s.rule->capacity;
  return std::uint32_t(std::clamp(model::plain_value(*a).as_double(), 0.0, 1e6));
}

std::vector<std::string> constraint_index::above(slot const& s, std::string const& resource, find_entity const& find) const {
  auto out = std::vector<std::string>();
  if (!s.rule->part_of) return out;
  for (auto e = find(resource); e;) {
    auto const up = std::string(model::text_of(*e, s.rule->part_of));
    if (up.empty()) break;
    require(out.size() < resource_levels_max && std::find(out.begin(), out.end(), up) == out.end(), fault_kind::conflict,
            "a resource has at most " + std::to_string(resource_levels_max) + " others above it, and no circle");
    out.push_back(up);
    e = find(up);
  }
  return out;
}

std::vector<std::string> constraint_index::below(slot const& s, std::string const& resource) const {
  auto out = std::vector<std::string>();
  auto todo = std::vector<std::string>{resource};
  while (!todo.empty()) {
    auto const it = s.parts.find(todo.back());
    todo.pop_back();
    if (it == s.parts.end()) continue;
    for (auto const& part : it->second) {
      require(out.size() < resource_nodes_max, fault_kind::conflict,
              "a resource has at most " + std::to_string(resource_nodes_max) + " parts");
      out.push_back(part);
      todo.push_back(part);
    }
  }
  return out;
}

// No more than its capacity at any moment. Who has the whole has its parts, and who has a part keeps others from the whole.
void constraint_index::require_free(slot const& s, row const& r, find_entity const& find) const {
  require(r.from < r.to, fault_kind::invalid, "it ends before it begins", s.type->find(s.rule->to) ? s.type->find(s.rule->to)->term : "");
  auto const of = s.resources.find(r.key);
  auto const e = s.rule->capacity_of ? find(r.key) : entity_ptr();
  auto const most = of == s.resources.end() ? 0 : of->second.peak(r.from, r.to);
  if (most + r.places > capacity_of(s, e.get())) throw breach(*s.type, *s.rule, "it is taken at that time");
  auto const is_used = [&](std::string const& resource) {
    auto const it = s.resources.find(resource);
    return it != s.resources.end() && it->second.meets(r.from, r.to);
  };
  auto const whole = above(s, r.key, find), parts = below(s, r.key);
  if (std::any_of(whole.begin(), whole.end(), is_used)) throw breach(*s.type, *s.rule, "what it is a part of is taken at that time");
  if (std::any_of(parts.begin(), parts.end(), is_used)) throw breach(*s.type, *s.rule, "a part of it is taken at that time");
}

// A resource that somebody counts on keeps its place in the tree.
void constraint_index::move_part(std::uint32_t n, entity const* before, entity const* after) {
  auto& s = slots_[n];
  auto const was = before ? std::string(model::text_of(*before, s.rule->part_of)) : std::string();
  auto const is = after ? std::string(model::text_of(*after, s.rule->part_of)) : std::string();
  if (was == is) return;
  auto const& id = after ? after->id : before->id;
  if (before) {
    auto all = below(s, id);
    all.push_back(id);
    auto const has_some = std::any_of(all.begin(), all.end(), [&](std::string const& one) { return s.resources.contains(one); });
    require(!has_some, fault_kind::conflict, "a resource for which there are entries stays where it is (" + s.rule->text + ")");
  }
  if (!was.empty() && s.parts[was].erase(id)) journal_.push_back({change::part_removed, n, id, {was}});
  if (is.empty()) return;
  s.parts[is].insert(id);
  journal_.push_back({change::part_added, n, id, {is}});
}

void constraint_index::require_capacity(slot const& s, entity const* before, entity const& after) const {
  auto const is = after.find(s.rule->capacity_of);
  auto const was = before ? before->find(s.rule->capacity_of) : attribute_ptr();
  if (is == was) return;
  auto const it = s.resources.find(after.id);
  if (it == s.resources.end()) return;
  // What is over may have been more.
  if (it->second.peak(after.modified_at.us, INT64_MAX) > capacity_of(s, &after)) throw breach(*s.type, *s.rule, "more of it are taken already");
}

resource_times constraint_index::times_of(symbol type, std::string const& name, timestamp from, timestamp to, find_entity const& find) const {
  auto out = resource_times();
  auto const is_it = [&](slot const& s) { return s.type->iri == type && s.rule->what == model::constraint::kind::no_overlap; };
  auto const s = std::find_if(slots_.begin(), slots_.end(), is_it);
  if (s == slots_.end()) return out;
  out.capacity = capacity_of(*s, find(name).get());
  auto const lock = std::lock_guard(mutex_);
  auto nodes = above(*s, name, find);
  for (auto& part : below(*s, name)) nodes.push_back(std::move(part));
  nodes.push_back(name);
  for (auto const& node : nodes) {
    auto const it = s->resources.find(node);
    if (it == s->resources.end()) continue;
    it->second.any_meeting(from.us, to.us, [&](interval const& i) {
      out.taken.push_back({{i.from}, {i.to}, i.weight, node != name});
      return false;
    });
  }
  return out;
}

}  // namespace dos
