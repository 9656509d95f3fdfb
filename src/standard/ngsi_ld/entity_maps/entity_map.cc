#include "standard/ngsi_ld/entity_maps/entity_map.h"

#include <algorithm>
#include <unordered_set>

#include "base/fault.h"
#include "base/id.h"
#include "kernel/city/city.h"

namespace dos::ngsi_ld {
namespace {

bool is_of(entity_map const& m, principal const& who) { return m.maker.name == who.name && m.maker.source == who.source; }

bool may_use(entity_map const& m, principal const& who) {
  if (who.may_administer()) return true;
  return m.maker.name == who.name && (who.may_read_all() || !m.maker.may_read_all());
}

}  // namespace

entity_map* entity_map_store::look(shelf& s, session const& who, std::string_view id) {
  auto const it = s.maps.find(id);
  if (it == s.maps.end() || !may_use(it->second, who.who())) return nullptr;
  if (it->second.expires_at <= clock_.now()) {
    end(s, id, "its time was over");
    return nullptr;
  }
  return &it->second;
}

void entity_map_store::end(shelf& s, std::string_view id, std::string_view reason) {
  auto const it = s.maps.find(id);
  if (it == s.maps.end()) return;
  s.gone.push_back({it->first, std::min(it->second.expires_at, clock_.now()), reason});
  if (s.gone.size() > ended_maps_max) s.gone.pop_front();
  std::erase(s.by_age, it->first);
  s.maps.erase(it);
}

void entity_map_store::make_room(shelf& s, session const& who, std::size_t entities) {
  struct load {
    std::size_t maps = 0, entities = 0;
    std::string oldest;
  };
  auto const measure = [&](bool mine_only) {
    auto l = load();
    for (auto const& id : s.by_age) {
      auto const& m = s.maps.find(id)->second;
      if (mine_only && !is_of(m, who.who())) continue;
      if (l.maps++ == 0) l.oldest = id;
      l.entities += m.entries->size();
    }
    return l;
  };
  auto mine = measure(true);
  while (mine.maps >= caller_entity_maps_max || (mine.maps != 0 && mine.entities + entities > caller_map_entities_max)) {
    end(s, mine.oldest, "newer ones of the same caller needed its room");
    mine = measure(true);
  }
  auto all = measure(false);
  while (all.maps != 0 && all.entities + all.maps + entities > city_map_entities_max) {
    end(s, all.oldest, "newer ones needed its room");
    all = measure(false);
  }
}

entity_map entity_map_store::add(session const& who, std::string question, std::vector<entity_map::entry> entries, std::int64_t lifetime_us) {
  if (entries.size() > entity_map_entities_max) {
    throw fault(fault_kind::forbidden, "an entity map holds at most " + std::to_string(entity_map_entities_max) + " entities: ask for fewer", "limit",
                "ETSI GS CIM 009, 5.5.14");
  }
  auto m = entity_map();
  m.id = "urn:ngsi-ld:EntityMap:" + new_uuid();
  m.question = std::move(question);
  m.expires_at = clock_.now() + std::min(lifetime_us, entity_map_lifetime_us_max);
  m.entries = std::make_shared<std::vector<entity_map::entry> const>(std::move(entries));
  m.maker = who.who();
  auto const held = std::lock_guard(lock_);
  auto& s = shelves_[who.city().id()];
  make_room(s, who, m.entries->size());
  s.by_age.push_back(m.id);
  s.maps.emplace(m.id, m);
  return m;
}

std::optional<entity_map> entity_map_store::find(session const& who, std::string_view id) {
  auto const held = std::lock_guard(lock_);
  auto const* m = look(shelves_[who.city().id()], who, id);
  return m == nullptr ? std::nullopt : std::optional(*m);
}

entity_map entity_map_store::get(session const& who, std::string_view id) {
  if (auto m = find(who, id)) return *m;
  auto const held = std::lock_guard(lock_);
  auto const& gone = shelves_[who.city().id()].gone;
  auto const it = std::find_if(gone.begin(), gone.end(), [&](auto const& e) { return e.id == id; });
  auto detail = "there is no entity map " + std::string(id);
  if (it != gone.end()) detail = "the entity map " + std::string(id) + " ended at " + to_string(it->at) + ": " + std::string(it->reason);
  throw fault(fault_kind::not_found, std::move(detail), "id", "ETSI GS CIM 009, 5.14");
}

void entity_map_store::remove(session const& who, std::string_view id) {
  get(who, id);
  auto const held = std::lock_guard(lock_);
  end(shelves_[who.city().id()], id, "it was deleted");
}

void entity_map_store::end_at(session const& who, std::string_view id, timestamp t) {
  get(who, id);
  auto const held = std::lock_guard(lock_);
  if (auto* m = look(shelves_[who.city().id()], who, id)) m->expires_at = std::min(t, clock_.now() + entity_map_lifetime_us_max);
}

void entity_map_store::prune(session const& who, std::string_view id, std::vector<std::string> const& gone) {
  if (gone.empty()) return;
  auto const held = std::lock_guard(lock_);
  auto* m = look(shelves_[who.city().id()], who, id);
  if (m == nullptr) return;
  auto const ids = std::unordered_set<std::string_view>(gone.begin(), gone.end());
  auto left = std::vector<entity_map::entry>();
  std::copy_if(m->entries->begin(), m->entries->end(), std::back_inserter(left), [&](auto const& e) { return !ids.contains(e.id); });
  m->entries = std::make_shared<std::vector<entity_map::entry> const>(std::move(left));
}

void entity_map_store::sweep() {
  auto const held = std::lock_guard(lock_);
  for (auto& [city, s] : shelves_) {
    auto over = std::vector<std::string>();
    for (auto const& [id, m] : s.maps) {
      if (m.expires_at <= clock_.now()) over.push_back(id);
    }
    for (auto const& id : over) end(s, id, "its time was over");
  }
}

}  // namespace dos::ngsi_ld
