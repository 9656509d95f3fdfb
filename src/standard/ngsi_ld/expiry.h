// What has an expiresAt leaves when its time has come: entities, attributes, registrations. ETSI GS CIM 009, 4.22
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "contract/contract.h"
#include "standard/ngsi_ld/fragment.h"

namespace dos::ngsi_ld {

// Knows when to look at which entity again; what it finds then decides. Filled by every write that brings an end, and once
// from what is stored.
class expiry {
 public:
  explicit expiry(node& program) : program_(program) {}

  void note(city const& c, std::string_view id, entity_fragment const& f);
  void note(city const& c, std::string_view id, attribute_fragment const& f);
  void sweep();  // removes what is over; never twice at the same time

 private:
  void note(city const& c, std::string_view id, timestamp end);
  void note_all(std::shared_ptr<city> const& c);
  void end_entity(std::shared_ptr<city> const& c, std::string const& id);
  void end_registrations(std::shared_ptr<city> const& c);

  node& program_;
  bool has_begun_ = false;
  std::mutex lock_;
  std::multimap<timestamp, std::pair<std::string, std::string>> ends_;  // city, id
};

}  // namespace dos::ngsi_ld
