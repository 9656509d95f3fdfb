#include "kernel/city/governed_write.h"

#include "base/fault.h"

namespace dos {
namespace {

constexpr auto keeps_head = "a device's token changes no type, scope or end of an entity that is there";
constexpr auto deletes_nothing = "a device's token adds values; it deletes nothing and rewrites no history";

bool is_same_head(entity const& a, entity const& b) {
  return a.types == b.types && a.scopes == b.scopes && a.more == b.more && a.deleted_at == b.deleted_at;
}

}  // namespace

bool is_brought_by(record_ptr const& brought, principal const& who) { return brought && brought->text_or("by", "") == who.name; }

bool governed_write::brings(std::string_view entity) const {
  return rules_.who.brings_as_told(entity) || is_brought_by(of_.find_record(brought_collection, entity), rules_.who);
}

void governed_write::require_own(std::string_view id) const {
  if (brings(id)) return;
  auto const e = of_.find(id);
  if (!e || !rules_.is_open(*e)) throw fault(fault_kind::not_found, "there is no entity " + std::string(id), "id");
  throw fault(fault_kind::forbidden, "the entity " + std::string(id) + " was not brought by " + rules_.who.name, "id");
}

void governed_write::refuse_removal(std::string_view entity) const {
  require_own(entity);
  throw fault(fault_kind::forbidden, deletes_nothing);
}

entity_ptr governed_write::get(std::string_view id) const {
  require_own(id);
  return of_.get(id);
}

void governed_write::take_in(std::string_view entity) {
  auto const known = of_.find_record(bringer_collection, rules_.who.name);
  auto const* const n = known ? known->find("entities") : nullptr;
  auto const so_far = n ? n->as_int() : 0;
  require(so_far < brought_entities_max, fault_kind::forbidden,
          rules_.who.name + " has brought " + std::to_string(brought_entities_max) + " entities; a device brings no more");
  of_.put_record(brought_collection, entity, json::object{{"by", rules_.who.name}});
  of_.put_record(bringer_collection, rules_.who.name, json::object{{"entities", so_far + 1}});
}

std::uint64_t governed_write::put(entity e, keep k) {
  auto const before = of_.find(e.id);
  if (!before) {
    if (!rules_.who.brings_as_told(e.id)) take_in(e.id);
    return of_.put(std::move(e), k);
  }
  require(brings(e.id), fault_kind::forbidden, "the entity " + e.id + " was not brought by " + rules_.who.name, "id");
  for (auto const& a : e.attributes) {  // what comes to its end leaves with its history
    auto const is_told_to_end = a->more.is_object() && a->more.find("expiresAt") && before->find(a->name, a->dataset) != a;
    require(!is_told_to_end, fault_kind::forbidden, keeps_head);
  }
  if (before->deleted_at == no_time) {
    require(is_same_head(*before, e), fault_kind::forbidden, keeps_head);
    for (auto const& old : before->attributes) require(bool(e.find(old->name, old->dataset)), fault_kind::forbidden, deletes_nothing);
  } else {  // it comes again
    require(before->types == e.types, fault_kind::forbidden, keeps_head);
  }
  return of_.put(std::move(e), k);
}

void governed_write::erase(std::string_view id) { refuse_removal(id); }
void governed_write::forget(std::string_view id) { refuse_removal(id); }

std::uint64_t governed_write::observe(series_key const& series, observation o) {
  require_own(series.entity);
  return of_.observe(series, std::move(o));
}

std::uint64_t governed_write::observe(std::uint64_t series, std::vector<observation> all) {
  require_own(of_.owner_of(series));
  return of_.observe(series, std::move(all));
}

std::uint64_t governed_write::start_series(series_key const& series) {
  require_own(series.entity);
  return of_.start_series(series);
}

void governed_write::change_observation(std::uint64_t series, std::uint64_t, observation) { refuse_removal(of_.owner_of(series)); }
void governed_write::remove_observation(std::uint64_t series, std::uint64_t) { refuse_removal(of_.owner_of(series)); }
void governed_write::remove_series(std::string_view entity, std::uint64_t) { refuse_removal(entity); }

void governed_write::require_note(std::string_view collection) const {
  require(rules_.notes.contains(collection), fault_kind::forbidden, "a device's token changes no records of the platform");
}

void governed_write::put_record(std::string_view collection, std::string_view key, json::value v) {
  require_note(collection);
  of_.put_record(collection, key, std::move(v));
}

void governed_write::erase_record(std::string_view collection, std::string_view key) {
  require_note(collection);
  of_.erase_record(collection, key);
}

}  // namespace dos
