// Where things are and were, and what was observed there: Locations, HistoricalLocations, FeaturesOfInterest.
#include <algorithm>

#include "base/text.h"
#include "kernel/city/city.h"
#include "standard/sensorthings/reader.h"

namespace dos::sensorthings {

// The series whose observations say where the thing was.
std::optional<series_ref> reader::places_of(entity const& thing) const {
  auto found = std::optional<series_ref>();
  for (auto const& s : own_.series_of(thing.id)) {
    if (s.attribute == words_.has_location) return s;
    if (s.attribute == words_.location && s.kind == attribute_kind::geo_property) found = s;
  }
  return found;
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

std::vector<item> reader::locations_of(entity_ptr const& thing, json::value const* then) const {
  auto found = std::vector<item>();
  auto const linked = thing->find(words_.has_location);
  auto const* value = then ? then : linked ? &linked->value : nullptr;
  if (!then && (!linked || !has_own_locations(*thing))) {
    auto const place = thing->find(words_.location);
    auto const places = own_.series_of(thing->id);
    auto const it =
        std::find_if(places.begin(), places.end(), [&](series_ref const& s) { return s.attribute == words_.location; });
    if (place && it != places.end()) {
      found.push_back(make_derived(kind::location, it->series, thing, *it));
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

void reader::historical_locations_of(entity_ptr const& thing, time_bounds const& bounds, visitor const& visit) const {
  auto const places = places_of(*thing);
  if (!places) return;
  own_.history().for_each(
      places->series,
      {.from = bounds.from, .to = bounds.to, .limit = SIZE_MAX, .descending = bounds.descending, .after = bounds.after},
      [&](observation const& o) {
        if (is_deleted(o)) return true;
        auto i = make_item(kind::historical_location, o.number, thing, *places);
        i.moment = o;
        return visit(i);
      });
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

// A Thing of this standard has no feature before it has a Location.
bool reader::is_own_feature(entity const& thing) const {
  return !thing.find(words_.has_location) && (!thing.has_type(words_.thing) || thing.find(words_.location));
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
  return make_derived(kind::feature, number_of(*thing), thing);
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

}  // namespace dos::sensorthings
