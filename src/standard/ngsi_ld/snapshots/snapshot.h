// Snapshots: what queries found, frozen under a name. Entities are kept as records, so that a snapshot outlives the program, and
// as a store of their own while it is used. ETSI GS CIM 009, 5.2.41, 5.16, 6.3.22
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/record_collection.h"
#include "kernel/graph/entity_store.h"
#include "standard/ngsi_ld/call.h"

namespace dos::ngsi_ld {

inline constexpr auto snapshot_collection = record_collection{"ngsi_ld_snapshot", "standard/ngsi_ld", "id"};
inline constexpr auto snapshot_part_collection = record_collection{"ngsi_ld_snapshot_part", "standard/ngsi_ld", "snapshot and number of the part"};
inline constexpr std::size_t snapshots_max = 100;                    // of a city
inline constexpr std::size_t snapshot_entities_max = 10'000;         // of one
inline constexpr std::size_t city_snapshot_entities_max = 200'000;   // of all of a city
inline constexpr std::size_t snapshot_queries_max = 50;              // of one
inline constexpr std::size_t snapshot_part_entities_max = 100;       // of a record
inline constexpr std::int64_t snapshot_lifetime_us = 86'400 * us_per_second;  // where the client suggests none
inline constexpr std::int64_t snapshot_lifetime_us_max = 30 * snapshot_lifetime_us;

// A record is {"body": the Snapshot, "context": …, "who": …, "parts": n, "entities": n}; its parts stand under "ID\n000001".
bool is_over(json::value const& record, timestamp now);
std::string part_key(std::string_view id, std::size_t number);
void forget_snapshot(transaction& t, std::string_view id);  // with its parts
// 5.16.6: to the endpoint, if there is one. `is_gone`: it was deleted or has ended.
void tell_of_snapshot(service const& s, json::value const& record, bool is_gone = false);

class snapshots {
 public:
  explicit snapshots(node& program) : program_(program) {}

  // What a request is about that names a snapshot. Faults: not_found; unavailable while it is being prepared.
  std::shared_ptr<entity_store const> image_of(city const& c, std::string_view id);
  timestamp last_use(city const& c, std::string_view id) const;  // no_time: not since the start
  void forget(city const& c, std::string_view id);               // what is held of it in memory

  void await() { has_work_ = true; }          // one was asked for
  void prepare(service_ptr const& s);         // those asked for: runs their queries. Never twice at a time
  void sweep(service const& s);               // removes those whose time is over, keeps when the others were used

 private:
  struct held {
    std::shared_ptr<entity_store const> image;
    timestamp used = no_time;
  };

  node& program_;
  std::atomic<bool> has_work_ = true;  // perhaps from before the start
  mutable std::mutex lock_;
  std::map<std::string, held, std::less<>> held_;  // by city and id
};

}  // namespace dos::ngsi_ld
