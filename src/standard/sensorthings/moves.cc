// Things move: Locations and HistoricalLocations are set, changed and removed.
#include <algorithm>

#include "base/fault.h"
#include "kernel/city/instance.h"
#include "standard/sensorthings/bodies.h"
#include "standard/sensorthings/times.h"
#include "standard/sensorthings/writer.h"

namespace dos::sensorthings {
namespace {

bool is_said(json::value const& list_or_one, std::string_view uri) {
  if (list_or_one.is_string()) return list_or_one.as_string() == uri;
  if (!list_or_one.is_array()) return false;
  auto const& all = list_or_one.as_array();
  return std::any_of(all.begin(), all.end(),
                     [&](json::value const& v) { return v.is_string() && v.as_string() == uri; });
}

std::vector<std::string> uris_in(json::value const& list_or_one) {
  auto all = std::vector<std::string>();
  if (list_or_one.is_string()) all.emplace_back(list_or_one.as_string());
  if (list_or_one.is_array()) {
    for (auto const& uri : list_or_one.as_array()) all.emplace_back(uri.as_string());
  }
  return all;
}

}  // namespace

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
  // Who moves a thing now has the last word, whatever is said of the future.
  auto const is_first = !known || known->observed_at == no_time || known->observed_at > t_.believed_until();
  auto const is_newest = at == t_.now() || (at <= t_.believed_until() && (is_first || known->observed_at <= at));
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
    auto const locations = uris_in(linked->value);
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
  if (locations.empty()) refuse("a HistoricalLocation needs Locations", "Locations");
  return set_locations(thing, locations, *at);
}

void writer::change_historical_location(item const& i, json::value const& body, consequences const& c) {
  auto o = *i.moment;
  if (auto const* const time = body.find("time")) {
    auto const t = time->is_string() ? parse_instant(time->as_string()) : std::nullopt;
    if (!t) refuse("time is a moment such as 2026-11-21T20:00:00Z", "time");
    o.time = *t;
  }
  if (auto const* const l = body.find("Locations")) {
    auto uris = json::array();
    for (auto const& one : targets(*l, kind::location)) uris.push_back(one);
    o.value = uris.size() == 1 ? uris[0] : json::value(uris);
  }
  if (auto const* const t = body.find("Thing"); t && required_target(*t, kind::thing) != i.entity->id)
    refuse("a HistoricalLocation stays with its Thing", "Thing");
  put_historical_location(i, o, c.places.empty() ? std::nullopt : c.places.front().newest);
}

void writer::add_location(item const& i, std::string const& location) {
  auto o = *i.moment;
  auto uris = o.value.is_array() ? o.value.as_array() : json::array{o.value};
  uris.push_back(location);
  o.value = std::move(uris);
  put_historical_location(i, o, i.moment);
}

// `newest_other`: the last of the others, so that the thing is where the last of all says.
void writer::put_historical_location(item const& i, observation const& o, std::optional<observation> const& newest_other) {
  if (i.series.attribute != words_.has_location) refuse_derived(i);
  for (auto const& uri : uris_in(o.value)) link(uri, "thing", i.entity->id);
  t_.change_observation(i.series.series, i.id, o);
  touched_.emplace_back(i.what, i.id);
  auto const thing = t_.get(i.entity->id);
  auto const known = thing->find(words_.has_location);
  auto const was_current = known && known->observed_at == i.moment->time && known->value == i.moment->value;
  auto const is_newest = is_believed(o) && (!newest_other || newest_other->time <= o.time);
  if (is_newest) stand_at(i.series, *thing, o);
  else if (was_current && newest_other) stand_at(i.series, *thing, *newest_other);
}

void writer::stand_at(series_ref const& places, entity const& thing, observation const& newest) {
  auto e = entity(thing);
  e.set(make_attribute(to_attribute(places, newest)));
  if (places.attribute == words_.has_location) {
    if (auto const place = place_of(uris_in(newest.value))) {
      auto p = make_value(words_.location, *place, attribute_kind::geo_property);
      p.observed_at = newest.time;
      p.series = t_.start_series({thing.id, p.name, {}, p.kind});
      e.set(make_attribute(std::move(p)));
    } else {
      e.remove(words_.location, {});
    }
  }
  t_.put(std::move(e), transaction::keep::nothing);
}

// A thing whose last HistoricalLocation is gone is where the one before says; a place of its own stays where none is left.
void writer::settle_place(remains const& left) {
  if (!left.lose_current) return;
  auto const owner = own_.find_series(left.series);
  auto const thing = owner ? t_.find(owner->entity->id) : entity_ptr();
  if (!is_alive(thing)) return;
  if (left.newest) return stand_at(owner->series, *thing, *left.newest);
  if (owner->series.attribute != words_.has_location) return;
  auto e = entity(*thing);
  for (auto const& uri : uris_in(e.find(words_.has_location) ? e.find(words_.has_location)->value : json::value())) unlink(uri, "thing", thing->id);
  e.remove(words_.has_location, {});
  e.remove(words_.location, {});
  t_.put(std::move(e), transaction::keep::nothing);
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

}  // namespace dos::sensorthings
