// Where a city lies, roughly: enough to ask about coordinates that are most likely wrong. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "contract/contract.h"

namespace dos::devices {

// WGS 84, degrees.
struct city_box {
  std::string name;  // of the city
  double west = 0, south = 0, east = 0, north = 0;
};

// By city, of those whose configuration has a `bbox` [west, south, east, north].
std::map<std::string, city_box> read_city_boxes(std::vector<city_profile> const& profiles);

// What to ask whoever places something there: nothing within the city and close to its border (2 km).
std::optional<std::string> question_about(city_box const& b, double longitude, double latitude);

}  // namespace dos::devices
