// Files into drafts of entities, by a mapping, piece by piece. One bad record is reported and costs only itself.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/csv.h"
#include "ingest/files/evaluate.h"
#include "ingest/files/mapping.h"
#include "ingest/files/record.h"
#include "ingest/files/wall_clock.h"

namespace dos::files {

struct attribute_draft {
  std::string name;  // term
  attribute_kind kind = attribute_kind::property;
  json::value value;  // GeoJSON for geo_property
  std::string unit;
  timestamp observed_at = no_time;
  dos::provenance provenance = dos::provenance::recorded;
};

struct entity_draft {
  std::string id;    // URI
  std::string type;  // term
  std::string scope;
  std::vector<attribute_draft> attributes;  // not empty
  std::size_t row = 0;
};

struct row_problem {
  std::size_t row = 0;          // from 1; the header counts
  std::size_t line = 0;         // of the file, 0 when unknown
  std::size_t byte_offset = 0;  //
  std::string column;           // empty: the row as a whole
  std::string message;
  std::string excerpt;   // of the field or the row, at most excerpt_bytes_max
  bool is_lost = false;  // nothing of the row was taken
};
inline constexpr std::size_t excerpt_bytes_max = 120;

struct read_counts {
  std::size_t records = 0;  // rows but the header, blank and ignored ones
  std::size_t drafts = 0;
  std::size_t values = 0;            // in the drafts
  std::size_t repeated_records = 0;  // nothing new in them
  std::size_t repeated_values = 0;   // same entity, attribute, time and value as one before
  std::size_t problems = 0;
  std::size_t empty = 0;  // records that say that there is no value
  std::size_t lost = 0;   // records of which nothing was taken because of a problem
};

class draft_reader {
 public:
  struct listener {
    std::function<bool(entity_draft&&)> draft;  // false: enough
    std::function<void(row_problem&&)> problem;
  };
  static constexpr std::size_t collected_max = 500'000;  // entities, when a mapping collects: they wait for the end
  static constexpr std::size_t document_bytes_max = 256 << 20;  // of JSON and GeoJSON, which are read as a whole

  // The mapping must outlive the reader. Faults: invalid when a parameter is missing.
  draft_reader(mapping const& m, parameter_map parameters, listener l);
  ~draft_reader();

  // Faults are about the file as a whole: invalid when columns are missing (with the names that are there), malformed
  // when it is no JSON, too_large.
  void feed(std::string_view bytes);
  read_counts finish();

  read_counts const& counts() const { return counts_; }

 private:
  struct place {  // of the record at hand
    std::size_t row = 0, line = 0, byte_offset = 0;
  };

  bool take_row(csv_row const& row);
  void take_header(csv_row const& row);
  void take_line(std::string_view line);
  void take_document();
  bool take_json(json::value const& item);
  bool take(record& r);
  bool deliver(entity_draft&& d);
  void collect(entity_draft&& d);
  void add_location(record const& r, entity_draft& d);
  geo::geometry read_location(record const& r) const;
  std::optional<timestamp> read_time(time_rule const& rule, record const& r, std::string const& series);
  bool is_repeated(std::string const& id, attribute_draft const& a);
  void report(std::string column, std::string message, std::string_view excerpt, bool is_lost = false);

  mapping const& mapping_;
  parameter_map parameters_;
  listener listener_;
  std::optional<wall_clock> clock_;
  csv_reader csv_;
  csv_reader::visitor visit_row_;
  column_map columns_;
  std::vector<std::string> column_names_;
  std::size_t columns_count_ = 0;
  bool has_columns_ = false;
  std::string document_;  // JSON, or the line of NDJSON that is not complete
  bool is_stopped_ = false;
  place place_;
  std::uint64_t record_digest_ = 0;  // of the record at hand
  read_counts counts_;

  // Digests of what came before, in two generations, so that memory is bounded: the last one to two million are known.
  std::array<std::unordered_set<std::uint64_t>, 2> known_values_;
  std::unordered_map<std::uint64_t, std::size_t> known_records_;  // digest -> how often
  std::unordered_set<std::uint64_t> known_ids_;

  std::vector<entity_draft> collected_;  // in the order they came
  std::unordered_map<std::string, std::size_t> collected_by_id_;
};

// The same for bytes that are all there.
read_counts read_records(std::string_view bytes, mapping const& m, draft_reader::listener l,
                         parameter_map parameters = {});

}  // namespace dos::files
