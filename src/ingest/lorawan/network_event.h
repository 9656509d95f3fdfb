// What a LoRaWAN network server tells about a device, whichever server it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "devices/device_command.h"

namespace dos::lorawan {

enum class network { chirpstack, things_stack, loriot, actility };
std::string_view to_text(network n);  // "chirpstack", "ttn", "loriot", "actility": as in paths and records
std::optional<network> parse_network(std::string_view text);
inline constexpr auto network_names = std::string_view("chirpstack, ttn, loriot or actility");

enum class event_kind {
  uplink,
  join,        // a new session begins
  ack,         // the device confirmed a downlink, or did not (`acknowledged`)
  tx_ack,      // a gateway has sent a downlink
  status,      // battery and link margin
  location,    // the network has located the device
  log,         // the network server's own notices and errors
  integration  // what another service of the network added
};
std::string_view to_text(event_kind k);

struct place {
  double longitude = 0, latitude = 0;  // degrees, WGS 84
  std::optional<double> altitude;      // m
};

// One gateway heard the frame.
struct reception {
  std::string gateway;
  std::optional<double> rssi;  // dBm
  std::optional<double> snr;   // dB
  std::optional<lorawan::place> place;
};

struct network_event {
  event_kind kind = event_kind::uplink;
  std::string device;             // its DevEUI, 16 hex digits in lower case; without one, the server's name for it
  std::string session;            // changes with every join; empty where the server does not say
  std::uint32_t f_cnt = 0;        // uplinks
  int f_port = 0;                 // 0: nothing for the application
  std::string payload;            // bytes
  bool encrypted = false;         // the payload: the server has no key of it
  json::value decoded;            // what the network server decoded itself, else null
  std::string decoded_problem;    // why that can't be read
  json::array normalized;         // measurements in The Things Stack's common form, each with its time
  bool is_part = false;           // one of them, in a message of its own: others of the same frame follow
  std::optional<timestamp> time;  // when the network received it
  std::string id;                 // the server's own for this event
  bool simulated = false;         // the server says that no device sent this
  std::vector<reception> receptions;
  std::optional<int> spreading_factor;
  std::optional<double> frequency_hz;
  std::optional<double> battery_percent;
  std::optional<bool> external_power;
  std::optional<double> margin_db;
  std::optional<lorawan::place> place;  // location
  bool acknowledged = false;            // ack
  std::optional<command_report> report;  // ack, tx_ack, log: of a downlink that this may be about
  std::string application;               // the server's name for whose device it is, and for the device: how it is
  std::string network_device;            // reached; empty where the DevEUI is enough
  json::value notice;                   // log, integration: an object as received, small

  reception const* best_reception() const;  // the strongest, if any
};

// `topic` says which kind it is: the "event" parameter of ChirpStack, the last part of the topic or path of The Things
// Stack; empty: seen from the body. Faults: malformed, naming the member.
network_event parse_event(network n, std::string_view topic, json::value const& body);

// ChirpStack v4 (camelCase with deviceInfo), v3 (devEUI as base64 or hex) and the older bodies of its kind.
network_event parse_chirpstack(std::string_view topic, json::value const& body);
// The Things Stack v3: ApplicationUp.
network_event parse_things_stack(std::string_view topic, json::value const& body);
// LORIOT: "cmd" says what it is. https://docs.loriot.io/display/LNS
network_event parse_loriot(std::string_view topic, json::value const& body);
// ThingPark, by Actility: DevEUI_uplink and its kind (LRC-AS tunnel interface, JSON).
network_event parse_actility(std::string_view topic, json::value const& body);

// What ThingPark puts before the parameters of the query when it signs this message; more than one where its versions
// differ. Empty for what is none of its messages.
std::vector<std::string> signed_texts(std::string_view body);

inline constexpr std::size_t receptions_max = 64;       // the rest is not kept
inline constexpr std::size_t payload_bytes_max = 1024;  // LoRaWAN itself ends at 242

}  // namespace dos::lorawan
