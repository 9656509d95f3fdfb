// A kind of device: how its payload is decoded and which attributes its values become.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/record_collection.h"
#include "base/time.h"
#include "contract/contract.h"
#include "devices/device.h"
#include "kernel/city/session.h"
#include "kernel/graph/entity.h"

namespace dos {

// Records of profiles that a city has added itself, by id.
inline constexpr auto device_profile_collection = record_collection{"device_profile", "devices", "id"};

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

// A list in the decoded data whose entries were measured before the message: the rules apply to each of them.
struct history_rule {
  std::string from;  // path to the list
  std::string time;  // path within an entry to its time: ISO 8601, or seconds or milliseconds since 1970
};

struct device_profile {
  std::string id;    // "milesight-ws302"
  json::value name;  // text, or an object of language -> text
  std::string vendor, model, kind;
  std::optional<double> interval_s;  // how often a value is to be expected
  std::string entity_type;           // term of the measuring point's type
  std::vector<int> f_ports;          // on which it speaks of its measurements; empty: on every one
  std::vector<attribute_rule> attributes;
  std::optional<history_rule> history;  // nothing: `history`, with `timestamp`, if the payload has that
  std::string codec;  // JavaScript; empty: what the network server has decoded is taken
  bool built_in = false;

  bool speaks_on(int f_port) const;
};

// Members that are not known: a mistake of who writes a profile; of one that is stored they are left alone, since older
// programs took any.
enum class unknown_members { refused, ignored };
// As in a package's devices/*/device.yaml and the register's interface; `codec` may stand in it as text. Faults: invalid, with
// member.
device_profile read_device_profile(json::value const& description, unknown_members u = unknown_members::refused);
json::value to_json(device_profile const& p);  // without the codec

using profile_ptr = std::shared_ptr<device_profile const>;

// The profiles of all cities: those of packages (devices/*/device.yaml with codec.js beside it; one that cannot be read is logged
// and left out), and what each city has added. Any thread.
class device_profiles {
 public:
  explicit device_profiles(node const& n) : node_(n) {}

  profile_ptr find(session const& s, std::string_view id) const;  // a city's own beats a built-in one of the same id
  std::vector<profile_ptr> all(session const& s) const;           // by id
  bool is_built_in(session const& s, std::string_view id) const;  // a package has it

 private:
  using by_id = std::map<std::string, profile_ptr, std::less<>>;
  struct read_packages {
    package_files_ptr files;
    std::shared_ptr<by_id const> profiles;
  };

  std::shared_ptr<by_id const> of_packages(std::string const& city) const;
  profile_ptr read(std::string const& city, std::string const& id, record_ptr const& record) const;

  node const& node_;
  mutable std::map<std::string, read_packages> of_packages_;  // by city
  struct read_record {
    record_ptr record;
    profile_ptr profile;
  };
  mutable std::mutex mutex_;
  mutable std::map<std::pair<std::string, std::string>, read_record> read_;  // by city and id
};

}  // namespace dos
