// Changing and removing. OGC 18-088, 10.3 and 10.4
#include <algorithm>
#include <map>
#include <set>

#include "base/fault.h"
#include "kernel/history/history.h"
#include "standard/sensorthings/times.h"
#include "standard/sensorthings/writer.h"

namespace dos::sensorthings {
namespace {

// Longer series keep the resultTime they had: all of their observations would have to be looked at.
constexpr std::uint64_t reread_max = 200'000;

remains find_remains(item const& stream, std::set<std::uint64_t> const& without, std::optional<span> const& lost,
                     reader const& r) {
  auto left = remains();
  left.series = stream.id;
  auto const& observations = *describe(stream.what).find_navigation("Observations");
  r.for_each(stream, observations, {.to = r.who().believed_until() + 1, .descending = true, .after = {}}, [&](item const& o) {
    if (o.moment->value.is_null()) return true;
    if (!without.contains(o.id)) left.newest = o.moment;
    else left.lose_current = true;
    return !left.newest && left.lose_current;
  });
  if (!lost) return left;
  auto const known = r.value(stream, "resultTime");
  auto const times = known.is_string() ? parse_span(known.as_string()) : std::nullopt;
  auto const is_inside = times && times->from < lost->from && lost->to < times->to;
  if (is_inside || r.count_observations(stream).value_or(0) > reread_max) return left;
  left.lose_result_time = true;
  r.for_each(stream, observations, {}, [&](item const& o) {
    if (without.contains(o.id)) return true;
    auto const t = find_time(*o.moment, extra::result_time);
    if (!t) return true;
    auto& all = left.result_times;
    all = all ? span{std::min(all->from, *t), std::max(all->to, *t), false} : span{*t, *t, false};
    return true;
  });
  return left;
}

// Where things are when they have not been where these say.
std::vector<remains> find_places(std::vector<item> const& without, reader const& r) {
  auto gone = std::map<std::uint64_t, std::set<std::uint64_t>>();  // numbers by series
  for (auto const& h : without) gone[h.series.series].insert(h.id);
  auto all = std::vector<remains>();
  for (auto const& [series, numbers] : gone) {
    auto left = remains();
    left.series = series;
    auto const range = range_query{.to = r.who().believed_until() + 1, .descending = true, .after = {}};
    r.who().history().for_each(series, range, [&, &numbers = numbers](observation const& o) {
      if (numbers.contains(o.number)) left.lose_current = true;
      else if (!is_deleted(o)) left.newest = o;
      return !left.newest;
    });
    all.push_back(std::move(left));
  }
  return all;
}

}  // namespace

std::vector<remains> find_remains(std::vector<item> const& without, reader const& r) {
  struct loss {
    std::set<std::uint64_t> numbers;
    std::optional<span> result_times;
  };
  auto by_series = std::map<std::uint64_t, loss>();
  for (auto const& o : without) {
    auto& [numbers, times] = by_series[o.series.series];
    numbers.insert(o.id);
    if (auto const t = find_time(*o.moment, extra::result_time))
      times = times ? span{std::min(times->from, *t), std::max(times->to, *t), false} : span{*t, *t, false};
  }
  auto all = std::vector<remains>();
  for (auto const& [series, lost] : by_series) {
    for (auto const k : {kind::datastream, kind::multi_datastream}) {
      if (auto const stream = r.find(k, series))
        all.push_back(find_remains(*stream, lost.numbers, lost.result_times, r));
    }
  }
  return all;
}

std::vector<consequences> find_consequences(std::vector<item> const& all, reader const& r) {
  auto found = std::vector<consequences>();
  for (auto const& i : all) found.push_back(i.what == kind::observation ? consequences() : find_consequences(i, r));
  if (all.empty()) return found;
  if (all[0].what == kind::observation) found.back().left = find_remains(all, r);
  if (all[0].what == kind::historical_location) {
    for (auto& c : found) c.places.clear();
    found.back().places = find_places(all, r);
  }
  return found;
}

consequences find_consequences(item const& i, reader const& r) {
  auto c = consequences();
  auto const add = [&](item const& o) {
    c.observations.emplace_back(o.series.series, o.id);
    return true;
  };
  auto const& d = describe(i.what);
  switch (i.what) {
    case kind::feature: {
      auto gone = std::vector<item>();
      r.for_each(i, *d.find_navigation("Observations"), {}, [&](item const& o) { return gone.push_back(o), add(o); });
      c.left = find_remains(gone, r);
      break;
    }
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
    case kind::observation:
      c.left = find_remains({i}, r);
      break;
    case kind::historical_location:
      // What was noted of the place when the thing came there goes along.
      for (auto const& s : r.who().series_of(i.entity->id)) {
        if (s.attribute != r.words().location || s.series == i.series.series) continue;
        auto const then = range_query{.from = i.moment->time, .to = i.moment->time + 1, .after = {}};
        for (auto const& o : r.who().history().range(s.series, then)) c.observations.emplace_back(s.series, o.number);
      }
      c.places = find_places({i}, r);
      break;
    default:
      break;
  }
  return c;
}

void refuse_derived(item const& i) {
  throw fault(fault_kind::conflict, "this " + std::string(describe(i.what).singular) + " follows from the entity " +
                                        i.entity->id + "; change that");
}

void writer::change(item const& i, json::value const& body, bool whole, consequences const& c) {
  auto const& d = describe(i.what);
  t_.get(i.entity->id);  // the writer's to change, also where nothing but notes about it changes
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
      return change_historical_location(i, body, c);
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
  auto const before = c.left.empty() ? remains() : c.left.front();
  if (before.lose_result_time) set_result_times(i.series.series, before.result_times);
  note_result_times(*s, {d.observation});
  t_.change_observation(i.series.series, i.id, d.observation);
  touched_.emplace_back(i.what, i.id);
  auto const is_last = !before.newest || before.newest->time <= d.observation.time;
  auto const stays_current = is_last && !d.observation.value.is_null() && is_believed(d.observation);
  if (!before.lose_current) return set_current(*s, d.observation, false);
  if (stays_current) set_current(*s, d.observation, true);
  else if (before.newest) set_current(*s, *before.newest, true);
}

// What is left counts again.
void writer::settle(remains const& left) {
  auto const s = find_stream(left.series);
  if (!s) return;
  if (left.lose_result_time) set_result_times(left.series, left.result_times);
  if (!left.lose_current) return;
  if (left.newest) return set_current(*s, *left.newest, true);
  auto const thing = t_.get(s->thing);
  if (!s->about || !thing->find(s->series.attribute, s->series.dataset)) return;
  auto e = entity(*thing);
  e.remove(s->series.attribute, s->series.dataset);
  t_.put(std::move(e), transaction::keep::nothing);
}

void writer::set_result_times(std::uint64_t series, std::optional<span> const& times) {
  auto const key = std::to_string(series);
  if (times) t_.put_record(result_time_collection, key, json::array{times->from.us, times->to.us});
  else if (t_.find_record(result_time_collection, key)) t_.erase_record(result_time_collection, key);
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
      for (auto const& [series, number] : c.observations) t_.remove_observation(series, number);
      t_.remove_observation(i.series.series, i.id);
      for (auto const& left : c.places) settle_place(left);
      return;
    case kind::observation:
      t_.remove_observation(i.series.series, i.id);
      for (auto const& left : c.left) settle(left);
      return;
    case kind::location:
      if (i.derived) refuse_derived(i);
      return remove_location(i, c);
    case kind::feature:
      if (i.derived) refuse_derived(i);
      for (auto const& [series, number] : c.observations) t_.remove_observation(series, number);
      for (auto const& left : c.left) settle(left);
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
