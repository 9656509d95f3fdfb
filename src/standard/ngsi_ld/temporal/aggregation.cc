#include <algorithm>
#include <cmath>
#include <set>

#include "base/fault.h"
#include "kernel/history/history.h"
#include "linked_data/entity_change.h"
#include "linked_data/fragment.h"
#include "standard/ngsi_ld/temporal/evolution.h"
#include "standard/ngsi_ld/vocabulary.h"

namespace dos::ngsi_ld {

struct period_values {
  timestamp from, to;
  std::uint64_t count = 0;
  value_statistics numbers;
  std::optional<std::string> least, greatest;  // of texts
  std::set<std::string> distinct;
  std::optional<std::string> provenance;  // empty: nobody said
};

struct aggregates {
  std::vector<std::pair<series_ref, std::vector<period_values>>> series;
};

namespace {

// The last one is ours: where the values of a period come from, or "mixed".
constexpr std::string_view methods_known[] = {"totalCount", "distinctCount", "sum",   "avg",       "min",
                                              "max",        "stddev",        "sumsq", "provenance"};

constexpr auto day_us = 86'400 * us_per_second;

// Periods from `start` on, one behind the other; months keep the day of the month, days the time of day.
class calendar {
 public:
  calendar(timestamp start, aggregation const& of) : start_(start), of_(of), zone_(of.zone.value_or(time_zone("UTC"))) {}

  timestamp begin_of(std::int64_t period) const {
    auto t = start_;
    if (of_.months) t = zone_.add_months(t, int(period * of_.months));
    if (of_.days) t = zone_.add_days(t, int(period * of_.days));
    return t + period * of_.us;
  }
  std::int64_t period_of(timestamp t) const {
    auto const about_us = of_.us + of_.days * day_us + of_.months * std::int64_t(2'629'746) * us_per_second;
    auto n = std::max<std::int64_t>(0, (t - start_) / about_us - 1);
    while (begin_of(n + 1) <= t) ++n;
    return n;
  }

 private:
  timestamp start_;
  aggregation const& of_;
  time_zone zone_;
};

// Where nobody says when the first period begins: with the first instance, in a zone with its day or month.
timestamp natural_start(timestamp first, aggregation const& a) {
  if (!a.zone || a.us != 0) return first;
  return a.days != 0 ? a.zone->start_of_day(first) : a.months != 0 ? a.zone->start_of_month(first) : first;
}

// ETSI GS CIM 009, 4.5.19.1: what a value counts as.
std::optional<double> number_in(json::value const& v) {
  if (v.is_number()) return v.as_double();
  if (v.is_bool()) return v.as_bool() ? 1 : 0;
  if (v.is_array()) return double(v.as_array().size());
  return std::nullopt;
}

void take(period_values& p, observation const& o) {
  auto const& v = o.value;
  auto const from = text_of(o, extra::provenance);
  if (!p.provenance) p.provenance = from;
  else if (*p.provenance != from) p.provenance = "mixed";
  ++p.count;
  if (auto const n = number_in(v)) {
    p.numbers.add(*n);
  } else if (auto const* inner = v.find("@value"); v.is_string() || (inner != nullptr && inner->is_string())) {
    auto const text = std::string(v.is_string() ? v.as_string() : inner->as_string());
    if (!p.least || text < *p.least) p.least = text;
    if (!p.greatest || text > *p.greatest) p.greatest = text;
  }
  p.distinct.insert(json::to_string(v));
}

// Nothing: this method says nothing about such values.
json::value result_of(std::string_view method, period_values const& p) {
  auto const& n = p.numbers;
  auto const is_numeric = n.numbers != 0;
  if (method == "totalCount") return p.count;
  if (method == "distinctCount") return p.distinct.size();
  if (method == "provenance") return p.provenance && !p.provenance->empty() ? json::value(*p.provenance) : json::value();
  if (method == "min") return is_numeric ? json::value(n.min) : p.least ? json::value(*p.least) : json::value();
  if (method == "max") return is_numeric ? json::value(n.max) : p.greatest ? json::value(*p.greatest) : json::value();
  if (!is_numeric) return {};
  if (method == "sum") return n.sum;
  if (method == "avg") return n.mean();
  if (method == "sumsq") return n.sum_of_squares;
  return std::sqrt(std::max(0.0, n.sum_of_squares / double(n.numbers) - n.mean() * n.mean()));
}

timestamp last_us_before(timestamp t) { return t - 1; }

// The periods between the first instance and behind the last one that the query asks about; narrows both to its span.
std::vector<period_values> empty_periods(timestamp& first, timestamp& end, temporal_query const& q, aggregation const& a) {
  auto out = std::vector<period_values>();
  auto const starts = q.timerel == temporal_query::relation::after || q.timerel == temporal_query::relation::between;
  if (starts) first = std::max(first, q.at);
  if (q.timerel == temporal_query::relation::before) end = std::min(end, q.at);
  if (q.timerel == temporal_query::relation::between) end = std::min(end, q.end);
  if (first >= end) return out;
  auto const start = starts ? q.at : natural_start(first, a);
  if (a.is_one_period()) {
    auto to = end;
    if (q.timerel == temporal_query::relation::before) to = q.at;
    if (q.timerel == temporal_query::relation::between) to = q.end;
    out.push_back({start, to, 0, {}, {}, {}, {}, {}});
  } else {
    auto const periods = calendar(start, a);
    auto const from = periods.period_of(first), to = periods.period_of(last_us_before(end));
    if (std::size_t(to - from) >= periods_max) {
      throw fault(fault_kind::invalid, "these would be more than " + std::to_string(periods_max) + " periods", "aggrPeriodDuration", "ETSI GS CIM 009, 4.5.19");
    }
    for (auto i = from; i <= to; ++i) out.push_back({periods.begin_of(i), periods.begin_of(i + 1), 0, {}, {}, {}, {}, {}});
  }
  return out;
}

struct time_span {
  timestamp first, end;
};

// Where the series begins and ends, as far as it matters; nothing when it is empty. Of few periods it does not.
std::optional<time_span> span_of(session const& who, series_ref const& s, temporal_query const& q, aggregation const& a) {
  constexpr auto few_periods = 1'000;
  auto const period_us = a.us + a.days * day_us + a.months * 28 * day_us;  // at least
  auto const is_short = period_us == 0 || (q.end - q.at) / period_us < few_periods;
  if (q.timerel == temporal_query::relation::between && is_short) return time_span{q.at, q.end};
  auto const known = who.history().statistics_of(s.series);
  if (!known || known->count == 0) return std::nullopt;
  return time_span{known->first.time, known->last.time + 1};
}

// The moment of the instance from which on there are `n` that the query asks about; nothing when there are not more.
std::optional<moment> first_of_last(session const& who, series_ref const& s, temporal_query const& q, std::size_t n) {
  auto first = std::optional<moment>();
  auto has_more = false;
  who.history().for_each(s.series, range_of(q), [&](observation const& o) {
    auto const t = time_of(o, q.property);
    if (!t || !q.contains(*t) || is_deleted(o)) return true;
    has_more = n == 0;
    if (has_more) return false;
    --n;
    first = o.moment();
    return true;
  });
  return has_more ? first : std::nullopt;
}

// Those that have instances, in order.
std::vector<period_values> periods_of(session const& who, series_ref const& s, temporal_query const& q, aggregation const& a, bool are_observed) {
  auto const span = span_of(who, s, q, a);
  if (!span) return {};
  auto [first, end] = *span;
  auto const last_ones = q.last_n ? first_of_last(who, s, q, *q.last_n) : std::nullopt;
  if (last_ones) first = std::max(first, last_ones->time);
  auto out = empty_periods(first, end, q, a);
  if (out.empty()) return out;
  auto const reads_each = std::any_of(a.methods.begin(), a.methods.end(), [](auto m) { return m == "distinctCount" || m == "provenance"; });
  auto const is_indexed = q.property == time_property::observed_at && are_observed && !reads_each && !last_ones;
  auto boundaries = std::vector<timestamp>();
  if (is_indexed) {
    for (auto const& p : out) boundaries.push_back(std::max(p.from, first));
    boundaries.push_back(std::min(out.back().to, end));
    auto const sums = who.history().aggregate(s.series, boundaries);
    auto const is_numeric = std::all_of(sums.begin(), sums.end(), [](auto const& v) { return v.numbers == v.count; });
    if (is_numeric) {
      for (auto i = std::size_t(0); i != out.size(); ++i) {
        out[i].count = sums[i].count;
        out[i].numbers = sums[i];
      }
      std::erase_if(out, [](auto const& p) { return p.count == 0; });
      return out;
    }
  }
  // Texts, lists and other times than that of observation are read one by one.
  auto at = out.begin();
  who.history().for_each(s.series, {.from = first, .to = end, .limit = SIZE_MAX, .descending = false, .after = {}}, [&](observation const& o) {
    if (last_ones && o.moment() < *last_ones) return true;
    while (at != out.end() && o.time >= at->to) ++at;
    if (at == out.end()) return false;
    if (!is_deleted(o) && (q.property != time_property::observed_at || find_time(o, extra::modified_at))) take(*at, o);
    return true;
  });
  std::erase_if(out, [](auto const& p) { return p.count == 0; });
  return out;
}

std::vector<period_values> periods_of(series_evolution const& s, temporal_query const& q, aggregation const& a) {
  if (s.instances.empty()) return {};
  auto const [least, greatest] = std::minmax_element(s.instances.begin(), s.instances.end(), [](auto const& l, auto const& r) { return l.time < r.time; });
  auto first = least->time, end = greatest->time + 1;
  auto out = empty_periods(first, end, q, a);
  for (auto const& o : s.instances) {
    auto const next = std::upper_bound(out.begin(), out.end(), o.time, [](timestamp t, period_values const& p) { return t < p.from; });
    if (next == out.begin() || o.time >= std::prev(next)->to) continue;
    if (!is_deleted(o) && time_of(o, q.property)) take(*std::prev(next), o);
  }
  std::erase_if(out, [](auto const& p) { return p.count == 0; });
  return out;
}

std::shared_ptr<aggregates const> share(aggregates all) {
  return all.series.empty() ? nullptr : std::make_shared<aggregates const>(std::move(all));
}

void write_methods(std::string& out, series_ref const& s, std::vector<period_values> const& periods, aggregation const& a) {
  auto intervals = std::string();  // each method repeats them
  auto ends = std::vector<std::size_t>{0};
  for (auto const& p : periods) {
    intervals += ',';
    write_time(intervals, p.from);
    intervals += ',';
    write_time(intervals, p.to);
    intervals += ']';
    ends.push_back(intervals.size());
  }
  out += "{\"type\":\"";
  out += type_name(s.kind);
  out += '"';
  if (s.dataset) {
    out += ",\"datasetId\":";
    json::write_string(out, s.dataset.text());
  }
  for (auto const method : a.methods) {
    out += ",\"";
    out += method;
    out += "\":[";
    auto is_first = true;
    for (auto i = std::size_t(0); i < periods.size(); ++i) {
      auto const v = result_of(method, periods[i]);
      if (v.is_null()) continue;
      out += is_first ? "[" : ",[";
      is_first = false;
      json::write(out, v);
      out.append(intervals, ends[i], ends[i + 1] - ends[i]);
    }
    out += ']';
  }
  out += '}';
}

}  // namespace

void write_aggregated(std::string& out, entity_evolution const& e, temporal_query const& q, aggregation const& a, rendering const& r) {
  static auto const nothing = aggregates();
  auto const& all = e.aggregated ? e.aggregated->series : nothing.series;
  auto const head = entity_evolution{e.entity, {}};
  write_evolution(out, head, q, temporal_form::aggregated, r);
  out.pop_back();
  auto is_first = out.back() == '{';
  for (auto i = all.begin(); i != all.end(); ++i) {
    auto const name = i->first.attribute;
    if (std::any_of(all.begin(), i, [&](auto const& s) { return s.first.attribute == name; })) continue;
    if (!is_first) out += ',';
    is_first = false;
    json::write_string(out, r.names.compact(name));
    out += ':';
    auto const n = std::count_if(i, all.end(), [&](auto const& s) { return s.first.attribute == name; });
    if (n > 1) out += '[';
    auto written = std::ptrdiff_t(0);
    for (auto j = i; j != all.end(); ++j) {
      if (j->first.attribute != name) continue;
      if (written++ != 0) out += ',';
      write_methods(out, j->first, j->second, a);
    }
    if (n > 1) out += ']';
  }
  out += '}';
}

aggregation parse_aggregation(aggregation_text text) {
  auto const refuse = [](std::string detail, std::string_view member) {
    ngsi_ld::refuse(std::move(detail), member, "4.5.19");
  };
  if (text.methods.empty()) refuse("aggregatedValues wants at least one of aggrMethods", "aggrMethods");
  for (auto const m : text.methods) {
    if (std::find(std::begin(methods_known), std::end(methods_known), m) == std::end(methods_known)) {
      refuse("there is no method " + std::string(m), "aggrMethods");
    }
  }
  auto a = aggregation{.methods = std::move(text.methods)};
  if (!text.period.empty()) {
    auto const whole = parse_duration(text.period);
    if (!whole || whole->months < 0 || whole->us < 0) refuse("an ISO 8601 duration like PT1H or P1D", "aggrPeriodDuration");
    // What stands before the T are days of a calendar, behind it is time that passes.
    auto const days = parse_duration(text.period.substr(0, text.period.find('T'))).value_or(duration());
    a.months = whole->months;
    a.days = int(days.us / day_us);
    a.us = whole->us - a.days * day_us;
  }
  if (!text.zone.empty()) {
    try {
      a.zone = time_zone(text.zone);
    } catch (fault const& f) {
      refuse(f.detail, "timezone");
    }
  }
  return a;
}

std::shared_ptr<aggregates const> aggregate(session const& who, entity const& e, temporal_query const& q, aggregation const& a,
                                            projection const& p) {
  auto all = aggregates();
  auto shown = attribute();
  for (auto const& s : who.series_of(e.id)) {
    shown.name = s.attribute;
    shown.dataset = s.dataset;
    if (s.attribute == scope_name() || !p.shows(shown)) continue;
    // What is written without observedAt has no place in a span of observed times; the index of the history knows no difference.
    auto const now = e.find(s.attribute, s.dataset);
    if (auto periods = periods_of(who, s, q, a, now && now->observed_at != no_time); !periods.empty()) all.series.emplace_back(s, std::move(periods));
  }
  return share(std::move(all));
}

std::shared_ptr<aggregates const> aggregate(entity_evolution const& e, temporal_query const& q, aggregation const& a) {
  auto all = aggregates();
  for (auto const& s : e.series) {
    if (s.series.attribute == scope_name()) continue;
    if (auto periods = periods_of(s, q, a); !periods.empty()) all.series.emplace_back(s.series, std::move(periods));
  }
  return share(std::move(all));
}

}  // namespace dos::ngsi_ld
