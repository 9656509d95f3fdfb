#include "standard/sensorthings/writer.h"

#include <algorithm>

#include "base/fault.h"
#include "base/id.h"
#include "geo/geometry.h"
#include "kernel/city/city.h"
#include "standard/sensorthings/bodies.h"

namespace dos::sensorthings {
namespace {

bool is_map_encoding(std::string_view encoding) {
  return encoding == "application/geo+json" || encoding == "application/vnd.geo+json" || encoding == "application/json";
}

// The geometry of GeoJSON: itself, or that of a feature. Null when it is none; a fault when it claims to be one.
json::value geometry_of(json::value const& v) {
  auto const type = v.text_or("type", "");
  if (type.empty()) return nullptr;
  auto const* g = &v;
  if (type == "Feature") g = v.find("geometry");
  if (!g || g->is_null() || type == "FeatureCollection") return nullptr;
  geo::parse_geojson(*g, {.refuses_self_intersection = false});
  return *g;
}

}  // namespace

void refuse(std::string detail, std::string_view member) {
  throw fault(fault_kind::invalid, std::move(detail), std::string(member));
}

attribute make_value(symbol name, json::value v, attribute_kind k) {
  auto a = attribute();
  a.name = name;
  a.kind = k;
  a.value = std::move(v);
  return a;
}

bool is_reference(json::value const& v) { return v.is_object() && v.find("@iot.id"); }

// Also by a series that the writer does not see.
std::uint64_t writer::number_of(std::string_view id) const {
  auto least = std::uint64_t(0);
  auto const look = [&](std::vector<series_ref> const& all) {
    for (auto const& s : all) least = least == 0 ? s.series : std::min(least, s.series);
  };
  look(t_.series_of(id));
  look(own_.city().entities().series_of(id));
  return least;
}

void writer::link(std::string_view target, std::string_view relation, std::string_view source) {
  auto const key = link_key(target, relation, source);
  if (!t_.find_record(link_collection, key)) t_.put_record(link_collection, key, true);
}

void writer::unlink(std::string_view target, std::string_view relation, std::string_view source) {
  auto const key = link_key(target, relation, source);
  if (t_.find_record(link_collection, key)) t_.erase_record(link_collection, key);
}

std::uint64_t writer::reference_of(json::value const& v) const {
  auto const& id = *v.find("@iot.id");
  if (id.is_int() && id.as_int() >= 0) return std::uint64_t(id.as_int());
  if (id.is_string()) {
    if (auto const it = named_.find(id.as_string()); it != named_.end()) return it->second.second;
  }
  refuse("\"@iot.id\" is the number of an entity", "@iot.id");
}

std::optional<item> writer::made_before(std::string_view name) const {
  auto const it = named_.find(name);
  if (it == named_.end()) return std::nullopt;
  auto i = item();
  i.what = it->second.first;
  i.id = it->second.second;
  if (auto const e = entities_made_.find(i.id); e != entities_made_.end()) i.entity = t_.find(e->second.second);
  if (auto const s = streams_made_.find(i.id); s != streams_made_.end()) {
    i.entity = t_.find(s->second.thing);
    i.series = s->second.series;
  }
  return i.entity ? std::optional(i) : std::nullopt;
}

std::string writer::entity_of(kind k, std::uint64_t id) const {
  auto const missing = [&] {
    refuse("there is no " + std::string(describe(k).singular) + " " + std::to_string(id), describe(k).singular);
  };
  if (auto const it = entities_made_.find(id); it != entities_made_.end()) {
    if (it->second.first != k) missing();
    return it->second.second;
  }
  auto const owner = own_.find_series(id);
  auto const e = owner ? t_.find(owner->entity->id) : entity_ptr();
  if (!is_alive(e) || number_of(e->id) != id) missing();
  auto const type = words_.type_of(k);
  if (k == kind::thing || k == kind::sensor || k == kind::feature) {
    // A thing may be anything but one of the others; it may stand for its own sensor and feature.
    auto const is_own = type && e->has_type(type);
    for (auto const other : {kind::location, kind::sensor, kind::observed_property, kind::feature}) {
      if (!is_own && e->has_type(words_.type_of(other))) missing();
    }
  } else if (!e->has_type(type)) {
    missing();
  }
  return e->id;
}

std::string writer::required_target(json::value const& v, kind k) {
  if (is_reference(v)) return entity_of(k, reference_of(v));
  if (!v.is_object())
    refuse(std::string(describe(k).singular) + " is an object, or {\"@iot.id\": …}", describe(k).singular);
  if (k == kind::thing) {
    return entities_made_.at(create_thing(v)).second;
  }
  auto made = std::string();
  create_entity(k, v, &made);
  return made;
}

std::vector<std::string> writer::targets(json::value const& v, kind k) {
  if (!v.is_array()) refuse(std::string(describe(k).set) + " is a list", describe(k).set);
  auto all = std::vector<std::string>();
  for (auto const& one : v.as_array()) all.push_back(required_target(one, k));
  return all;
}

void writer::set_properties(entity& e, kind k, json::value const& body, bool whole) {
  auto const set = [&](std::string_view member, symbol name, attribute_kind as = attribute_kind::property) {
    auto const* const v = body.find(member);
    if (!v) {
      if (whole) e.remove(name, {});
      return;
    }
    if (v->is_null()) {
      e.remove(name, {});
    } else {
      auto a = make_value(name, *v, as);
      auto const old = e.find(name);
      if (old && old->value == a.value && old->kind == a.kind) return;
      if (old) a.attributes = old->attributes;
      e.set(make_attribute(std::move(a)));
    }
  };
  auto const had_name = e.find(words_.name);
  set("name", words_.name);
  if (!e.find(words_.name) && had_name) e.set(had_name);
  set("description", words_.description);
  set("properties", words_.properties, attribute_kind::json_property);
  if (k == kind::thing) return;
  if (k == kind::observed_property) return set("definition", words_.definition);
  set("encodingType", words_.encoding);
  if (k == kind::sensor) {
    auto const* const metadata = body.find("metadata");
    return set("metadata", words_.metadata,
               metadata && metadata->is_object() ? attribute_kind::json_property : attribute_kind::property);
  }
  auto const* const place = body.find(k == kind::location ? "location" : "feature");
  if (!place || place->is_null()) return;
  auto const encoding = e.find(words_.encoding);
  auto const on_map = encoding && encoding->value.is_string() && is_map_encoding(encoding->value.as_string());
  auto const geometry = on_map ? geometry_of(*place) : json::value();
  if (geometry.is_null()) {
    e.remove(words_.location, {});
  } else if (auto const old = e.find(words_.location); !old || !(old->value == geometry)) {
    e.set(make_attribute(make_value(words_.location, geometry, attribute_kind::geo_property)));
  }
  // As it was given, where that is more than a geometry.
  if (geometry.is_null() || !(geometry == *place)) {
    e.set(make_attribute(make_value(words_.document, *place, attribute_kind::json_property)));
  } else {
    e.remove(words_.document, {});
  }
}

std::uint64_t writer::create_entity(kind k, json::value const& body, std::string* made) {
  require_known_members(body, k);
  require_properties(body, k);
  auto e = entity();
  e.id = "urn:ngsi-ld:" + std::string(describe(k).singular) + ":" + new_uuid();
  e.types = {words_.type_of(k)};
  set_properties(e, k, body, false);
  auto const id = e.id;
  t_.put(std::move(e));
  auto const number = number_of(id);
  entities_made_[number] = {k, id};
  if (made) *made = id;
  if (k == kind::location) {
    if (auto const* const things = member_of(body, "Things")) {
      for (auto const& thing : targets(*things, kind::thing)) set_locations(thing, {id}, t_.now());
    }
    if (auto const* const past = member_of(body, "HistoricalLocations"); past && past->is_array()) {
      for (auto const& h : past->as_array()) create_historical_location(h, {}, id);
    }
  }
  for (auto const stream_kind : {kind::datastream, kind::multi_datastream}) {
    auto const* const streams =
        k == kind::sensor || k == kind::observed_property ? member_of(body, describe(stream_kind).set) : nullptr;
    if (!streams) continue;
    if (!streams->is_array()) refuse("Datastreams is a list", "Datastreams");
    for (auto const& s : streams->as_array()) {
      create_datastream(stream_kind, s, {}, k == kind::sensor ? id : std::string(),
                        k == kind::observed_property ? id : std::string());
    }
  }
  if (auto const* const observations = k == kind::feature ? member_of(body, "Observations") : nullptr) {
    if (!observations->is_array()) refuse("Observations is a list", "Observations");
    for (auto const& o : observations->as_array()) {
      auto with = o;
      if (with.is_object()) with.as_object()["FeatureOfInterest"] = json::object{{"@iot.id", number}};
      create(kind::observation, with);
    }
  }
  return number;
}

std::uint64_t writer::create_thing(json::value const& body) {
  auto id = std::string();
  require_known_members(body, kind::thing);
  require_properties(body, kind::thing);
  {
    auto e = entity();
    e.id = id = "urn:ngsi-ld:Thing:" + new_uuid();
    e.types = {words_.thing};
    set_properties(e, kind::thing, body, false);
    t_.put(std::move(e));
  }
  auto const number = number_of(id);
  if (auto const* const past = member_of(body, "HistoricalLocations"); past && past->is_array()) {
    for (auto const& h : past->as_array()) create_historical_location(h, id, {});
  }
  if (auto const* const locations = member_of(body, "Locations"))
    set_locations(id, targets(*locations, kind::location), t_.now());
  for (auto const k : {kind::datastream, kind::multi_datastream}) {
    auto const* const streams = member_of(body, describe(k).set);
    if (!streams) continue;
    if (!streams->is_array()) refuse("Datastreams is a list", "Datastreams");
    for (auto const& s : streams->as_array()) create_datastream(k, s, id, {}, {});
  }
  entities_made_[number] = {kind::thing, id};
  return number;
}

std::uint64_t writer::create(kind k, json::value const& body, item const* from, navigation const* by) {
  auto const source_if = [&](kind what) { return from && from->what == what ? from->entity->id : std::string(); };
  switch (k) {
    case kind::thing: {
      auto const id = create_thing(body);
      if (from && from->what == kind::location) set_locations(entities_made_[id].second, {from->entity->id}, t_.now());
      return id;
    }
    case kind::datastream:
    case kind::multi_datastream:
      return create_datastream(k, body, source_if(kind::thing), source_if(kind::sensor),
                               source_if(kind::observed_property));
    case kind::historical_location:
      return create_historical_location(body, source_if(kind::thing), source_if(kind::location));
    case kind::location: {
      auto made = std::string();
      auto const id = create_entity(k, body, &made);
      if (from && from->what == kind::thing) set_locations(from->entity->id, {made}, t_.now());
      if (from && from->what == kind::historical_location) add_location(*from, made);
      return id;
    }
    case kind::observation: {
      auto const* const d = member_of(body, "Datastream");
      auto const* const m = member_of(body, "MultiDatastream");
      auto series =
          from && (from->what == kind::datastream || from->what == kind::multi_datastream) ? from->series.series : 0;
      if (auto const* const named = d ? d : m) {
        auto const given = is_reference(*named)
                               ? reference_of(*named)
                               : create_datastream(d ? kind::datastream : kind::multi_datastream, *named, {}, {}, {});
        if (series && given != series) refuse("the address and the body name different Datastreams", "Datastream");
        series = given;
      }
      if (!series) refuse("an Observation needs a Datastream", "Datastream");
      auto const s = find_stream(series);
      if (!s || ((s->about && s->about->find("unitOfMeasurements")) != (m != nullptr) && (d || m))) {
        refuse("there is no " + std::string(m ? "MultiDatastream " : "Datastream ") + std::to_string(series),
               "Datastream");
      }
      auto draft = read_observation(body);
      if (from && from->what == kind::feature) draft.feature = json::object{{"@iot.id", from->id}};
      auto drafts = std::vector<observation_draft>();
      drafts.push_back(std::move(draft));
      return observe(*s, std::move(drafts));
    }
    default:
      if (from)
        refuse("a " + std::string(describe(from->what).singular) + " says itself what its " + std::string(by->name) + " are",
               by->name);
      return create_entity(k, body);
  }
}

}  // namespace dos::sensorthings
