// How a device's radio fares, and which of its frames have come: one record a device, written with every message.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/record_collection.h"
#include "base/time.h"
#include "kernel/graph/entity.h"

namespace dos {

// Records by DevEUI.
inline constexpr auto radio_state_collection = record_collection{"uplink_state", "devices", "DevEUI"};

struct recent_uplink {
  timestamp time;
  int f_port = 0;
  std::uint32_t f_cnt = 0;
  std::string payload;  // bytes
};
inline constexpr std::size_t recent_uplinks_max = 5;
inline constexpr std::size_t frame_parts_max = 64;  // remembered of a device

// How it is reached: as it was heard last.
struct network_route {
  std::string source = {};       // "webhook:rathaus", "mqtt:dew21"
  std::string network = {};      // "chirpstack", "ttn" …
  std::string application = {};  // the server's name for whose device it is, and for the device; where the DevEUI is not
  std::string device = {};       // enough
  std::string topic = {};        // of a broker: what stands before the kind of message

  bool operator==(network_route const&) const = default;
};

struct radio_state {
  static constexpr std::uint32_t window_frames = 128;

  std::string session;
  std::optional<std::uint32_t> f_cnt_last;  // the highest of this session
  std::array<std::uint64_t, 2> seen{};      // bit i: frame f_cnt_last - i has come
  std::vector<std::uint16_t> digests;       // of those frames, in the same order; 0: not known
  // Of frames that come in parts, those that have come, newest first.
  struct part {
    std::uint32_t f_cnt = 0;
    std::uint16_t digest = 0;
  };
  std::vector<part> parts;
  std::uint64_t received = 0, missed = 0, repeated = 0;
  timestamp last_seen = no_time;
  std::optional<double> rssi, snr;  // of the best gateway, dBm and dB
  std::optional<int> spreading_factor;
  std::optional<double> battery_percent;
  std::optional<bool> external_power;
  std::optional<double> margin_db;
  std::uint64_t gateways = 0;  // that heard the last frame
  std::uint64_t joins = 0, downlinks_sent = 0, downlinks_acknowledged = 0, downlinks_unacknowledged = 0;
  json::value last_notice;            // of the network server, with its time; else null
  std::vector<recent_uplink> recent;  // newest first
  network_route route;
};

json::value to_json(radio_state const& s);  // the stored form
radio_state read_radio_state(json::value const& record);

// A frame as the network server tells of it.
struct heard_frame {
  std::string_view session = {};
  std::uint32_t f_cnt = 0;
  timestamp when = no_time;
  bool is_dated = true;        // `when` is the network's own time, not ours of reception
  std::uint16_t digest = 0;    // digest_of() what it says; 0: not known
  bool is_part = false;        // of a frame that comes in several messages, told apart by their digests
  std::vector<std::uint16_t> parts = {};  // that come with this message, and may come again each by itself
};
std::uint16_t digest_of(std::string_view bytes, int f_port);  // never 0

// What the frame counter says about a frame.
enum class frame { fresh, late, part, repeated };

// A new session: every counter is new again.
void begin_session(radio_state& s, std::string_view session);
// Marks the frame as come, counts received, missed and repeated. Within the window a counter that was seen is repeated,
// one that fills a gap is late. A new session begins with another name of it; with a counter that falls back by more
// than the window; and with one that was seen and now, later, says something else: a device that began to count again
// without a join. What is older than the last frame begins none: it is late, and nothing is known about its repetitions.
frame note_frame(radio_state& s, heard_frame const& f);

}  // namespace dos
