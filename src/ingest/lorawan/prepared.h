// A message before its write: what it says, whose it is, what its values are – or why it can't be stored.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/terms.h"
#include "devices/device.h"
#include "devices/device_profile.h"
#include "devices/payload_mapping.h"
#include "ingest/lorawan/decoder.h"
#include "ingest/lorawan/network_event.h"
#include "kernel/city/session.h"

namespace dos::lorawan {

inline constexpr std::size_t message_bytes_max = 1 << 20;

struct message {
  std::string source;  // queue and ledger line: "webhook:rathaus"
  lorawan::network network = network::chirpstack;
  std::string topic;  // which kind of event, as the network server says it; may be empty
  std::string topic_base = {};  // of a broker: what stands before that, without the kind
  std::string body;
  timestamp received;
  dos::provenance provenance =
      dos::provenance::measured;  // what this source brings; stronger than what the device says
};

struct fate {
  enum class kind { stored, repeated, quarantined, refused };

  fate::kind what = fate::kind::refused;
  std::string reason;            // quarantined: short, of a fixed list
  std::string detail;            // quarantined: for staff; stored: what of it was not
  std::optional<fault> refused;  // nothing is kept: try again
};

// Times outside these bounds around the time of reception are not believed; the time of reception counts then and the
// value says so. Configuration: lorawan.time_past_max_s, lorawan.time_future_max_s.
struct clock_bounds {
  std::int64_t past_us = 366 * 86'400 * us_per_second;
  std::int64_t future_us = 300 * us_per_second;
};

struct placed_value : mapped_value {
  std::string point = {};  // the measuring point that it belongs to; empty: the device itself
};
// How the quarantine names a value of a message: "0/temperature"; "3/" is everything of the third measurement.
std::string name_of(std::size_t entry, std::string_view attribute);

struct prepared {
  lorawan::message message;
  std::string replayed_key = {};  // of the quarantine, when it is replayed
  bool frame_noted = false;       // its frame counter was, at the first attempt
  std::vector<std::string> only = {};  // these values, since the others are stored; empty: all

  std::optional<network_event> event = {};  // nothing: malformed
  std::optional<dos::device> device = {};   // nothing: unknown
  profile_ptr profile = {};                 // holds the rules of `values`
  timestamp when = no_time;                 // counts for the values
  std::string time_note = {};               // why it is not the network's; empty when it is
  std::vector<placed_value> values = {};
  std::string note = {};                      // why there are none, where that is right
  std::vector<unmapped_value> problems = {};  // values that can't be stored, while those above can

  // Why it can't be stored: a word of the fixed list below, and a sentence for staff. Empty: it can.
  std::string reason = {};
  std::string detail = {};
};

// malformed, unknown_device, device_inactive, not_mounted, measuring_point_gone, encrypted, codec_missing, codec_failed,
// payload_rejected; value_rejected: some values of a message are stored, and these are not
struct preparation {
  device_profiles const& profiles;
  decoder& codecs;
  clock_bounds bounds;

  // Fills everything behind `message`, `replayed_key`, `frame_noted` and `only`. Runs the codec; throws nothing that the
  // message could cause.
  void operator()(session const& s, prepared& p) const;
};

// Decides the write, on the sequencer's thread; drops from `p` what turns out to have no place.
fate write(transaction& t, prepared& p, terms const& words);

}  // namespace dos::lorawan
