// Coordinates of official maps (Gauss-Krüger, UTM, web Mercator …) to and from WGS84.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "geo/geometry.h"

namespace dos::geo {

// Coordinates are always in the order east, north (longitude, latitude), whatever the authority's axis order says.
// Any number of threads may use one projection. Transformations use what is installed; nothing is fetched.
class projection {
 public:
  // "EPSG:25832", "25832", "urn:ogc:def:crs:EPSG::25832", "http://www.opengis.net/def/crs/EPSG/0/25832", "CRS84".
  // Faults: invalid when it is not such a name or unknown.
  explicit projection(std::string_view crs);

  int epsg() const { return epsg_; }
  bool is_wgs84() const { return epsg_ == 4326; }

  // Nothing when the point lies outside of where the projection is defined.
  std::optional<position> find_wgs84(position east_north) const;
  std::optional<position> find_projected(position lon_lat) const;

  // Faults: invalid, naming the point that cannot be transformed. Heights are kept as they are.
  geometry to_wgs84(geometry const& g) const;
  geometry to_projected(geometry const& g) const;

 private:
  int epsg_ = 4326;
};

}  // namespace dos::geo
