// What has an expiresAt leaves when its time has come: entities, attributes, registrations. ETSI GS CIM 009, 4.22
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "contract/contract.h"
#include "linked_data/fragment.h"
#include "standard/ngsi_ld/vocabulary.h"

namespace dos::ngsi_ld {

// The soonest end that a fragment brings; no_time: none.
timestamp first_end(entity_fragment const& f);
timestamp first_end(attribute_fragment const& f);

// An end that a write brings along.
struct ending {
  std::string id = {};
  timestamp end = no_time;
};

// Knows when to look at which entity again, one time for each; what it finds then decides. Filled by every write that has
// brought an end and is committed, and once from what is stored.
class expiry {
 public:
  explicit expiry(node& program) : program_(program) {}

  void note(city const& c, ending const& e);
  void sweep();  // removes what is over; never twice at the same time

 private:
  using place = std::pair<std::string, std::string>;  // city, id
  void note_end_of(city const& c, entity const& e);
  void note_all(std::shared_ptr<city> const& c);
  void end_entity(std::shared_ptr<city> const& c, std::string const& id);
  void end_registrations(std::shared_ptr<city> const& c);

  node& program_;
  bool has_begun_ = false;
  std::mutex lock_;
  std::map<place, timestamp> ends_;
  std::set<std::pair<timestamp, place>> due_;  // the same by time
};

}  // namespace dos::ngsi_ld
