// Which registrations may stand beside each other and beside our own data. ETSI GS CIM 009, 4.3.6.3, 5.9.2, 5.9.3
#include <algorithm>

#include "base/fault.h"
#include "kernel/city/city.h"
#include "standard/ngsi_ld/federation/distributed.h"
#include "standard/ngsi_ld/federation/federation.h"
#include "standard/ngsi_ld/registrations/registration.h"

namespace dos::ngsi_ld {
namespace {

constexpr auto writing_operations = op_bit(source_op::create_entity) | op_bit(source_op::update_entity) | op_bit(source_op::append_attrs) |
                                    op_bit(source_op::update_attrs) | op_bit(source_op::delete_attrs) | op_bit(source_op::delete_entity) |
                                    op_bit(source_op::create_batch) | op_bit(source_op::upsert_batch) | op_bit(source_op::update_batch) |
                                    op_bit(source_op::delete_batch) | op_bit(source_op::merge_entity) | op_bit(source_op::replace_entity) |
                                    op_bit(source_op::replace_attrs) | op_bit(source_op::merge_batch) | op_bit(source_op::purge_entity);

[[noreturn]] void refuse_conflict(std::string detail, std::string_view member) {
  throw fault(fault_kind::conflict, std::move(detail), std::string(member), "ETSI GS CIM 009, 5.9.2");
}

void require_exact(source const& s) {
  for (auto const& info : s.registered) {
    auto const names_entities = !info.entities.empty() && std::all_of(info.entities.begin(), info.entities.end(), [](auto const& e) { return !e.id.empty(); });
    if (!names_entities || info.attributes.empty()) {
      throw fault(fault_kind::invalid, "an exclusive registration names the id of an entity and attributes of it", "information",
                  "ETSI GS CIM 009, 4.3.6.3");
    }
  }
}

// Whether another source claims one of these attributes of one of these entities.
bool overlaps(source const& exclusive, source const& other) {
  for (auto const& info : exclusive.registered) {
    for (auto const& e : info.entities) {
      auto const covered = coverage_of(other, e.id, e.types, info.attributes);
      if (covered && (covered->whole || !covered->attributes.empty())) return true;
    }
  }
  return false;
}

void require_nothing_here(session const& who, source const& s) {
  for (auto const& info : s.registered) {
    auto q = query::query();
    q.limit = 1;
    q.attributes = info.attributes;
    for (auto const& e : info.entities) {
      auto selector = query::selector();
      if (!e.id.empty()) selector.ids.push_back(e.id);
      else selector.id_pattern = e.pattern;
      for (auto const t : e.types) selector.types.push_back({t});
      q.selectors.push_back(std::move(selector));
    }
    auto const found = who.find(q);
    if (!found.entities.empty()) refuse_conflict("the entity " + found.entities[0]->id + " is held here and would be at the source, too", "information");
  }
}

}  // namespace

void require_no_conflict(session const& who, federation& known, json::value const& body) {
  auto const s = compile_source(body);
  if (s.mode == source_mode::auxiliary && (s.operations & writing_operations) != 0) {
    throw fault(fault_kind::invalid, "an auxiliary source is only read", "operations", "ETSI GS CIM 009, 5.9.2");
  }
  if (!is_proxied(s.mode)) return;
  if (s.mode == source_mode::exclusive) require_exact(s);
  for (auto const& other : *known.sources_of(who.city())) {
    if (other->id == s.id) continue;
    auto const conflict = s.mode == source_mode::exclusive ? is_proxied(other->mode) && overlaps(s, *other)
                                                           : other->mode == source_mode::exclusive && overlaps(*other, s);
    if (conflict) refuse_conflict("the registration " + other->id + " holds this already", "information");
  }
  require_nothing_here(who, s);
}

}  // namespace dos::ngsi_ld
