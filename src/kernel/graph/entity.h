// Entities and their attributes as the kernel holds them: names expanded to IRIs, immutable once published, shared by
// everybody who reads.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
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

struct attribute;
using attribute_ptr = ref<attribute const>;

// What few attributes have, so that the others need not be large for it: members that are no attributes, to be used like
// a JSON value; and a shape read from GeoJSON once, by whoever asks first. A copy starts without the shape, because its
// value may be changed.
class attribute_extras {
 public:
  attribute_extras() = default;
  attribute_extras(json::value v);
  attribute_extras(json::object o) : attribute_extras(json::value(std::move(o))) {}
  attribute_extras(attribute_extras const& other);
  attribute_extras(attribute_extras&& other) noexcept;
  attribute_extras& operator=(attribute_extras other) noexcept;
  ~attribute_extras();

  json::value const& get() const;
  operator json::value const&() const { return get(); }
  bool is_null() const { return get().is_null(); }
  bool is_object() const { return get().is_object(); }
  json::object const& as_object() const { return get().as_object(); }
  json::object& as_object();  // it is one
  json::value const* find(std::string_view key) const { return get().find(key); }
  std::string_view text_or(std::string_view key, std::string_view otherwise) const { return get().text_or(key, otherwise); }
  bool operator==(attribute_extras const& other) const { return get() == other.get(); }
  friend bool operator==(attribute_extras const& a, json::value const& b) { return a.get() == b; }

  geo::geometry const& shape(json::value const& geojson) const;

 private:
  struct block;
  mutable std::atomic<block*> block_{nullptr};
};

// Properties of a property: few have any, so that an empty list is but a pointer.
class attribute_list {
 public:
  using vector = std::vector<attribute_ptr>;

  attribute_list() = default;
  attribute_list(vector v);
  attribute_list(attribute_list const& other);
  attribute_list(attribute_list&& other) noexcept;
  attribute_list& operator=(attribute_list other) noexcept;
  ~attribute_list();

  vector const& get() const { return items_ ? *items_ : none(); }
  operator vector const&() const { return get(); }
  bool empty() const { return get().empty(); }
  std::size_t size() const { return get().size(); }
  attribute_ptr const& operator[](std::size_t i) const { return get()[i]; }
  attribute_ptr& operator[](std::size_t i) { return own()[i]; }
  attribute_ptr const& front() const { return get().front(); }
  attribute_ptr const& back() const { return get().back(); }
  vector::const_iterator begin() const { return get().begin(); }
  vector::const_iterator end() const { return get().end(); }
  vector::iterator begin() { return items_ ? items_->begin() : vector::iterator(); }
  vector::iterator end() { return items_ ? items_->end() : vector::iterator(); }
  void push_back(attribute_ptr a);
  void reserve(std::size_t n);
  void clear();
  vector::iterator erase(vector::const_iterator at);

 private:
  static vector const& none();
  vector& own();  // made when there is none yet

  std::unique_ptr<vector> items_;
};

struct attribute : counted {
  symbol name;     // expanded IRI
  symbol dataset;  // datasetId, empty for the default instance
  symbol unit;     // unitCode (UN/CEFACT)
  attribute_kind kind = attribute_kind::property;
  dos::provenance provenance = dos::provenance::unknown;
  std::uint64_t series = 0;  // of its history; set by the session
  json::value value;
  attribute_extras more;  // object of members that are no attributes (objectType, valueType, …), else null
  timestamp observed_at = no_time;
  timestamp created_at = no_time;   // set by the session
  timestamp modified_at = no_time;  // set by the session
  attribute_list attributes;  // properties of the property

  attribute const* find(symbol sub_name) const;
  // The value as a shape, read when first asked for; empty when it is none. The value must not change afterwards.
  geo::geometry const& geometry() const { return more.shape(value); }
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

// To be changed before it is published: itself when nobody else holds it, else a copy in its place.
attribute& writable(attribute_ptr& a);

// Memory asked for before it is needed: the entity, then where its lists lie, then its attributes. Between one and the
// next the others of a list are asked for, so that the waiting is shared.
inline void fetch(entity const& e) {
  __builtin_prefetch(reinterpret_cast<char const*>(&e));
  __builtin_prefetch(reinterpret_cast<char const*>(&e) + 64);
}
inline void fetch_lists(entity const& e) {
  __builtin_prefetch(e.id.data());
  __builtin_prefetch(e.types.data());
  __builtin_prefetch(e.attributes.data());
}
inline void fetch_attributes(entity const& e) {
  for (auto const& a : e.attributes) {
    __builtin_prefetch(reinterpret_cast<char const*>(a.get()));
    __builtin_prefetch(reinterpret_cast<char const*>(a.get()) + 64);
  }
}

inline attribute_ptr make_attribute(attribute a) { return make_ref<attribute>(std::move(a)); }

}  // namespace dos
