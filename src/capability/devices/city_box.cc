#include "capability/devices/city_box.h"

#include <algorithm>
#include <cmath>

namespace dos::devices {
namespace {

constexpr auto border_km = 2.0;
constexpr auto km_per_degree = 111.2;

double distance_km(city_box const& b, double longitude, double latitude) {
  auto const east_west = std::max({b.west - longitude, longitude - b.east, 0.0});
  auto const north_south = std::max({b.south - latitude, latitude - b.north, 0.0});
  auto const radians = std::clamp(latitude, b.south, b.north) * 3.14159265358979 / 180;
  return std::hypot(east_west * std::cos(radians), north_south) * km_per_degree;
}

}  // namespace

std::map<std::string, city_box> read_city_boxes(std::vector<city_profile> const& profiles) {
  auto boxes = std::map<std::string, city_box>();
  for (auto const& p : profiles) {
    auto const* box = p.words.find("bbox");
    if (!box || !box->is_array() || box->as_array().size() != 4) continue;
    auto const& edges = box->as_array();
    if (!std::all_of(edges.begin(), edges.end(), [](auto const& e) { return e.is_number(); })) continue;
    boxes[p.id] = {.name = std::string(p.words.text_or("name", p.id)),
                   .west = edges[0].as_double(),
                   .south = edges[1].as_double(),
                   .east = edges[2].as_double(),
                   .north = edges[3].as_double()};
  }
  return boxes;
}

std::optional<std::string> question_about(city_box const& b, double longitude, double latitude) {
  auto const away = distance_km(b, longitude, latitude);
  if (away <= border_km) return std::nullopt;
  auto asked = "this place lies " + std::to_string(std::llround(away)) + " km outside of " + b.name;
  if (distance_km(b, latitude, longitude) <= border_km) asked += ": are longitude and latitude swapped?";
  return asked;
}

}  // namespace dos::devices
