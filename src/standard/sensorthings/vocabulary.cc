#include "standard/sensorthings/vocabulary.h"

#include <algorithm>
#include <array>

namespace dos::sensorthings {
namespace {

using enum content;

constexpr property thing_properties[] = {{"name", text, true}, {"description", text}, {"properties", json}};
constexpr property location_properties[] = {{"name", text, true},
                                            {"description", text},
                                            {"encodingType", text, true},
                                            {"location", geometry, true},
                                            {"properties", json}};
constexpr property historical_location_properties[] = {{"time", instant, true}};
constexpr property datastream_properties[] = {{"name", text, true},
                                              {"description", text},
                                              {"observationType", text},
                                              {"unitOfMeasurement", json, true},
                                              {"observedArea", geometry},
                                              {"phenomenonTime", interval, false, true},
                                              {"resultTime", interval, false, true},
                                              {"properties", json}};
constexpr property multi_datastream_properties[] = {{"name", text, true},
                                                    {"description", text},
                                                    {"observationType", text},
                                                    {"multiObservationDataTypes", json, true},
                                                    {"unitOfMeasurements", json, true},
                                                    {"observedArea", geometry},
                                                    {"phenomenonTime", interval, false, true},
                                                    {"resultTime", interval, false, true},
                                                    {"properties", json}};
constexpr property sensor_properties[] = {{"name", text, true},
                                          {"description", text},
                                          {"encodingType", text, true},
                                          {"metadata", json, true},
                                          {"properties", json}};
constexpr property observed_property_properties[] = {
    {"name", text, true}, {"definition", text, true}, {"description", text}, {"properties", json}};
constexpr property observation_properties[] = {{"phenomenonTime", time}, {"result", json, true},
                                               {"resultTime", instant},  {"resultQuality", json},
                                               {"validTime", interval},  {"parameters", json}};
constexpr property feature_properties[] = {{"name", text, true},
                                           {"description", text},
                                           {"encodingType", text, true},
                                           {"feature", geometry, true},
                                           {"properties", json}};

constexpr navigation of_thing[] = {{"Datastreams", kind::datastream},
                                   {"MultiDatastreams", kind::multi_datastream},
                                   {"Locations", kind::location},
                                   {"HistoricalLocations", kind::historical_location}};
constexpr navigation of_location[] = {{"Things", kind::thing}, {"HistoricalLocations", kind::historical_location}};
constexpr navigation of_historical_location[] = {{"Thing", kind::thing, false}, {"Locations", kind::location}};
constexpr navigation of_datastream[] = {{"Thing", kind::thing, false},
                                        {"Sensor", kind::sensor, false},
                                        {"ObservedProperty", kind::observed_property, false},
                                        {"Observations", kind::observation}};
constexpr navigation of_multi_datastream[] = {{"Thing", kind::thing, false},
                                              {"Sensor", kind::sensor, false},
                                              {"ObservedProperties", kind::observed_property},
                                              {"Observations", kind::observation}};
constexpr navigation of_sensor[] = {{"Datastreams", kind::datastream}, {"MultiDatastreams", kind::multi_datastream}};
constexpr navigation of_observation[] = {{"Datastream", kind::datastream, false},
                                         {"MultiDatastream", kind::multi_datastream, false},
                                         {"FeatureOfInterest", kind::feature, false}};
constexpr navigation of_feature[] = {{"Observations", kind::observation}};

// In the order of `kind`.
constexpr auto descriptions = std::array<description, kind_count>{
    description{"Things", "Thing", thing_properties, of_thing},
    description{"Locations", "Location", location_properties, of_location},
    description{"HistoricalLocations", "HistoricalLocation", historical_location_properties, of_historical_location},
    description{"Datastreams", "Datastream", datastream_properties, of_datastream},
    description{"MultiDatastreams", "MultiDatastream", multi_datastream_properties, of_multi_datastream},
    description{"Sensors", "Sensor", sensor_properties, of_sensor},
    description{"ObservedProperties", "ObservedProperty", observed_property_properties, of_sensor},
    description{"Observations", "Observation", observation_properties, of_observation},
    description{"FeaturesOfInterest", "FeatureOfInterest", feature_properties, of_feature}};

template <typename T>
T const* by_name(std::span<T const> all, std::string_view name) {
  auto const it = std::find_if(all.begin(), all.end(), [&](T const& t) { return t.name == name; });
  return it == all.end() ? nullptr : &*it;
}

}  // namespace

property const* description::find_property(std::string_view name) const { return by_name(properties, name); }
navigation const* description::find_navigation(std::string_view name) const { return by_name(navigations, name); }

description const& describe(kind k) { return descriptions[std::size_t(k)]; }

std::optional<kind> find_set(std::string_view name) {
  for (auto i = std::size_t(0); i < kind_count; ++i) {
    if (descriptions[i].set == name) return kind(i);
  }
  return std::nullopt;
}

vocabulary::vocabulary(terms known, terms platform)
    : words(std::move(known)),
      others(std::move(platform)),
      thing(words.iri("Thing")),
      location_type(words.iri("Location")),
      sensor(words.iri("Sensor")),
      observed_property(words.iri("ObservedProperty")),
      feature(words.iri("FeatureOfInterest")),
      name(words.iri("name")),
      description(words.iri("description")),
      properties(words.iri("otherProperties")),
      encoding(words.iri("encodingType")),
      metadata(words.iri("metadata")),
      definition(words.iri("definition")),
      document(words.iri("encodedLocation")),
      location(words.iri("location")),
      has_location(words.iri("hasLocation")),
      other_name(others.iri("name")),
      other_description(others.iri("description")) {}

std::string vocabulary::term(symbol iri) const {
  for (auto const* const known : {&words, &others}) {
    auto short_name = known->term(iri.text());
    if (short_name.find(':') == short_name.npos) return short_name;
  }
  auto const text = iri.text();
  auto const end = text.find_last_of("/#:");
  return std::string(end == text.npos || end + 1 == text.size() ? text : text.substr(end + 1));
}

symbol vocabulary::type_of(kind k) const {
  switch (k) {
    case kind::thing:
      return thing;
    case kind::location:
      return location_type;
    case kind::sensor:
      return sensor;
    case kind::observed_property:
      return observed_property;
    case kind::feature:
      return feature;
    default:
      return {};
  }
}

}  // namespace dos::sensorthings
