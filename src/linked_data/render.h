// Entities as clients read them: normalized, concise, simplified, GeoJSON; appended to a text without building a JSON
// value. ETSI GS CIM 009, 4.5.1 to 4.5.4, 4.5.16, 4.5.17, 4.21
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_ld.h"
#include "kernel/graph/entity.h"
#include "linked_data/projection.h"

namespace dos::linked_data {

enum class representation { normalized, concise, simplified };

// Finds the entities that relationships point to, for answers that bring them along. ETSI GS CIM 009, 4.5.23
struct linked_view {
  std::function<entity_ptr(std::string_view id)> find;
  int levels = 1;                       // how far from here
  std::vector<std::string_view> above;  // ids that are being written: no circles
  std::size_t* left = nullptr;          // entities that this answer may still bring along
};

// The value of an attribute before its last change, for notifications with showChanges. 5.8.6
struct changes_shown {
  entity const* before = nullptr;
  std::vector<std::pair<symbol, symbol>> attributes;  // (name, dataset) that changed
};

struct rendering {
  context const& names;
  representation form = representation::normalized;
  bool sys_attrs = false;
  linked_data::projection projection;
  std::string_view language;              // natural language wanted, as in Accept-Language; empty: all
  std::string_view inline_context;        // JSON text for "@context"; empty: none
  symbol geometry;                        // GeoJSON: the attribute whose value is the geometry
  std::string_view geometry_dataset;      // its instance; empty: the default one
  changes_shown const* changes = nullptr;
  bool shows_deletion = false;            // deletedAt also without sysAttrs
  linked_view const* linked = nullptr;    // in line
  // Set: kinds that came with 1.8 are shown as Property and Relationship, and it says whether there was one. 4.3.6.8
  bool* altered = nullptr;
};

rendering plain_rendering(context const& names);  // normalized, everything

void write_entity(std::string& out, entity const& e, rendering const& r);
// One instance without its name. Among others of its name it is an object in every form but the simplified one.
enum class instance_place { alone, among_others };
void write_instance(std::string& out, attribute const& a, rendering const& r, instance_place where = instance_place::alone);
// The value of an instance as the simplified representation shows it, and as temporal values hold it.
void write_simple_value(std::string& out, attribute const& a, rendering const& r);
// `"value": …` with the name the kind has for it.
void write_value_member(std::string& out, attribute const& a, rendering const& r);
std::string_view value_member(attribute_kind k);
// The ids that a relationship points to.
void for_each_target(attribute const& a, std::function<void(std::string_view)> const& visit);
// A GeoJSON Feature. ETSI GS CIM 009, 5.2.29
void write_feature(std::string& out, entity const& e, rendering const& r);

void write_time(std::string& out, timestamp t);  // with its quotes

// The best tag of a languageMap for a wish like "de-DE,de;q=0.9,*;q=0.1"; empty when the map is.
std::string_view choose_language(json::value const& map, std::string_view wish);

}  // namespace dos::linked_data
