// Entity maps: the entities of a question, fixed for the pages that follow. In memory, as the standard allows: one that has
// ended is made anew by whoever refers to it. ETSI GS CIM 009, 5.2.39, 5.5.9.3, 5.5.14, 5.14
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/city/session.h"
#include "standard/ngsi_ld/call.h"

namespace dos::ngsi_ld {

inline constexpr std::size_t entity_map_entities_max = 100'000;        // of one map
inline constexpr std::size_t caller_entity_maps_max = 50;              // of one caller; then the oldest goes
inline constexpr std::size_t caller_map_entities_max = 200'000;        // in all maps of one caller
inline constexpr std::size_t city_map_entities_max = 1'000'000;        // in all maps of a city; then the oldest goes
inline constexpr std::size_t ended_maps_max = 1'000;                   // of a city, of which it is known when they ended
inline constexpr std::int64_t entity_map_lifetime_us = 600 * us_per_second;          // where the client suggests none
inline constexpr std::int64_t entity_map_lifetime_us_max = 86'400 * us_per_second;

struct entity_map {
  struct entry {
    std::string id;
    std::vector<std::string> sources;  // registrations, and "@none" for what is here; empty: here alone
  };

  std::string id;
  std::string question;  // what its entities were found by; those who refer to it ask the same
  timestamp expires_at = no_time;
  std::shared_ptr<std::vector<entry> const> entries;
  principal maker;
};

class entity_map_store {
 public:
  explicit entity_map_store(dos::clock const& clock) : clock_(clock) {}

  // Names it and gives it its end. Faults: forbidden when it holds too many.
  entity_map add(session const& who, std::string question, std::vector<entity_map::entry> entries, std::int64_t lifetime_us);
  // What the caller made, or someone with no more rights than the caller under the same name; administrators see all.
  std::optional<entity_map> find(session const& who, std::string_view id);
  entity_map get(session const& who, std::string_view id);  // else fault not_found, saying when it ended
  void remove(session const& who, std::string_view id);     // faults: not_found
  void end_at(session const& who, std::string_view id, timestamp t);  // not later than the longest lifetime. Faults: not_found
  void prune(session const& who, std::string_view id, std::vector<std::string> const& gone);
  void sweep();  // those whose time is over

 private:
  struct ended {
    std::string id;
    timestamp at;
    std::string_view reason;
  };
  struct shelf {
    std::map<std::string, entity_map, std::less<>> maps;
    std::deque<std::string> by_age;  // oldest first
    std::deque<ended> gone;
  };
  entity_map* look(shelf& s, session const& who, std::string_view id);  // under lock_
  void end(shelf& s, std::string_view id, std::string_view reason);
  void make_room(shelf& s, session const& who, std::size_t entities);

  dos::clock const& clock_;
  std::mutex lock_;
  std::map<std::string, shelf, std::less<>> shelves_;  // by city
};

}  // namespace dos::ngsi_ld
