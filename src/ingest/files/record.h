// One row of a table or one object of a JSON document, as named fields.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/json.h"

namespace dos::files {

using column_map = std::unordered_map<std::string, std::size_t>;
using parameter_map = std::unordered_map<std::string, std::string>;

// Text of a table, a value of JSON, or nothing.
struct field {
  std::string_view text = {};
  json::value const* value = nullptr;
  bool is_there = false;

  // As text without blanks around it; objects and lists are written as JSON. Null counts as absent.
  std::optional<std::string> find_text() const;
};

// A view: what it shows must outlive it. Of several sources the first that knows the name counts.
class record {
 public:
  record(column_map const& columns, std::span<std::string const> fields) : columns_(&columns), fields_(fields) {}
  // Members first, then those of the feature around (its id, for example).
  explicit record(json::value const& members, json::value const* around = nullptr)
      : members_(&members), around_(around) {}

  field find(std::string const& name) const;

  // One of several columns that hold the same: what it is called and what stands there, as fields of these names.
  struct column {
    std::string_view name_field, value_field;
    std::string_view name;
    field value;
  };
  std::optional<column> one_column;
  std::size_t number = 0;                     // "row.number"
  std::string digest;                         // "row.hash"
  std::size_t repeat = 1;                     // "row.repeat": the how manieth of equal records
  json::value const* table_row = nullptr;     // of the mapping's own table
  parameter_map const* parameters = nullptr;  // "parameter.NAME"
  parameter_map const* headings = nullptr;    // of the table
  json::value const* geometry = nullptr;      // of a feature
  json::value const* own_crs = nullptr;       // what the feature itself says of its coordinates

  json::value const* members() const { return members_; }

 private:
  column_map const* columns_ = nullptr;
  std::span<std::string const> fields_;
  json::value const* members_ = nullptr;
  json::value const* around_ = nullptr;
  mutable std::string made_;  // text behind the field found last
};

}  // namespace dos::files
