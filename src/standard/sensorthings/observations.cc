// Observations meet their datastream.
#include <algorithm>

#include "base/fault.h"
#include "base/id.h"
#include "geo/geometry.h"
#include "kernel/city/city.h"
#include "standard/sensorthings/writer.h"

namespace dos::sensorthings {

namespace {

std::string record_key(std::uint64_t series) { return std::to_string(series); }

// `about`: what was said of it as a Datastream.
std::optional<stream> as_stream(std::optional<entity_store::owned_series> const& owner, record_ptr about, vocabulary const& words) {
  if (!owner || !is_alive(owner->entity)) return std::nullopt;
  auto s = stream{owner->entity->id, owner->series, std::move(about)};
  if (s.about) return s;
  auto const k = owner->series.kind;
  auto const measures = k == attribute_kind::property || k == attribute_kind::list_property ||
                        k == attribute_kind::json_property || k == attribute_kind::vocab_property;
  for (auto const type : {kind::location, kind::sensor, kind::observed_property, kind::feature}) {
    if (owner->entity->has_type(words.type_of(type))) return std::nullopt;
  }
  auto const is_fact = s.series.attribute == words.name || s.series.attribute == words.description ||
                       s.series.attribute == words.properties;
  return measures && !is_fact ? std::optional(s) : std::nullopt;
}

// The attribute's next observation in the history will be this one: its time of modification, its unit, and nothing else.
bool is_told_by(attribute const& a, observation const& o, std::string_view unit) {
  auto const says_more = a.provenance != provenance::unknown || !a.attributes.empty() || !a.more.is_null();
  return !says_more && o.extras.is_null() && unit == a.unit.text();
}

}  // namespace

std::optional<stream> find_committed_stream(session const& own, vocabulary const& words, std::uint64_t series) {
  return as_stream(own.find_series(series), own.find_record(datastream_collection, record_key(series)), words);
}

std::optional<stream> writer::find_stream(std::uint64_t series) const {
  if (auto const it = streams_made_.find(series); it != streams_made_.end()) return it->second;
  auto s = as_stream(own_.find_series(series), t_.find_record(datastream_collection, record_key(series)), words_);
  return s && is_alive(t_.find(s->thing)) ? s : std::nullopt;
}

// The feature that the draft names or brings along; empty when the thing's own is meant.
std::string writer::choose_feature(stream const& s, observation_draft& d) {
  if (d.feature.is_null()) return {};
  auto const feature = required_target(d.feature, kind::feature);
  return feature == s.thing ? std::string() : feature;
}

// A Location gets a feature made of it, one for all things that are there, and another when it has moved. The feature is
// answered when the thing's observations have it from now on; nothing when they had it before, or the thing's place is
// a place of its own.
std::optional<std::string> writer::generate_feature(entity const& thing) {
  auto const linked = thing.find(words_.has_location);
  auto locations = std::vector<std::string_view>();
  if (linked && linked->value.is_string()) locations.push_back(linked->value.as_string());
  if (linked && linked->value.is_array()) {
    for (auto const& l : linked->value.as_array()) locations.push_back(l.as_string());
  }
  auto best = std::string_view();
  for (auto const& l : locations) {
    auto const e = t_.find(l);
    if (is_alive(e) && (best.empty() || e->find(words_.location))) best = l;
    if (is_alive(e) && e->find(words_.location)) break;
  }
  if (best.empty()) {
    if (thing.has_type(words_.thing) && !thing.find(words_.location)) {
      refuse("an Observation needs a FeatureOfInterest, because its Thing has no Location to make one of",
             "FeatureOfInterest");
    }
    return std::nullopt;
  }
  auto const location = t_.find(best);
  auto const known = t_.find_record(feature_collection, best);
  auto const feature = known ? t_.find(known->as_string()) : entity_ptr();
  auto const is_there = [&](symbol part) {
    auto const a = feature->find(part), b = location->find(part);
    return a && b ? a->value == b->value : !a && !b;
  };
  if (is_alive(feature) && is_there(words_.location) && is_there(words_.document)) {
    auto const of_thing = t_.find_record(feature_collection, thing.id);
    if (of_thing && *of_thing == json::value(feature->id)) return std::nullopt;
    link(feature->id, "thing", thing.id);
    return feature->id;
  }
  auto e = entity();
  e.id = "urn:ngsi-ld:FeatureOfInterest:" + new_uuid();
  e.types = {words_.feature};
  for (auto const& a : location->attributes) {
    auto const parts = {words_.name,     words_.description, words_.encoding,
                        words_.location, words_.document,    words_.properties};
    if (std::find(parts.begin(), parts.end(), a->name) == parts.end()) continue;
    auto copy = attribute(*a);
    copy.series = 0;
    copy.observed_at = no_time;
    e.set(make_attribute(std::move(copy)));
  }
  auto const id = e.id;
  t_.put(std::move(e));
  t_.put_record(feature_collection, best, id);
  link(id, "thing", thing.id);
  return id;
}

void writer::note_result_times(stream const& s, std::vector<observation> const& all) {
  auto from = std::int64_t(INT64_MAX), to = std::int64_t(INT64_MIN);
  for (auto const& o : all) {
    auto const t = find_time(o, extra::result_time);
    if (!t) continue;
    from = std::min(from, t->us);
    to = std::max(to, t->us);
  }
  if (from > to) return;
  auto const key = std::to_string(s.series.series);
  if (auto const known = t_.find_record(result_time_collection, key)) {
    auto const& a = known->as_array();
    if (a[0].as_int() <= from && a[1].as_int() >= to) return;
    from = std::min(from, a[0].as_int());
    to = std::max(to, a[1].as_int());
  }
  t_.put_record(result_time_collection, key, json::array{from, to});
}

// A datastream's area is where its Thing is, until its observations name features elsewhere; then it holds these, too.
void writer::note_area(stream const& s, std::string_view feature) {
  auto const key = std::to_string(s.series.series);
  auto const record = t_.find_record(area_collection, key);
  auto area = geo::box();
  auto const extend = [&](std::string_view id) {
    auto const e = t_.find(id);
    auto const place = e ? e->find(words_.location) : attribute_ptr();
    if (place && place->kind == attribute_kind::geo_property) area.extend(geo::parse_geojson(place->value, {.refuses_self_intersection = false}).box());
  };
  if (record) {
    auto const& a = record->as_array();
    area = {a[0].as_double(), a[1].as_double(), a[2].as_double(), a[3].as_double()};
  } else if (own_.history().statistics_of(s.series.series)) {
    extend(s.thing);
  }
  auto const before = area;
  extend(feature);
  if (area == before) return;
  t_.put_record(area_collection, key, json::array{area.west, area.south, area.east, area.north});
}

// Neither what it tells of nor the telling lies ahead of us.
bool writer::is_believed(observation const& o) const {
  auto const until = t_.believed_until();
  return o.time <= until && find_time(o, extra::result_time).value_or(o.time) <= until;
}

// The thing with its attribute as observed last; nothing when a later observation is known, or this one lies ahead.
std::optional<entity> writer::with_current(entity const& before, stream const& s, observation const& o,
                                           bool force) const {
  if (o.value.is_null() || !is_believed(o)) return std::nullopt;
  auto const old = before.find(s.series.attribute, s.series.dataset);
  auto const known = old ? (old->observed_at != no_time ? old->observed_at : old->modified_at) : no_time;
  if (!force && old && known > o.time && known <= t_.believed_until()) return std::nullopt;
  auto a = old ? attribute(*old) : make_value(s.series.attribute, {}, s.series.kind);
  a.dataset = s.series.dataset;
  a.value = o.value;
  a.observed_at = o.time;
  a.series = s.series.series;
  if (!old && s.about) a.unit = symbol(s.about->text_or("unitCode", ""));
  auto e = before;
  e.set(make_attribute(std::move(a)));
  return e;
}

void writer::set_current(stream const& s, observation const& o, bool force) {
  if (auto e = with_current(*t_.get(s.thing), s, o, force)) t_.put(std::move(*e), transaction::keep::nothing);
}

// Most often an observation says no more than the attribute that it becomes; then one is written for both.
std::uint64_t writer::observe_and_set_current(entity const& thing, stream const& s, std::vector<observation> all,
                                              std::size_t newest) {
  auto const unit = s.about ? s.about->text_or("unitCode", "") : std::string_view();
  auto e = with_current(thing, s, all[newest], false);
  if (e && all.size() == 1 && is_told_by(*e->find(s.series.attribute, s.series.dataset), all[0], unit))
    return t_.put(std::move(*e));
  for (auto& o : all) {
    set_extra(o, extra::modified_at, t_.now());
    if (!unit.empty()) set_extra(o, extra::unit, unit);
  }
  auto const first = t_.observe(s.series.series, std::move(all));
  if (e) t_.put(std::move(*e), transaction::keep::nothing);
  return first;
}

std::uint64_t writer::observe(stream const& s, std::vector<observation_draft> drafts) {
  auto const multi = s.about && s.about->find("unitOfMeasurements");
  auto const parts = multi ? s.about->find("unitOfMeasurements")->as_array().size() : 0;
  auto all = std::vector<observation>();
  all.reserve(drafts.size());
  auto needs_own_feature = false;
  auto newest = std::size_t(0);
  auto noted = std::string();
  for (auto& d : drafts) {
    if (!d.has_result) refuse("an Observation needs a result", "result");
    if (multi && (!d.observation.value.is_array() || d.observation.value.as_array().size() != parts)) {
      refuse("the result of this MultiDatastream is a list of " + std::to_string(parts), "result");
    }
    if (!d.has_time) d.observation.time = t_.now();
    if (auto const feature = choose_feature(s, d); !feature.empty()) {
      set_extra(d.observation, extra::feature, feature);
      link(feature, "datastream", std::to_string(s.series.series));
      if (feature != noted) note_area(s, feature);
      noted = feature;
    } else {
      needs_own_feature = needs_own_feature || d.feature.is_null();
    }
    all.push_back(std::move(d.observation));
    auto const is_newer = !is_believed(all[newest]) || all.back().time >= all[newest].time;
    if (is_newer && is_believed(all.back())) newest = all.size() - 1;
  }
  auto const thing = t_.get(s.thing);
  auto const generated = needs_own_feature ? generate_feature(*thing) : std::nullopt;
  if (needs_own_feature && t_.find_record(area_collection, std::to_string(s.series.series))) note_area(s, s.thing);
  note_result_times(s, all);
  auto const first = observe_and_set_current(*thing, s, std::move(all), newest);
  if (generated) {
    // What was observed before there was any has the first.
    auto const is_first = !t_.find_record(feature_collection, s.thing);
    t_.put_record(feature_since_collection, feature_since_key(s.thing, is_first ? 0 : first), *generated);
    t_.put_record(feature_collection, s.thing, *generated);
  }
  return first;
}

}  // namespace dos::sensorthings
