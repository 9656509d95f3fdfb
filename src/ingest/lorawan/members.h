// Reading the members of a network server's JSON: numbers that come as text, identifiers in two spellings.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "ingest/lorawan/network_event.h"

namespace dos::lorawan {

// What stands before our id in a correlation id of The Things Stack.
inline constexpr auto command_correlation = std::string_view("dos:command:");

// The member at a path "a.b.c", or nothing; null counts as absent.
json::value const* find_member(json::value const& body, std::string_view path);
std::optional<double> find_number(json::value const& body, std::string_view path);  // also "867700000"
std::string find_text(json::value const& body, std::string_view path);              // empty when absent
std::optional<timestamp> find_timestamp(json::value const& body, std::string_view path);
std::optional<place> find_place(json::value const& body, std::string_view path);
std::optional<place> make_place(std::optional<double> longitude, std::optional<double> latitude,
                                std::optional<double> altitude = {});
// A level in percent; nothing when it says that there is none: 254, 255 and -1 are no percentages.
std::optional<double> find_percent(json::value const& body, std::string_view path);
// As the device answers DevStatusReq: 0 external power, 1 to 254 the level, 255 not known. LoRaWAN 1.0.4, 5.5
void take_battery_status(json::value const& body, std::string_view path, network_event& e);
std::optional<int> find_spreading_factor(json::value const& body, std::string_view path);  // 5 to 12
std::optional<int> spreading_factor_of(std::string_view data_rate);                        // of "SF11 BW125 4/5"
// The members of these names, as an object.
json::value pick(json::value const& body, std::initializer_list<std::string_view> names);

// An EUI as 16 lower-case hex digits, from hex (with or without separators) or base64. Faults: malformed.
std::string read_eui(std::string_view text, std::string_view member);
// Bytes in base64 or hex. Faults: malformed, also beyond payload_bytes_max.
std::string read_payload(json::value const& body, std::string_view path);
std::string read_hex_payload(json::value const& body, std::string_view path);
// A whole number from 0 to `max`; absent means 0, as protobuf leaves zeros out. Faults: malformed.
std::uint32_t read_counter(json::value const& body, std::string_view path, std::uint32_t max);

}  // namespace dos::lorawan
