// The words of the standard (OGC 18-088, SensorThings 1.1): kinds of entity, their properties and how they hang
// together; and what they are called in the entity graph.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/record_collection.h"
#include "base/symbol.h"
#include "base/terms.h"

namespace dos::sensorthings {

enum class kind : std::uint8_t {
  thing,
  location,
  historical_location,
  datastream,
  multi_datastream,
  sensor,
  observed_property,
  observation,
  feature
};
inline constexpr std::size_t kind_count = 9;

struct navigation {
  std::string_view name;
  sensorthings::kind to;
  bool many = true;
};

enum class content : std::uint8_t { text, json, instant, time, interval, geometry };

struct property {
  std::string_view name;
  sensorthings::content content = content::text;
  bool required = false;
  bool computed = false;  // by the server: not taken from a body
};

struct description {
  std::string_view set;       // "Things"
  std::string_view singular;  // "Thing"
  std::span<property const> properties;
  std::span<navigation const> navigations;

  property const* find_property(std::string_view name) const;
  navigation const* find_navigation(std::string_view name) const;
};

description const& describe(kind k);
std::optional<kind> find_set(std::string_view name);

// What things are called in the graph: by the default context, and, where entities came in otherwise, by the platform's
// own terms.
struct vocabulary {
  vocabulary(terms words, terms others);

  terms words;
  terms others;
  symbol thing, location_type, sensor, observed_property, feature;                 // types
  symbol name, description, properties, encoding, metadata, definition, document;  // attributes
  symbol location;      // the GeoProperty that says where something is
  symbol has_location;  // relationship of a thing to its Locations; its history is the HistoricalLocations

  symbol other_name, other_description;
  std::string term(symbol iri) const;  // the short name, else the end of the IRI
  symbol type_of(kind k) const;        // of kinds that are entities of their own, else empty
};

// Records: what a datastream is beyond its attribute, by series.
inline constexpr auto datastream_collection = record_collection{"sta_datastream", "standard/sensorthings", "series"};
// Datastreams made here by name, "NAME\nSERIES": see datastream_name_key().
inline constexpr auto datastream_name_collection = record_collection{"sta_datastream_name", "standard/sensorthings", "name and series"};
// The feature of interest that was generated of a Location, by its id; of a thing, the one that its observations have now.
inline constexpr auto feature_collection = record_collection{"sta_generated_feature", "standard/sensorthings", "id of a Location, or of a thing"};
// Those of a thing with the first observation that had it, newest first: see feature_since_key().
inline constexpr auto feature_since_collection = record_collection{"sta_feature_since", "standard/sensorthings", "thing and observation, newest first"};
// The least and greatest resultTime of a datastream, by series: [µs, µs].
inline constexpr auto result_time_collection = record_collection{"sta_result_time", "standard/sensorthings", "series"};
// Where the features of a datastream lie that its observations name, by series: [west, south, east, north].
inline constexpr auto area_collection = record_collection{"sta_observed_area", "standard/sensorthings", "series"};
// Ways back, "TARGET kind SOURCE": who refers to an entity.
inline constexpr auto link_collection = record_collection{"sta_link", "standard/sensorthings", "target, kind and source"};
// ObservedProperties that were made for attributes of other doors.
inline constexpr std::string_view generated_property_stem = "urn:ngsi-ld:ObservedProperty:attribute:";
// A thing that is its own Sensor is called so and then as it is.
inline constexpr std::string_view source_name_stem = "Source of ";

}  // namespace dos::sensorthings
