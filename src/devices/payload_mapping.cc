#include "devices/payload_mapping.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "base/fault.h"
#include "base/json_path.h"
#include "base/text.h"
#include "base/text_cut.h"

namespace dos {
namespace {

constexpr std::size_t measurements_max = 1'000;  // of one message
// LoRaWAN 1.0 is of January 2015: a device that names an earlier time has lost its clock.
constexpr auto earliest = timestamp{1'420'070'400 * us_per_second};

// "Relay_{relay:1}" of a device whose variable `relay` is 2 is "Relay_2", of one without that variable "Relay_1".
std::string with_variables(std::string_view path, json::value const& variables) {
  auto out = std::string();
  for (auto open = path.find('{'); open != path.npos; open = path.find('{')) {
    auto const close = path.find('}', open);
    if (close == path.npos) break;
    auto const inside = path.substr(open + 1, close - open - 1);
    auto const name = inside.substr(0, inside.find(':'));
    auto const* const known = variables.find(name);
    require(known || name.size() < inside.size(), fault_kind::invalid,
            "the profile wants to know \"" + std::string(name) + "\" of this device: set it among its variables",
            "variables");
    out += path.substr(0, open);
    out += !known               ? std::string(inside.substr(name.size() + 1))
           : known->is_string() ? std::string(known->as_string())
                                : json::to_string(*known);
    path.remove_prefix(close + 1);
  }
  return out += path;
}

std::string shown(json::value const& v) {
  auto const text = json::to_string(v);
  return text.size() <= 60 ? text : std::string(text::cut(text, 57)) + "…";
}

// LoRaWAN devices and codecs say with 255 (cannot measure), 254 and -1 that there is no level to tell, which as a part
// of a full battery would be 2.55. LoRaWAN 1.0.4, 5.5
bool means_no_battery(attribute_rule const& rule, json::value const& v) {
  if (rule.where != attribute_rule::target::device || rule.attribute != "batteryLevel" || !v.is_number()) return false;
  return v.as_double() < 0 || v.as_double() > (rule.unit == "P1" ? 100 : 1);
}

[[noreturn]] void reject(attribute_rule const& rule, std::string const& expected, json::value const& came) {
  throw fault(fault_kind::invalid,
              "\"" + rule.from + "\" is to be " + expected + ", but the payload has " + shown(came), rule.attribute);
}

// 0.1 × 3 is 0.3 to people who read it.
double rounded(double d) {
  char digits[40];
  std::snprintf(digits, sizeof digits, "%.12g", d);
  return std::strtod(digits, nullptr);
}

json::value translated(attribute_rule const& rule, json::value const& raw) {
  auto const key = raw.is_string() ? std::string(raw.as_string()) : json::to_string(raw);
  if (auto const* found = rule.values.find(key)) return *found;
  // JavaScript has one kind of number: 1.0 means 1.
  if (raw.is_number() && raw.as_double() == std::floor(raw.as_double()) && std::abs(raw.as_double()) < 1e15) {
    if (auto const* found = rule.values.find(std::to_string(std::int64_t(raw.as_double())))) return *found;
  }
  reject(rule, "one of " + shown(rule.values), raw);
}

json::value point_of(attribute_rule const& rule, json::value const& raw) {
  if (raw.find("type") && raw.find("coordinates")) return raw;
  auto const coordinate = [&](std::initializer_list<std::string_view> names) -> double {
    for (auto const name : names) {
      if (auto const* found = raw.find(name); found && found->is_number()) return found->as_double();
    }
    reject(rule, "a place with latitude and longitude", raw);
  };
  auto const latitude = coordinate({"latitude", "lat"});
  auto const longitude = coordinate({"longitude", "lon", "lng"});
  if (std::abs(latitude) > 90 || std::abs(longitude) > 180) reject(rule, "a place on earth", raw);
  return json::object{{"type", "Point"}, {"coordinates", json::array{longitude, latitude}}};
}

json::value measured_number(attribute_rule const& rule, json::value const& raw, device_calibration const* correction) {
  auto number = raw;
  if (raw.is_string()) {  // many codecs end in toFixed()
    auto const read = text::to_double(text::trim(raw.as_string()));
    if (!read) reject(rule, "a number", raw);
    number = *read;
  }
  if (!number.is_number()) reject(rule, "a number", raw);
  if (!rule.scale && !rule.offset && !correction) return number;
  auto d = number.as_double() * rule.scale.value_or(1) + rule.offset.value_or(0);
  if (correction) d = d * correction->factor + correction->offset;
  if (!std::isfinite(d)) reject(rule, "a finite number", raw);
  return rounded(d);
}

json::value value_of(attribute_rule const& rule, json::value const& raw, device_calibration const* correction) {
  if (rule.values.is_object()) return translated(rule, raw);
  if (rule.kind == attribute_kind::geo_property) return point_of(rule, raw);
  if (rule.kind == attribute_kind::relationship) {
    if (!raw.is_string() || raw.as_string().find(':') == std::string_view::npos) reject(rule, "a URI", raw);
    return raw;
  }
  auto const is_quantity = !rule.unit.empty() || rule.scale || rule.offset || correction;
  if (is_quantity) return measured_number(rule, raw, correction);
  if (rule.kind == attribute_kind::list_property && !raw.is_array()) reject(rule, "a list", raw);
  return raw;
}

}  // namespace

std::optional<timestamp> moment_of(json::value const& time) {
  if (time.is_string()) {
    if (auto const t = parse_timestamp(time.as_string())) return t;
  }
  auto number = time.is_number() ? std::optional(time.as_double()) : std::nullopt;
  if (time.is_string()) number = text::to_double(time.as_string());
  if (!number || !(*number > 0) || *number > 1e14) return std::nullopt;
  auto const seconds = *number < 1e11 ? *number : *number / 1'000;  // 1e11 s would be the year 5138
  return timestamp{std::int64_t(std::llround(seconds * us_per_second))};
}

namespace {

class mapping {
 public:
  mapping(device_profile const& p, device const& d, message_time when) : profile_(p), device_(d), when_(when) {}

  mapped_payload operator()(json::value const& decoded) {
    if (decoded.is_array()) {
      for (auto const& entry : decoded.as_array()) {
        auto const* time = entry.find("time");
        take_entry(entry, time && !time->is_null() ? time : nullptr);
      }
    } else {
      take(decoded, 0, when_.at);
      take_history(decoded);
    }
    if (!out_.values.empty()) return std::move(out_);
    auto told = std::string();
    for (auto const& problem : out_.problems) told += (told.empty() ? "" : "; ") + problem.detail;
    throw fault(fault_kind::invalid,
                told.empty() ? "none of the values of profile " + profile_.id + " is in the payload, which has " +
                                   shown(decoded)
                             : told);
  }

 private:
  // Many codecs keep what was measured before in `history`, each entry with its `timestamp`; a profile may say otherwise.
  void take_history(json::value const& decoded) {
    static auto const usual = history_rule{.from = "history", .time = "timestamp"};
    static auto const no_moment = json::value();
    auto const& rule = profile_.history ? *profile_.history : usual;
    auto const* list = json::find_path(decoded, rule.from);
    if (!list || !list->is_array()) return;
    for (auto const& entry : list->as_array()) {
      auto const* time = json::find_path(entry, rule.time);
      if (time || profile_.history) take_entry(entry, time ? time : &no_moment);
    }
  }

  void take_entry(json::value const& entry, json::value const* time) {
    if (++entries_ > measurements_max) return;
    auto const at = time ? moment_of(*time) : std::optional(when_.at);
    if (at && earliest <= *at && *at <= when_.latest) return take(entry, entries_, *at);
    out_.problems.push_back({.attribute = {},
                             .entry = entries_,
                             .detail = "the payload has a measurement of a time that is not believed: " +
                                       shown(time ? *time : json::value())});
  }

  void take(json::value const& data, std::size_t entry, timestamp at) {
    for (auto const& rule : profile_.attributes) {
      try {
        auto const* raw = json::find_path(data, with_variables(rule.from, device_.variables));
        if (!raw || raw->is_null()) continue;
        auto value = value_of(rule, *raw, device_.calibration_at(rule.attribute, at));
        if (means_no_battery(rule, value)) continue;
        out_.values.push_back({&rule, std::move(value), at, entry});
      } catch (fault const& f) {
        out_.problems.push_back({rule.attribute, entry, f.detail});
      }
    }
  }

  device_profile const& profile_;
  device const& device_;
  message_time when_;
  std::size_t entries_ = 0;
  mapped_payload out_;
};

}  // namespace

mapped_payload map_payload(device_profile const& p, json::value const& decoded, device const& d, message_time when) {
  return mapping(p, d, when)(decoded);
}

}  // namespace dos
