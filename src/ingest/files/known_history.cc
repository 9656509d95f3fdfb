#include "ingest/files/known_history.h"

#include <algorithm>

#include "kernel/history/history.h"

namespace dos::files {

symbol known_history::name_of(std::string const& term) {
  auto& name = names_[term];
  if (!name) name = symbol(words_.iri(term));
  return name;
}

known_history::series_by_name const& known_history::series_of(std::string const& id) {
  if (auto const found = series_.find(id); found != series_.end()) return found->second;
  if (series_.size() >= entities_max) series_.clear();
  auto& known = series_[id];
  for (auto const& s : session_.series_of(id)) {
    if (s.dataset) continue;
    auto const statistics = session_.history().statistics_of(s.series);
    if (statistics) known.emplace(s.attribute, known_series{s.series, statistics->last.time});
  }
  return known;
}

std::optional<known_history::known_value> known_history::find(std::string const& id, attribute_draft const& a) {
  if (a.observed_at == no_time) return {};
  auto const& all = series_of(id);
  auto const series = all.find(name_of(a.name));
  if (series == all.end() || a.observed_at > series->second.last) return {};
  auto at = range_query();
  at.from = a.observed_at;
  at.to = a.observed_at + 1;
  auto result = std::optional<known_value>();
  session_.history().for_each(series->second.id, at, [&](observation const& o) {
    if (is_deleted(o)) return true;
    result = known_value{series->second.id, o.number, o.value == a.value};
    return !result->is_equal;
  });
  return result;
}

timestamp known_history::last_observed(std::string const& id) {
  auto last = no_time;
  for (auto const& [name, series] : series_of(id)) last = std::max(last, series.last);
  return last;
}

stored_past known_history::as_past(timestamp now) {
  return {.has =
              [this](std::string const& id, attribute_draft const& a) {
                auto const known = find(id, a);
                return known && known->is_equal;
              },
          .last_observed = [this](std::string const& id) { return last_observed(id); },
          .now = now};
}

}  // namespace dos::files
