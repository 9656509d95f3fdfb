#include "standard/sensorthings/render.h"

#include <algorithm>

#include "base/fault.h"
#include "base/text.h"
#include "base/work_budget.h"
#include "http/percent.h"

namespace dos::sensorthings {
namespace {

void write_name(std::string& out, std::string_view name, bool& first) {
  if (!first) out += ',';
  first = false;
  json::write_string(out, name);
  out += ':';
}

// A property of which only some members are selected.
json::value members_of(json::value const& whole, std::vector<std::vector<std::string>> const& select,
                       std::string_view name) {
  auto picked = json::object();
  for (auto const& path : select) {
    if (path[0] != name) continue;
    if (path.size() == 1) return whole;
    auto const* v = &whole;
    for (auto k = std::size_t(1); v && k < path.size(); ++k) {
      if (v->is_array()) {
        auto const index = text::to_int(path[k]);
        v = index && *index >= 0 && std::size_t(*index) < v->as_array().size() ? &v->as_array()[std::size_t(*index)]
                                                                               : nullptr;
      } else {
        v = v->find(path[k]);
      }
    }
    if (!v) continue;
    auto* into = &picked;
    for (auto k = std::size_t(1); k + 1 < path.size(); ++k) {
      auto& inner = (*into)[path[k]];
      if (!inner.is_object()) inner = json::object();
      into = &inner.as_object();
    }
    (*into)[path.back()] = *v;
  }
  // An object that is asked for a member is there without it, too: pages read `properties.a` of all.
  auto const is_open = name == "properties" || name == "parameters";
  return picked.empty() && !is_open ? json::value() : json::value(picked);
}

bool is_always_told(item const& i, std::string_view property) {
  return (i.what == kind::observation && (property == "resultTime" || property == "result"));
}

}  // namespace

std::string address_of(item const& i) { return std::string(describe(i.what).set) + "(" + std::to_string(i.id) + ")"; }

std::string renderer::self_link(item const& i) const { return base_ + "/" + address_of(i); }

json::value value_at(reader const& r, item const& i, std::vector<std::string> const& path) {
  auto v = r.value(i, path[0]);
  for (auto k = std::size_t(1); k < path.size(); ++k) {
    auto next = json::value();
    if (v.is_array()) {
      auto const index = text::to_int(path[k]);
      if (index && *index >= 0 && std::size_t(*index) < v.as_array().size()) next = v.as_array()[std::size_t(*index)];
    } else if (auto const* const inner = v.find(path[k])) {
      next = *inner;
    }
    v = std::move(next);
  }
  return v;
}

void renderer::write_properties(std::string& out, item const& i, query_options const& o, bool& first) const {
  for (auto const& p : describe(i.what).properties) {
    if (!o.selects(p.name)) continue;
    auto v = reader_.value(i, p.name);
    if (!o.select.empty()) v = members_of(v, o.select, p.name);
    if (v.is_null() && !is_always_told(i, p.name)) continue;
    write_name(out, p.name, first);
    json::write(out, v);
  }
}

// As a whole list of them is asked for most: without a JSON value or a link built for it.
void renderer::write_whole_observation(std::string& out, item const& i, bool inner) const {
  auto const& o = *i.moment;
  auto const link = [&](std::string_view end) {
    out += base_;
    out += "/Observations(";
    out += std::to_string(i.id);
    out += end;
  };
  out += "{\"@iot.selfLink\":\"";
  link(")\",\"@iot.id\":");
  out += std::to_string(i.id);
  out += ",\"phenomenonTime\":\"";
  out += to_string(o.time);
  out += "\",\"result\":";
  json::write(out, o.value);
  for (auto const name : {"resultTime", "resultQuality", "validTime", "parameters"}) {
    auto const v = o.extras.is_null() ? json::value() : reader_.value(i, name);
    if (v.is_null() && std::string_view(name) != "resultTime") continue;
    out += ",\"";
    out += name;
    out += "\":";
    json::write(out, v);
  }
  if (!inner) {
    auto const is_multi = i.about && i.about->find("unitOfMeasurements");
    out += is_multi ? ",\"MultiDatastream@iot.navigationLink\":\"" : ",\"Datastream@iot.navigationLink\":\"";
    link(is_multi ? ")/MultiDatastream\"" : ")/Datastream\"");
    out += ",\"FeatureOfInterest@iot.navigationLink\":\"";
    link(")/FeatureOfInterest\"");
  }
  out += '}';
}

void renderer::write_entity(std::string& out, item const& i, query_options const& o, bool inner) const {
  spend(out.size());  // expansions within expansions are soon more than there is memory
  auto const is_whole = i.what == kind::observation && o.select.empty() && o.expand.empty();
  if (is_whole && !i.moment->extras.find(extra::end_time)) return write_whole_observation(out, i, inner);
  auto first = true;
  out += '{';
  if (o.selects("selfLink")) {
    write_name(out, "@iot.selfLink", first);
    json::write_string(out, self_link(i));
  }
  if (o.selects("id")) {
    write_name(out, "@iot.id", first);
    out += std::to_string(i.id);
  }
  write_properties(out, i, o, first);
  for (auto const& n : describe(i.what).navigations) {
    auto const it = std::find_if(o.expand.begin(), o.expand.end(), [&](expansion const& e) { return e.to == &n; });
    // Of the two kinds of datastream an observation has one.
    if (i.what == kind::observation && (n.to == kind::datastream || n.to == kind::multi_datastream)) {
      auto const is_multi = i.about && i.about->find("unitOfMeasurements");
      if (is_multi != (n.to == kind::multi_datastream)) continue;
    }
    if (o.selects(n.name) && !(inner && o.select.empty())) {
      write_name(out, std::string(n.name) + "@iot.navigationLink", first);
      json::write_string(out, self_link(i) + "/" + std::string(n.name));
    }
    if (it != o.expand.end()) {
      if (!first) out += ',';
      first = false;
      write_expansion(out, i, *it);
    }
  }
  out += '}';
}

void renderer::write_expansion(std::string& out, item const& i, expansion const& e) const {
  auto const& n = *e.to;
  if (!n.many) {
    json::write_string(out, n.name);
    out += ':';
    if (auto const target = reader_.follow(i, n)) {
      write_entity(out, *target, *e.options, true);
    } else {
      out += "null";
    }
    return;
  }
  auto const p = lister_.list({n.to, i, &n}, *e.options);
  auto const path = address_of(i) + "/" + std::string(n.name);
  auto const member = [&](std::string_view name) {
    json::write_string(out, std::string(n.name) + std::string(name));
    out += ':';
  };
  if (p.count) {
    member("@iot.count");
    out += std::to_string(*p.count) + ",";
  }
  if (!p.next.empty()) {
    member("@iot.nextLink");
    json::write_string(out, next_link(p, *e.options, path));
    out += ',';
  }
  member("");
  out += '[';
  for (auto k = std::size_t(0); k < p.items.size(); ++k) {
    if (k) out += ',';
    write_entity(out, p.items[k], *e.options, true);
  }
  out += ']';
}

std::string renderer::next_link(page const& p, query_options const& o, std::string_view path) const {
  auto link = base_ + "/" + std::string(path) + "?";
  for (auto const& [name, value] : o.given) link += name + "=" + http::percent_encoded(value) + "&";
  // $skip says how far the reader is, which some clients look at; where the page begins, the token says.
  return link + "$skip=" + std::to_string(o.skip + p.items.size()) + "&$skiptoken=" + p.next;
}

void renderer::write_head(std::string& out, page const& p, query_options const& o, std::string_view path) const {
  out += '{';
  if (p.count) out += "\"@iot.count\":" + std::to_string(*p.count) + ",";
  if (!p.next.empty()) {
    out += "\"@iot.nextLink\":";
    json::write_string(out, next_link(p, o, path));
    out += ',';
  }
}

void renderer::write_page(std::string& out, page const& p, query_options const& o, std::string_view path) const {
  write_head(out, p, o, path);
  out += "\"value\":[";
  for (auto k = std::size_t(0); k < p.items.size(); ++k) {
    if (k) out += ',';
    write_entity(out, p.items[k], o);
  }
  out += "]}";
}

void renderer::write_references(std::string& out, page const& p, query_options const& o, std::string_view path) const {
  write_head(out, p, o, std::string(path) + "/$ref");
  out += "\"value\":[";
  for (auto k = std::size_t(0); k < p.items.size(); ++k) {
    if (k) out += ',';
    out += "{\"@iot.selfLink\":";
    json::write_string(out, self_link(p.items[k]));
    out += '}';
  }
  out += "]}";
}

}  // namespace dos::sensorthings
