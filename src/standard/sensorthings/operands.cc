#include "standard/sensorthings/operands.h"

#include <algorithm>
#include <cmath>

#include "base/fault.h"
#include "base/text.h"
#include "geo/predicate.h"
#include "standard/sensorthings/times.h"

namespace dos::sensorthings {
namespace {

operand null() { return json::value(); }

std::optional<double> number_of_operand(operand const& o) {
  auto const* const v = json_of(o);
  if (v && v->is_number()) return v->as_double();
  if (v && v->is_string()) return text::to_double(v->as_string());
  return std::nullopt;
}

std::optional<span> span_of(operand const& o) {
  if (auto const* const s = std::get_if<span>(&o)) return *s;
  auto const* const v = json_of(o);
  if (v && v->is_string()) return parse_span(v->as_string());
  return std::nullopt;
}

std::string text_of_operand(operand const& o) {
  auto const* const v = json_of(o);
  if (v && v->is_string()) return std::string(v->as_string());
  if (v) return v->is_null() ? std::string() : json::to_string(*v);
  if (auto const* const s = std::get_if<span>(&o)) {
    return s->is_instant ? to_string(s->from) : to_string(s->from) + "/" + to_string(s->to);
  }
  return {};
}

place place_of_operand(operand const& o) {
  if (auto const* const p = std::get_if<place>(&o)) return *p;
  auto const* v = json_of(o);
  if (!v || !v->is_object()) return nullptr;
  if (auto const* const inner = v->find("geometry")) v = inner;
  try {
    return std::make_shared<geo::geometry const>(geo::parse_geojson(*v, {.refuses_self_intersection = false}));
  } catch (fault const&) {
    return nullptr;  // a place in another encoding is nowhere on the map
  }
}

bool before(span const& a, span const& b) { return a.is_instant ? a.from < b.from : a.to <= b.from; }
bool not_after(span const& a, span const& b) { return a.from <= b.from && a.to <= b.to; }
bool within(span const& a, span const& b) {
  if (b.is_instant) return false;
  return a.is_instant ? b.from <= a.from && a.from < b.to : b.from <= a.from && a.to <= b.to;
}
bool overlap(span const& a, span const& b) {
  if (a.is_instant && b.is_instant) return a.from == b.from;
  if (a.is_instant) return within(a, b);
  if (b.is_instant) return within(b, a);
  return a.from < b.to && b.from < a.to;
}

bool relation_of_spans(operation relation, span const& a, span const& b) {
  switch (relation) {
    case operation::equal:
      return a.from == b.from && a.to == b.to;
    case operation::not_equal:
      return a.from != b.from || a.to != b.to;
    case operation::less:
      return before(a, b);
    case operation::greater:
      return before(b, a);
    case operation::less_equal:
      return not_after(a, b);
    case operation::greater_equal:
      return not_after(b, a);
    default:
      return false;
  }
}

// Years, months … of a moment, UTC, from its text "yyyy-MM-ddThh:mm:ss".
std::string parts_of_time(timestamp t) { return to_string(t); }
int digits(std::string const& text, std::size_t at, std::size_t n) {
  auto const i = text::to_int(std::string_view(text).substr(at, n));
  return i ? int(*i) : 0;
}

std::size_t characters(std::string_view s) {
  return std::size_t(std::count_if(s.begin(), s.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}
// Byte of the n-th character.
std::size_t byte_of(std::string_view s, std::int64_t n) {
  auto i = std::size_t(0);
  for (; i < s.size(); ++i) {
    if ((s[i] & 0xc0) != 0x80 && n-- <= 0) break;
  }
  return i;
}

std::string cased(std::string s, bool upper) {
  for (auto i = std::size_t(0); i < s.size(); ++i) {
    auto& c = s[i];
    if (upper && c >= 'a' && c <= 'z') c = char(c - 32);
    if (!upper && c >= 'A' && c <= 'Z') c = char(c + 32);
    // Latin-1 letters: C3 80…9E and C3 A0…BE.
    if (c == '\xc3' && i + 1 < s.size()) {
      auto& d = s[i + 1];
      auto const u = static_cast<unsigned char>(d);
      if (upper && u >= 0xa0 && u <= 0xbe && u != 0xb7) d = char(u - 0x20);
      if (!upper && u >= 0x80 && u <= 0x9e && u != 0x97) d = char(u + 0x20);
    }
  }
  return s;
}

operand calculate(operation what, operand const& a, operand const& b) {
  auto const minus = what == operation::minus;
  auto const shift = [&](span s, double us) -> operand {
    auto const by = std::int64_t(minus ? -us : us);
    return span{s.from + by, s.to + by, s.is_instant};
  };
  auto const* const duration_a = std::get_if<elapsed>(&a);
  auto const* const duration_b = std::get_if<elapsed>(&b);
  if (what == operation::plus || minus) {
    if (duration_a && duration_b)
      return elapsed{minus ? duration_a->us - duration_b->us : duration_a->us + duration_b->us};
    if (duration_b) {
      if (auto const s = span_of(a)) return shift(*s, duration_b->us);
      return null();
    }
    if (duration_a && !minus) {
      if (auto const s = span_of(b)) return shift(*s, duration_a->us);
      return null();
    }
    auto const* const literal_time = std::get_if<span>(&b);
    if (minus && (literal_time || std::get_if<span>(&a))) {
      auto const left = span_of(a), right = span_of(b);
      if (left && right && left->is_instant && right->is_instant) return elapsed{double(left->from - right->from)};
      return null();
    }
  }
  auto const x = number_of_operand(a), y = number_of_operand(b);
  if (duration_a && y && what == operation::times) return elapsed{duration_a->us * *y};
  if (duration_b && x && what == operation::times) return elapsed{duration_b->us * *x};
  if (duration_a && y && what == operation::divided && *y != 0) return elapsed{duration_a->us / *y};
  if (!x || !y) return null();
  auto result = 0.0;
  switch (what) {
    case operation::plus:
      result = *x + *y;
      break;
    case operation::minus:
      result = *x - *y;
      break;
    case operation::times:
      result = *x * *y;
      break;
    case operation::divided:
      result = *x / *y;
      break;
    case operation::modulo:
      result = std::fmod(*x, *y);
      break;
    default:
      break;
  }
  return std::isfinite(result) ? json::value(result) : json::value();
}

std::optional<geo::relation> spatial_relation(std::string_view function) {
  if (function == "geo.intersects") return geo::relation::intersects;
  if (function == "st_within") return geo::relation::within;
  if (function == "st_contains") return geo::relation::contains;
  return function.starts_with("st_") ? geo::parse_relation(function.substr(3)) : std::nullopt;
}

operand spatial(std::string_view name, std::vector<operand> const& a) {
  auto const left = place_of_operand(a[0]);
  if (name == "geo.length") return left ? json::value(geo::length_degrees(*left)) : json::value();
  auto const right = place_of_operand(a[1]);
  if (!left || !right || left->is_empty() || right->is_empty()) return null();
  if (name == "geo.distance") return json::value(geo::distance_degrees(*left, *right));
  if (name == "st_relate") return json::value(geo::relates(*left, *right, text_of_operand(a[2])));
  auto const r = spatial_relation(name);
  if (left->shape() == geo::shape::collection) return json::value(false);
  return json::value(geo::spatial_query({.relation = *r, .geometry = *right}).matches(*left));
}

operand temporal(std::string_view name, operand const& a, operand const& b) {
  auto const left = span_of(a), right = span_of(b);
  if (!left || !right) return json::value(false);
  if (name == "before") return json::value(before(*left, *right));
  if (name == "after") return json::value(before(*right, *left));
  if (name == "meets") return json::value(left->to == right->from || left->from == right->to);
  if (name == "during") return json::value(within(*left, *right));
  if (name == "overlaps") return json::value(overlap(*left, *right));
  if (name == "starts") return json::value(left->from == right->from);
  return json::value(left->to == right->to);  // finishes
}

operand textual(std::string_view name, std::vector<operand> const& a) {
  if (is_null(a[0])) return null();
  auto const first = text_of_operand(a[0]);
  if (name == "length") return json::value(std::int64_t(characters(first)));
  if (name == "tolower" || name == "toupper") return json::value(cased(first, name == "toupper"));
  if (name == "trim") return json::value(text::trim(first));
  if (is_null(a[1])) return null();
  if (name == "substring") {
    auto const from = number_of_operand(a[1]);
    if (!from) return null();
    auto const start = byte_of(first, std::int64_t(*from));
    auto rest = first.substr(start);
    if (a.size() == 3) {
      auto const n = number_of_operand(a[2]);
      if (n) rest = rest.substr(0, byte_of(rest, std::int64_t(*n)));
    }
    return json::value(rest);
  }
  auto const second = text_of_operand(a[1]);
  if (name == "concat") return json::value(first + second);
  if (name == "substringof") return json::value(second.find(first) != second.npos);
  if (name == "contains") return json::value(first.find(second) != first.npos);
  if (name == "startswith") return json::value(first.starts_with(second));
  if (name == "endswith") return json::value(first.ends_with(second));
  auto const at = first.find(second);  // indexof
  return json::value(at == first.npos ? std::int64_t(-1)
                                      : std::int64_t(characters(std::string_view(first).substr(0, at))));
}

operand calendar(std::string_view name, operand const& a) {
  auto const s = span_of(a);
  if (!s) return null();
  auto const text = parts_of_time(s->from);
  if (name == "year") return json::value(digits(text, 0, 4));
  if (name == "month") return json::value(digits(text, 5, 2));
  if (name == "day") return json::value(digits(text, 8, 2));
  if (name == "hour") return json::value(digits(text, 11, 2));
  if (name == "minute") return json::value(digits(text, 14, 2));
  if (name == "second") return json::value(digits(text, 17, 2));
  if (name == "totaloffsetminutes") return json::value(0);
  if (name == "fractionalseconds") {
    auto const us = s->from.us % us_per_second;
    return json::value(double(us < 0 ? us + us_per_second : us) / us_per_second);
  }
  if (name == "time") return json::value(text.substr(11, 8));
  auto const midnight = *parse_timestamp(text.substr(0, 10) + "T00:00:00Z");  // date
  return span{midnight, midnight, true};
}

operand rounded(std::string_view name, operand const& a) {
  auto const n = number_of_operand(a);
  if (!n) return null();
  auto const d = name == "round" ? std::round(*n) : name == "floor" ? std::floor(*n) : std::ceil(*n);
  return json::value(d);
}

bool is_spatial(std::string_view name) { return name.starts_with("geo.") || name.starts_with("st_"); }
bool is_temporal(std::string_view name) {
  for (auto const t : {"before", "after", "meets", "during", "overlaps", "starts", "finishes"}) {
    if (name == t) return true;
  }
  return false;
}
bool is_calendar(std::string_view name) {
  for (auto const t : {"year", "month", "day", "hour", "minute", "second", "fractionalseconds", "date", "time",
                       "totaloffsetminutes"}) {
    if (name == t) return true;
  }
  return false;
}

}  // namespace

json::value const* json_of(operand const& o) { return std::get_if<json::value>(&o); }
bool is_null(operand const& o) {
  auto const* const v = json_of(o);
  return v && v->is_null();
}
bool is_true(operand const& o) {
  auto const* const v = json_of(o);
  return v && v->is_bool() && v->as_bool();
}

operand arithmetic(operation what, operand const& a, operand const& b) { return calculate(what, a, b); }

operand call_function(std::string_view name, std::vector<operand> const& a) {
  if (is_spatial(name)) return spatial(name, a);
  if (is_temporal(name)) return temporal(name, a[0], a[1]);
  if (is_calendar(name)) return calendar(name, a[0]);
  if (name == "round" || name == "floor" || name == "ceiling") return rounded(name, a[0]);
  return textual(name, a);
}

std::partial_ordering compare(operand const& a, operand const& b) {
  using order = std::partial_ordering;
  if (auto const* x = std::get_if<elapsed>(&a), *y = std::get_if<elapsed>(&b); x && y) return x->us <=> y->us;
  auto const *x = json_of(a), *y = json_of(b);
  if (!x || !y) return order::unordered;
  if (x->is_number() && y->is_number()) {
    if (x->is_int() && y->is_int()) return x->as_int() <=> y->as_int();
    return x->as_double() <=> y->as_double();
  }
  if (x->is_bool() && y->is_bool()) return int(x->as_bool()) <=> int(y->as_bool());
  if (x->is_string() && y->is_string()) return x->as_string() <=> y->as_string();
  if ((x->is_number() && y->is_string()) || (x->is_string() && y->is_number())) {
    auto const p = number_of_operand(a), q = number_of_operand(b);
    if (p && q) return *p <=> *q;
    return text_of_operand(a) <=> text_of_operand(b);
  }
  return order::unordered;
}

bool holds(operation relation, operand const& a, operand const& b) {
  if (is_null(a) || is_null(b)) {
    auto const same = is_null(a) && is_null(b);
    return relation == operation::equal ? same : relation == operation::not_equal && !same;
  }
  if (std::get_if<span>(&a) || std::get_if<span>(&b)) {
    auto const left = span_of(a), right = span_of(b);
    return left && right && relation_of_spans(relation, *left, *right);
  }
  if (std::get_if<place>(&a) || std::get_if<place>(&b)) {
    auto const left = place_of_operand(a), right = place_of_operand(b);
    auto const same = left && right && *left == *right;
    return relation == operation::equal ? same : relation == operation::not_equal && !same;
  }
  auto const c = compare(a, b);
  switch (relation) {
    case operation::equal:
      if (c == std::partial_ordering::unordered && json_of(a) && json_of(b)) return *json_of(a) == *json_of(b);
      return c == 0;
    case operation::not_equal:
      if (c == std::partial_ordering::unordered && json_of(a) && json_of(b)) return !(*json_of(a) == *json_of(b));
      return c != 0;
    case operation::less:
      return c < 0;
    case operation::less_equal:
      return c <= 0;
    case operation::greater:
      return c > 0;
    case operation::greater_equal:
      return c >= 0;
    default:
      return false;
  }
}

std::strong_ordering sort(operand const& a, operand const& b) {
  auto const rank = [](operand const& o) {
    if (is_null(o)) return 0;
    auto const* const v = json_of(o);
    return !v ? 3 : v->is_bool() ? 1 : v->is_number() ? 2 : 4;
  };
  if (auto const c = rank(a) <=> rank(b); c != 0) return c;
  if (auto const* x = std::get_if<span>(&a), *y = std::get_if<span>(&b); x && y) {
    if (auto const c = x->from <=> y->from; c != 0) return c;
    return x->to <=> y->to;
  }
  auto const c = compare(a, b);
  return c < 0 ? std::strong_ordering::less : c > 0 ? std::strong_ordering::greater : std::strong_ordering::equal;
}

}  // namespace dos::sensorthings
