// Files into drafts of entities, by a mapping, piece by piece. One bad record is reported and costs only itself.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/csv.h"
#include "ingest/files/evaluate.h"
#include "ingest/files/location_reader.h"
#include "ingest/files/mapping.h"
#include "ingest/files/record.h"
#include "ingest/files/table.h"
#include "ingest/files/wall_clock.h"

namespace dos::files {

inline constexpr std::size_t no_rule = std::size_t(-1);

struct attribute_draft {
  std::string name;  // term
  attribute_kind kind = attribute_kind::property;
  json::value value;  // GeoJSON for geo_property
  std::string unit;
  timestamp observed_at = no_time;
  dos::provenance provenance = dos::provenance::recorded;
  std::size_t rule = no_rule;  // of the mapping's attributes; the location has none
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
  std::size_t places_lost = 0;  // records that say where, in a way that could not be taken
};

// What is stored already, for hours that exist twice. Members may be absent.
struct stored_past {
  std::function<bool(std::string const& id, attribute_draft const& a)> has;  // that value of that moment
  std::function<timestamp(std::string const& id)> last_observed;             // no_time: never
  timestamp now = no_time;
};

class draft_reader {
 public:
  struct listener {
    std::function<bool(entity_draft&&)> draft;  // false: enough
    std::function<void(row_problem&&)> problem;
  };
  static constexpr std::size_t collected_max = 500'000;  // entities, when a mapping collects: they wait for the end
  static constexpr std::size_t document_bytes_max = 256 << 20;  // of JSON and GeoJSON, which are read as a whole
  static constexpr std::size_t waiting_max = 1'000;  // records in a doubtful hour, until it is clear whether times ascend

  // The mapping must outlive the reader. Faults: invalid when a parameter is missing.
  draft_reader(mapping const& m, parameter_map parameters, listener l, stored_past past = {});
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
  struct raw_record {  // a row, or an item of JSON
    place at;
    std::shared_ptr<table_names const> names;  // of a row
    std::vector<std::string> fields;
    json::value item;
  };

  struct named_field {
    std::string_view name;
    field value;
  };

  bool take_row(csv_row const& row);
  void take_line(std::string_view line);
  void take_document();
  bool take_json(json::value const& item);
  bool must_wait(record const& r);
  bool take_waiting();
  bool take_fields(table_names const& names, std::vector<std::string> const& fields);
  bool take_item(json::value const& item);
  record record_of(table_names const& names, std::vector<std::string> const& fields) const;
  record record_of(json::value const& item) const;
  bool take_columns(record& r, std::string_view all, std::vector<named_field> const& columns);
  bool take(record& r, std::string_view all, std::uint64_t digest);
  void add_attributes(record const& r, entity_draft& d);
  bool add_times(record const& r, entity_draft& d);
  bool deliver(entity_draft&& d);
  void collect(entity_draft&& d);
  void add_location(record const& r, entity_draft& d);
  std::optional<clock_reading> read_clock(time_rule const& rule, record const& r);
  std::optional<timestamp> to_moment(time_rule const& rule, record const& r, entity_draft const& d, std::string const& attribute,
                                     std::span<attribute_draft const> values);
  static bool is_known(std::array<std::unordered_set<std::uint64_t>, 2>& known, std::uint64_t digest);
  bool is_repeated(std::string const& id, attribute_draft const& a);
  void report(std::string column, std::string message, std::string_view excerpt, bool is_lost = false);

  mapping const& mapping_;
  parameter_map parameters_;
  listener listener_;
  std::optional<wall_clock> clock_;
  stored_past past_;
  location_reader places_;
  table table_;
  csv_reader csv_;
  csv_reader::visitor visit_row_;
  std::string document_;  // JSON, or the line of NDJSON that is not complete
  bool is_stopped_ = false;
  place place_;
  std::uint64_t record_digest_ = 0;       // of the record at hand
  std::string column_;                    // of the record at hand, where each column is one
  std::vector<raw_record> waiting_;
  read_counts counts_;

  // Digests of what came before, in two generations, so that memory is bounded: the last one to two million are known.
  std::array<std::unordered_set<std::uint64_t>, 2> known_values_;
  std::array<std::unordered_set<std::uint64_t>, 2> known_ids_;
  static constexpr std::size_t counted_records_max = 1'000'000;   // where equal ones are counted
  std::unordered_map<std::uint64_t, std::size_t> known_records_;  // digest -> how often

  std::vector<entity_draft> collected_;  // in the order they came
  std::unordered_map<std::string, std::size_t> collected_by_id_;
};

// The same for bytes that are all there.
read_counts read_records(std::string_view bytes, mapping const& m, draft_reader::listener l,
                         parameter_map parameters = {}, stored_past past = {});

}  // namespace dos::files
