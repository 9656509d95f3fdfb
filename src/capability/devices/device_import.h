// Devices from a table: what people send as CSV, row by row, with every mistake named.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/time.h"

namespace dos::devices {

inline constexpr std::size_t import_rows_max = 5'000;
inline constexpr std::size_t import_bytes_max = 4 << 20;

struct import_row {
  std::size_t line = 0;  // in the file, from 1
  std::vector<std::string> errors;
  json::object device;          // members as POST /devices takes them
  std::string measuring_point;  // id or name of one that exists; may be empty
  std::string point_name;       // of a new one
  std::optional<double> longitude, latitude;
  std::optional<timestamp> from;

  bool has_point() const { return !measuring_point.empty() || !point_name.empty() || latitude; }
};

// Header: devEui, name, profile; optional state, source, joinEui, measuringPoint, pointName, latitude, longitude, from,
// provenance – in any order and spelling (dev_eui, DevEUI), or in German (Name, Profil, Status, Messstelle, Breite,
// Länge, ab). Separator, encoding and decimal comma are recognised. A DevEUI that comes twice is a mistake of its
// second row. Faults: malformed when the header lacks a column; too_large.
std::vector<import_row> read_import(std::string_view csv);

}  // namespace dos::devices
