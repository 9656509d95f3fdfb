// What the properties of an item are.
#include <algorithm>

#include "base/units.h"
#include "kernel/city/city.h"
#include "standard/sensorthings/reader.h"
#include "standard/sensorthings/units.h"

namespace dos::sensorthings {
namespace {

constexpr std::string_view observation_types = "http://www.opengis.net/def/observationType/OGC-OM/2.0/";

std::string plain_text(json::value const& v) {
  if (v.is_string()) return std::string(v.as_string());
  if (v.is_array()) return v.as_array().empty() ? std::string() : plain_text(v.as_array()[0]);
  return v.is_number() || v.is_bool() ? json::to_string(v) : std::string();
}
// "" where it is no text.
std::string plain_text(attribute const& a) {
  if (!a.value.is_object()) return plain_text(a.value);
  if (auto const* const typed = a.value.find("@value")) return plain_text(*typed);
  auto const has_languages = a.kind == attribute_kind::language_property && !a.value.as_object().empty();
  return has_languages ? plain_text(a.value.as_object().begin()->value) : std::string();
}

// The geometry of [west, south, east, north], which may be a point or a line.
json::value area_geometry(json::array const& a) {
  auto const at = [&](std::size_t x, std::size_t y) { return json::value(json::array{a[x], a[y]}); };
  auto const is_narrow = a[0] == a[2], is_flat = a[1] == a[3];
  if (is_narrow && is_flat) return json::object{{"type", "Point"}, {"coordinates", at(0, 1)}};
  if (is_narrow || is_flat) return json::object{{"type", "LineString"}, {"coordinates", json::array{at(0, 1), at(2, 3)}}};
  auto const ring = json::array{at(0, 1), at(2, 1), at(2, 3), at(0, 3), at(0, 1)};
  return json::object{{"type", "Polygon"}, {"coordinates", json::array{ring}}};
}

json::value interval_text(timestamp from, timestamp to) { return to_string(from) + "/" + to_string(to); }

}  // namespace

std::string reader::name_of(entity const& e) const {
  for (auto const name : {words_.name, words_.other_name}) {
    if (auto const a = e.find(name)) return plain_text(*a);
  }
  return e.id;
}

json::value reader::value(item const& i, std::string_view property) const {
  if (property == "id" || property == "@iot.id") return i.id;
  switch (i.what) {
    case kind::datastream:
    case kind::multi_datastream:
      return datastream_value(i, property);
    case kind::observation:
      return observation_value(i, property);
    case kind::historical_location:
      return property == "time" ? json::value(to_string(i.moment->time)) : json::value();
    default:
      return entity_value(i, property);
  }
}

json::value reader::place_of(entity const& e) const {
  if (auto const raw = e.find(words_.document)) return raw->value;
  auto const a = e.find(words_.location);
  return a && a->kind == attribute_kind::geo_property ? a->value : json::value();
}

json::value reader::entity_value(item const& i, std::string_view property) const {
  auto const& e = *i.entity;
  auto const text_of_attribute = [&](std::initializer_list<symbol> names) -> json::value {
    for (auto const name : names) {
      if (auto const a = e.find(name)) return plain_text(*a);
    }
    return nullptr;
  };
  if (property == "name") {
    auto const name = name_of(e);
    return i.derived && i.what == kind::sensor && !e.has_type(symbol(words_.others.iri("Device"))) ? std::string(source_name_stem) + name
                                                                                                   : name;
  }
  if (property == "description") {
    auto found = text_of_attribute({words_.description, words_.other_description});
    if (!found.is_null()) return found;
    if (own_kind(e) || e.has_type(words_.thing)) return "";
    return e.types.empty() ? json::value("") : json::value(words_.term(e.types.front()) + " " + e.id);
  }
  if (property == "properties") {
    if (i.what == kind::thing) return thing_properties(e);
    if (i.derived) return json::object{{"thing", e.id}};
    auto const a = e.find(words_.properties);
    return a ? a->value : json::value();
  }
  if (property == "encodingType") {
    if (i.derived) return i.what == kind::sensor ? "text/html" : "application/geo+json";
    return text_of_attribute({words_.encoding});
  }
  if (property == "metadata") {
    if (i.derived) return e.id;
    auto const a = e.find(words_.metadata);
    return a ? a->value : json::value();
  }
  if (property == "definition") return text_of_attribute({words_.definition});
  if (property == "location" || property == "feature") {
    if (i.moment) return i.moment->value;
    auto const place = place_of(e);
    if (place.is_null() && i.derived)
      return json::object{{"type", "GeometryCollection"}, {"geometries", json::array()}};
    return place;
  }
  return nullptr;
}

// What was given as properties, and what other doors know of the thing that is no measurement.
json::value reader::thing_properties(entity const& e) const {
  auto all = json::object();
  if (auto const a = e.find(words_.properties); a && a->value.is_object()) all = a->value.as_object();
  if (!e.has_type(words_.thing)) {
    if (!all.find("id")) all.push("id", e.id);
    auto types = json::array();
    for (auto const t : e.types) types.push_back(words_.term(t));
    if (!all.find("type")) all.push("type", types.size() == 1 ? types[0] : json::value(types));
  }
  for (auto const& a : e.attributes) {
    if (a->name == words_.name || a->name == words_.description || a->name == words_.properties ||
        a->name == words_.location || a->name == words_.has_location || a->name == words_.document ||
        a->name == words_.other_name || a->name == words_.other_description ||
        holds_datastream(*a)) {
      continue;
    }
    auto const term = words_.term(a->name);
    if (!all.find(term)) all.push(term, a->value);
  }
  return all.empty() ? json::value() : json::value(all);
}

json::value reader::times_of(item const& stream) const {
  auto const s = own_.history().statistics_of(stream.series.series);
  if (!s) return nullptr;
  auto to = s->last.time;
  // The last may have lasted longer than any other.
  if (auto const last = own_.history().last(stream.series.series)) {
    if (auto const end = find_time(*last, extra::end_time)) to = std::max(to, *end);
  }
  return interval_text(s->first.time, to);
}

json::value reader::datastream_value(item const& i, std::string_view property) const {
  auto const known = i.about ? i.about->find(property) : nullptr;
  if (property == "phenomenonTime") return times_of(i);
  if (property == "resultTime") {
    auto const t = own_.find_record(result_time_collection, std::to_string(i.id));
    return t ? interval_text({t->as_array()[0].as_int()}, {t->as_array()[1].as_int()}) : json::value();
  }
  if (property == "observedArea") {
    if (known) return *known;
    if (auto const area = own_.find_record(area_collection, std::to_string(i.id))) return area_geometry(area->as_array());
    auto const a = i.entity->find(words_.location);
    return a && a->kind == attribute_kind::geo_property ? a->value : json::value();
  }
  auto const a = i.entity->find(i.series.attribute, i.series.dataset);
  if (property == "unitOfMeasurement" && i.what == kind::datastream) {
    auto const given = i.about ? i.about->text_or("unitCode", "") : std::string_view();
    if (known && (!a || !a->unit || a->unit.text() == given)) return *known;
    return describe_unit(a ? a->unit.text() : std::string_view());
  }
  if (i.about) return known ? *known : json::value();
  auto const term = words_.term(i.series.attribute);
  if (property == "name") {
    auto name = name_of(*i.entity) + " " + term;
    if (i.series.dataset) name += " (" + words_.term(i.series.dataset) + ")";
    return name;
  }
  if (property == "description") return term + " of " + name_of(*i.entity);
  if (property == "observationType") {
    auto const& v = a ? a->value : json::value();
    return std::string(observation_types) + (v.is_number() ? "OM_Measurement"
                                             : v.is_bool() ? "OM_TruthObservation"
                                                           : "OM_Observation");
  }
  if (property == "properties") {
    auto o = json::object{{"attribute", i.series.attribute.text()}};
    if (i.series.dataset) o.push("datasetId", i.series.dataset.text());
    if (a && a->provenance != provenance::unknown) o.push("provenance", to_text(a->provenance));
    if (a && a->unit) o.push("unitCode", a->unit.text());
    return o;
  }
  return nullptr;
}

json::value reader::observation_value(item const& i, std::string_view property) const {
  auto const& o = *i.moment;
  if (property == "phenomenonTime") {
    auto const end = find_time(o, extra::end_time);
    return end ? interval_text(o.time, *end) : json::value(to_string(o.time));
  }
  if (property == "result") return o.value;
  if (property == "resultTime") {
    auto const t = find_time(o, extra::result_time);
    return t ? json::value(to_string(*t)) : json::value();
  }
  if (property == "validTime") {
    auto const from = find_time(o, extra::valid_from);
    auto const to = find_time(o, extra::valid_to);
    return from && to ? interval_text(*from, *to) : json::value();
  }
  auto const known = property == "resultQuality" ? o.extras.find(extra::quality)
                     : property == "parameters"  ? o.extras.find(extra::parameters)
                                                 : nullptr;
  return known ? *known : json::value();
}

}  // namespace dos::sensorthings
