#include "capability/portal/rhythm.h"

#include <algorithm>

#include "base/json.h"
#include "capability/portal/names.h"
#include "kernel/history/history.h"

namespace dos::portal {
namespace {

constexpr auto objects_max = std::size_t(2'000);
constexpr auto values_max = std::size_t(32);  // looked at, of each series
constexpr auto distances_min = std::size_t(8);

bool is_measured_number(attribute const& a) { return a.observed_at != no_time && a.value.is_number(); }

json::object rhythms_of(session const& s, entity const& e) {
  constexpr auto newest = range_query{.from = timestamp_min, .to = timestamp_max, .limit = values_max, .descending = true, .after = {}};
  auto found = json::object();
  // Most objects of a city are only where they are.
  if (std::none_of(e.attributes.begin(), e.attributes.end(), [](auto const& a) { return is_measured_number(*a); })) return found;
  for (auto const& series : s.series_of(e.id)) {
    auto const now = e.find(series.attribute);
    if (!series.dataset.text().empty() || !now || !is_measured_number(*now)) continue;
    auto times = std::vector<timestamp>();
    s.history().for_each(series.series, newest, [&](observation const& o) {
      if (!is_deleted(o)) times.push_back(o.time);
      return true;
    });
    if (auto const seconds = usual_distance_s(times)) found.push(std::string(short_name(series.attribute.text())), *seconds);
  }
  return found;
}

}  // namespace

std::optional<double> usual_distance_s(std::vector<timestamp> const& newest_first) {
  auto distances = std::vector<std::int64_t>();
  for (auto i = std::size_t(1); i < newest_first.size(); ++i) distances.push_back(newest_first[i - 1].us - newest_first[i].us);
  if (distances.size() < distances_min) return std::nullopt;
  std::nth_element(distances.begin(), distances.begin() + 1, distances.end(), std::greater<>());
  return distances[1] > 0 ? std::optional(double(distances[1]) / us_per_second) : std::nullopt;
}

http::response rhythms(session const& s, http::request const& r) {
  auto items = json::object();
  auto const add = [&](entity const& e) {
    if (auto found = rhythms_of(s, e); !found.empty()) items.push(e.id, std::move(found));
  };
  if (auto const id = r.query.find("id")) {
    add(*s.get(*id));
  } else {
    auto looked_at = std::size_t(0);
    s.for_each({}, [&](entity_ptr const& e) {
      add(*e);
      return ++looked_at < objects_max;
    });
  }
  return http::json(200, json::to_string(json::object({{"items", std::move(items)}})));
}

}  // namespace dos::portal
