#include "capability/demo/week.h"

#include <algorithm>
#include <map>

#include "base/csv.h"
#include "base/fault.h"
#include "base/text.h"

namespace dos::demo {
namespace {

constexpr auto us_per_day = 86'400 * us_per_second;
constexpr auto us_per_week = 7 * us_per_day;

std::vector<recorded_column> read_columns(csv_row const& head) {
  require(head.fields.size() > 2 && head.fields[0] == "offset_s" && head.fields[1] == "object", fault_kind::malformed,
          "a recorded week has the columns offset_s, object and attributes");
  auto columns = std::vector<recorded_column>();
  for (auto i = std::size_t(2); i < head.fields.size(); ++i) {
    auto const parts = text::split(head.fields[i], ':');
    columns.push_back({std::string(parts[0]), parts.size() > 1 ? std::string(parts[1]) : std::string()});
  }
  return columns;
}

json::value read_number(std::string const& field, csv_row const& row) {
  if (auto const whole = text::to_int(field)) return *whole;
  auto const real = text::to_double(field);
  require(real.has_value(), fault_kind::malformed, "line " + std::to_string(row.line) + ": \"" + field + "\" is no number");
  return *real;
}

recorded_row read_row(csv_row const& row, std::size_t columns) {
  require(row.fields.size() == columns + 2, fault_kind::malformed, "line " + std::to_string(row.line) + ": a field is missing");
  auto r = recorded_row{.offset_s = read_number(row.fields[0], row).as_int(), .values = {}};
  for (auto i = std::size_t(0); i < columns; ++i) {
    auto const& field = row.fields[i + 2];
    if (!field.empty()) r.values.push_back({i, read_number(field, row)});
  }
  return r;
}

}  // namespace

recorded_week read_week(std::string_view csv) {
  auto week = recorded_week();
  auto places = std::map<std::string, std::size_t>();
  auto const take = [&](csv_row const& row) {
    if (week.columns.empty()) {
      week.columns = read_columns(row);
      return true;
    }
    auto r = read_row(row, week.columns.size());
    auto const [at, is_new] = places.emplace(row.fields[1], week.objects.size());
    if (is_new) week.objects.push_back({.id = row.fields[1], .rows = {}});
    week.objects[at->second].rows.push_back(std::move(r));
    return true;
  };
  auto reader = csv_reader({.separator = ','});
  reader.feed(csv, take);
  reader.finish(take);
  for (auto& o : week.objects) {
    std::stable_sort(o.rows.begin(), o.rows.end(), [](auto const& a, auto const& b) { return a.offset_s < b.offset_s; });
  }
  return week;
}

std::vector<told_row> rows_between(recorded_object const& o, timestamp from, timestamp to, time_zone const& zone) {
  auto told = std::vector<told_row>();
  auto const local_from = from.us + zone.offset_us(from);
  // 1970-01-01 was a Thursday: Mondays are four days off whole weeks.
  auto const since = local_from - 4 * us_per_day;
  auto monday = since - ((since % us_per_week) + us_per_week) % us_per_week + 4 * us_per_day;
  // An hour either way, because the clocks may have been changed in between.
  for (; zone.to_utc(monday) <= to; monday += us_per_week) {
    auto const first = (local_from - monday) / us_per_second - 3'600;
    auto row = std::lower_bound(o.rows.begin(), o.rows.end(), first, [](recorded_row const& r, std::int64_t s) { return r.offset_s < s; });
    for (; row != o.rows.end(); ++row) {
      auto const local = monday + row->offset_s * us_per_second;
      auto const t = zone.to_utc(local);
      if (t > to + 3'600 * us_per_second) break;
      auto const exists = t.us + zone.offset_us(t) == local;
      if (exists && from < t && t <= to) told.push_back({t, &*row});
    }
  }
  return told;
}

}  // namespace dos::demo
