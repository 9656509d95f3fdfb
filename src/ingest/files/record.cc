#include "ingest/files/record.h"

#include "base/json_path.h"
#include "base/text.h"

namespace dos::files {

std::optional<std::string> field::find_text() const {
  if (!is_there) return {};
  if (!value) return std::string(text::trim(text));
  if (value->is_null()) return {};
  return value->is_string() ? std::string(text::trim(value->as_string())) : json::to_string(*value);
}

field record::find(std::string const& name) const {
  if (one_column && name == one_column->name_field) return {one_column->name, nullptr, true};
  if (one_column && name == one_column->value_field) return one_column->value;
  if (columns_) {
    auto const column = columns_->find(name);
    if (column != columns_->end() && column->second < fields_.size()) return {fields_[column->second], nullptr, true};
  }
  for (auto const* const source : {members_, around_, table_row}) {
    auto const* const found = source ? json::find_path(*source, name) : nullptr;
    if (found) return {{}, found, true};
  }
  if (name.starts_with("parameter.") && parameters) {
    auto const found = parameters->find(name.substr(10));
    if (found != parameters->end()) return {found->second, nullptr, true};
  }
  if (headings) {
    auto const found = headings->find(name);
    if (found != headings->end()) return {found->second, nullptr, true};
  }
  if (name == "row.number")
    made_ = std::to_string(number);
  else if (name == "row.hash")
    made_ = digest;
  else if (name == "row.repeat")
    made_ = std::to_string(repeat);
  else
    return {};
  return {made_, nullptr, true};
}

}  // namespace dos::files
