// Datastreams: what one is beyond its attribute is made, changed and removed.
#include <algorithm>
#include <array>
#include <cctype>

#include "base/fault.h"
#include "base/id.h"
#include "standard/sensorthings/bodies.h"
#include "standard/sensorthings/units.h"
#include "standard/sensorthings/writer.h"

namespace dos::sensorthings {
namespace {

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

}  // namespace

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
  auto const observed = t_.find(properties.front());
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

void writer::change_datastream(item const& i, json::value const& body, bool whole) {
  auto const key = std::to_string(i.id);
  auto const record = t_.find_record(datastream_collection, key);
  if (!record) refuse_derived(i);
  auto const& d = describe(i.what);
  auto about = record->as_object();
  for (auto const& p : d.properties) {
    if (p.computed) continue;
    auto const* const v = body.find(p.name);
    if (v && !v->is_null())
      about[p.name] = *v;
    else if (v || (whole && !p.required))
      about.erase(p.name);
  }
  if (!about.find("description")) about["description"] = "";
  if (i.what == kind::datastream && body.find("unitOfMeasurement")) {
    if (!about.find("unitOfMeasurement")->is_object())
      refuse("unitOfMeasurement is an object of name, symbol and definition", "unitOfMeasurement");
    about.erase("unitCode");
    auto const code = find_unit_code(*about.find("unitOfMeasurement"));
    if (!code.empty()) about["unitCode"] = code;
    auto const thing = t_.get(i.entity->id);
    if (auto const old = thing->find(i.series.attribute, i.series.dataset); old && old->unit.text() != code) {
      auto a = attribute(*old);
      a.unit = symbol(code);
      auto e = entity(*thing);
      e.set(make_attribute(std::move(a)));
      t_.put(std::move(e), transaction::keep::nothing);
    }
  }
  if (auto const* const t = body.find("Thing"); t && required_target(*t, kind::thing) != i.entity->id)
    refuse("a Datastream stays with its Thing", "Thing");
  if (auto const* const s = body.find("Sensor")) {
    auto const sensor = required_target(*s, kind::sensor);
    unlink(record->text_or("sensor", ""), "datastream", key);
    link(sensor, "datastream", key);
    about["sensor"] = sensor;
  }
  auto const* const p = body.find(i.what == kind::datastream ? "ObservedProperty" : "ObservedProperties");
  if (p) {
    auto const properties = i.what == kind::datastream ? std::vector{required_target(*p, kind::observed_property)}
                                                       : targets(*p, kind::observed_property);
    auto const& known = record->find("observedProperties")->as_array();
    if (i.what == kind::multi_datastream && properties.size() != known.size())
      refuse("a MultiDatastream keeps its number of ObservedProperties", "ObservedProperties");
    for (auto const& old : known) unlink(old.as_string(), "datastream", key);
    auto uris = json::array();
    for (auto const& one : properties) {
      link(one, "datastream", key);
      uris.push_back(one);
    }
    about["observedProperties"] = uris;
  }
  if (i.what == kind::multi_datastream) {
    auto const n = about.find("observedProperties")->as_array().size();
    for (auto const name : {"unitOfMeasurements", "multiObservationDataTypes"}) {
      auto const* const list = about.find(name);
      if (!list->is_array() || list->as_array().size() != n)
        refuse("a MultiDatastream has as many of these as ObservedProperties", name);
    }
  }
  if (auto const* const o = body.find("Observations"); o && !o->as_array().empty())
    refuse("an Observation stays with its Datastream", "Observations");
  put_datastream_record(key, std::move(about));
  touched_.emplace_back(i.what, i.id);
}

// What is said of a datastream beyond its attribute, findable by its name.
void writer::put_datastream_record(std::string const& key, json::value about) {
  auto const old = t_.find_record(datastream_collection, key);
  auto const before = old ? datastream_name_key(old->text_or("name", ""), key) : std::string();
  auto const after = datastream_name_key(about.text_or("name", ""), key);
  if (before != after) {
    if (old && t_.find_record(datastream_name_collection, before)) t_.erase_record(datastream_name_collection, before);
    t_.put_record(datastream_name_collection, after, true);
  }
  t_.put_record(datastream_collection, key, std::move(about));
}

void writer::erase_datastream_records(std::string const& key) {
  if (auto const record = t_.find_record(datastream_collection, key)) {
    unlink(record->text_or("sensor", ""), "datastream", key);
    for (auto const& p : record->find("observedProperties")->as_array()) unlink(p.as_string(), "datastream", key);
    t_.erase_record(datastream_collection, key);
    auto const name = datastream_name_key(record->text_or("name", ""), key);
    if (t_.find_record(datastream_name_collection, name)) t_.erase_record(datastream_name_collection, name);
  }
  for (auto const kept : {result_time_collection, area_collection}) {
    if (t_.find_record(kept, key)) t_.erase_record(kept, key);
  }
}

void writer::remove_datastream(item const& i) {
  erase_datastream_records(std::to_string(i.id));
  auto const thing = t_.find(i.entity->id);
  if (!thing || thing->deleted_at != no_time) return;
  if (thing->find(i.series.attribute, i.series.dataset)) {
    auto e = entity(*thing);
    e.remove(i.series.attribute, i.series.dataset);
    t_.put(std::move(e), transaction::keep::nothing);
  }
  t_.remove_series(i.entity->id, i.id);
}

void name_datastreams(session const& own) {
  if (own.record_count(datastream_name_collection) == own.record_count(datastream_collection)) return;
  constexpr std::size_t at_once = 1'000;
  auto keys = std::vector<std::string>();
  own.for_each_record(datastream_collection, {}, [&](std::string_view key, record_ptr const&) {
    return keys.emplace_back(key), true;
  });
  for (auto from = std::size_t(0); from < keys.size(); from += at_once) {
    own.apply([&](transaction& t) {
      for (auto i = from; i < std::min(from + at_once, keys.size()); ++i) {
        auto const about = t.find_record(datastream_collection, keys[i]);
        if (!about) continue;
        auto const name = datastream_name_key(about->text_or("name", ""), keys[i]);
        if (!t.find_record(datastream_name_collection, name)) t.put_record(datastream_name_collection, name, true);
      }
    });
  }
}

}  // namespace dos::sensorthings
