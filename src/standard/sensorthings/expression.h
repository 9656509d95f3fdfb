// $filter and $orderby as a tree. OGC 18-088, 9.3.3.5
//
// Grammar: or < and < not < comparison, in < add, sub < mul, div, mod < unary minus < primary. A path walks properties,
// members of JSON (a/b, a[1]) and navigations; over a navigation to many it has many values, and a comparison holds if
// it holds for one. `Datastreams/any(d: d/name eq 'x')` binds one of them; `all` is known, too.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "geo/geometry.h"
#include "standard/sensorthings/vocabulary.h"

namespace dos::sensorthings {

// From the first moment up to the second; an instant where both are the same.
struct span {
  timestamp from, to;
  bool is_instant = true;

  bool operator==(span const&) const = default;
};
struct elapsed {
  double us = 0;
};
using place = std::shared_ptr<geo::geometry const>;

// json::value holds null, booleans, numbers, texts, arrays and objects.
using operand = std::variant<json::value, span, elapsed, place>;

enum class operation : std::uint8_t {
  literal,
  path,
  any_of,
  all_of,
  call,
  either,
  both,
  negate,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  is_in,
  plus,
  minus,
  times,
  divided,
  modulo,
  list
};

struct expression;
using expression_ptr = std::shared_ptr<expression const>;

struct expression {
  operation what = operation::literal;
  operand literal;
  std::vector<std::string> path;  // "Datastreams", "properties", "a", "0"
  std::string name;               // of a function, or of the variable of a lambda
  std::vector<expression_ptr> parts;
};

inline constexpr int expression_depth_max = 60;
inline constexpr std::size_t expression_parts_max = 2'000;

// What the names in it are properties of is checked. Faults: malformed with the character, invalid.
expression_ptr parse_filter(std::string_view text, kind of);

struct order_key {
  expression_ptr by;
  bool descending = false;
};
std::vector<order_key> parse_order(std::string_view text, kind of);

// A path that is compared with a literal, read as if it stood first: 5 lt x is x gt 5.
struct compared_path {
  std::vector<std::string> const* path = nullptr;
  operation relation = operation::equal;
  operand const* literal = nullptr;
};
std::optional<compared_path> read_comparison(expression const& e);

// The segments of a path without its operators: "properties/a[1]".
std::vector<std::string> split_path(std::string_view path);

}  // namespace dos::sensorthings
