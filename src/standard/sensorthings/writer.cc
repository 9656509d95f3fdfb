#include "standard/sensorthings/writer.h"

#include <algorithm>
#include <array>

#include "base/fault.h"
#include "base/id.h"
#include "geo/geometry.h"
#include "kernel/session/instance.h"
#include "standard/sensorthings/times.h"
#include "standard/sensorthings/units.h"

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

// "Air temperature (2 m)" as a name of an attribute: airTemperature2M.
std::string camel_case(std::string_view text) {
  auto out = std::string();
  auto upper = false;
  for (auto const c : text) {
    auto const u = static_cast<unsigned char>(c);
    if (!std::isalnum(u) || u >= 0x80) {
      upper = !out.empty();
      continue;
    }
    out += out.empty() ? char(std::tolower(u)) : upper ? char(std::toupper(u)) : c;
    upper = false;
  }
  if (out.empty() || std::isdigit(static_cast<unsigned char>(out[0]))) out.insert(0, "observed");
  static constexpr auto taken = std::array<std::string_view, 10>{
      "id", "type", "scope", "location", "name", "description", "properties", "hasLocation", "value", "observedAt"};
  if (std::find(taken.begin(), taken.end(), out) != taken.end()) {
    out[0] = char(std::toupper(static_cast<unsigned char>(out[0])));
    out.insert(0, "observed");
  }
  return out;
}

json::value const* member_of(json::value const& body, std::string_view name) {
  auto const* const v = body.find(name);
  return v && !v->is_null() ? v : nullptr;
}

void require_known_members(json::value const& body, kind k) {
  require(body.is_object(), fault_kind::invalid, "the body is an object");
  auto const& d = describe(k);
  for (auto const& m : body.as_object()) {
    if (d.find_property(m.key) || d.find_navigation(m.key) || m.key.find("@iot.") != m.key.npos || m.key == "id")
      continue;
    refuse("a " + std::string(d.singular) + " has no property \"" + m.key + "\"", m.key);
  }
}

void require_properties(json::value const& body, kind k) {
  for (auto const& p : describe(k).properties) {
    if (!p.required) continue;
    auto const* const v = body.find(p.name);
    if (!v || (v->is_null() && p.name != "result"))
      refuse("a " + std::string(describe(k).singular) + " needs " + std::string(p.name), p.name);
  }
  for (auto const& p : describe(k).properties) {
    auto const* const v = member_of(body, p.name);
    if (v && p.content == content::text && !v->is_string()) refuse(std::string(p.name) + " is a text", p.name);
    if (v && p.name == "properties" && !v->is_object()) refuse("properties is an object", p.name);
  }
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

std::uint64_t writer::number_of(std::string_view id) const {
  auto least = std::uint64_t(0);
  for (auto const& s : t_.series_of(id)) {
    if (least == 0 || s.series < least) least = s.series;
  }
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

// --- properties ---

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

// --- creation ---

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

std::optional<json::value> writer::place_of(std::vector<std::string> const& locations) const {
  for (auto const& id : locations) {
    auto const l = t_.find(id);
    auto const a = l ? l->find(words_.location) : attribute_ptr();
    if (a) return a->value;
  }
  return std::nullopt;
}

// Where the thing was, or is, at a moment; returns the number of the HistoricalLocation.
std::uint64_t writer::set_locations(std::string const& thing, std::vector<std::string> const& locations, timestamp at) {
  auto const before = t_.find(thing);
  if (!is_alive(before)) refuse("there is no such Thing", "Thing");
  for (auto const& l : locations) link(l, "thing", thing);
  auto const known = before->find(words_.has_location);
  auto const is_newest = !known || known->observed_at == no_time || known->observed_at <= at;
  auto uris = json::array();
  for (auto const& l : locations) uris.push_back(l);
  auto a =
      make_value(words_.has_location, uris.size() == 1 ? uris[0] : json::value(uris), attribute_kind::relationship);
  a.observed_at = at;
  a.modified_at = t_.now();
  a.series = t_.start_series({thing, a.name, {}, a.kind});
  auto const number = t_.observe({thing, a.name, {}, a.kind}, to_observation(a, 0));
  if (!is_newest) return number;
  auto e = entity(*before);
  e.set(make_attribute(std::move(a)));
  if (auto const place = place_of(locations)) {
    auto p = make_value(words_.location, *place, attribute_kind::geo_property);
    p.observed_at = at;
    p.modified_at = t_.now();
    auto const old = e.find(words_.location);
    if (!old || !(old->value == *place)) {
      p.series = t_.start_series({thing, p.name, {}, p.kind});
      t_.observe({thing, p.name, {}, p.kind}, to_observation(p, 0));
      e.set(make_attribute(std::move(p)));
    }
  }
  t_.put(std::move(e), transaction::keep::nothing);
  return number;
}

// Things that are at a location whose place has changed are where it is now.
void writer::move_things(std::string const& location) {
  auto const prefix = link_key(location, "thing", "");
  auto things = std::vector<std::string>();
  own_.for_each_record(link_collection, prefix, [&](std::string_view key, record_ptr const&) {
    if (!key.starts_with(prefix)) return false;
    things.emplace_back(key.substr(prefix.size()));
    return true;
  });
  for (auto const& id : things) {
    auto const thing = t_.find(id);
    auto const linked = is_alive(thing) ? thing->find(words_.has_location) : attribute_ptr();
    if (!linked) continue;
    auto locations = std::vector<std::string>();
    if (linked->value.is_string()) locations.emplace_back(linked->value.as_string());
    if (linked->value.is_array()) {
      for (auto const& l : linked->value.as_array()) locations.emplace_back(l.as_string());
    }
    if (std::find(locations.begin(), locations.end(), location) == locations.end()) continue;
    auto const place = place_of(locations);
    auto const old = thing->find(words_.location);
    if (!place || (old && old->value == *place)) continue;
    auto e = entity(*thing);
    auto p = make_value(words_.location, *place, attribute_kind::geo_property);
    p.observed_at = t_.now();
    e.set(make_attribute(std::move(p)));
    t_.put(std::move(e));
  }
}

std::uint64_t writer::create_historical_location(json::value const& body, std::string thing, std::string location) {
  require_known_members(body, kind::historical_location);
  auto const* const text = member_of(body, "time");
  auto const at = text && text->is_string() ? parse_instant(text->as_string()) : std::nullopt;
  if (!at) refuse("a HistoricalLocation needs a time such as 2026-11-21T20:00:00Z", "time");
  if (auto const* const t = member_of(body, "Thing")) thing = required_target(*t, kind::thing);
  if (thing.empty()) refuse("a HistoricalLocation needs a Thing", "Thing");
  auto locations = std::vector<std::string>();
  if (!location.empty()) locations.push_back(location);
  if (auto const* const l = member_of(body, "Locations")) {
    for (auto& one : targets(*l, kind::location)) locations.push_back(std::move(one));
  }
  return set_locations(thing, locations, *at);
}

std::uint64_t writer::create_datastream(kind k, json::value const& body, std::string thing, std::string sensor,
                                        std::string property) {
  require_known_members(body, k);
  require_properties(body, k);
  auto const is_multi = k == kind::multi_datastream;
  auto const refuse_twice = [&](std::string_view name, std::string const& known, json::value const* given) {
    if (!known.empty() && given && required_target(*given, *find_set(std::string(name) + "s")) != known) {
      refuse("the address and the body name different " + std::string(name) + "s", name);
    }
  };
  auto const* const t = member_of(body, "Thing");
  auto const* const s = member_of(body, "Sensor");
  refuse_twice("Thing", thing, t && is_reference(*t) ? t : nullptr);
  refuse_twice("Sensor", sensor, s && is_reference(*s) ? s : nullptr);
  if (thing.empty() && t) thing = required_target(*t, kind::thing);
  if (thing.empty()) refuse("a Datastream needs a Thing", "Thing");
  if (sensor.empty() && s) sensor = required_target(*s, kind::sensor);
  if (sensor.empty()) refuse("a Datastream needs a Sensor", "Sensor");
  auto properties = std::vector<std::string>();
  if (is_multi) {
    if (auto const* const p = member_of(body, "ObservedProperties")) properties = targets(*p, kind::observed_property);
    if (properties.empty() && !property.empty()) properties.push_back(property);
    auto const* const units = member_of(body, "unitOfMeasurements");
    auto const* const types = member_of(body, "multiObservationDataTypes");
    if (!units->is_array() || !types->is_array())
      refuse("unitOfMeasurements and multiObservationDataTypes are lists", "unitOfMeasurements");
    if (properties.empty()) refuse("a MultiDatastream needs ObservedProperties", "ObservedProperties");
    if (units->as_array().size() != properties.size() || types->as_array().size() != properties.size()) {
      refuse("a MultiDatastream has as many units and types as ObservedProperties", "unitOfMeasurements");
    }
  } else {
    if (property.empty()) {
      auto const* const p = member_of(body, "ObservedProperty");
      if (!p) refuse("a Datastream needs an ObservedProperty", "ObservedProperty");
      property = required_target(*p, kind::observed_property);
    }
    properties = {property};
    if (!body.find("unitOfMeasurement")->is_object())
      refuse("unitOfMeasurement is an object of name, symbol and definition", "unitOfMeasurement");
  }
  auto about = json::object();
  for (auto const& p : describe(k).properties) {
    auto const* const v = member_of(body, p.name);
    if (v && !p.computed) about.push(std::string(p.name), *v);
  }
  if (!is_multi) {
    if (!about.find("observationType"))
      about.push("observationType", "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement");
    if (auto const code = find_unit_code(*body.find("unitOfMeasurement")); !code.empty()) about.push("unitCode", code);
  } else if (!about.find("observationType")) {
    about.push("observationType", "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_ComplexObservation");
  }
  if (!about.find("description")) about.push("description", "");
  about.push("sensor", sensor);
  auto uris = json::array();
  for (auto const& p : properties) uris.push_back(p);
  about.push("observedProperties", uris);

  // The attribute is called like what it observes; a second one of that name is another dataset.
  auto const observed = t_.get(properties.front());
  auto const property_name = observed->find(words_.name);
  auto const given = is_multi ? *body.find("name") : property_name ? property_name->value : json::value("observation");
  auto const name = symbol(words_.words.iri(camel_case(given.is_string() ? given.as_string() : "observation")));
  auto const taken = t_.series_of(thing);
  auto const is_taken =
      std::any_of(taken.begin(), taken.end(), [&](series_ref const& r) { return r.attribute == name && !r.dataset; }) ||
      t_.get(thing)->find(name);
  auto const dataset = is_taken ? symbol("urn:ngsi-ld:Dataset:" + new_uuid()) : symbol();
  auto const as = is_multi ? attribute_kind::list_property : attribute_kind::property;
  auto const series = t_.start_series({thing, name, dataset, as});
  auto record = json::value(std::move(about));
  streams_made_[series] = {thing, {series, name, dataset, as}, std::make_shared<json::value const>(record)};
  put_datastream_record(std::to_string(series), std::move(record));
  touched_.emplace_back(k, series);
  link(sensor, "datastream", std::to_string(series));
  for (auto const& p : properties) link(p, "datastream", std::to_string(series));
  if (auto const* const observations = member_of(body, "Observations")) {
    if (!observations->is_array()) refuse("Observations is a list", "Observations");
    for (auto const& o : observations->as_array()) observe(streams_made_[series], {read_observation(o)});
  }
  return series;
}

std::uint64_t writer::create(kind k, json::value const& body, item const* from, navigation const* by) {
  auto const source = from ? from->entity->id : std::string();
  auto const source_kind = from ? from->what : kind::thing;
  switch (k) {
    case kind::thing: {
      auto const id = create_thing(body);
      if (from && source_kind == kind::location) set_locations(entities_made_[id].second, {source}, t_.now());
      return id;
    }
    case kind::datastream:
    case kind::multi_datastream:
      return create_datastream(k, body, from && source_kind == kind::thing ? source : std::string(),
                               from && source_kind == kind::sensor ? source : std::string(),
                               from && source_kind == kind::observed_property ? source : std::string());
    case kind::historical_location:
      return create_historical_location(body, from && source_kind == kind::thing ? source : std::string(),
                                        from && source_kind == kind::location ? source : std::string());
    case kind::location: {
      auto made = std::string();
      auto const id = create_entity(k, body, &made);
      if (from && source_kind == kind::thing) set_locations(source, {made}, t_.now());
      return id;
    }
    case kind::observation: {
      auto const* const d = member_of(body, "Datastream");
      auto const* const m = member_of(body, "MultiDatastream");
      auto series =
          from && (source_kind == kind::datastream || source_kind == kind::multi_datastream) ? from->series.series : 0;
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
      if (from && source_kind == kind::feature) draft.feature = json::object{{"@iot.id", from->id}};
      return observe(*s, {std::move(draft)});
    }
    default:
      (void)by;
      return create_entity(k, body);
  }
}

}  // namespace dos::sensorthings
