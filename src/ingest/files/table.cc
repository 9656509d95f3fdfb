#include "ingest/files/table.h"

#include <algorithm>

#include "base/fault.h"
#include "base/text.h"

namespace dos::files {
namespace {

std::vector<std::string> fields_of(std::string_view line, char separator) {
  auto fields = std::vector<std::string>();
  for (auto field : text::split(line, separator)) {
    field = text::trim(field);
    if (field.size() > 1 && field.front() == '"' && field.back() == '"') field = field.substr(1, field.size() - 2);
    fields.emplace_back(field);
  }
  return fields;
}

bool is_blank(csv_row const& row) {
  return !row.is_lost && std::all_of(row.fields.begin(), row.fields.end(),
                                     [](std::string const& f) { return text::trim(f).empty(); });
}

bool begins_with(csv_row const& row, std::string const& start) {
  return !row.fields.empty() && text::trim(row.fields[0]).starts_with(start);
}

}  // namespace

std::string quoted_list(std::vector<std::string> const& names) {
  auto result = std::string();
  for (auto const& name : names) result += (result.empty() ? "\"" : ", \"") + name + '"';
  return result;
}

void table::take_line(std::string_view line) {
  if (mapping_.source.headings.empty() || lines_.size() >= heading_lines_max) return;
  auto const bare = text::trim(line.substr(line.starts_with('"')));
  auto const& all = mapping_.source.headings;
  if (std::any_of(all.begin(), all.end(), [&](auto const& h) { return bare.starts_with(h.second); })) lines_.emplace_back(line);
}

// "Messstelle: Villigst", "Messstelle;Villigst;;"
bool table::take_heading(std::vector<std::string> const& fields) {
  auto is_one = false;
  for (auto const& [name, start] : mapping_.source.headings) {
    auto const first = fields.empty() ? std::string_view() : text::trim(fields[0]);
    if (!first.starts_with(start)) continue;
    is_one = true;
    auto rest = first.substr(start.size());
    while (!rest.empty() && std::string_view(":= \t").find(rest.front()) != std::string_view::npos) rest.remove_prefix(1);
    for (auto i = std::size_t(1); rest.empty() && i < fields.size(); ++i) rest = text::trim(fields[i]);
    headings_[name] = rest;
  }
  return is_one;
}

bool table::ends_at(csv_row const& row) const {
  auto const& ends = mapping_.source.table_ends;
  return std::any_of(ends.begin(), ends.end(), [&](std::string const& start) {
    return start.empty() ? is_blank(row) : begins_with(row, start);
  });
}

table::use table::take(csv_row const& row, char separator) {
  auto const& source = mapping_.source;
  auto const are_names = source.has_header && (!has_names() || (source.repeats && begins_with(row, source.csv.first_text)));
  if (are_names || !has_names()) {
    for (auto const& line : lines_) take_heading(fields_of(line, separator));
    lines_.clear();
    take_names(row);
    is_inside_ = true;
    rows_to_skip_ = source.skipped_rows;
    if (source.has_header) return use::names;
  }
  if (is_inside_ && ends_at(row)) is_inside_ = false;
  if (source.repeats && take_heading(row.fields)) is_inside_ = false;
  if (!is_inside_ || is_blank(row)) return use::nothing;
  if (rows_to_skip_ > 0) {
    --rows_to_skip_;
    return use::nothing;
  }
  auto const is_ignored = std::any_of(source.ignored_rows.begin(), source.ignored_rows.end(),
                                      [&](std::string const& start) { return row.fields.size() > 0 && row.fields[0].starts_with(start); });
  return is_ignored ? use::nothing : use::record;
}

void table::take_names(csv_row const& row) {
  auto found = std::make_shared<table_names>(table_names{.columns = {}, .in_order = {}, .headings = headings_});
  for (auto i = std::size_t(0); i < row.fields.size(); ++i) {
    auto const name = mapping_.source.has_header ? std::string(text::trim(row.fields[i])) : std::to_string(i + 1);
    found->in_order.push_back(name);
    found->columns.emplace(name, i);  // of two with the same name the first counts
  }
  auto missing = needed_fields(mapping_);
  std::erase_if(missing, [&](std::string const& name) { return found->columns.contains(name); });
  names_ = std::move(found);
  if (missing.empty()) return;
  auto there = quoted_list(names_->in_order);
  if (there.size() > 2'000) there = there.substr(0, there.rfind(',', 2'000)) + ", …";
  throw fault(fault_kind::invalid, "the file has no column " + quoted_list(missing) + "; it has " + there);
}

}  // namespace dos::files
