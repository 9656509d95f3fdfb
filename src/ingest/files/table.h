// Where the table lies in a file of rows: its names of columns, what stands in lines above it, and where it ends.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/csv.h"
#include "ingest/files/mapping.h"
#include "ingest/files/record.h"

namespace dos::files {

// What is known of a row's fields beside them.
struct table_names {
  column_map columns;
  std::vector<std::string> in_order;
  parameter_map headings;
};

class table {
 public:
  explicit table(mapping const& m) : mapping_(m) {}

  // A line before the table; to be told in order.
  void take_line(std::string_view line);

  enum class use { nothing, names, record };
  // Faults: invalid when columns are missing, with the names that are there.
  use take(csv_row const& row, char separator);

  bool has_names() const { return names_ != nullptr; }
  std::shared_ptr<table_names const> const& names() const { return names_; }  // of the table at hand

 private:
  static constexpr std::size_t heading_lines_max = 100;

  bool ends_at(csv_row const& row) const;
  bool take_heading(std::vector<std::string> const& fields);
  void take_names(csv_row const& row);

  mapping const& mapping_;
  std::vector<std::string> lines_;  // that may be headings, until it is known what separates their fields
  bool is_inside_ = true;           // or between two tables, or below the last one
  std::size_t rows_to_skip_ = 0;
  parameter_map headings_;  // told so far
  std::shared_ptr<table_names const> names_;
};

std::string quoted_list(std::vector<std::string> const& names);  // "a", "b"

}  // namespace dos::files
