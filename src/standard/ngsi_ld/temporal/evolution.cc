#include "standard/ngsi_ld/temporal/evolution.h"
#include "standard/ngsi_ld/vocabulary.h"

#include <algorithm>

#include "base/fault.h"
#include "base/text.h"
#include "base/work_budget.h"
#include "kernel/city/instance.h"
#include "linked_data/csv.h"
#include "linked_data/entity_change.h"
#include "linked_data/fragment.h"

namespace dos::ngsi_ld {
namespace {

constexpr auto instance_stem = std::string_view("urn:ngsi-ld:Instance:");

[[noreturn]] void refuse_temporal(std::string detail, std::string_view member) {
  refuse(std::move(detail), member, "4.11");
}

temporal_query make_temporal_query(std::string_view timerel, std::string_view at, std::string_view end, std::string_view property) {
  auto q = temporal_query();
  auto const read = [](std::string_view text, std::string_view member) {
    auto const t = parse_timestamp(text);
    if (!t) refuse_temporal("a date and time in UTC, like 2026-05-01T12:00:00Z", member);
    return *t;
  };
  if (timerel == "before") q.timerel = temporal_query::relation::before;
  else if (timerel == "after") q.timerel = temporal_query::relation::after;
  else if (timerel == "between") q.timerel = temporal_query::relation::between;
  else if (!timerel.empty()) refuse_temporal("timerel is before, after or between", "timerel");
  if (q.timerel != temporal_query::relation::any) q.at = read(at, "timeAt");
  else if (!at.empty()) refuse_temporal("timeAt needs a timerel", "timerel");
  if (q.timerel == temporal_query::relation::between) q.end = read(end, "endTimeAt");
  if (property.empty() || property == "observedAt") q.property = time_property::observed_at;
  else if (property == "createdAt") q.property = time_property::created_at;
  else if (property == "modifiedAt") q.property = time_property::modified_at;
  else if (property == "deletedAt") q.property = time_property::deleted_at;
  else refuse_temporal("timeproperty is observedAt, createdAt, modifiedAt or deletedAt", "timeproperty");
  return q;
}

std::size_t read_last_n(std::optional<std::int64_t> n) {
  if (!n || *n < 1) refuse_temporal("a whole number from 1 on", "lastN");
  return std::size_t(*n);
}

attribute instance_of(series_ref const& s, observation const& o) {
  auto a = to_attribute(s, o);
  if (!a.more.is_object()) a.more = json::object();
  if (o.number != 0) a.more.as_object().push("instanceId", instance_id(o.number));  // of a source it has none that is known here
  if (is_deleted(o)) {
    a.value = s.kind == attribute_kind::language_property ? json::value(json::object{{"@none", null_uri}}) : json::value(null_uri);
    if (s.attribute == scope_name()) a.value = json::array();
    a.observed_at = o.extras.find(observed_end) != nullptr ? o.time : no_time;
    a.more.as_object().push("deletedAt", to_string(o.time));
  }
  return a;
}

std::string_view values_member(attribute_kind k) {
  static constexpr std::string_view names[] = {"values", "objects", "values", "languageMaps", "vocabs", "jsons", "valueLists", "objectLists"};
  return names[std::size_t(k)];
}

class comma {
 public:
  void put(std::string& out) {
    if (is_needed_) out += ',';
    is_needed_ = true;
  }

 private:
  bool is_needed_ = false;
};

void write_instances(std::string& out, series_evolution const& s, rendering const& r, comma& separator) {
  for (auto const& o : s.instances) {
    separator.put(out);
    write_instance(out, instance_of(s.series, o), r);
  }
}

void write_values(std::string& out, series_evolution const& s, temporal_query const& q, rendering const& r) {
  out += "{\"type\":\"";
  out += type_name(s.series.kind);
  out += '"';
  if (s.series.dataset) {
    out += ",\"datasetId\":";
    json::write_string(out, s.series.dataset.text());
  }
  out += ",\"";
  out += values_member(s.series.kind);
  out += "\":[";
  auto separator = comma();
  for (auto const& o : s.instances) {
    separator.put(out);
    out += '[';
    write_simple_value(out, instance_of(s.series, o), r);
    out += ',';
    write_time(out, time_of(o, q.property).value_or(o.time));
    out += ']';
  }
  out += "]}";
}

}  // namespace

range_query range_of(temporal_query const& q) {
  auto range = range_query();
  range.descending = q.last_n.has_value();
  auto const is_indexed = q.property == time_property::observed_at || q.property == time_property::deleted_at;
  if (!is_indexed) return range;
  if (q.timerel == temporal_query::relation::before) range.to = q.at;
  if (q.timerel == temporal_query::relation::after) range.from = q.at;
  if (q.timerel == temporal_query::relation::between) {
    range.from = q.at;
    range.to = q.end;
  }
  return range;
}

std::optional<timestamp> time_of(observation const& o, time_property p) {
  auto const modified = find_time(o, extra::modified_at);
  if (is_deleted(o)) {
    auto const is_observed = o.extras.find(observed_end) != nullptr;
    return p == time_property::deleted_at || (is_observed && p == time_property::observed_at) ? std::optional(o.time) : std::nullopt;
  }
  switch (p) {
    case time_property::observed_at: return modified ? std::optional(o.time) : std::nullopt;
    case time_property::created_at: return find_time(o, extra::created_at).value_or(modified.value_or(o.time));
    case time_property::modified_at: return modified.value_or(o.time);
    case time_property::deleted_at: return std::nullopt;
  }
  return std::nullopt;
}

std::string instance_id(std::uint64_t number) { return std::string(instance_stem) + std::to_string(number); }

std::optional<std::uint64_t> parse_instance_id(std::string_view id) {
  if (!id.starts_with(instance_stem)) return std::nullopt;
  auto const n = text::to_int(id.substr(instance_stem.size()));
  return n && *n > 0 ? std::optional(std::uint64_t(*n)) : std::nullopt;
}

bool temporal_query::contains(timestamp t) const {
  switch (timerel) {
    case relation::any: return true;
    case relation::before: return t < at;
    case relation::after: return t >= at;
    case relation::between: return t >= at && t < end;
  }
  return false;
}

temporal_query read_temporal_query(call const& c) {
  auto q = make_temporal_query(c.param("timerel"), c.param("timeAt"), c.param("endTimeAt"), c.param("timeproperty"));
  if (auto const n = c.request.query.find("lastN")) q.last_n = read_last_n(text::to_int(*n));
  return q;
}

temporal_query read_temporal_query(json::value const& v) {
  if (!v.is_object()) refuse_temporal("temporalQ is an object", "temporalQ");
  return read_within("temporalQ", [&] {
    auto q = make_temporal_query(v.text_or("timerel", ""), v.text_or("timeAt", ""), v.text_or("endTimeAt", ""), v.text_or("timeproperty", ""));
    if (auto const* n = v.find("lastN"); n != nullptr) q.last_n = read_last_n(n->is_int() ? std::optional(n->as_int()) : std::nullopt);
    return q;
  });
}

entity_evolution read_evolution(session const& who, entity_ptr e, temporal_query const& q, projection const& p, std::size_t instances_max) {
  auto out = entity_evolution{std::move(e), {}};
  auto const range = range_of(q);
  auto const limit = std::min(q.last_n.value_or(instances_max + 1), instances_max + 1);
  auto shown = attribute();
  for (auto const& s : who.series_of(out.entity->id)) {
    shown.name = s.attribute;
    shown.dataset = s.dataset;
    auto const is_scope = s.attribute == scope_name();
    if (is_scope ? p.omits_scope || (p.picks && !p.picks_scope) : !p.shows(shown)) continue;
    auto evolution = series_evolution{s, {}};
    who.history().for_each(s.series, range, [&](observation const& o) {
      auto const t = time_of(o, q.property);
      if (t && q.contains(*t)) evolution.instances.push_back(o);
      return evolution.instances.size() < limit;
    });
    if (!evolution.instances.empty()) out.series.push_back(std::move(evolution));
  }
  return out;
}

std::size_t count_unobserved(entity_evolution const& e, temporal_query const& q, projection const& p) {
  if (q.property != time_property::observed_at) return 0;
  auto const& all = e.entity->attributes;
  return std::size_t(std::count_if(all.begin(), all.end(), [&](attribute_ptr const& a) {
    auto const is_told = [&](series_evolution const& s) { return s.series.attribute == a->name && s.series.dataset == a->dataset; };
    return a->observed_at == no_time && p.shows(*a) && std::none_of(e.series.begin(), e.series.end(), is_told);
  }));
}

std::vector<scope_span> scope_spans(session const& who, entity const& e, scope_selection const& wanted) {
  auto q = query::query();
  q.scopes = wanted.any;
  q.filter = wanted.filter;
  q.with_deleted = true;
  auto probe = entity();
  auto const fits = [&] { return !probe.scopes.empty() && query::matches(q, probe); };
  auto spans = std::vector<scope_span>();
  for (auto const& s : who.series_of(e.id)) {
    if (s.attribute != scope_name()) continue;
    auto from = std::optional<timestamp>();
    who.history().for_each(s.series, {}, [&](observation const& o) {
      if (from) spans.push_back({*std::exchange(from, std::nullopt), o.time, probe.scopes});
      probe.scopes.clear();
      if (o.value.is_string()) probe.scopes.push_back(symbol(o.value.as_string()));
      if (o.value.is_array()) {
        for (auto const& one : o.value.as_array()) probe.scopes.push_back(symbol(one.as_string()));
      }
      if (fits()) from = o.time;
      return true;
    });
    if (from) spans.push_back({*from, timestamp_max, probe.scopes});
    return spans;
  }
  probe.scopes = e.scopes;  // from before scopes had a history
  if (fits()) spans.push_back({timestamp_min, timestamp_max, probe.scopes});
  return spans;
}

bool overlaps(scope_span const& s, temporal_query const& q) {
  switch (q.timerel) {
    case temporal_query::relation::any: return true;
    case temporal_query::relation::before: return s.from < q.at;
    case temporal_query::relation::after: return s.to > q.at;
    case temporal_query::relation::between: return s.from < q.end && s.to > q.at;
  }
  return false;
}

void keep_within(entity_evolution& e, std::vector<scope_span> const& spans, temporal_query const& q) {
  for (auto& s : e.series) {
    if (s.series.attribute == scope_name()) continue;
    std::erase_if(s.instances, [&](observation const& o) {
      auto const t = time_of(o, q.property).value_or(o.time);
      return std::none_of(spans.begin(), spans.end(), [&](scope_span const& span) { return t >= span.from && t < span.to; });
    });
  }
  std::erase_if(e.series, [](series_evolution const& s) { return s.instances.empty(); });
}

entity as_entity(entity_evolution const& e) {
  auto out = entity();
  out.id = e.entity->id;
  out.types = e.entity->types;
  out.scopes = e.entity->scopes;
  out.created_at = e.entity->created_at;
  out.modified_at = e.entity->modified_at;
  for (auto const& s : e.series) {
    for (auto const& o : s.instances) {
      if (!is_deleted(o)) out.attributes.push_back(make_attribute(to_attribute(s.series, o)));
    }
  }
  return out;
}

std::optional<std::string> cut_to_page(std::vector<entity_evolution>& all, temporal_query const& q, std::size_t instances_max) {
  auto times = std::vector<timestamp>();
  for (auto const& e : all) {
    for (auto const& s : e.series) {
      for (auto const& o : s.instances) times.push_back(time_of(o, q.property).value_or(o.time));
    }
  }
  if (times.size() <= instances_max) return std::nullopt;
  auto const descending = q.last_n.has_value();
  auto const comes_first = [&](timestamp a, timestamp b) { return descending ? a > b : a < b; };
  std::sort(times.begin(), times.end(), comes_first);
  auto const last = times[instances_max - 1];
  for (auto& e : all) {
    for (auto& s : e.series) {
      std::erase_if(s.instances, [&](observation const& o) { return comes_first(last, time_of(o, q.property).value_or(o.time)); });
    }
  }
  auto start = times.front();
  if (!descending && (q.timerel == temporal_query::relation::after || q.timerel == temporal_query::relation::between)) start = q.at;
  if (descending && q.timerel == temporal_query::relation::before) start = q.at;
  if (descending && q.timerel == temporal_query::relation::between) start = q.end;
  return "date-time " + to_string(start) + "-" + to_string(last) + "/" + (q.last_n ? std::to_string(*q.last_n) : "*");
}

void write_evolution(std::string& out, entity_evolution const& e, temporal_query const& q, temporal_form form, rendering const& r) {
  spend(out.size());
  auto head = entity();
  head.id = e.entity->id;
  head.types = e.entity->types;
  auto const tells_scopes = std::any_of(e.series.begin(), e.series.end(), [](auto const& s) { return s.series.attribute == scope_name(); });
  if (!tells_scopes) head.scopes = e.entity->scopes;
  head.more = e.entity->more;
  head.created_at = e.entity->created_at;
  head.modified_at = e.entity->modified_at;
  head.deleted_at = e.entity->deleted_at;
  auto const from = out.size();
  write_entity(out, head, r);
  out.pop_back();  // the attributes come before its brace
  auto is_first = out.size() == from + 1;
  for (auto i = e.series.begin(); i != e.series.end(); ++i) {
    auto const name = i->series.attribute;
    if (std::any_of(e.series.begin(), i, [&](auto const& s) { return s.series.attribute == name; })) continue;
    if (!is_first) out += ',';
    is_first = false;
    json::write_string(out, r.names.compact(name));
    out += ':';
    auto const n = std::count_if(i, e.series.end(), [&](auto const& s) { return s.series.attribute == name; });
    auto const is_array = form == temporal_form::normalized || n > 1;
    if (is_array) out += '[';
    auto inner = comma();
    for (auto j = i; j != e.series.end(); ++j) {
      if (j->series.attribute != name) continue;
      if (form == temporal_form::normalized) {
        write_instances(out, *j, r, inner);
      } else {
        inner.put(out);
        write_values(out, *j, q, r);
      }
    }
    if (is_array) out += ']';
  }
  out += '}';
}

void write_evolution_csv(std::string& out, std::vector<entity_evolution> const& all, rendering const& r) {
  out += "id,type,attribute,datasetId,time,value,unitCode,provenance\r\n";
  for (auto const& e : all) {
    auto types = std::string();
    for (auto const t : e.entity->types) types += (types.empty() ? "" : " ") + std::string(r.names.compact(t));
    for (auto const& s : e.series) {
      spend(out.size());
      for (auto const& o : s.instances) {
        auto const a = to_attribute(s.series, o);
        for (auto const text : {std::string_view(e.entity->id), std::string_view(types), r.names.compact(a.name), a.dataset.text()}) {
          write_csv_field(out, text);
          out += ',';
        }
        out += to_string(o.time);
        out += ',';
        if (!is_deleted(o)) write_csv_value(out, a, r);
        out += ',';
        write_csv_field(out, a.unit.text());
        out += ',';
        out += to_text(a.provenance);
        out += "\r\n";
      }
    }
  }
}

}  // namespace dos::ngsi_ld
