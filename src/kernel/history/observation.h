// One value of a series at one moment.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/json.h"
#include "base/time.h"

namespace dos {

// Assigned in the log, city-wide, ascending, below 2^53, never changed; 0 is none.
using observation_number = std::uint64_t;

// The order of a series: several observations at one time are legal.
struct moment {
  timestamp time;
  observation_number number = 0;

  auto operator<=>(moment const&) const = default;
};

// What few observations have, as members of `extras`. Times are integers (µs) there, so that chunks keep them as
// differences; everything else is kept once per chunk when it repeats. Members not named here are kept as they are.
namespace extra {
inline constexpr std::string_view result_time = "resultTime";  // integer, µs
inline constexpr std::string_view end_time = "endTime";      // integer, µs: the phenomenon lasted from `time` to here
inline constexpr std::string_view valid_from = "validFrom";  // integer, µs
inline constexpr std::string_view valid_to = "validTo";      // integer, µs
inline constexpr std::string_view created_at = "createdAt";  // integer, µs
inline constexpr std::string_view modified_at = "modifiedAt";     // integer, µs
inline constexpr std::string_view deleted = "deleted";            // true: the attribute ceased to exist at `time`
inline constexpr std::string_view provenance = "provenance";      // measured, recorded, simulated, forecast, entered
inline constexpr std::string_view quality = "quality";            // any JSON
inline constexpr std::string_view parameters = "parameters";      // object
inline constexpr std::string_view feature = "featureOfInterest";  // id
inline constexpr std::string_view unit = "unitCode";              // UN/CEFACT code, where it differs from the series'
inline constexpr std::string_view sub_attributes = "attributes";  // object of everything else that hangs on the value
}  // namespace extra

struct observation {
  observation_number number = 0;
  timestamp time;
  json::value value;   // null when deleted; other reals than JSON's (NaN, infinite) are kept bit by bit
  json::value extras;  // null, or an object with at least one member

  dos::moment moment() const { return {time, number}; }
};

// Typed access to the extras.
std::optional<timestamp> find_time(observation const&, std::string_view extra);
std::string_view text_of(observation const&, std::string_view extra);  // empty when absent or no string
bool is_deleted(observation const&);
void set_extra(observation&, std::string_view extra, json::value value);  // null removes it
void set_extra(observation&, std::string_view extra, timestamp time);

// Equal in every bit: 1 is not 1.0, 0.0 is not -0.0, NaN is itself. The order of an object's members does not matter.
bool identical(json::value const& a, json::value const& b);
bool identical(observation const& a, observation const& b);

}  // namespace dos
