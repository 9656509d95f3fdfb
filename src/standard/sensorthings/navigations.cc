// Where navigations lead, from one entity to the others.
#include <algorithm>

#include "base/text.h"
#include "kernel/city/city.h"
#include "standard/sensorthings/reader.h"

namespace dos::sensorthings {
namespace {

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
        auto i = make_derived(kind::location, places->series, from.entity, *places);
        i.moment = from.moment;
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
  auto all = own_.series_of(thing->id);
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

std::optional<item> reader::sensor_of(item const& stream) const {
  if (stream.about) {
    auto const named = own_.find(stream.about->text_or("sensor", ""));
    if (auto const s = as_item(kind::sensor, named)) return s;
    // A thing that is its own sensor.
    if (named && number_of(*named) != 0) return make_derived(kind::sensor, number_of(*named), named);
  }
  auto e = stream.entity;
  if (auto const id = around_.devices.device_at(own_, e->id, around_.clock.now()); !id.empty()) {
    if (auto const device = own_.find(id); device && number_of(*device) != 0) e = device;
  }
  return make_derived(kind::sensor, number_of(*e), e);
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

void reader::observations_of(item const& stream, time_bounds const& bounds, visitor const& visit) const {
  auto i = stream;
  i.what = kind::observation;
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

}  // namespace dos::sensorthings
