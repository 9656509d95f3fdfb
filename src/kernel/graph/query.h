// The one query tree behind every query language: NGSI-LD q and geoQ, SensorThings $filter, CQL2, ODSQL; subscriptions
// and rules use the same tree.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/symbol.h"
#include "geo/predicate.h"
#include "kernel/graph/entity.h"

namespace dos::query {

// Where a value stands: attribute, then attributes of the attribute, then a path into the JSON value. `field` is what
// is compared there.
struct path {
  enum class field { value, observed_at, created_at, modified_at, unit, dataset, provenance, id, type, scope };

  symbol attribute;                   // empty for entity fields (id, type, scope, created_at, modified_at)
  std::vector<symbol> sub_attributes;
  std::vector<std::string> trail;     // members; a number as text indexes an array
  query::path::field what = field::value;
  bool of_old = false;                // of the image before the change: $old.x; only in conditions (kernel/model/condition.h)
};

enum class relation { equal, not_equal, less, less_equal, greater, greater_equal, matches, not_matches, contains_text };

// A lower and an upper bound, both included.
struct range {
  json::value from, to;
};
// Compiled with limits; never takes exponential time (RE2-like subset through std or own matcher, see pattern.h).
class pattern;

// What only the moment of asking tells. Bound by model::condition before anything is matched; unbound it equals nothing.
struct variable {
  enum class name { me, my_organisations, now, old };
  variable::name what = name::me;
  std::int64_t offset_us = 0;  // now
  path of_old;                 // old
};

// value: one literal; list: any of them (equal) or none of them (not_equal).
using operand = std::variant<json::value, range, std::vector<std::variant<json::value, range>>, std::shared_ptr<pattern const>, variable>;

struct node;
using node_ptr = std::shared_ptr<node const>;

// How somebody sees entities: a part of them, or nothing.
class lens {
 public:
  virtual ~lens() = default;
  virtual bool reads(entity const& e) const = 0;
  virtual bool shows(entity const& e, symbol attribute) const = 0;  // of one that it reads
  virtual timestamp modified_at(entity const& e) const = 0;         // as far as it shows
};
using lens_ptr = std::shared_ptr<lens const>;

struct node {
  enum class kind { all, any, none, compare, exists, geo, text };

  node::kind what = kind::all;
  std::vector<node_ptr> children;  // all: every, any: at least one, none: not one
  query::path path;                // compare, exists
  query::relation relation = relation::equal;
  query::operand operand;
  bool folded = false;             // compare texts without regard to case
  std::shared_ptr<geo::spatial_query const> spatial;  // geo: of the geo attribute `path.attribute`
  std::vector<std::string> words;                     // text: every word occurs in id, name, title or description (folded)
  lens_ptr through;                                   // what it does not show is not there; null: all is
};

node_ptr all(std::vector<node_ptr> children);
node_ptr any(std::vector<node_ptr> children);
node_ptr none(node_ptr child);
node_ptr compare(path p, relation r, operand o);
node_ptr exists(path p);
node_ptr spatial(symbol geo_attribute, std::shared_ptr<geo::spatial_query const> q);
node_ptr text(std::vector<std::string> words);

// A type selection: alternatives of conjunctions, "(A;B),C" = {{A, B}, {C}}; empty = any type.
using type_selection = std::vector<std::vector<symbol>>;

// Entities that one of these names; each part empty = any.
struct selector {
  std::vector<std::string> ids;
  std::shared_ptr<pattern const> id_pattern;
  type_selection types;
};

struct order_by {
  query::path path;
  bool descending = false;
  std::shared_ptr<geo::geometry const> near = {};  // set: order by distance of the geo attribute from here
  bool folded = false;                        // texts by their letters, without regard to case and accents
  lens_ptr through = {};
};

struct query {
  std::vector<selector> selectors;   // any of them; empty = every entity
  std::vector<symbol> attributes;    // entities that have at least one of these
  std::vector<std::string> scopes;   // scope expressions: "/a/b", "/a/+", "/a/#"; any of them
  node_ptr filter;                   // may be null
  std::vector<order_by> order;       // then by id; without it in the order of creation
  std::size_t offset = 0;
  std::size_t limit = 20;
  bool count = false;                // also say how many match in total
  bool with_deleted = false;         // entities of which only the history is left, too
  lens_ptr through;                  // entities that it does not read are not there; null: all are
  symbol settled;                    // for entities of this type alone `filter` says what `through` would say
};

bool matches(type_selection const& types, entity const& e);
bool matches(selector const& s, entity const& e);
bool matches(node const& n, entity const& e);
bool matches(query const& q, entity const& e);  // everything but order, offset and limit

// The values at a path: an attribute may have several (datasets).
void for_each_value(path const& p, entity const& e, std::vector<json::value>& out);

}  // namespace dos::query
