// Reading the members of a network server's JSON: numbers that come as text, identifiers in two spellings.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "ingest/lorawan/network_event.h"

namespace dos::lorawan {

// The member at a path "a.b.c", or nothing; null counts as absent.
json::value const* find_member(json::value const& body, std::string_view path);
std::optional<double> find_number(json::value const& body, std::string_view path);  // also "867700000"
std::string find_text(json::value const& body, std::string_view path);              // empty when absent
std::optional<timestamp> find_timestamp(json::value const& body, std::string_view path);
std::optional<place> find_place(json::value const& body, std::string_view path);

// An EUI as 16 lower-case hex digits, from hex (with or without separators) or base64. Faults: malformed.
std::string read_eui(std::string_view text, std::string_view member);
// Bytes in base64. Faults: malformed, also beyond payload_bytes_max.
std::string read_payload(json::value const& body, std::string_view path);
// A whole number from 0 to `max`; absent means 0, as protobuf leaves zeros out. Faults: malformed.
std::uint32_t read_counter(json::value const& body, std::string_view path, std::uint32_t max);

}  // namespace dos::lorawan
