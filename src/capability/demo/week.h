// A recorded week: values of objects by weekday and wall clock, to be told again in any week.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/symbol.h"
#include "base/time.h"

namespace dos::demo {

struct recorded_column {
  std::string attribute;  // term
  std::string unit;       // UN/CEFACT code, or empty
};

struct recorded_value {
  std::size_t column;  // of the week's columns
  json::value value;
};

// All values that one object gave at one moment.
struct recorded_row {
  std::int64_t offset_s;  // on the wall clock, since Monday 00:00
  std::vector<recorded_value> values;
};

struct recorded_object {
  std::string id;
  std::vector<recorded_row> rows;  // in order of time
};

struct recorded_week {
  std::vector<recorded_column> columns;
  std::vector<recorded_object> objects;
};

// CSV: offset_s, object, then a column for each attribute ("temperature:CEL"); an empty field is no value. Faults:
// malformed, with the line.
recorded_week read_week(std::string_view csv);

struct told_row {
  timestamp time;
  recorded_row const* row;
};
// The rows whose moment of the week came in (from, to], in order of time. When the clocks go forward, an hour of the
// week does not exist and its rows are left out; the hour that exists twice is told once.
std::vector<told_row> rows_between(recorded_object const& o, timestamp from, timestamp to, time_zone const& zone);

}  // namespace dos::demo
