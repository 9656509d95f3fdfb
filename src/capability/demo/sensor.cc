#include "capability/demo/sensor.h"

#include <cmath>
#include <cstdio>

#include "base/fault.h"
#include "base/text.h"
#include "base/yaml.h"
#include "capability/demo/signal.h"

namespace dos::demo {
namespace {

std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

double number_or(json::value const& v, std::string_view member, double otherwise) {
  auto const* found = v.find(member);
  return found && found->is_number() ? found->as_double() : otherwise;
}

behaviour parse_behaviour(std::string_view word) {
  if (word == "sound") return behaviour::sound;
  if (word == "weak") return behaviour::weak;
  if (word == "silent") return behaviour::silent;
  if (word == "broken") return behaviour::broken;
  if (word == "unregistered") return behaviour::unregistered;
  throw fault(fault_kind::invalid, "a sensor's behaviour is sound, weak, silent, broken or unregistered", "behaviour");
}

sensor read_sensor(json::value const& v) {
  auto s = sensor();
  s.city = v.text_or("city", "");
  s.dev_eui = v.text_or("eui", "");
  s.profile = v.text_or("profile", "");
  s.name = v.text_or("name", "");
  auto const* at = v.find("at");
  require(s.dev_eui.size() == 16 && text::from_hex(s.dev_eui) && !s.city.empty() && !s.profile.empty() && !s.name.empty(),
          fault_kind::invalid, "a sensor has city, eui, profile and name", s.dev_eui);
  require(at && at->is_array() && at->as_array().size() == 2 && at->as_array()[0].is_number() && at->as_array()[1].is_number(),
          fault_kind::invalid, "a sensor has a place, at: [longitude, latitude]", s.dev_eui);
  s.longitude = at->as_array()[0].as_double();
  s.latitude = at->as_array()[1].as_double();
  s.every_s = std::int64_t(number_or(v, "every_s", 600));
  require(s.every_s >= 10, fault_kind::invalid, "a sensor sends every 10 seconds or less often", s.dev_eui);
  s.level = number_or(v, "level", 0);
  auto const* variables = v.find("variables");
  s.variables = variables && variables->is_object() ? *variables : json::value(json::object());
  s.behaviour = parse_behaviour(v.text_or("behaviour", "sound"));
  s.seed = std::strtoull(s.dev_eui.c_str() + 4, nullptr, 16);
  return s;
}

std::string hex(std::uint64_t n, int digits) {
  char out[17];
  std::snprintf(out, sizeof out, "%0*llx", digits, static_cast<unsigned long long>(n));
  return out;
}

// Frames are counted from here on.
constexpr auto first_frame_s = std::int64_t(1'767'225'600);  // 2026-01-01T00:00:00Z

}  // namespace

std::int64_t sensor::frame_at(timestamp t) const {
  auto const shift = std::int64_t(chance(seed, 0) * double(every_s));
  return floor_div(floor_div(t.us, us_per_second) - first_frame_s - shift, every_s);
}

timestamp sensor::time_of(std::int64_t frame) const {
  auto const shift = std::int64_t(chance(seed, 0) * double(every_s));
  return {(first_frame_s + shift + frame * every_s) * us_per_second};
}

sensor_network read_sensors(std::string_view yaml) {
  auto const description = parse_yaml(yaml);
  auto n = sensor_network();
  if (auto const* given = description.find("network")) {
    n.application = given->text_or("application", "");
    n.gateway = given->text_or("gateway", "");
  }
  auto const* list = description.find("sensors");
  require(list && list->is_array(), fault_kind::invalid, "a list of sensors is missing", "sensors");
  for (auto const& v : list->as_array()) n.sensors.push_back(read_sensor(v));
  return n;
}

json::value chirpstack_uplink(sensor_network const& network, sensor const& s, std::int64_t frame, time_zone const& zone) {
  auto const when = s.time_of(frame);
  auto sent = encode(s, when, zone);
  if (s.behaviour == behaviour::broken) sent.bytes.resize(sent.bytes.size() / 2);
  auto const seconds = double(when.us / us_per_second);
  auto const weakness = s.behaviour == behaviour::weak ? 22.0 : 0.0;
  auto const rssi = std::lround(-82 - weakness - 14 * chance(s.seed, 1) + 6 * wander(s.seed + 1, seconds, 3'600));
  auto const snr = std::round(10 * (8.5 - weakness * 0.6 + 2.5 * wander(s.seed + 2, seconds, 1'800))) / 10;
  auto const spreading = rssi < -110 ? 12 : rssi < -100 ? 10 : 7;
  auto const device = json::object{{"tenantName", network.application},
                                   {"applicationName", network.application},
                                   {"deviceProfileName", s.profile},
                                   {"deviceName", s.name},
                                   {"devEui", s.dev_eui}};
  auto const heard = json::object{{"gatewayId", network.gateway},
                                  {"uplinkId", unsigned(chance(s.seed + 3, frame) * 1e9)},
                                  {"rssi", std::int64_t(rssi)},
                                  {"snr", snr}};
  auto const lora = json::object{{"bandwidth", 125'000}, {"spreadingFactor", spreading}, {"codeRate", "CR_4_5"}};
  return json::object{{"deduplicationId", "00000000-0000-4000-8000-" + hex(s.seed & 0xffff, 4) + hex(std::uint64_t(frame) & 0xffffffff, 8)},
                      {"time", to_string(when)},
                      {"deviceInfo", device},
                      {"devAddr", "26" + hex(s.seed & 0xffffff, 6)},
                      {"adr", true},
                      {"dr", 12 - spreading},
                      {"fCnt", std::uint64_t(frame) & 0xffffffff},
                      {"fPort", sent.f_port},
                      {"confirmed", false},
                      {"data", text::to_base64(sent.bytes)},
                      {"rxInfo", json::array{heard}},
                      {"txInfo", json::object{{"frequency", 868'100'000}, {"modulation", json::object{{"lora", lora}}}}}};
}

}  // namespace dos::demo
