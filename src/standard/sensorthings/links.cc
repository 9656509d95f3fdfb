// Taking a link away: DELETE …/Things(1)/Locations(2)/$ref, or …/Locations/$ref?$id=../../Locations(2). OData 4.01, 11.4.6.2
#include <algorithm>

#include "base/fault.h"
#include "standard/sensorthings/service.h"

namespace dos::sensorthings {
namespace {

json::array without(json::array const& list, std::vector<std::size_t> const& gone) {
  auto rest = json::array();
  for (auto i = std::size_t(0); i < list.size(); ++i) {
    if (std::find(gone.begin(), gone.end(), i) == gone.end()) rest.push_back(list[i]);
  }
  return rest;
}

// What `$id` names: the address of an entity, of which the last segment counts.
item named_by(std::string_view id, kind expected, reader const& r) {
  auto const slash = id.rfind('/');
  auto const segment = slash == id.npos ? id : id.substr(slash + 1);
  auto const set = segment.substr(0, segment.find('('));
  require(find_set(set) == expected, fault_kind::invalid, "$id names one of the " + std::string(describe(expected).set), "$id");
  auto const named = parse_segment(segment);
  auto const found = named.id ? r.find(expected, *named.id) : std::nullopt;
  require(found.has_value(), fault_kind::not_found, "Nothing found.");
  return *found;
}

}  // namespace

void writer::detach(item const& from, item const& other) {
  auto const& uri = other.entity->id;
  if (from.what == kind::thing && other.what == kind::location && !other.derived) {
    auto const thing = t_.get(from.entity->id);
    auto const known = thing->find(words_.has_location);
    auto rest = std::vector<std::string>();
    auto was_there = false;
    auto const keep = [&](json::value const& l) {
      if (l.as_string() == uri) was_there = true;
      else rest.emplace_back(l.as_string());
    };
    if (known && known->value.is_string()) keep(known->value);
    if (known && known->value.is_array()) std::for_each(known->value.as_array().begin(), known->value.as_array().end(), keep);
    require(was_there, fault_kind::not_found, "Nothing found.");
    set_locations(thing->id, rest, t_.now());
    return;
  }
  auto const key = std::to_string(from.id);
  auto const record = from.what == kind::multi_datastream && other.what == kind::observed_property
                          ? t_.find_record(datastream_collection, key)
                          : record_ptr();
  require(record != nullptr, fault_kind::not_allowed, "this link goes only with one of the entities");
  auto about = record->as_object();
  auto const properties = about.find("observedProperties")->as_array();
  auto gone = std::vector<std::size_t>();
  for (auto i = std::size_t(0); i < properties.size(); ++i) {
    if (properties[i].as_string() == uri) gone.push_back(i);
  }
  require(!gone.empty(), fault_kind::not_found, "Nothing found.");
  if (gone.size() == properties.size()) refuse("a MultiDatastream keeps at least one ObservedProperty", "ObservedProperties");
  for (auto const name : {"observedProperties", "unitOfMeasurements", "multiObservationDataTypes"}) {
    about[name] = without(about.find(name)->as_array(), gone);
  }
  unlink(uri, "datastream", key);
  put_datastream_record(key, std::move(about));
  touched_.emplace_back(from.what, from.id);
}

prepared_write prepare_unlinking(http::request const& r, address const& a, reader const& reading) {
  auto from = a.parent, other = a.entity;
  if (a.form == address::form::set && a.collection.from) {
    auto const id = std::find_if(r.query.begin(), r.query.end(), [](auto const& q) { return q.name == "$id"; });
    require(id != r.query.end(), fault_kind::invalid, "$id says which link to take away", "$id");
    from = a.collection.from;
    other = named_by(id->text, a.collection.what, reading);
  }
  require(from && other, fault_kind::not_allowed, "links are taken away from lists such as Things(1)/Locations/$ref");
  auto const both = std::make_shared<std::pair<item, item> const>(*from, *other);
  return {[both](writer& w) { w.detach(both->first, both->second); },
          [](std::string const&) { return http::no_content(); }};
}

}  // namespace dos::sensorthings
