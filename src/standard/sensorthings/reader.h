// Finds the entities of the standard in the graph, through the view of who asks, and walks from one to the other.
//
// Where clients of other standards made an entity, what SensorThings wants beside it follows from it: a thing is its
// own Sensor unless a device is mounted there, its place is its Location and FeatureOfInterest. ObservedProperties are
// made, once, when they are first asked for: one for each name of an attribute.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/city/session.h"
#include "kernel/history/history.h"
#include "standard/sensorthings/item.h"
#include "standard/sensorthings/mounts.h"

namespace dos::sensorthings {

using visitor = std::function<bool(item const&)>;  // false: no more

// Which observations a list is after; what it says is a bound that need not be exact, but for the order.
struct time_bounds {
  timestamp from = timestamp_min;
  timestamp to = {INT64_MAX};  // exclusive
  bool descending = false;
  std::optional<moment> after;
  bool tells_all = false;  // nothing else is asked of observations that lasted no time
};

// What outlives a request.
struct surroundings {
  vocabulary const& words;
  mounts const& devices;
  dos::clock const& clock;
};

class reader {
 public:
  // `program` makes ObservedProperties for whoever asks.
  reader(session who, session program, surroundings const& around)
      : who_(std::move(who)), own_(who_.through_references()), program_(std::move(program)), words_(around.words), around_(around) {}

  session const& who() const { return who_; }
  vocabulary const& words() const { return words_; }
  timestamp now() const { return around_.clock.now(); }
  // One that sees what visible entities may refer to as well.
  reader through_references() const { return reader(own_, program_, around_); }

  std::optional<item> find(kind k, std::uint64_t id) const;
  // All that the asker may see, ascending by id from `from`; observations and historical locations by series, the first
  // of which is `from` and begins after `bounds.after`, and by time.
  void for_each(kind k, std::uint64_t from, time_bounds const& bounds, visitor const& visit) const;
  // Where a navigation to one leads.
  std::optional<item> follow(item const& from, navigation const& n) const;
  // Where a navigation to many leads; observations in the order of time.
  void for_each(item const& from, navigation const& n, time_bounds const& bounds, visitor const& visit) const;
  // The same in any order, each at least once: nothing is gathered before the first is shown.
  void for_each_unordered(item const& from, navigation const& n, visitor const& visit) const;
  // Observations of one datastream, quickly; nothing when the statistics can't tell.
  std::optional<std::uint64_t> count_observations(item const& datastream) const;

  // Makes the ObservedProperties of attributes of other doors that have none yet.
  void make_properties() const;

  // The value of a property; null where there is none.
  json::value value(item const& i, std::string_view property) const;

  // Of an entity as a thing, sensor …: the least of its series; 0 when it has none.
  std::uint64_t number_of(entity const& e) const;
  bool is_thing(entity const& e) const;
  // The kind of datastream that a series is, if it is one.
  std::optional<item> as_datastream(entity_ptr const& e, series_ref const& s) const;
  bool is_one_of(kind k, entity_ptr const& e) const;
  std::optional<item> as_item(kind k, entity_ptr const& e) const;  // of an entity of its own

 private:
  std::optional<kind> own_kind(entity const& e) const;
  json::value entity_value(item const& i, std::string_view property) const;
  json::value thing_properties(entity const& e) const;
  json::value datastream_value(item const& i, std::string_view property) const;
  json::value observation_value(item const& i, std::string_view property) const;
  json::value place_of(entity const& e) const;
  json::value times_of(item const& datastream) const;
  std::string name_of(entity const& e) const;

  bool is_own_sensor(entity_ptr const& e) const;
  std::optional<item> sensor_of(item const& datastream) const;
  std::vector<item> properties_of(item const& datastream) const;
  item derived_property(symbol attribute) const;
  std::optional<item> feature_of(item const& observation) const;
  std::vector<item> locations_of(entity_ptr const& thing, json::value const* then) const;
  bool has_own_locations(entity const& thing) const;
  // Whether what is observed of a thing is observed where, and of what, it is itself.
  bool is_own_feature(entity const& thing) const;
  std::optional<series_ref> places_of(entity const& thing) const;

  void datastreams_of(entity_ptr const& thing, kind k, visitor const& visit) const;
  void linked(std::string_view target, std::string_view relation,
              std::function<bool(std::string_view)> const& visit) const;
  void observations_of(item const& datastream, time_bounds const& bounds, visitor const& visit) const;
  void historical_locations_of(entity_ptr const& thing, time_bounds const& bounds, visitor const& visit) const;
  void for_each_by_series(kind k, std::uint64_t from, time_bounds const& bounds, visitor const& visit) const;
  // Of an attribute of a thing that is neither its name nor the like.
  bool holds_datastream(attribute const& a) const;
  void streams_back(item const& from, kind k, visitor const& visit) const;
  std::vector<symbol> attributes_behind(entity const& property) const;
  std::string generated_feature_of(std::string_view thing, observation_number number) const;  // empty when there is none
  void observations_back(item const& feature, time_bounds const& bounds, visitor const& visit) const;
  void things_back(item const& location, visitor const& visit) const;

  std::optional<entity_store::owned_series> find_owner(std::uint64_t number) const;
  bool knows_attribute_of(entity const& generated) const;
  bool sees_derived(symbol type, symbol attribute) const;

  session who_;
  session own_;  // for what a visible entity refers to
  session program_;
  vocabulary const& words_;
  surroundings const& around_;
  mutable std::map<std::string, bool> known_properties_;  // generated ones, by id: whether the asker knows what of
};

// Keys of `link_collection`.
std::string link_key(std::string_view target, std::string_view relation, std::string_view source);
// Of `feature_since_collection`: the first key that is not less than that of an observation tells which feature it has.
std::string feature_since_prefix(std::string_view thing);
std::string feature_since_key(std::string_view thing, observation_number since);
std::string property_entity_id(vocabulary const& words, symbol attribute);
// Key of `datastream_name_collection`; without the series what all of that name begin with. Long names are cut.
std::string datastream_name_key(std::string_view name, std::string_view series);

}  // namespace dos::sensorthings
