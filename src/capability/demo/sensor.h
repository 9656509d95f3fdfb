// The simulated sensors: what demo/sensors.yaml says of them, what they would measure, and the bytes they would send.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/time.h"

namespace dos::demo {

enum class behaviour { sound, weak, silent, broken, unregistered };

struct sensor {
  std::string city;
  std::string dev_eui;
  std::string profile;
  std::string name;
  double longitude = 0, latitude = 0;
  std::int64_t every_s = 600;
  double level = 0;
  json::value variables;  // object
  demo::behaviour behaviour = behaviour::sound;
  std::uint64_t seed = 0;

  // It sends at whole multiples of every_s, shifted so that not all send at once.
  std::int64_t frame_at(timestamp t) const;    // number of the last frame that was due
  timestamp time_of(std::int64_t frame) const;
};

struct sensor_network {
  std::string application;
  std::string gateway;  // EUI
  std::vector<sensor> sensors;
};

// Faults: invalid, with what is wrong.
sensor_network read_sensors(std::string_view yaml);

struct simulated_value {
  std::string_view attribute;  // term, as in the profile's mapping
  json::value value;
};
// What it measures then, as the profile's codec and mapping would say it: the measuring point's values alone.
std::vector<simulated_value> measure(sensor const& s, timestamp t, time_zone const& zone);

struct payload {
  int f_port = 1;
  std::string bytes;
};
// The inverse of the codec. Faults: not_supported for a profile that has no simulation.
payload encode(sensor const& s, timestamp t, time_zone const& zone);

// The message that a ChirpStack server (version 4) posts for a frame.
json::value chirpstack_uplink(sensor_network const& network, sensor const& s, std::int64_t frame, time_zone const& zone);

}  // namespace dos::demo
