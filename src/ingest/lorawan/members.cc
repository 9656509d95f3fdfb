#include "ingest/lorawan/members.h"

#include <algorithm>
#include <cmath>

#include "base/fault.h"
#include "base/json_path.h"
#include "base/text.h"
#include "base/text_cut.h"

namespace dos::lorawan {

json::value const* find_member(json::value const& body, std::string_view path) {
  auto const* const found = json::find_path(body, path);
  return found && !found->is_null() ? found : nullptr;
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
  return make_place(find_number(*found, "longitude"), find_number(*found, "latitude"),
                    find_number(*found, "altitude"));
}

std::optional<place> make_place(std::optional<double> longitude, std::optional<double> latitude,
                                std::optional<double> altitude) {
  if (!latitude || !longitude || std::abs(*latitude) > 90 || std::abs(*longitude) > 180) return std::nullopt;
  // Gateways that do not know where they are say 0, 0.
  if (*latitude == 0 && *longitude == 0) return std::nullopt;
  return place{.longitude = *longitude, .latitude = *latitude, .altitude = altitude};
}

std::optional<double> find_percent(json::value const& body, std::string_view path) {
  auto const level = find_number(body, path);
  return level && *level >= 0 && *level <= 100 ? level : std::nullopt;
}

void take_battery_status(json::value const& body, std::string_view path, network_event& e) {
  auto const level = find_number(body, path);
  if (!level || !(*level >= 0 && *level <= 254)) return;
  e.external_power = *level == 0;
  if (*level > 0) e.battery_percent = std::round(*level / 254 * 1'000) / 10;
}

std::optional<int> find_spreading_factor(json::value const& body, std::string_view path) {
  auto const sf = find_number(body, path);
  return sf && *sf >= 5 && *sf <= 12 ? std::optional(int(*sf)) : std::nullopt;
}

std::optional<int> spreading_factor_of(std::string_view data_rate) {
  if (!data_rate.starts_with("SF")) return std::nullopt;
  auto const digits = data_rate.substr(2, std::min(data_rate.find(' '), data_rate.size()) - 2);
  auto const sf = text::to_int(digits);
  return sf && *sf >= 5 && *sf <= 12 ? std::optional(int(*sf)) : std::nullopt;
}

json::value pick(json::value const& body, std::initializer_list<std::string_view> names) {
  auto picked = json::object();
  for (auto const name : names) {
    if (auto const* found = find_member(body, name)) picked.push(std::string(name), *found);
  }
  return picked;
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

namespace {

using reader = std::optional<std::string> (*)(std::string_view);

std::string read_bytes(json::value const& body, std::string_view path, reader read, std::string const& notation) {
  auto const* found = find_member(body, path);
  if (!found) return {};
  require(found->is_string(), fault_kind::malformed, "the payload is text in " + notation, path);
  auto bytes = read(found->as_string());
  require(bytes.has_value(), fault_kind::malformed, "the payload is not " + notation, path);
  require(bytes->size() <= payload_bytes_max, fault_kind::malformed, "the payload is longer than any LoRaWAN frame",
          path);
  return std::move(*bytes);
}

}  // namespace

std::string read_payload(json::value const& body, std::string_view path) {
  return read_bytes(body, path, text::from_base64, "base64");
}

std::string read_hex_payload(json::value const& body, std::string_view path) {
  return read_bytes(body, path, text::from_hex, "hexadecimal");
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
