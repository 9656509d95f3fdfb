// Messages that came in but could not be stored as values: kept with their reason, visible, and replayed once the cause
// is repaired.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/record_collection.h"
#include "base/time.h"
#include "kernel/city/session.h"
#include "kernel/graph/entity.h"

namespace dos {

// Records by a number that ascends with time.
inline constexpr auto quarantine_collection = record_collection{"quarantine", "devices", "a number that ascends with time"};
inline constexpr auto quarantine_bounds_collection = record_collection{"quarantine_bounds", "devices", "bounds"};  // how much is kept
// Of a city; beyond, the oldest go, counted in the ledger.
inline constexpr std::size_t quarantine_max = 10'000;
inline constexpr std::size_t quarantine_bytes_max = 64 << 20;  // of all messages together
inline constexpr std::size_t quarantine_body_max = 1 << 20;    // bytes kept of a message: as long as one may be

struct quarantined {
  timestamp time;                                          // received
  std::string source = {};                                 // "webhook:rathaus"
  std::string network = {};                                // who can replay it: "chirpstack", "ttn"
  std::string device = {};                                 // DevEUI, when known
  std::string reason = {};                                 // short, of a fixed list: unknown_device, codec_failed …
  std::string detail = {};                                 // for staff: what is to be repaired
  std::string event = {};                                  // what the source called it ("up")
  std::string body = {};                                   // as received; longer ones are cut and can't be replayed
  dos::provenance provenance = dos::provenance::measured;  // what the source brings
  bool cut = false;
  bool frame_noted = false;  // its frame counter has been taken note of already
  // Of a message whose other values are stored: those that are not, as who replays it calls them. Empty: all of it waits.
  std::vector<std::string> values_left = {};
};

json::value to_json(quarantined const& q);
quarantined read_quarantined(json::value const& record);

// Within a write. Answers the key. The ledger's line of the source gets a rejection with this reason.
std::string put_in_quarantine(transaction& t, quarantined q);
// False when it is not there (any more).
bool take_from_quarantine(transaction& t, std::string_view key);

}  // namespace dos
