// Changing and removing. OGC 18-088, 10.3 and 10.4
#include <algorithm>

#include "base/fault.h"
#include "kernel/history/history.h"
#include "kernel/session/instance.h"
#include "standard/sensorthings/times.h"
#include "standard/sensorthings/units.h"
#include "standard/sensorthings/writer.h"

namespace dos::sensorthings {
namespace {

[[noreturn]] void refuse_derived(item const& i) {
  throw fault(fault_kind::conflict, "this " + std::string(describe(i.what).singular) + " follows from the entity " +
                                        i.entity->id + "; change that");
}

bool is_said(json::value const& list_or_one, std::string_view uri) {
  if (list_or_one.is_string()) return list_or_one.as_string() == uri;
  if (!list_or_one.is_array()) return false;
  auto const& all = list_or_one.as_array();
  return std::any_of(all.begin(), all.end(),
                     [&](json::value const& v) { return v.is_string() && v.as_string() == uri; });
}

}  // namespace

consequences find_consequences(item const& i, reader const& r) {
  auto c = consequences();
  auto const add = [&](item const& o) {
    c.observations.emplace_back(o.series.series, o.id);
    return true;
  };
  auto const& d = describe(i.what);
  switch (i.what) {
    case kind::feature:
      r.for_each(i, *d.find_navigation("Observations"), {}, add);
      break;
    case kind::location:
      r.for_each(i, *d.find_navigation("HistoricalLocations"), {}, add);
      r.for_each(i, *d.find_navigation("Things"), {},
                 [&](item const& thing) { return c.things.push_back(thing.entity->id), true; });
      break;
    case kind::thing:
    case kind::sensor:
    case kind::observed_property:
      for (auto const name : {"Datastreams", "MultiDatastreams"}) {
        r.for_each(i, *d.find_navigation(name), {}, [&](item const& s) { return c.datastreams.push_back(s), true; });
      }
      break;
    case kind::observation: {
      auto const owner = r.follow(
          i, *d.find_navigation(i.about && i.about->find("unitOfMeasurements") ? "MultiDatastream" : "Datastream"));
      if (!owner) break;
      auto seen = 0;
      r.for_each(*owner, *describe(owner->what).find_navigation("Observations"), {.descending = true, .after = {}},
                 [&](item const& o) {
                   if (seen++ == 0) {
                     c.was_last = o.id == i.id;
                     return c.was_last;
                   }
                   c.previous = o.moment;
                   return false;
                 });
      break;
    }
    default:
      break;
  }
  return c;
}

void writer::change(item const& i, json::value const& body, bool whole, consequences const& c) {
  auto const& d = describe(i.what);
  require(body.is_object(), fault_kind::invalid, "the body is an object");
  for (auto const& m : body.as_object()) {
    if (!d.find_property(m.key) && !d.find_navigation(m.key) && m.key.find("@iot.") == m.key.npos && m.key != "id") {
      refuse("a " + std::string(d.singular) + " has no property \"" + m.key + "\"", m.key);
    }
    auto const* const p = d.find_property(m.key);
    if (p && p->required && m.value.is_null() && p->name != "result") refuse(m.key + " can't be nothing", m.key);
    if (p && p->content == content::text && !m.value.is_null() && !m.value.is_string())
      refuse(m.key + " is a text", m.key);
    if (p && p->name == "properties" && !m.value.is_null() && !m.value.is_object())
      refuse("properties is an object", m.key);
    // Related entities are referred to, never made or changed here. OGC 18-088, 10.3.1
    if (!d.find_navigation(m.key)) continue;
    auto const refers = m.value.is_array()
                            ? std::all_of(m.value.as_array().begin(), m.value.as_array().end(), is_reference)
                            : is_reference(m.value);
    if (!refers) refuse(m.key + " can only refer to entities here: {\"@iot.id\": …}", m.key);
  }
  switch (i.what) {
    case kind::datastream:
    case kind::multi_datastream:
      return change_datastream(i, body, whole);
    case kind::observation:
      return change_observation(i, body, whole, c);
    case kind::historical_location:
      return change_historical_location(i, body);
    default:
      break;
  }
  if (i.derived) refuse_derived(i);
  auto e = entity(*t_.get(i.entity->id));
  set_properties(e, i.what, body, whole);
  t_.put(std::move(e));
  if (i.what == kind::location) move_things(i.entity->id);
  auto const refers_to = [&](std::string_view name) { return body.find(name); };
  if (i.what == kind::thing) {
    if (auto const* const l = refers_to("Locations"))
      set_locations(i.entity->id, targets(*l, kind::location), t_.now());
    for (auto const name : {"Datastreams", "MultiDatastreams"}) {
      auto const* const streams = refers_to(name);
      if (!streams) continue;
      for (auto const& s : streams->as_array()) {
        auto const known = find_stream(reference_of(s));
        if (!known || known->thing != i.entity->id) refuse("a Datastream stays with its Thing", name);
      }
    }
  }
  for (auto const name : {"Datastreams", "MultiDatastreams"}) {
    auto const* const streams = i.what == kind::sensor || i.what == kind::observed_property ? refers_to(name) : nullptr;
    if (!streams) continue;
    for (auto const& s : streams->as_array()) {
      if (!t_.find_record(link_collection, link_key(i.entity->id, "datastream", std::to_string(reference_of(s)))))
        refuse("the Datastream says what its " + std::string(describe(i.what).singular) + " is", name);
    }
  }
  if (i.what == kind::location) {
    if (auto const* const things = refers_to("Things")) {
      for (auto const& thing : targets(*things, kind::thing)) set_locations(thing, {i.entity->id}, t_.now());
    }
  }
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

void writer::change_observation(item const& i, json::value const& body, bool whole, consequences const& c) {
  auto d = observation_draft();
  d.observation = *i.moment;
  d.has_result = true;
  if (whole) {
    d.has_result = false;
    for (auto const name :
         {extra::result_time, extra::end_time, extra::valid_from, extra::valid_to, extra::quality, extra::parameters}) {
      set_extra(d.observation, name, json::value());
    }
  }
  for (auto const& m : body.as_object()) {
    if (m.key == "Datastream" || m.key == "MultiDatastream") {
      if (reference_of(m.value) != i.series.series) refuse("an Observation stays with its Datastream", m.key);
    } else {
      read_member(d, m.key, m.value);
    }
  }
  if (!d.has_result) refuse("an Observation needs a result", "result");
  auto const s = find_stream(i.series.series);
  if (!s) refuse("its Datastream is gone", "Datastream");
  if (auto const* const units = s->about ? s->about->find("unitOfMeasurements") : nullptr) {
    auto const& v = d.observation.value;
    if (!v.is_array() || v.as_array().size() != units->as_array().size())
      refuse("the result of this MultiDatastream is a list of " + std::to_string(units->as_array().size()), "result");
  }
  if (auto const feature = choose_feature(*s, d); !feature.empty()) {
    set_extra(d.observation, extra::feature, feature);
    link(feature, "datastream", std::to_string(i.series.series));
  }
  set_extra(d.observation, extra::modified_at, t_.now());
  note_result_times(*s, {d.observation});
  t_.change_observation(i.series.series, i.id, d.observation);
  touched_.emplace_back(i.what, i.id);
  auto const stays_last = !c.previous || c.previous->time <= d.observation.time;
  if (c.was_last)
    set_current(*s, stays_last ? d.observation : *c.previous, true);
  else
    set_current(*s, d.observation, false);
}

void writer::change_historical_location(item const& i, json::value const& body) {
  if (i.series.attribute != words_.has_location) refuse_derived(i);
  auto o = *i.moment;
  if (auto const* const time = body.find("time")) {
    auto const t = time->is_string() ? parse_instant(time->as_string()) : std::nullopt;
    if (!t) refuse("time is a moment such as 2026-11-21T20:00:00Z", "time");
    o.time = *t;
  }
  if (auto const* const l = body.find("Locations")) {
    auto uris = json::array();
    for (auto const& one : targets(*l, kind::location)) {
      link(one, "thing", i.entity->id);
      uris.push_back(one);
    }
    o.value = uris.size() == 1 ? uris[0] : json::value(uris);
  }
  if (auto const* const t = body.find("Thing"); t && required_target(*t, kind::thing) != i.entity->id)
    refuse("a HistoricalLocation stays with its Thing", "Thing");
  t_.change_observation(i.series.series, i.id, o);
  touched_.emplace_back(i.what, i.id);
  // What was known last is where the thing is.
  auto const thing = t_.get(i.entity->id);
  auto const known = thing->find(words_.has_location);
  if (!known || known->observed_at != i.moment->time || !(known->value == i.moment->value)) return;
  auto a = attribute(*known);
  a.observed_at = o.time;
  a.value = o.value;
  auto e = entity(*thing);
  e.set(make_attribute(std::move(a)));
  t_.put(std::move(e), transaction::keep::nothing);
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

// Those as of the last commit whose key begins so.
void writer::erase_records(std::string_view collection, std::string_view prefix) {
  auto keys = std::vector<std::string>();
  own_.for_each_record(collection, prefix, [&](std::string_view key, record_ptr const&) {
    if (!key.starts_with(prefix)) return false;
    keys.emplace_back(key);
    return true;
  });
  for (auto const& key : keys) {
    if (t_.find_record(collection, key)) t_.erase_record(collection, key);
  }
}

void writer::remove_location(item const& i, consequences const& c) {
  if (t_.find_record(feature_collection, i.entity->id)) t_.erase_record(feature_collection, i.entity->id);
  auto const& id = i.entity->id;
  for (auto const& [series, number] : c.observations) t_.remove_observation(series, number);
  for (auto const& thing_id : c.things) {
    auto const thing = t_.find(thing_id);
    auto const known = thing ? thing->find(words_.has_location) : attribute_ptr();
    if (!known || !is_said(known->value, id)) continue;
    auto rest = json::array();
    if (known->value.is_array()) {
      for (auto const& l : known->value.as_array()) {
        if (l.as_string() != id) rest.push_back(l);
      }
    }
    auto e = entity(*thing);
    if (rest.empty()) {
      e.remove(words_.has_location, {});
      e.remove(words_.location, {});
    } else {
      auto a = attribute(*known);
      a.value = rest.size() == 1 ? rest[0] : json::value(rest);
      e.set(make_attribute(std::move(a)));
    }
    t_.put(std::move(e), transaction::keep::nothing);
  }
  erase_records(link_collection, link_key(id, "thing", ""));
  t_.forget(id);
}

bool writer::remove(item const& i, consequences const& c) {
  if (!is_alive(t_.find(i.entity->id))) return false;
  remove_whole(i, c);
  return true;
}

void writer::remove_whole(item const& i, consequences const& c) {
  switch (i.what) {
    case kind::thing: {
      auto const& id = i.entity->id;
      for (auto const& s : c.datastreams) {
        erase_datastream_records(std::to_string(s.id));
      }
      auto const thing = t_.get(id);
      if (auto const l = thing->find(words_.has_location)) {
        if (l->value.is_string()) unlink(l->value.as_string(), "thing", id);
        if (l->value.is_array()) {
          for (auto const& one : l->value.as_array()) unlink(one.as_string(), "thing", id);
        }
      }
      if (t_.find_record(feature_collection, id)) t_.erase_record(feature_collection, id);
      erase_records(feature_since_collection, feature_since_prefix(id));
      t_.forget(id);
      return;
    }
    case kind::datastream:
    case kind::multi_datastream:
      return remove_datastream(i);
    case kind::historical_location:
    case kind::observation:
      t_.remove_observation(i.series.series, i.id);
      if (i.what == kind::observation && c.was_last) {
        if (auto const s = find_stream(i.series.series)) {
          if (c.previous) {
            set_current(*s, *c.previous, true);
          } else if (auto const thing = t_.get(s->thing);
                     thing->find(s->series.attribute, s->series.dataset) && s->about) {
            auto e = entity(*thing);
            e.remove(s->series.attribute, s->series.dataset);
            t_.put(std::move(e), transaction::keep::nothing);
          }
        }
      }
      return;
    case kind::location:
      if (i.derived) refuse_derived(i);
      return remove_location(i, c);
    case kind::feature:
      if (i.derived) refuse_derived(i);
      for (auto const& [series, number] : c.observations) t_.remove_observation(series, number);
      erase_records(link_collection, i.entity->id + ' ');
      t_.forget(i.entity->id);
      return;
    case kind::sensor:
    case kind::observed_property: {
      auto const follows =
          i.derived || std::any_of(c.datastreams.begin(), c.datastreams.end(), [](item const& s) { return s.derived; });
      if (follows) refuse_derived(i);
      for (auto const& s : c.datastreams) remove_datastream(s);
      erase_records(link_collection, i.entity->id + ' ');
      t_.forget(i.entity->id);
      return;
    }
  }
}

}  // namespace dos::sensorthings
