#include "standard/sensorthings/reader.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "kernel/session/city.h"

namespace dos::sensorthings {
namespace {

constexpr std::string_view generated_property_stem = "urn:ngsi-ld:ObservedProperty:attribute:";

bool keeps_measurements(attribute_kind k) {
  return k == attribute_kind::property || k == attribute_kind::list_property || k == attribute_kind::json_property ||
         k == attribute_kind::vocab_property;
}

// Anything else is a fact about the thing that nobody measures: an address, a category.
bool is_measured(attribute const& a) {
  return keeps_measurements(a.kind) && (a.observed_at != no_time || a.unit || a.value.is_number() || a.value.is_bool());
}

// What `gather` finds, each once.
template <typename Gather>
void in_order_of_id(Gather const& gather, visitor const& visit) {
  auto found = std::vector<item>();
  gather([&](item const& i) { return found.push_back(i), true; });
  std::sort(found.begin(), found.end(), [](item const& a, item const& b) { return a.id < b.id; });
  found.erase(std::unique(found.begin(), found.end(), [](item const& a, item const& b) { return a.id == b.id; }), found.end());
  for (auto const& i : found) {
    if (!visit(i)) return;
  }
}

}  // namespace

std::string link_key(std::string_view target, std::string_view relation, std::string_view source) {
  return std::string(target) + ' ' + std::string(relation) + ' ' + std::string(source);
}

std::string feature_since_prefix(std::string_view thing) { return std::string(thing) + '\n'; }

std::string feature_since_key(std::string_view thing, observation_number since) {
  auto const before_end = std::to_string(UINT64_MAX - since);
  return feature_since_prefix(thing) + std::string(20 - before_end.size(), '0') + before_end;
}

std::string property_entity_id(vocabulary const& words, symbol attribute) {
  auto id = std::string(generated_property_stem);
  for (auto const c : words.term(attribute))
    id += std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' ? c : '_';
  return id;
}

std::string datastream_name_key(std::string_view name, std::string_view series) {
  constexpr std::size_t name_bytes_max = 100;
  auto n = std::min(name.size(), name_bytes_max);
  while (n > 0 && n < name.size() && (name[n] & 0xc0) == 0x80) --n;
  return std::string(name.substr(0, n)) + '\n' + std::string(series);
}

std::uint64_t reader::number_of(entity const& e) const {
  auto least = std::uint64_t(0);
  for (auto const& s : own_.city().entities().series_of(e.id)) {
    if (least == 0 || s.series < least) least = s.series;
  }
  return least;
}

std::optional<kind> reader::own_kind(entity const& e) const {
  for (auto const k : {kind::location, kind::sensor, kind::observed_property, kind::feature}) {
    if (e.has_type(words_.type_of(k))) return k;
  }
  return std::nullopt;
}

bool reader::is_thing(entity const& e) const {
  if (own_kind(e)) return false;
  if (e.has_type(words_.thing)) return true;
  auto const is_stream = [&](attribute_ptr const& a) {
    return a->series && as_datastream(entity_ptr(&e), {a->series, a->name, a->dataset, a->kind});
  };
  if (std::any_of(e.attributes.begin(), e.attributes.end(), is_stream)) return true;
  auto const all = own_.city().entities().series_of(e.id);
  return std::any_of(all.begin(), all.end(),
                     [&](series_ref const& s) { return bool(as_datastream(entity_ptr(&e), s)); });
}

std::optional<item> reader::as_datastream(entity_ptr const& e, series_ref const& s) const {
  if (!keeps_measurements(s.kind) || own_kind(*e)) return std::nullopt;
  auto i = item{
      .what = kind::datastream, .id = s.series, .entity = e, .series = s, .about = {}, .moment = {}, .derived = false};
  i.about = own_.find_record(datastream_collection, std::to_string(s.series));
  if (i.about) {
    if (i.about->find("unitOfMeasurements")) i.what = kind::multi_datastream;
    return i;
  }
  for (auto const name :
       {words_.name, words_.description, words_.properties, words_.other_name, words_.other_description}) {
    if (s.attribute == name) return std::nullopt;
  }
  auto const a = e->find(s.attribute, s.dataset);
  if (!a || !is_measured(*a)) return std::nullopt;
  i.derived = true;
  return i;
}

bool reader::holds_datastream(attribute const& a) const {
  if (!a.series || !keeps_measurements(a.kind)) return false;
  return is_measured(a) || own_.find_record(datastream_collection, std::to_string(a.series));
}

std::optional<item> reader::as_item(kind k, entity_ptr const& e) const {
  if (!is_alive(e) || (k == kind::thing ? !is_thing(*e) : own_kind(*e) != k)) return std::nullopt;
  auto const n = number_of(*e);
  if (n == 0) return std::nullopt;
  return item{.what = k, .id = n, .entity = e, .series = {}, .about = {}, .moment = {}, .derived = false};
}

bool reader::has_own_locations(entity const& thing) const {
  auto const linked = thing.find(words_.has_location);
  if (!linked) return false;
  auto const place = thing.find(words_.location);
  if (!place) return true;
  // Another door has moved the thing since: where it is now, no Location says.
  auto const all = locations_of(entity_ptr(&thing), &linked->value);
  auto any_place = false;
  for (auto const& l : all) {
    auto const at = l.entity->find(words_.location);
    if (at && at->value == place->value) return true;
    any_place = any_place || at;
  }
  return !any_place;
}

// A Thing of this standard has no feature before it has a Location.
bool reader::is_own_feature(entity const& thing) const {
  return !thing.find(words_.has_location) && (!thing.has_type(words_.thing) || thing.find(words_.location));
}

// The series whose observations say where the thing was.
std::optional<series_ref> reader::places_of(entity const& thing) const {
  auto found = std::optional<series_ref>();
  for (auto const& s : own_.city().entities().series_of(thing.id)) {
    if (s.attribute == words_.has_location) return s;
    if (s.attribute == words_.location && s.kind == attribute_kind::geo_property) found = s;
  }
  return found;
}

std::optional<item> reader::find(kind k, std::uint64_t id) const {
  if (k == kind::observation || k == kind::historical_location) {
    auto const owner = who_.find_observed(id);
    if (!owner || !is_alive(owner->entity)) return std::nullopt;
    auto i = item{.what = k,
                  .id = id,
                  .entity = owner->entity,
                  .series = owner->series,
                  .about = {},
                  .moment = {},
                  .derived = false};
    if (k == kind::historical_location) {
      auto const places = places_of(*owner->entity);
      if (!is_thing(*owner->entity) || !places || places->series != owner->series.series) return std::nullopt;
    } else if (auto const stream = as_datastream(owner->entity, owner->series)) {
      i.about = stream->about;
      i.derived = stream->derived;
    } else {
      return std::nullopt;
    }
    i.moment = own_.history().find(owner->series.series, id);
    return i.moment && !is_deleted(*i.moment) ? std::optional(i) : std::nullopt;
  }
  auto owner = who_.find_series(id);
  if (!owner && k != kind::thing) {
    // Names of attributes are no secret.
    owner = own_.find_series(id);
    if (owner && !owner->entity->id.starts_with(generated_property_stem)) owner.reset();
  }
  if (!owner || !is_alive(owner->entity)) return std::nullopt;
  auto const& e = owner->entity;
  if (k == kind::datastream || k == kind::multi_datastream) {
    auto const stream = as_datastream(e, owner->series);
    return stream && stream->what == k ? stream : std::nullopt;
  }
  if (k == kind::location && owner->series.attribute == words_.location && is_thing(*e) && e->find(words_.location) &&
      !has_own_locations(*e)) {
    return item{.what = k, .id = id, .entity = e, .series = owner->series, .about = {}, .moment = {}, .derived = true};
  }
  if (number_of(*e) != id) return std::nullopt;
  if (auto const i = as_item(k, e)) return i;
  if (!is_thing(*e)) return std::nullopt;
  auto const is_there = k == kind::sensor ? is_own_sensor(e) : k == kind::feature && is_own_feature(*e);
  if (is_there) {
    return item{.what = k, .id = id, .entity = e, .series = {}, .about = {}, .moment = {}, .derived = true};
  }
  return std::nullopt;
}

void reader::for_each(kind k, std::uint64_t from, time_bounds const& bounds, visitor const& visit) const {
  if (k == kind::observation || k == kind::historical_location) return for_each_by_series(k, from, bounds, visit);
  if (k == kind::observed_property && from == 0) make_properties();
  auto const last = who_.series_end();
  auto const& entities = own_.city().entities();
  auto const is_series = k == kind::datastream || k == kind::multi_datastream || k == kind::location;
  auto before = entity_ptr();
  for (auto n = std::max<std::uint64_t>(from, 1); n < last; ++n) {
    // An entity is known by its least number: the others of it, which mostly follow at once, need no look.
    auto e = entities.likely_owner(n);
    if (!e || (!is_series && e == before)) continue;
    before = std::move(e);
    // The list has what the asker sees by himself, and what everything derived adds.
    auto const i = find(k, n);
    if (!i) continue;
    if (!visit(*i)) return;
  }
}

// One series after the other, so that a page looks at no more than it shows and what is passed over on the way.
void reader::for_each_by_series(kind k, std::uint64_t from, time_bounds const& bounds, visitor const& visit) const {
  auto const end = who_.series_end();
  auto goes_on = true;
  auto const next = [&](item const& i) { return goes_on = visit(i); };
  for (auto n = std::max<std::uint64_t>(from, 1); goes_on && n < end; ++n) {
    auto const owner = who_.find_series(n);
    if (!owner || !is_alive(owner->entity)) continue;
    auto here = bounds;
    if (n != from) here.after.reset();
    if (k == kind::historical_location) {
      auto const is_place = owner->series.attribute == words_.has_location || owner->series.attribute == words_.location;
      auto const places = is_place ? places_of(*owner->entity) : std::nullopt;
      if (places && places->series == n && is_thing(*owner->entity)) historical_locations_of(owner->entity, here, next);
    } else if (auto const stream = as_datastream(owner->entity, owner->series)) {
      observations_of(*stream, here, next);
    }
  }
}

void reader::make_properties() const {
  for (auto const& [type, n] : who_.types()) {
    for (auto const& [name, m] : who_.attributes_of(type)) {
      if (own_.find(property_entity_id(words_, name))) continue;
      auto q = query::query();
      q.selectors = {{.ids = {}, .id_pattern = {}, .types = {{type}}}};
      q.attributes = {name};
      q.limit = 20;
      for (auto const& e : who_.find(q).entities) {
        auto const a = e->find(name);
        auto const stream = a && a->series ? as_datastream(e, {a->series, name, {}, a->kind}) : std::nullopt;
        if (stream && stream->derived) {
          derived_property(name);
          break;
        }
      }
    }
  }
}

// Whether datastreams have this entity, or the device that it is, as their Sensor.
bool reader::is_own_sensor(entity_ptr const& e) const {
  auto const number = number_of(*e);
  auto found = false;
  datastreams_of(e, kind::datastream, [&](item const& d) {
    auto const s = sensor_of(d);
    found = s && s->derived && s->id == number;
    return !found;
  });
  return found || !around_.devices.point_of(own_, e->id, around_.clock.now()).empty();
}

std::optional<item> reader::follow(item const& from, navigation const& n) const {
  switch (n.to) {
    case kind::thing:
      return as_item(kind::thing, from.entity);
    case kind::datastream:
    case kind::multi_datastream: {
      auto const stream = as_datastream(from.entity, from.series);
      return stream && stream->what == n.to ? stream : std::nullopt;
    }
    case kind::sensor:
      return sensor_of(from);
    case kind::observed_property: {
      auto all = properties_of(from);
      return all.empty() ? std::nullopt : std::optional(all.front());
    }
    case kind::feature:
      return feature_of(from);
    default:
      return std::nullopt;
  }
}

void reader::for_each(item const& from, navigation const& n, time_bounds const& bounds, visitor const& visit) const {
  switch (n.to) {
    case kind::datastream:
    case kind::multi_datastream:
      if (from.what == kind::thing) return datastreams_of(from.entity, n.to, visit);
      return in_order_of_id([&](visitor const& add) { streams_back(from, n.to, add); }, visit);
    case kind::observed_property: {
      for (auto const& i : properties_of(from)) {
        if (!visit(i)) return;
      }
      return;
    }
    case kind::observation:
      if (from.what == kind::feature) return observations_back(from, bounds, visit);
      return observations_of(from, bounds, visit);
    case kind::thing:
      return in_order_of_id([&](visitor const& add) { things_back(from, add); }, visit);
    case kind::location: {
      auto const* const then = from.moment ? &from.moment->value : nullptr;
      auto const places = places_of(*from.entity);
      if (from.what == kind::historical_location && places && places->attribute == words_.location) {
        auto i = item{.what = kind::location,
                      .id = places->series,
                      .entity = from.entity,
                      .series = *places,
                      .about = {},
                      .moment = from.moment,
                      .derived = true};
        visit(i);
        return;
      }
      for (auto const& i : locations_of(from.entity, then)) {
        if (!visit(i)) return;
      }
      return;
    }
    case kind::historical_location: {
      if (from.what == kind::thing) return historical_locations_of(from.entity, bounds, visit);
      auto goes_on = true;
      auto const of_thing = [&](entity_ptr const& thing) {
        historical_locations_of(thing, bounds, [&](item const& h) {
          auto const there = locations_of(thing, &h.moment->value);
          auto const is_here =
              from.derived || std::any_of(there.begin(), there.end(), [&](item const& l) { return l.id == from.id; });
          return !is_here || (goes_on = visit(h));
        });
      };
      if (from.derived) return of_thing(from.entity);
      linked(from.entity->id, "thing", [&](std::string_view id) {
        auto const thing = who_.find(id);
        if (thing) of_thing(thing);
        return goes_on;
      });
      return;
    }
    default:
      return;
  }
}

void reader::for_each_unordered(item const& from, navigation const& n, visitor const& visit) const {
  auto const is_stream = n.to == kind::datastream || n.to == kind::multi_datastream;
  if (is_stream && from.what != kind::thing) return streams_back(from, n.to, visit);
  if (n.to == kind::thing) return things_back(from, visit);
  for_each(from, n, {}, visit);
}

void reader::datastreams_of(entity_ptr const& thing, kind k, visitor const& visit) const {
  auto all = own_.city().entities().series_of(thing->id);
  std::sort(all.begin(), all.end(), [](series_ref const& a, series_ref const& b) { return a.series < b.series; });
  for (auto const& s : all) {
    auto const stream = as_datastream(thing, s);
    if (stream && stream->what == k && !visit(*stream)) return;
  }
}

void reader::linked(std::string_view target, std::string_view relation,
                    std::function<bool(std::string_view)> const& visit) const {
  auto const prefix = link_key(target, relation, "");
  own_.for_each_record(link_collection, prefix, [&](std::string_view key, record_ptr const&) {
    return key.starts_with(prefix) && visit(key.substr(prefix.size()));
  });
}

void reader::observations_of(item const& stream, time_bounds const& bounds, visitor const& visit) const {
  auto i = item{.what = kind::observation,
                .id = 0,
                .entity = stream.entity,
                .series = stream.series,
                .about = stream.about,
                .moment = {},
                .derived = stream.derived};
  own_.history().for_each(
      stream.series.series,
      {.from = bounds.from, .to = bounds.to, .limit = SIZE_MAX, .descending = bounds.descending, .after = bounds.after},
      [&](observation const& o) {
        if (is_deleted(o)) return true;
        i.id = o.number;
        i.moment = o;
        return visit(i);
      });
}

std::optional<std::uint64_t> reader::count_observations(item const& stream) const {
  auto const s = own_.history().statistics_of(stream.series.series);
  return s ? s->count : 0;
}

void reader::historical_locations_of(entity_ptr const& thing, time_bounds const& bounds, visitor const& visit) const {
  auto const places = places_of(*thing);
  if (!places) return;
  own_.history().for_each(
      places->series,
      {.from = bounds.from, .to = bounds.to, .limit = SIZE_MAX, .descending = bounds.descending, .after = bounds.after},
      [&](observation const& o) {
        if (is_deleted(o)) return true;
        return visit({.what = kind::historical_location,
                      .id = o.number,
                      .entity = thing,
                      .series = *places,
                      .about = {},
                      .moment = o,
                      .derived = false});
      });
}

std::vector<item> reader::locations_of(entity_ptr const& thing, json::value const* then) const {
  auto found = std::vector<item>();
  auto const linked = thing->find(words_.has_location);
  auto const* value = then ? then : linked ? &linked->value : nullptr;
  if (!then && (!linked || !has_own_locations(*thing))) {
    auto const place = thing->find(words_.location);
    auto const places = own_.city().entities().series_of(thing->id);
    auto const it =
        std::find_if(places.begin(), places.end(), [&](series_ref const& s) { return s.attribute == words_.location; });
    if (place && it != places.end()) {
      found.push_back({.what = kind::location,
                       .id = it->series,
                       .entity = thing,
                       .series = *it,
                       .about = {},
                       .moment = {},
                       .derived = true});
    }
    return found;
  }
  auto const add = [&](json::value const& uri) {
    if (!uri.is_string()) return;
    if (auto const l = as_item(kind::location, own_.find(uri.as_string()))) found.push_back(*l);
  };
  if (value && value->is_array()) {
    for (auto const& uri : value->as_array()) add(uri);
  } else if (value) {
    add(*value);
  }
  return found;
}

void reader::things_back(item const& location, visitor const& visit) const {
  if (location.derived) {
    if (auto const thing = as_item(kind::thing, location.entity)) visit(*thing);
    return;
  }
  linked(location.entity->id, "thing", [&](std::string_view id) {
    auto const thing = as_item(kind::thing, who_.find(id));
    if (!thing) return true;
    auto const now = locations_of(thing->entity, nullptr);
    auto const is_here = std::any_of(now.begin(), now.end(), [&](item const& l) { return l.id == location.id; });
    return !is_here || visit(*thing);
  });
}

void reader::streams_back(item const& from, kind k, visitor const& visit) const {
  auto goes_on = true;
  auto const add = [&](std::optional<item> const& stream) {
    if (goes_on && stream && stream->what == k) goes_on = visit(*stream);
    return goes_on;
  };
  linked(from.entity->id, "datastream", [&](std::string_view series) {
    auto const n = text::to_int(series);
    auto const owner = n ? who_.find_series(std::uint64_t(*n)) : std::nullopt;
    return !owner || !is_alive(owner->entity) || add(as_datastream(owner->entity, owner->series));
  });
  if (from.what == kind::sensor && goes_on) {
    // A thing, or a device, as the sensor of what it says itself; and of the measuring points it is mounted at.
    auto const add_own = [&](entity_ptr const& e) {
      if (!is_alive(e) || !is_thing(*e)) return;
      datastreams_of(e, k, [&](item const& d) {
        auto const s = d.derived ? sensor_of(d) : std::nullopt;
        return !s || s->id != from.id || add(d);
      });
    };
    if (from.derived) add_own(who_.find(from.entity->id));
    if (auto const point = around_.devices.point_of(own_, from.entity->id, around_.clock.now()); !point.empty())
      add_own(who_.find(point));
  }
  if (from.what != kind::observed_property || k != kind::datastream || !goes_on) return;
  for (auto const attribute : attributes_behind(*from.entity)) {
    auto q = query::query();
    q.attributes = {attribute};
    who_.for_each(q, [&](entity_ptr const& e) {
      for (auto const& a : e->find_all(attribute)) {
        auto const stream = a->series ? as_datastream(e, {a->series, a->name, a->dataset, a->kind}) : std::nullopt;
        if (stream && stream->derived && !add(stream)) return false;
      }
      return true;
    });
    if (!goes_on) return;
  }
}

// What an ObservedProperty was made for, when it was made for attributes of other doors.
std::vector<symbol> reader::attributes_behind(entity const& property) const {
  auto found = std::vector<symbol>();
  if (!property.id.starts_with(generated_property_stem)) return found;
  for (auto const& [type, n] : who_.types()) {
    for (auto const& [name, m] : who_.attributes_of(type)) {
      if (std::find(found.begin(), found.end(), name) == found.end() && property_entity_id(words_, name) == property.id)
        found.push_back(name);
    }
  }
  return found;
}

void reader::observations_back(item const& feature, time_bounds const& bounds, visitor const& visit) const {
  auto goes_on = true;
  auto const of_stream = [&](item const& stream) {
    observations_of(stream, bounds, [&](item const& o) {
      auto const f = feature_of(o);
      return !f || f->id != feature.id || (goes_on = visit(o));
    });
  };
  if (feature.derived) {
    for (auto const k : {kind::datastream, kind::multi_datastream}) {
      datastreams_of(feature.entity, k, [&](item const& d) { return of_stream(d), goes_on; });
      if (!goes_on) return;
    }
    return;
  }
  auto done = std::vector<std::uint64_t>();
  auto const once = [&](item const& d) {
    if (std::find(done.begin(), done.end(), d.id) != done.end()) return goes_on;
    done.push_back(d.id);
    of_stream(d);
    return goes_on;
  };
  linked(feature.entity->id, "datastream", [&](std::string_view series) {
    auto const n = text::to_int(series);
    auto const owner = n ? who_.find_series(std::uint64_t(*n)) : std::nullopt;
    auto const stream = owner && is_alive(owner->entity) ? as_datastream(owner->entity, owner->series) : std::nullopt;
    return !stream || once(*stream);
  });
  linked(feature.entity->id, "thing", [&](std::string_view id) {
    auto const thing = who_.find(id);
    if (!thing) return goes_on;
    for (auto const k : {kind::datastream, kind::multi_datastream}) datastreams_of(thing, k, once);
    return goes_on;
  });
}

std::optional<item> reader::sensor_of(item const& stream) const {
  if (stream.about) {
    auto const named = own_.find(stream.about->text_or("sensor", ""));
    if (auto const s = as_item(kind::sensor, named)) return s;
    if (named && number_of(*named) != 0) {  // a thing that is its own sensor
      return item{.what = kind::sensor,
                  .id = number_of(*named),
                  .entity = named,
                  .series = {},
                  .about = {},
                  .moment = {},
                  .derived = true};
    }
  }
  auto e = stream.entity;
  if (auto const id = around_.devices.device_at(own_, e->id, around_.clock.now()); !id.empty()) {
    if (auto const device = own_.find(id); device && number_of(*device) != 0) e = device;
  }
  return item{
      .what = kind::sensor, .id = number_of(*e), .entity = e, .series = {}, .about = {}, .moment = {}, .derived = true};
}

std::vector<item> reader::properties_of(item const& stream) const {
  auto found = std::vector<item>();
  auto const* const named = stream.about ? stream.about->find("observedProperties") : nullptr;
  if (named && named->is_array()) {
    for (auto const& uri : named->as_array()) {
      if (auto const p = as_item(kind::observed_property, own_.find(uri.as_string()))) found.push_back(*p);
    }
  }
  if (found.empty()) found.push_back(derived_property(stream.series.attribute));
  return found;
}

item reader::derived_property(symbol name) const {
  auto const id = property_entity_id(words_, name);
  auto e = own_.find(id);
  if (!e) {
    own_.apply([&](transaction& t) {
      if (auto const there = t.find(id); is_alive(there)) return;
      auto made = entity();
      made.id = id;
      made.types = {words_.observed_property};
      auto const set = [&](symbol what, std::string_view value) {
        auto a = attribute();
        a.name = what;
        a.value = value;
        made.set(make_attribute(std::move(a)));
      };
      set(words_.name, words_.term(name));
      set(words_.definition, name.text());
      t.put(std::move(made));
    });
    e = own_.get(id);
  }
  return *as_item(kind::observed_property, e);
}

std::string reader::generated_feature_of(std::string_view thing, observation_number number) const {
  auto found = std::string();
  own_.for_each_record(feature_since_collection, feature_since_key(thing, number),
                       [&](std::string_view key, record_ptr const& r) {
                         if (key.starts_with(feature_since_prefix(thing))) found = r->as_string();
                         return false;
                       });
  return found;
}

std::optional<item> reader::feature_of(item const& o) const {
  auto const& thing = o.entity;
  if (o.moment) {
    if (auto const id = text_of(*o.moment, extra::feature); !id.empty()) return as_item(kind::feature, own_.find(id));
  }
  if (auto const f = as_item(kind::feature, own_.find(generated_feature_of(thing->id, o.id)))) return f;
  if (!is_alive(thing) || !is_own_feature(*thing)) return std::nullopt;
  return item{.what = kind::feature,
              .id = number_of(*thing),
              .entity = thing,
              .series = {},
              .about = {},
              .moment = {},
              .derived = true};
}

}  // namespace dos::sensorthings
