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

  std::size_t number = 0;                     // "row.number"
  std::string digest;                         // "row.hash"
  std::size_t repeat = 1;                     // "row.repeat": the how manieth of equal records
  json::value const* table_row = nullptr;     // of the mapping's own table
  parameter_map const* parameters = nullptr;  // "parameter.NAME"
  json::value const* geometry = nullptr;      // of a feature

 private:
  column_map const* columns_ = nullptr;
  std::span<std::string const> fields_;
  json::value const* members_ = nullptr;
  json::value const* around_ = nullptr;
  mutable std::string made_;  // text behind the field found last
};

// "a.b.0"; a member that has dots in its name is found as well.
json::value const* find_path(json::value const& v, std::string_view path);

}  // namespace dos::files
