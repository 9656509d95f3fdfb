// How a device's radio fares, and which of its frames have come: one record a device, written with every message.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "kernel/graph/entity.h"

namespace dos {

// Records by DevEUI.
inline constexpr std::string_view radio_state_collection = "uplink_state";

struct recent_uplink {
  timestamp time;
  int f_port = 0;
  std::uint32_t f_cnt = 0;
  std::string payload;  // bytes
};
inline constexpr std::size_t recent_uplinks_max = 5;

struct radio_state {
  static constexpr std::uint32_t window_frames = 128;

  std::string session;
  std::optional<std::uint32_t> f_cnt_last;  // the highest of this session
  std::array<std::uint64_t, 2> seen{};      // bit i: frame f_cnt_last - i has come
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
};

json::value to_json(radio_state const& s);  // the stored form
radio_state read_radio_state(json::value const& record);

// What the frame counter says about a frame.
enum class frame { fresh, late, repeated };

// A new session: every counter is new again.
void begin_session(radio_state& s, std::string_view session);
// Marks the frame as come, counts received, missed and repeated. Within the window a counter that was seen is repeated,
// one that fills a gap is late. Another session, or a counter that falls back by more than the window, begins a new
// session – unless the frame is older than the last one: then it is late, and nothing is known about its repetitions.
frame note_frame(radio_state& s, std::string_view session, std::uint32_t f_cnt, timestamp when);
// The same without marking: is it surely repeated?
bool is_repeated(radio_state const& s, std::string_view session, std::uint32_t f_cnt);

}  // namespace dos
