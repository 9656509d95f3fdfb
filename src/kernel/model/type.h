// What a type declares: attributes, workflow, constraints, numbers, deadlines. Compiled from packages, immutable, shared;
// enforced in the city's sequencer at every mutation, whatever the door (kernel/city/governed_write.h).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/symbol.h"
#include "kernel/graph/pattern.h"
#include "kernel/model/condition.h"

namespace dos::model {

// What a value is; the kind of NGSI-LD attribute follows from it (kind_of).
enum class value_kind : std::uint8_t {
  text,
  multilingual,  // a LanguageProperty
  number,
  integer,
  boolean,
  date,          // "2026-11-30"
  time,          // a moment, ISO 8601 with zone; stored in UTC
  choice,        // one of attribute_rule::choices
  relationship,
  geo,
  file,          // relationship to a file
  person,        // the subject of a principal: text
  json           // anything
};
std::string_view to_text(value_kind k);
std::optional<value_kind> parse_value_kind(std::string_view text);
attribute_kind kind_of(value_kind k);

struct attribute_rule {
  std::string term;  // as packages and refusals say it
  symbol name;
  value_kind is = value_kind::text;
  bool is_list = false;
  bool required = false;   // binds forms, actions and creation by a person; never a device
  bool is_fixed = false;   // once set it stays
  bool is_personal = false;
  bool may_name_people = false;
  bool is_searched = false;
  std::optional<double> min, max;  // both included
  std::size_t length_min = 0;
  std::size_t length_max = 0;      // characters; 0: 10,000
  std::size_t count_max = 0;       // of a list; 0: 1,000
  std::shared_ptr<query::pattern const> pattern;
  std::vector<std::string> choices;
  json::value by_default;          // at creation, where none is given: a literal, "$me" or "$now"; null: none
  std::vector<symbol> to;          // types that a relationship leads to; empty: any
  std::string shape;               // geo: "point", "line", "polygon"; empty: any
  // Only the default instance and no history written by hand: what decides rights, states and constraints. Found out when
  // the type is compiled.
  bool is_guarded = false;
  json::value words;               // as the package says it: title, help, unit …
};

// What a person is asked for with an action: an attribute of the type.
struct asked {
  symbol attribute;
  bool required = false;
};

struct action {
  std::string name;
  std::vector<std::string> from;  // states; empty: from any, also for types without workflow
  std::string to;                 // empty: the state stays
  std::vector<std::string> by;    // roles, and attributes that are persons (whom the attribute names); "timer" for deadlines
  condition when;                 // of the entity before the action
  std::vector<asked> asks;
  std::vector<std::pair<symbol, json::value>> sets;  // literals; "$me" and "$now" are replaced
  bool deletes = false;           // ends with the entity gone
  bool is_for_many = false;       // several entities, all or nothing
  json::value words;
};

// While an entity is in a state, something falls due: `after` its beginning, or at the moment an attribute says, plus `after`.
struct deadline {
  std::string in;                 // a state; empty: in any
  symbol at;                      // an attribute that is a time; empty: since the state was entered
  std::int64_t after_us = 0;
  std::string act;                // an action; empty: a reminder alone
  std::string to;                 // of a reminder: whom: a role, or an attribute that is a person
  bool is_held = false;           // its package is off: it falls due when that is on again
};

struct workflow {
  symbol attribute;
  std::string start;
  std::vector<std::string> states;
  std::vector<std::string> ends;  // states that end it
};

struct constraint {
  enum class kind : std::uint8_t {
    unique,      // no two entities have the same values of `attributes` (if all are there)
    once,        // the same, also when the other is long gone
    no_overlap   // of those with the same `of` (and what stands above and below it) no more than `capacity` at any moment
  };
  kind what = kind::unique;
  std::vector<symbol> attributes;
  symbol of, from, to;            // no_overlap: relationship to a resource, begin (included), end (excluded)
  symbol part_of;                 // of a resource: relationship to the one above; empty: no tree
  symbol takes;                   // how many places an entity takes; empty, or not there: one
  symbol capacity_of;             // of a resource: how many at a time; empty: `capacity`
  std::uint32_t capacity = 1;
  condition only_while;           // entities for which it holds count
  std::string text;               // names it in refusals: "unique: source, sourceId"
};

struct type {
  symbol iri;
  std::string term;
  std::string package;            // its owner
  std::uint32_t version = 0;      // of the registry in which it last changed
  std::vector<attribute_rule> attributes;
  std::map<symbol, std::size_t> places;  // of attributes
  bool is_open = false;           // attributes that are not declared may be there
  std::optional<dos::model::workflow> workflow;
  std::vector<action> actions;
  std::vector<deadline> deadlines;
  std::vector<constraint> constraints;
  symbol number;                  // attribute that holds it; empty: no numbers
  std::string number_pattern;     // "{CITY}-{year}-{n:5}"; or "random"
  json::value words;              // title, description … as the package says
  json::value source;             // the whole model, as the package says

  attribute_rule const* find(symbol attribute) const;
  action const* find_action(std::string_view name) const;
  // Sorts out places and which attributes are guarded. Called once by whoever made it.
  void finish();
};

}  // namespace dos::model
