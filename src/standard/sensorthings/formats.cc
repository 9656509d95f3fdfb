// Result formats beside JSON: data arrays (OGC 18-088, 9.3.4.3), CSV and GeoJSON as FROST has them.
#include <algorithm>
#include <map>
#include <set>

#include "base/fault.h"
#include "base/work_budget.h"
#include "standard/sensorthings/render.h"

namespace dos::sensorthings {
namespace {

void write_cell(std::string& out, json::value const& v) {
  auto const cell = v.is_null() ? std::string() : v.is_string() ? std::string(v.as_string()) : json::to_string(v);
  if (cell.find_first_of(",\"\r\n") == cell.npos) {
    out += cell;
    return;
  }
  out += '"';
  for (auto const c : cell) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

// Objects and lists member by member: "properties/a/0".
void write_flat(std::string& out, std::string const& name, json::value const& v, bool& first) {
  if (v.is_null()) return;
  if (v.is_object() && !v.as_object().empty()) {
    for (auto const& m : v.as_object()) write_flat(out, name + "/" + m.key, m.value, first);
    return;
  }
  if (v.is_array() && !v.as_array().empty()) {
    for (auto i = std::size_t(0); i < v.as_array().size(); ++i)
      write_flat(out, name + "/" + std::to_string(i), v.as_array()[i], first);
    return;
  }
  if (!first) out += ',';
  first = false;
  json::write_string(out, name);
  out += ':';
  json::write(out, v);
}

using paths = std::vector<std::vector<std::string>>;

std::string label_of(std::vector<std::string> const& path) {
  auto label = path[0];
  for (auto k = std::size_t(1); k < path.size(); ++k) label += "/" + path[k];
  return label;
}

// What is told of each entity: its number and all properties, or those that are selected, each once.
paths told_of(kind k, query_options const& o) {
  auto all = paths();
  if (o.select.empty()) {
    all.push_back({"id"});
    for (auto const& p : describe(k).properties) all.push_back({std::string(p.name)});
    return all;
  }
  auto seen = std::set<std::string>();
  for (auto const& path : o.select) {
    auto const is_told = seen.contains(path[0]) || !seen.insert(label_of(path)).second;
    if (!is_told && (path[0] == "id" || describe(k).find_property(path[0]))) all.push_back(path);
  }
  return all;
}

// The columns of one entity of a row, and of those that it is expanded with.
struct csv_columns {
  struct column {
    std::string label;
    std::vector<std::string> path;
    bool is_start = false, is_end = false;  // of a time that may last
  };
  expansion const* by = nullptr;
  std::vector<column> columns;
  std::vector<csv_columns> inner;
};

csv_columns columns_of_csv(kind k, query_options const& o, expansion const* by, std::string const& prefix) {
  auto all = csv_columns{by, {}, {}};
  for (auto const& path : told_of(k, o)) {
    auto const label = prefix + (path[0] == "id" ? "@iot.id" : label_of(path));
    auto const* const p = describe(k).find_property(path[0]);
    if (p && path.size() == 1 && (p->content == content::time || p->content == content::interval)) {
      all.columns.push_back({label + "/start", path, true, false});
      all.columns.push_back({label + "/end", path, false, true});
    } else if (path.size() == 1 && path[0] == "unitOfMeasurement") {
      for (auto const part : {"name", "definition", "symbol"})
        all.columns.push_back({label + "/" + part, {path[0], part}});
    } else {
      all.columns.push_back({label, path});
    }
  }
  for (auto const& e : o.expand) {
    require(!e.to->many || e.options->top == 1, fault_kind::invalid,
            "a row of CSV has one of each kind: " + std::string(e.to->name) + " are expanded with $top=1", "$expand");
    all.inner.push_back(columns_of_csv(e.to->to, *e.options, &e, prefix + std::string(e.to->name) + "/"));
  }
  return all;
}

template <typename Write>
void for_each_column(csv_columns const& all, Write const& write) {
  for (auto const& c : all.columns) write(c);
  for (auto const& i : all.inner) for_each_column(i, write);
}

json::value cell_of(csv_columns::column const& c, json::value v) {
  if ((!c.is_start && !c.is_end) || !v.is_string()) return v;
  auto const text = v.as_string();
  auto const slash = text.find('/');
  if (slash == text.npos) return v;
  return c.is_start ? text.substr(0, slash) : text.substr(slash + 1);
}

}  // namespace

void renderer::write_data_array(std::string& out, page const& p, query_options const& o, std::string_view path) const {
  auto columns = told_of(kind::observation, o);
  auto const properties = describe(kind::observation).properties;
  auto const rank = [&](auto const& path) {
    return std::find_if(properties.begin(), properties.end(), [&](property const& p) { return p.name == path[0]; });
  };
  std::stable_sort(columns.begin(), columns.end(), [&](auto const& a, auto const& b) {
    if (a[0] == "id" || b[0] == "id") return a[0] == "id" && b[0] != "id";
    return rank(a) < rank(b);
  });
  // One array for each datastream, in the order in which they first come.
  auto groups = std::vector<std::vector<item const*>>();
  auto at = std::map<std::uint64_t, std::size_t>();
  for (auto const& i : p.items) {
    auto const [it, is_new] = at.try_emplace(i.series.series, groups.size());
    if (is_new) groups.emplace_back();
    groups[it->second].push_back(&i);
  }
  write_head(out, p, o, path);
  out += "\"value\":[";
  for (auto g = std::size_t(0); g < groups.size(); ++g) {
    if (g) out += ',';
    auto const& first = *groups[g].front();
    auto const is_multi = first.about && first.about->find("unitOfMeasurements");
    auto const set = std::string(is_multi ? "MultiDatastream" : "Datastream");
    out += "{\"" + set + "@iot.navigationLink\":";
    json::write_string(out, base_ + "/" + set + "s(" + std::to_string(first.series.series) + ")");
    out += ",\"components\":[";
    for (auto k = std::size_t(0); k < columns.size(); ++k) {
      if (k) out += ',';
      json::write_string(out, label_of(columns[k]));
    }
    out += "],\"dataArray@iot.count\":" + std::to_string(groups[g].size()) + ",\"dataArray\":[";
    for (auto r = std::size_t(0); r < groups[g].size(); ++r) {
      spend(out.size());
      out += r ? ",[" : "[";
      for (auto k = std::size_t(0); k < columns.size(); ++k) {
        if (k) out += ',';
        json::write(out, value_at(reader_, *groups[g][r], columns[k]));
      }
      out += ']';
    }
    out += "]}";
  }
  out += "]}";
}

std::optional<item> renderer::first_of(item const& i, navigation const& n, query_options const& o) const {
  if (!n.many) return reader_.follow(i, n);
  auto p = lister_.list({n.to, i, &n}, o);
  return p.items.empty() ? std::nullopt : std::optional(std::move(p.items.front()));
}

void renderer::write_csv(std::string& out, page const& p, query_options const& o, kind what) const {
  auto const columns = columns_of_csv(what, o, nullptr, {});
  auto first = true;
  auto const write = [&](json::value const& v) {
    if (!first) out += ',';
    first = false;
    write_cell(out, v);
  };
  for_each_column(columns, [&](auto const& c) { write(c.label); });
  out += "\r\n";
  auto const write_row = [&](auto const& self, csv_columns const& all, item const& i) -> void {
    for (auto const& c : all.columns) write(cell_of(c, value_at(reader_, i, c.path)));
    for (auto const& inner : all.inner) {
      if (auto const next = first_of(i, *inner.by->to, *inner.by->options)) {
        self(self, inner, *next);
      } else {
        for_each_column(inner, [&](auto const&) { write({}); });
      }
    }
  };
  for (auto const& i : p.items) {
    spend(out.size());
    first = true;
    write_row(write_row, columns, i);
    out += "\r\n";
  }
}

// Where something is on a map: an observation where it was made, what was somewhere where it was then.
json::value renderer::place_of(item const& i) const {
  auto const& d = describe(i.what);
  if (i.what == kind::observation || i.what == kind::historical_location) {
    auto const next = first_of(i, *d.find_navigation(i.what == kind::observation ? "FeatureOfInterest" : "Locations"), {});
    return next ? place_of(*next) : json::value();
  }
  auto const own = std::find_if(d.properties.begin(), d.properties.end(),
                                [](property const& p) { return p.content == content::geometry; });
  auto place = own != d.properties.end() ? reader_.value(i, own->name) : json::value();
  if (place.is_null()) {
    if (auto const a = i.entity->find(reader_.words().location)) place = a->value;
  }
  if (auto const* const inner = place.find("geometry")) place = *inner;
  return place.is_object() ? place : json::value();
}

void renderer::write_flat_properties(std::string& out, item const& i, query_options const& o, std::string const& prefix,
                                     bool& first) const {
  spend(out.size());
  for (auto const& path : told_of(i.what, o)) {
    auto const* const p = describe(i.what).find_property(path[0]);
    if (p && p->content == content::geometry && path.size() == 1) continue;
    write_flat(out, prefix + (path[0] == "id" ? "@iot.id" : label_of(path)), value_at(reader_, i, path), first);
  }
  for (auto const& e : o.expand) {
    auto const name = prefix + std::string(e.to->name) + "/";
    if (!e.to->many) {
      if (auto const next = reader_.follow(i, *e.to)) write_flat_properties(out, *next, *e.options, name, first);
      continue;
    }
    auto const inner = lister_.list({e.to->to, i, e.to}, *e.options);
    for (auto k = std::size_t(0); k < inner.items.size(); ++k)
      write_flat_properties(out, inner.items[k], *e.options, name + std::to_string(k) + "/", first);
  }
}

// A feature for each entity: its own place, else that of its thing; everything else as flat properties.
void renderer::write_geojson(std::string& out, page const& p, query_options const& o, std::string_view path) const {
  out += "{\"type\":\"FeatureCollection\",";
  if (!p.next.empty()) {
    out += "\"@iot.nextLink\":";
    json::write_string(out, next_link(p, o, path));
    out += ',';
  }
  if (p.count) out += "\"@iot.count\":" + std::to_string(*p.count) + ",";
  out += "\"features\":[";
  for (auto k = std::size_t(0); k < p.items.size(); ++k) {
    auto const& i = p.items[k];
    out += k ? ",{" : "{";
    out += "\"type\":\"Feature\",\"id\":" + std::to_string(i.id) + ",\"geometry\":";
    json::write(out, place_of(i));
    out += ",\"properties\":{";
    auto first = true;
    write_flat_properties(out, i, o, {}, first);
    out += "}}";
  }
  out += "]}";
}

}  // namespace dos::sensorthings
