#include "standard/ngsi_ld/entities/linked.h"

#include <unordered_set>

#include "base/fault.h"
#include "base/text.h"

namespace dos::ngsi_ld {
namespace {

struct shown_entity {
  entity_ptr entity;
  ngsi_ld::projection projection;
};

// Level by level; each entity once.
std::vector<shown_entity> with_linked(std::vector<entity_ptr> const& entities, entity_finder const& find, join_rules const& join,
                                      projection const& p) {
  auto all = std::vector<shown_entity>();
  auto seen = std::unordered_set<std::string>();
  for (auto const id : join.contained_by) seen.emplace(id);
  for (auto const& e : entities) {
    seen.insert(e->id);
    all.push_back({e, p});
  }
  auto from = std::size_t(0);
  for (auto level = 0; level != join.level; ++level) {
    auto const to = all.size();
    for (; from != to; ++from) {
      auto const here = all[from];
      for (auto const& a : here.entity->attributes) {
        if (a->kind != attribute_kind::relationship && a->kind != attribute_kind::list_relationship) continue;
        if (!here.projection.shows(*a)) continue;
        for_each_target(*a, [&](std::string_view id) {
          if (all.size() >= joined_max || !seen.insert(std::string(id)).second) return;
          if (auto e = find(id)) all.push_back({std::move(e), here.projection.below(a->name)});
        });
      }
    }
  }
  return all;
}

}  // namespace

join_rules read_join(call const& c) {
  auto j = join_rules();
  auto const form = c.has("join") ? c.param("join") : c.body.text_or("join", "");
  if (form == "inline") {
    j.form = join_form::in_line;
  } else if (form == "flat") {
    j.form = join_form::flat;
  } else if (!form.empty() && form != "@none") {
    throw fault(fault_kind::invalid, "join is inline, flat or @none", "join", "ETSI GS CIM 009, 4.5.23");
  }
  if (auto const level = c.request.query.find("joinLevel")) {
    auto const n = text::to_int(*level);
    if (!n || *n < 1) throw fault(fault_kind::invalid, "a whole number from 1 on", "joinLevel", "ETSI GS CIM 009, 4.5.23");
    j.level = int(std::min<std::int64_t>(*n, join_level_max));
  }
  if (auto const* level = c.body.find("joinLevel"); level != nullptr) {
    auto const n = level->is_int() ? std::optional(level->as_int()) : text::to_int(level->is_string() ? level->as_string() : "");
    if (!n || *n < 1) throw fault(fault_kind::invalid, "a whole number from 1 on", "joinLevel", "ETSI GS CIM 009, 4.5.23");
    j.level = int(std::min<std::int64_t>(*n, join_level_max));
  }
  j.contained_by = list_of(c.param("containedBy"));
  return j;
}

void write_entities(std::string& out, std::vector<entity_ptr> const& entities, wrapping w, entity_finder const& find,
                    join_rules const& join, rendering const& r) {
  if (join.form == join_form::flat) {
    auto const all = with_linked(entities, find, join, r.projection);
    if (w == wrapping::object && all.size() == 1) return write_entity(out, *all[0].entity, r);
    out += '[';
    for (auto const& shown : all) {
      if (&shown != &all.front()) out += ',';
      auto mine = r;
      mine.projection = shown.projection;
      write_entity(out, *shown.entity, mine);
    }
    out += ']';
    return;
  }
  auto left = joined_max;
  auto linked = linked_view{.find = find, .levels = join.level, .above = join.contained_by, .left = &left};
  auto mine = r;
  if (join.form == join_form::in_line) mine.linked = &linked;
  if (w == wrapping::array) out += '[';
  for (auto const& e : entities) {
    if (e != entities.front()) out += ',';
    linked.above.push_back(e->id);
    write_entity(out, *e, mine);
    linked.above.pop_back();
  }
  if (w == wrapping::array) out += ']';
}

}  // namespace dos::ngsi_ld
