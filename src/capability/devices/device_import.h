// Devices from a table: what people send as CSV, row by row, with every mistake named.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/text_encoding.h"
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

struct import_table {
  text_encoding encoding = text_encoding::utf8;  // that it came in
  std::vector<import_row> rows;
};

// Header: devEui (or deviceId), name, profile; optional state, source, joinEui, measuringPoint, pointName, latitude, longitude, from,
// provenance – in any order and spelling (dev_eui, DevEUI), or in German (Name, Profil, Status, Messstelle, Breite,
// Länge, ab). Separator and decimal comma are recognised; what is not UTF-8 is Windows-1252, as a spreadsheet writes it.
// A DevEUI that comes twice is a mistake of its second row. Faults: malformed when the header lacks a column; too_large.
import_table read_import(std::string_view csv);

}  // namespace dos::devices
