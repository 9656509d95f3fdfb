// A kind of device: how its payload is decoded and which attributes its values become.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "contract/device.h"
#include "kernel/graph/entity.h"
#include "kernel/session/session.h"

namespace dos {

// Records of profiles that a city has added itself, by id.
inline constexpr std::string_view device_profile_collection = "device_profile";

// One value of the decoded payload becomes one attribute.
struct attribute_rule {
  enum class target { measuring_point, device };

  std::string attribute;  // term of the city's default context
  std::string
      from;  // path into the decoded data: "a.b.0.c", where {name:default} is a variable of the device; of a geo property
             // the object that holds latitude and longitude
  std::string unit;  // UN/CEFACT code; set: the value must be a number
  attribute_kind kind = attribute_kind::property;
  json::value values;  // null, or an object: decoded value as text -> value
  std::optional<double> scale, offset;
  attribute_rule::target where = target::measuring_point;
};

struct device_profile {
  std::string id;    // "milesight-ws302"
  json::value name;  // text, or an object of language -> text
  std::string vendor, model, kind;
  std::optional<double> interval_s;  // how often a value is to be expected
  std::string entity_type;           // term of the measuring point's type
  std::vector<attribute_rule> attributes;
  std::string codec;  // JavaScript; empty: what the network server has decoded is taken
  bool built_in = false;
};

// As in codecs/*/device.yaml and the register's interface; `codec` may stand in it as text. Faults: invalid, with
// member.
device_profile read_device_profile(json::value const& description);
json::value to_json(device_profile const& p);  // without the codec

using profile_ptr = std::shared_ptr<device_profile const>;

// The profiles that come with the program: DIRECTORY/*/device.yaml with codec.js beside it. A broken one is a fault
// that names the file. A directory that does not exist has none.
std::map<std::string, profile_ptr> load_device_profiles(std::string const& directory);

// The profiles of all cities: those that come with the program, and what each city has added. Any thread.
class device_profiles {
 public:
  explicit device_profiles(std::map<std::string, profile_ptr> built_in) : built_in_(std::move(built_in)) {}

  profile_ptr find(session const& s, std::string_view id) const;  // a city's own beats a built-in one of the same id
  std::vector<profile_ptr> all(session const& s) const;           // by id
  bool is_built_in(std::string_view id) const { return built_in_.contains(std::string(id)); }

 private:
  profile_ptr read(std::string const& city, std::string const& id, record_ptr const& record) const;

  std::map<std::string, profile_ptr> built_in_;
  struct read_record {
    record_ptr record;
    profile_ptr profile;
  };
  mutable std::mutex mutex_;
  mutable std::map<std::pair<std::string, std::string>, read_record> read_;  // by city and id
};

// What the mapping makes of a decoded message.
struct mapped_value {
  attribute_rule const* rule;
  json::value value;
};

// Applies the rules, then the device's calibration of that time. Absent and null values are left out. Faults: invalid,
// with what was expected and what came, when a value has the wrong type or is not among those known, or none is there.
std::vector<mapped_value> map_payload(device_profile const& p, json::value const& decoded, device const& d,
                                      timestamp at);

}  // namespace dos
