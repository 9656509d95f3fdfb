// Result formats beside JSON: data arrays (OGC 18-088, 9.3.4.3), CSV and GeoJSON as FROST has them.
#include <algorithm>
#include <map>

#include "base/fault.h"
#include "standard/sensorthings/render.h"

namespace dos::sensorthings {
namespace {

std::vector<std::string_view> columns_of(kind k, query_options const& o) {
  auto columns = std::vector<std::string_view>();
  if (o.selects("id")) columns.push_back("id");
  for (auto const& p : describe(k).properties) {
    if (o.selects(p.name)) columns.push_back(p.name);
  }
  return columns;
}

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

void write_flat(std::string& out, std::string const& name, json::value const& v, bool& first) {
  if (v.is_object() && !v.as_object().empty()) {
    for (auto const& m : v.as_object()) write_flat(out, name + "/" + m.key, m.value, first);
    return;
  }
  if (!first) out += ',';
  first = false;
  json::write_string(out, name);
  out += ':';
  json::write(out, v);
}

}  // namespace

void renderer::write_data_array(std::string& out, page const& p, query_options const& o, std::string_view path) const {
  auto const what = p.items.empty() ? kind::observation : p.items.front().what;
  require(what == kind::observation, fault_kind::invalid, "data arrays are a form of Observations", "$resultFormat");
  auto const columns = columns_of(what, o);
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
      json::write_string(out, columns[k]);
    }
    out += "],\"dataArray@iot.count\":" + std::to_string(groups[g].size()) + ",\"dataArray\":[";
    for (auto r = std::size_t(0); r < groups[g].size(); ++r) {
      out += r ? ",[" : "[";
      for (auto k = std::size_t(0); k < columns.size(); ++k) {
        if (k) out += ',';
        json::write(out, reader_.value(*groups[g][r], columns[k]));
      }
      out += ']';
    }
    out += "]}";
  }
  out += "]}";
}

void renderer::write_csv(std::string& out, page const& p, query_options const& o) const {
  if (p.items.empty()) return;
  auto const what = p.items.front().what;
  auto const columns = columns_of(what, o);
  auto expanded = std::vector<expansion const*>();
  for (auto const& e : o.expand) {
    if (!e.to->many) expanded.push_back(&e);
  }
  auto first = true;
  auto const head = [&](std::string const& name) {
    if (!first) out += ',';
    first = false;
    write_cell(out, json::value(name));
  };
  for (auto const c : columns) head(std::string(c));
  for (auto const* e : expanded) {
    for (auto const c : columns_of(e->to->to, *e->options)) head(std::string(e->to->name) + "/" + std::string(c));
  }
  out += "\r\n";
  for (auto const& i : p.items) {
    first = true;
    auto const cell = [&](json::value const& v) {
      if (!first) out += ',';
      first = false;
      write_cell(out, v);
    };
    for (auto const c : columns) cell(reader_.value(i, c));
    for (auto const* e : expanded) {
      auto const target = reader_.follow(i, *e->to);
      for (auto const c : columns_of(e->to->to, *e->options)) cell(target ? reader_.value(*target, c) : json::value());
    }
    out += "\r\n";
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
  auto is_first = true;
  for (auto const& i : p.items) {
    if (!is_first) out += ',';
    is_first = false;
    auto const own = i.what == kind::location                                         ? "location"
                     : i.what == kind::feature                                        ? "feature"
                     : i.what == kind::datastream || i.what == kind::multi_datastream ? "observedArea"
                                                                                      : "";
    auto place = *own ? reader_.value(i, own) : json::value();
    if (place.is_null()) {
      auto const a = i.entity->find(reader_.words().location);
      if (a) place = a->value;
    }
    if (auto const* const inner = place.find("geometry")) place = *inner;
    out += "{\"type\":\"Feature\",\"id\":" + std::to_string(i.id) + ",\"geometry\":";
    json::write(out, place.is_object() ? place : json::value());
    out += ",\"properties\":{";
    auto first = true;
    write_flat(out, "@iot.id", i.id, first);
    for (auto const& property : describe(i.what).properties) {
      if (property.content == content::geometry || !o.selects(property.name)) continue;
      auto const v = reader_.value(i, property.name);
      if (!v.is_null()) write_flat(out, std::string(property.name), v, first);
    }
    for (auto const& e : o.expand) {
      auto const write_target = [&](item const& target, std::string const& prefix) {
        for (auto const& property : describe(target.what).properties) {
          if (property.content == content::geometry || !e.options->selects(property.name)) continue;
          auto const v = reader_.value(target, property.name);
          if (!v.is_null()) write_flat(out, prefix + "/" + std::string(property.name), v, first);
        }
      };
      auto const name = std::string(e.to->name);
      if (!e.to->many) {
        if (auto const target = reader_.follow(i, *e.to)) write_target(*target, name);
      } else {
        auto const inner = lister_.list({e.to->to, i, e.to}, *e.options);
        for (auto k = std::size_t(0); k < inner.items.size(); ++k)
          write_target(inner.items[k], name + "/" + std::to_string(k));
      }
    }
    out += "}}";
  }
  out += "]}";
}

}  // namespace dos::sensorthings
