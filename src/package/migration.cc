#include "package/migration.h"

#include <algorithm>
#include <set>

#include "base/fault.h"
#include "kernel/model/shape.h"

namespace dos::package {
namespace {

constexpr std::size_t slice_entities_max = 100;

symbol new_name(std::vector<std::pair<symbol, symbol>> const& renamed, symbol name) {
  auto const it = std::find_if(renamed.begin(), renamed.end(), [&](auto const& r) { return r.first == name; });
  return it == renamed.end() ? name : it->second;
}

std::vector<std::pair<symbol, symbol>> const& renames_of(plan const& p, model::type const& t) {
  static auto const none = std::vector<std::pair<symbol, symbol>>();
  auto const it = p.made.renamed.find(std::string(t.iri.text()));
  return it == p.made.renamed.end() ? none : it->second;
}

void for_each_of(city const& c, symbol type, std::function<bool(entity_ptr const&)> const& visit) {
  auto q = query::query();
  q.selectors.push_back({.ids = {}, .id_pattern = {}, .types = {{type}}});
  c.entities().for_each(q, visit);
}

// The same values under the new names.
entity renamed_image(entity const& e, std::vector<std::pair<symbol, symbol>> const& renamed) {
  auto image = entity(e);
  for (auto& a : image.attributes) {
    auto const to = new_name(renamed, a->name);
    if (to == a->name) continue;
    auto moved = attribute(*a);
    moved.name = to;  // its series comes along
    a = make_attribute(std::move(moved));
  }
  return image;
}

// The values that a constraint `unique` looks at, as one text; empty: not all are there.
std::string key_of(model::constraint const& c, entity const& e) {
  auto key = std::string();
  for (auto const name : c.attributes) {
    auto const a = e.find(name);
    if (!a) return {};
    key += json::to_string(a->value) + '\n';
  }
  return key;
}

}  // namespace

std::vector<broken> faults_of(model::type const& t, entity const& e) {
  auto all = std::vector<broken>();
  for (auto const& a : e.attributes) {
    auto const* const r = t.find(a->name);
    if (!r) {
      auto const iri = a->name.text();
      auto const is_own = iri.starts_with("https://uri.etsi.org/ngsi-ld/") && iri.find("default-context") == iri.npos;  // location, name of the core
      if (!t.is_open && !is_own) all.push_back({e.id, std::string(iri), "the type has no such attribute"});
      continue;
    }
    if (auto const f = model::judge_value(*r, *a)) all.push_back({e.id, r->term, f->detail});
  }
  return all;
}

survey look_at(city const& c, plan const& p) {
  auto s = survey();
  auto const note = [&](broken b) {
    if (s.examples.size() < broken_told_max) s.examples.push_back(std::move(b));
  };
  for (auto const& t : p.made.registry->types()) {
    if (t->version != p.after) continue;
    auto const& renamed = renames_of(p, *t);
    auto seen = std::vector<std::set<std::string>>(t->constraints.size());
    for_each_of(c, t->iri, [&](entity_ptr const& e) {
      ++s.checked;
      auto const image = renamed.empty() ? entity() : renamed_image(*e, renamed);
      auto const& after = renamed.empty() ? *e : image;
      if (!renamed.empty() && std::any_of(e->attributes.begin(), e->attributes.end(), [&](auto const& a) { return new_name(renamed, a->name)
          != a->name; })) ++s.to_move;
      auto wrong = faults_of(*t, after);
      for (auto i = std::size_t(0); i < t->constraints.size(); ++i) {
        auto const& rule = t->constraints[i];
        if (rule.what == model::constraint::kind::no_overlap) continue;
        if (!rule.only_while.is_empty() && !rule.only_while.holds(after, {principal(), timestamp(), nullptr})) continue;
        auto key = key_of(rule, after);
        if (!key.empty() && !seen[i].insert(std::move(key)).second) wrong.push_back({e->id, rule.text, "another entity has the same"});
      }
      if (!wrong.empty()) ++s.does_not_fit;
      for (auto& w : wrong) note(std::move(w));
      return true;
    });
  }
  return s;
}

std::size_t move_entities(session const& s, plan const& p, std::function<bool(std::size_t)> const& tell) {
  auto moved = std::size_t(0);
  for (auto const& t : p.made.registry->types()) {
    auto const& renamed = renames_of(p, *t);
    if (renamed.empty()) continue;
    auto ids = std::vector<std::string>();
    for_each_of(s.city(), t->iri, [&](entity_ptr const& e) {
      if (std::any_of(e->attributes.begin(), e->attributes.end(), [&](auto const& a) { return new_name(renamed, a->name) != a->name; })) ids.push_back(e->id);
      return true;
    });
    for (auto at = std::size_t(0); at < ids.size(); at += slice_entities_max) {
      auto const end = std::min(ids.size(), at + slice_entities_max);
      s.apply([&](transaction& w) {
        for (auto i = at; i < end; ++i) {
          auto const e = w.find(ids[i]);
          if (e && e->deleted_at == no_time) w.put(renamed_image(*e, renamed), transaction::keep::nothing);
        }
      });
      moved += end - at;
      if (!tell(moved)) return moved;
    }
  }
  return moved;
}

}  // namespace dos::package
