// Entities and their attributes as the kernel holds them: names expanded to IRIs, immutable once published, shared by
// everybody who reads.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/ref.h"
#include "base/symbol.h"
#include "base/time.h"

namespace dos {

namespace geo {
class geometry;
}

// The kinds of attribute of NGSI-LD (ETSI GS CIM 009, 4.5), which every other standard maps to.
enum class attribute_kind : std::uint8_t {
  property,           // value: any JSON; a JSON-LD typed value stays {"@type":…,"@value":…}
  relationship,       // value: a URI, or a list of URIs
  geo_property,       // value: GeoJSON geometry
  language_property,  // value: object of language tag -> text or list of texts
  vocab_property,     // value: expanded IRI, or a list of them
  json_property,      // value: any JSON, never expanded
  list_property,      // value: array
  list_relationship   // value: array of URIs
};

// Where a value comes from; shown wherever the value is shown.
enum class provenance : std::uint8_t { unknown, measured, recorded, simulated, forecast, entered };
std::string_view to_text(provenance p);  // "measured"; "" for unknown
std::optional<provenance> parse_provenance(std::string_view text);
// Standards that know only attributes show provenance as a property of this name.
inline constexpr std::string_view provenance_iri = "urn:dos2030:provenance";

inline constexpr timestamp no_time{std::numeric_limits<std::int64_t>::min()};

// A shape read from GeoJSON once, by whoever asks first. A copy starts unread, because its value may be changed.
class geometry_cache {
 public:
  geometry_cache() = default;
  geometry_cache(geometry_cache const&) {}
  geometry_cache& operator=(geometry_cache const&);
  ~geometry_cache();

  geo::geometry const& get(json::value const& geojson) const;

 private:
  mutable std::atomic<geo::geometry const*> parsed_{nullptr};
};

struct attribute;
using attribute_ptr = ref<attribute const>;

struct attribute : counted {
  symbol name;     // expanded IRI
  symbol dataset;  // datasetId, empty for the default instance
  symbol unit;     // unitCode (UN/CEFACT)
  attribute_kind kind = attribute_kind::property;
  dos::provenance provenance = dos::provenance::unknown;
  std::uint64_t series = 0;  // of its history; set by the session
  json::value value;
  json::value more;  // object of members that are no attributes (objectType, valueType, …), null when there are none
  timestamp observed_at = no_time;
  timestamp created_at = no_time;   // set by the session
  timestamp modified_at = no_time;  // set by the session
  std::vector<attribute_ptr> attributes;  // properties of the property
  geometry_cache shape;                   // see geometry()

  attribute const* find(symbol sub_name) const;
  // The value as a shape, read when first asked for; empty when it is none. The value must not change afterwards.
  geo::geometry const& geometry() const { return shape.get(value); }
};

struct entity;
using entity_ptr = ref<entity const>;

struct entity : counted {
  std::string id;              // URI
  std::vector<symbol> types;   // expanded IRIs, at least one, in the order given
  std::vector<symbol> scopes;  // "/a/b"
  std::vector<attribute_ptr> attributes;  // in the order they came; (name, dataset) is unique
  json::value more;                       // object of members that are no attributes (expiresAt …), else null
  timestamp created_at = no_time;         // set by the session
  timestamp modified_at = no_time;        // set by the session
  timestamp deleted_at = no_time;         // set: the entity is gone and only its history is left
  std::uint64_t version = 0;              // log position of its last change: the entity tag

  bool has_type(symbol type) const;
  attribute_ptr find(symbol name, symbol dataset = {}) const;  // exactly that instance, or nothing
  std::vector<attribute_ptr> find_all(symbol name) const;      // every dataset
  // Replaces the instance of the same name and dataset, or appends.
  void set(attribute_ptr a);
  bool remove(symbol name, symbol dataset);
};

inline attribute_ptr make_attribute(attribute a) { return make_ref<attribute>(std::move(a)); }

}  // namespace dos
