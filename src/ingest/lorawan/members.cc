#include "ingest/lorawan/members.h"

#include <algorithm>
#include <cmath>

#include "base/fault.h"
#include "base/text.h"
#include "base/text_cut.h"

namespace dos::lorawan {

json::value const* find_member(json::value const& body, std::string_view path) {
  auto const* at = &body;
  for (auto const name : text::split(path, '.')) {
    at = at->find(name);
    if (!at) return nullptr;
  }
  return at->is_null() ? nullptr : at;
}

std::optional<double> find_number(json::value const& body, std::string_view path) {
  auto const* found = find_member(body, path);
  if (!found) return std::nullopt;
  if (found->is_number()) return found->as_double();
  return found->is_string() ? text::to_double(found->as_string()) : std::nullopt;
}

std::string find_text(json::value const& body, std::string_view path) {
  auto const* found = find_member(body, path);
  return found && found->is_string() ? std::string(found->as_string()) : std::string();
}

std::optional<timestamp> find_timestamp(json::value const& body, std::string_view path) {
  auto const* found = find_member(body, path);
  return found && found->is_string() ? parse_timestamp(found->as_string()) : std::nullopt;
}

std::optional<place> find_place(json::value const& body, std::string_view path) {
  auto const* found = find_member(body, path);
  if (!found) return std::nullopt;
  auto const latitude = find_number(*found, "latitude");
  auto const longitude = find_number(*found, "longitude");
  if (!latitude || !longitude || std::abs(*latitude) > 90 || std::abs(*longitude) > 180) return std::nullopt;
  // Gateways that do not know where they are say 0, 0.
  if (*latitude == 0 && *longitude == 0) return std::nullopt;
  return place{.longitude = *longitude, .latitude = *latitude, .altitude = find_number(*found, "altitude")};
}

std::string read_eui(std::string_view given, std::string_view member) {
  auto digits = std::string(given);
  std::erase_if(digits, [](char c) { return c == '-' || c == ':' || c == ' '; });
  if (digits.size() == 16) {
    if (auto const bytes = text::from_hex(digits)) return text::lower(digits);
  }
  if (auto const bytes = text::from_base64(given); bytes && bytes->size() == 8) return text::to_hex(*bytes);
  throw fault(fault_kind::malformed,
              given.empty()
                  ? std::string(member) + " is missing: which device is it?"
                  : std::string(member) + " is no EUI of 8 bytes: \"" + std::string(text::cut(given, 40)) + "\"",
              std::string(member));
}

std::string read_payload(json::value const& body, std::string_view path) {
  auto const* found = find_member(body, path);
  if (!found) return {};
  require(found->is_string(), fault_kind::malformed, "the payload is text in base64", path);
  auto bytes = text::from_base64(found->as_string());
  require(bytes.has_value(), fault_kind::malformed, "the payload is not base64", path);
  require(bytes->size() <= payload_bytes_max, fault_kind::malformed, "the payload is longer than any LoRaWAN frame",
          path);
  return std::move(*bytes);
}

std::uint32_t read_counter(json::value const& body, std::string_view path, std::uint32_t max) {
  auto const* found = find_member(body, path);
  if (!found) return 0;
  auto const number = find_number(body, path);
  require(number && *number >= 0 && *number <= max && *number == std::floor(*number), fault_kind::malformed,
          std::string(path) + " is a whole number from 0 to " + std::to_string(max), path);
  return std::uint32_t(*number);
}

}  // namespace dos::lorawan
