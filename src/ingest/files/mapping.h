// How a city's files become entities: a declaration, written in YAML or JSON, without code. docs/imports.md explains
// each word.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/csv.h"
#include "base/json.h"
#include "base/notation.h"
#include "base/time.h"
#include "base/units.h"
#include "geo/geometry.h"
#include "geo/projection.h"
#include "ingest/files/text_template.h"
#include "kernel/graph/entity.h"

namespace dos::files {

enum class source_format : std::uint8_t { csv, geojson, json, ndjson };
std::string_view to_text(source_format f);

struct source_rule {
  source_format format = source_format::csv;
  csv_options csv;
  number_notation numbers;
  bool has_header = true;                 // without one, columns are called 1, 2, 3 …
  std::vector<std::string> ignored_rows;  // rows whose first field begins so: footers, comments
  std::vector<std::string> table_ends;    // the table ends before a row whose first field begins so; "": a blank row
  bool repeats = false;                   // further tables of the same kind follow, each with its names of columns
  std::size_t skipped_rows = 0;           // below the names of columns: units, for example
  // field -> how a line before the table begins whose rest the field is, for all rows of the table
  std::vector<std::pair<std::string, std::string>> headings;
  std::string records;                    // path to the array in a JSON document: "results"; empty: the document itself
  // Fetched from time to time.
  std::string url;
  std::int64_t interval_s = 0;
  bool is_enabled = false;
};

struct time_rule {
  std::string from;    // column or path …
  text_template text;  // … or several: "{date} {time}"
  date_pattern pattern{"ISO"};
  // The time is the end of a period of this length ("the hour until 03:00"): its beginning is what the wall clock
  // showed without doubt on the days when clocks change. 0: a moment.
  std::int64_t ends_period_us = 0;
};

enum class value_type : std::uint8_t { as_it_is, text, number, boolean, date, time };

struct member_rule;

struct value_rule {
  // One of these says where the value comes from.
  std::string from;                     // column, or path "a.b.0" in a JSON record
  text_template text;                   //
  std::optional<json::value> constant;  //
  std::vector<member_rule> members;     // an object of values

  value_type type = value_type::as_it_is;  // text of a CSV file stays text, JSON stays as it is
  std::optional<date_pattern> pattern;     // of dates and times
  std::string split;                       // at this text into a list …
  std::optional<int> part;                 // … or into the one part of this index, negative from the end
  std::vector<std::pair<std::string, json::value>> values;  // what stands there -> what is meant; "*" for all else
  std::vector<std::pair<std::string, std::string>>
      repairs;                       // "Stra?e" -> "Straße", '?' for any one character; reported
  std::vector<std::string> skip_if;  // means: no value …
  std::vector<double> skipped_numbers;  // … also where the number is written otherwise
  unit const* unit_from = nullptr;   // converted from here
  unit const* unit_to = nullptr;     // to here
  double scale = 1;                  // number × scale + offset, before the conversion; all in decimals
  double offset = 0;
  std::optional<double> min, max;  // of the result; what lies beyond is reported and left out
};

struct member_rule {
  std::string name;
  value_rule value;
};

struct attribute_rule {
  std::string name;  // term
  attribute_kind kind = attribute_kind::property;
  value_rule value;
  std::string unit;                      // UN/CEFACT code, empty for none
  std::optional<time_rule> observed_at;  // else the mapping's
  bool is_timeless = false;              // no time at all: names, places
  bool is_collected = false;             // several records of one entity have a value each: they become one list
  dos::provenance provenance = dos::provenance::recorded;
};

struct location_rule {
  std::string attribute = "location";
  std::string x, y;            // columns or paths, in the mapping's coordinate system …
  std::string wkt;             // … or one of these
  std::string geojson;         //
  bool is_of_feature = false;  //
  geo::box bounds;             // what lies outside is reported and left out; empty: everywhere
};

// More fields for a record from a small table in the mapping itself: names and places of stations.
struct table_rule {
  text_template key;
  json::value rows;  // object: key -> object of fields
};

// Several of a record's columns (or members) hold the same of several things: each becomes a record of its own.
struct each_column_rule {
  std::string name;   // field with the column's name …
  std::string value;  // … and with what stands there; what is empty is no record
  bool is_but = false;
  std::set<std::string, std::less<>> columns;  // these, or all but these

  bool covers(std::string_view column) const;
};

struct mapping {
  std::string name;  // of the mapping: letters, digits, dashes
  std::string title, licence, attribution, publisher, origin;
  source_rule source;
  std::shared_ptr<time_zone const> zone;              // there when a rule reads wall clocks
  std::shared_ptr<geo::projection const> projection;  // never empty
  bool says_crs = false;                              // else a file may say otherwise
  std::vector<std::string> parameters;                // to be given with each import; fields "parameter.NAME"
  std::optional<table_rule> table;
  std::optional<each_column_rule> each_column;
  std::string entity_type;  // term
  text_template entity_id;
  text_template scope;  // empty: none
  std::optional<location_rule> location;
  std::optional<time_rule> observed_at;
  std::vector<attribute_rule> attributes;
  bool collects() const;    // some attribute does
  bool is_history = false;  // every record is an observation of its entity, rather than all there is to say about it
};

// Faults: invalid with the member ("attributes[2].unit"), for words that are unknown as well, and for names that the
// door of NGSI-LD refuses.
mapping parse_mapping(json::value const& declaration);

// Every field the mapping needs, for checking a file's header. Those of parameters, tables and rows are left out.
std::vector<std::string> needed_fields(mapping const& m);

}  // namespace dos::files
