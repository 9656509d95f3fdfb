// A kind of device: how its payload is decoded and which attributes its values become.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "contract/device.h"
#include "kernel/graph/entity.h"

namespace dos {

// Records of profiles that a city has added itself, by id.
inline constexpr std::string_view device_profile_collection = "device_profile";

// One value of the decoded payload becomes one attribute.
struct attribute_rule {
  enum class target { measuring_point, device };

  std::string attribute;  // term of the city's default context
  std::string from;       // path into the decoded data: "a.b.0.c"; of a geo property the object that holds latitude and longitude
  std::string unit;       // UN/CEFACT code; set: the value must be a number
  attribute_kind kind = attribute_kind::property;
  json::value values;     // null, or an object: decoded value as text -> value
  std::optional<double> scale, offset;
  attribute_rule::target where = target::measuring_point;
};

struct device_profile {
  std::string id;    // "milesight-ws302"
  json::value name;  // text, or an object of language -> text
  std::string vendor, model, kind;
  std::optional<double> interval_s;  // how often a value is to be expected
  std::optional<int> f_port;         // other ports are not for the application
  std::string entity_type;           // term of the measuring point's type
  std::vector<attribute_rule> attributes;
  std::string codec;  // JavaScript; empty: what the network server has decoded is taken
  bool built_in = false;
};

// As in codecs/*/device.yaml and the register's interface; `codec` may stand in it as text. Faults: invalid, with member.
device_profile read_device_profile(json::value const& description);
json::value to_json(device_profile const& p);  // without the codec

using profile_ptr = std::shared_ptr<device_profile const>;

// The profiles that come with the program: DIRECTORY/*/device.yaml with codec.js beside it. A broken one is a fault that
// names the file. A directory that does not exist has none.
std::map<std::string, profile_ptr> load_device_profiles(std::string const& directory);

// What the mapping makes of a decoded message.
struct mapped_value {
  attribute_rule const* rule;
  json::value value;
};

// Applies the rules, then the device's calibration of that time. Absent and null values are left out. Faults: invalid,
// with what was expected and what came, when a value has the wrong type or is not among those known, or none is there.
std::vector<mapped_value> map_payload(device_profile const& p, json::value const& decoded, device const& d, timestamp at);

}  // namespace dos
