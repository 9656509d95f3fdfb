// Creates, changes and removes entities within one write: everything or nothing. What it looks up by number is as of
// the last commit, or made by itself.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "standard/sensorthings/draft.h"
#include "standard/sensorthings/expression.h"
#include "standard/sensorthings/reader.h"

namespace dos::sensorthings {

struct stream {
  std::string thing;
  series_ref series;
  record_ptr about;
};

// What a datastream, or the whereabouts of a thing, is without some of its observations.
struct remains {
  std::uint64_t series = 0;
  bool lose_current = false;          // the one that is the attribute's value is not among them
  std::optional<observation> newest;  // of those that have a result and do not lie ahead
  bool lose_result_time = false;      // the first or last of resultTime is not among them
  std::optional<span> result_times;   //
};
std::vector<remains> find_remains(std::vector<item> const& without, reader const& r);

// What goes with an entity that is changed or removed; found before the write, because it may take a while.
struct consequences {
  std::vector<std::pair<std::uint64_t, observation_number>> observations;  // series, number
  std::vector<item> datastreams;
  std::vector<std::string> things;  // that are, or were, at the location
  std::vector<remains> left;        // of datastreams that keep other observations
  std::vector<remains> places;      // of things that keep other HistoricalLocations
};
consequences find_consequences(item const& i, reader const& r);
// Of several of a kind that go together: what is left stands with the last.
std::vector<consequences> find_consequences(std::vector<item> const& all, reader const& r);

class writer {
 public:
  writer(transaction& t, session const& own, vocabulary const& words) : t_(t), own_(own), words_(words) {}

  // `from`, `by`: the list it was posted to, "Things(1)/Datastreams". Returns the id.
  std::uint64_t create(kind k, json::value const& body, item const* from = nullptr, navigation const* by = nullptr);
  // Merges the properties given. `whole`: those not given are reset.
  void change(item const& i, json::value const& body, bool whole, consequences const& c);
  bool remove(item const& i, consequences const& c);  // false: it is gone already
  // Takes the link between two away: of a Thing and a Location, of a MultiDatastream and an ObservedProperty.
  void detach(item const& from, item const& other);

  // Datastreams made or changed, observations changed so far: no stream of changes tells of them, they are no entities.
  std::vector<std::pair<kind, std::uint64_t>> const& touched() const { return touched_; }

  // In a change set: what was made under a name, for "@iot.id": "$name" and addresses like "$name/Datastreams".
  void note(std::string const& name, kind k, std::uint64_t id) { named_["$" + name] = {k, id}; }
  std::optional<item> made_before(std::string_view name) const;

  // Drafts of one datastream, in any order; the newest becomes the current value. Returns the first number.
  std::uint64_t observe(stream const& s, std::vector<observation_draft> drafts);
  std::optional<stream> find_stream(std::uint64_t series) const;

 private:
  std::uint64_t create_entity(kind k, json::value const& body, std::string* made = nullptr);
  std::uint64_t create_thing(json::value const& body);
  std::uint64_t create_datastream(kind k, json::value const& body, std::string thing, std::string sensor,
                                  std::string property);
  std::uint64_t create_historical_location(json::value const& body, std::string thing, std::string location);

  std::string required_target(json::value const& v, kind k);
  std::vector<std::string> targets(json::value const& v, kind k);
  std::uint64_t reference_of(json::value const& v) const;
  std::string entity_of(kind k, std::uint64_t id) const;
  std::uint64_t number_of(std::string_view id) const;

  void set_properties(entity& e, kind k, json::value const& body, bool whole);
  std::uint64_t set_locations(std::string const& thing, std::vector<std::string> const& locations, timestamp at);
  void move_things(std::string const& location);
  void add_location(item const& historical_location, std::string const& location);
  void put_historical_location(item const& i, observation const& o, std::optional<observation> const& newest_other);
  std::optional<json::value> place_of(std::vector<std::string> const& locations) const;
  void stand_at(series_ref const& places, entity const& thing, observation const& newest);
  void settle_place(remains const& left);
  void link(std::string_view target, std::string_view relation, std::string_view source);
  void unlink(std::string_view target, std::string_view relation, std::string_view source);
  std::string choose_feature(stream const& s, observation_draft& d);
  std::optional<std::string> generate_feature(entity const& thing);
  void note_result_times(stream const& s, std::vector<observation> const& all);
  void note_area(stream const& s, std::string_view feature);
  bool is_believed(observation const& o) const;
  std::optional<entity> with_current(entity const& before, stream const& s, observation const& o, bool force) const;
  void set_current(stream const& s, observation const& o, bool force);
  void settle(remains const& left);
  void set_result_times(std::uint64_t series, std::optional<span> const& times);
  std::uint64_t observe_and_set_current(entity const& thing, stream const& s, std::vector<observation> all,
                                        std::size_t newest);

  void change_datastream(item const& i, json::value const& body, bool whole);
  void change_observation(item const& i, json::value const& body, bool whole, consequences const& c);
  void change_historical_location(item const& i, json::value const& body, consequences const& c);
  void put_datastream_record(std::string const& key, json::value about);
  void erase_records(std::string_view collection, std::string_view prefix);
  void erase_datastream_records(std::string const& key);
  void remove_datastream(item const& i);
  void remove_whole(item const& i, consequences const& c);
  void remove_location(item const& i, consequences const& c);

  transaction& t_;
  session const& own_;
  vocabulary const& words_;
  std::map<std::string, std::pair<kind, std::uint64_t>, std::less<>> named_;
  std::vector<std::pair<kind, std::uint64_t>> touched_;
  std::map<std::uint64_t, stream> streams_made_;  // by this write
  std::map<std::uint64_t, std::pair<kind, std::string>> entities_made_;
};

// As of the last commit.
std::optional<stream> find_committed_stream(session const& own, vocabulary const& words, std::uint64_t series);
// Makes datastreams findable by name in cities that are older than that.
void name_datastreams(session const& own);
// {"@iot.id": …}
bool is_reference(json::value const& v);
[[noreturn]] void refuse_derived(item const& i);  // fault conflict: it follows from an entity of another door
[[noreturn]] void refuse(std::string detail, std::string_view member = {});  // fault invalid
attribute make_value(symbol name, json::value v, attribute_kind k = attribute_kind::property);

}  // namespace dos::sensorthings
