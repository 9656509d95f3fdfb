// Where a record is, by the mapping's rule and in the coordinate system that holds.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "geo/geometry.h"
#include "geo/projection.h"
#include "ingest/files/mapping.h"
#include "ingest/files/record.h"

namespace dos::files {

class location_reader {
 public:
  explicit location_reader(mapping const& m) : mapping_(m) {}

  // The "crs" of a GeoJSON document, of before RFC 7946 (GeoJSON 2008, 3): holds for geometries from here on, unless one says
  // otherwise itself. Faults: invalid when it contradicts the mapping or cannot be understood.
  void take_crs(json::value const* crs);

  // Empty: the record names no place. Faults: invalid or malformed, when it is none.
  geo::geometry read(record const& r);
  std::string column() const;  // for reports

 private:
  std::shared_ptr<geo::projection const> projection_of(json::value const* crs);
  geo::geometry read_json(json::value const& v, json::value const* around);

  mapping const& mapping_;
  std::shared_ptr<geo::projection const> of_document_;
  static constexpr std::size_t named_max = 16;  // coordinate systems in one file
  std::map<std::string, std::shared_ptr<geo::projection const>> named_;
};

}  // namespace dos::files
