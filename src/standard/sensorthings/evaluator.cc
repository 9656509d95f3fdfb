#include "standard/sensorthings/evaluator.h"

#include <algorithm>
#include <cmath>

#include "base/fault.h"
#include "base/text.h"
#include "geo/predicate.h"
#include "standard/sensorthings/times.h"

namespace dos::sensorthings {
namespace {

json::value const* json_of(operand const& o) { return std::get_if<json::value>(&o); }
bool is_null(operand const& o) {
  auto const* const v = json_of(o);
  return v && v->is_null();
}
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
    case operation::equal: return a.from == b.from && a.to == b.to;
    case operation::not_equal: return a.from != b.from || a.to != b.to;
    case operation::less: return before(a, b);
    case operation::greater: return before(b, a);
    case operation::less_equal: return not_after(a, b);
    case operation::greater_equal: return not_after(b, a);
    default: return false;
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

operand arithmetic(operation what, operand const& a, operand const& b) {
  auto const minus = what == operation::minus;
  auto const shift = [&](span s, double us) -> operand {
    auto const by = std::int64_t(minus ? -us : us);
    return span{s.from + by, s.to + by, s.is_instant};
  };
  auto const* const duration_a = std::get_if<elapsed>(&a);
  auto const* const duration_b = std::get_if<elapsed>(&b);
  if (what == operation::plus || minus) {
    if (duration_a && duration_b) return elapsed{minus ? duration_a->us - duration_b->us : duration_a->us + duration_b->us};
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
    case operation::plus: result = *x + *y; break;
    case operation::minus: result = *x - *y; break;
    case operation::times: result = *x * *y; break;
    case operation::divided: result = *x / *y; break;
    case operation::modulo: result = std::fmod(*x, *y); break;
    default: break;
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
  return json::value(at == first.npos ? std::int64_t(-1) : std::int64_t(characters(std::string_view(first).substr(0, at))));
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
  for (auto const t : {"year", "month", "day", "hour", "minute", "second", "fractionalseconds", "date", "time", "totaloffsetminutes"}) {
    if (name == t) return true;
  }
  return false;
}

bool is_true(operand const& o) {
  auto const* const v = json_of(o);
  return v && v->is_bool() && v->as_bool();
}

}  // namespace

std::partial_ordering compare(operand const& a, operand const& b) {
  using order = std::partial_ordering;
  if (auto const *x = std::get_if<elapsed>(&a), *y = std::get_if<elapsed>(&b); x && y) return x->us <=> y->us;
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
    case operation::less: return c < 0;
    case operation::less_equal: return c <= 0;
    case operation::greater: return c > 0;
    case operation::greater_equal: return c >= 0;
    default: return false;
  }
}

std::strong_ordering sort(operand const& a, operand const& b) {
  auto const rank = [](operand const& o) {
    if (is_null(o)) return 0;
    if (auto const* const v = json_of(o)) return v->is_bool() ? 1 : v->is_number() ? 2 : v->is_string() ? 4 : 5;
    return std::get_if<span>(&o) ? 3 : 5;
  };
  if (auto const c = rank(a) <=> rank(b); c != 0) return c;
  if (auto const *x = std::get_if<span>(&a), *y = std::get_if<span>(&b); x && y) {
    if (auto const c = x->from <=> y->from; c != 0) return c;
    return x->to <=> y->to;
  }
  auto const c = compare(a, b);
  if (c < 0) return std::strong_ordering::less;
  if (c > 0) return std::strong_ordering::greater;
  return std::strong_ordering::equal;
}

namespace {

// Whether two values of a comparison relate; nothing where they can't be compared. `eq null` asks whether something is there;
// a text beside a number or a truth is compared with how that is written, but a number that the filter names only with numbers.
std::optional<bool> related(expression const& comparison, operand const& a, operand const& b) {
  auto const is_named = [&](std::size_t side) { return comparison.parts[side]->what == operation::literal; };
  if (is_null(a) || is_null(b)) {
    auto const asks = (is_named(0) && is_null(a)) || (is_named(1) && is_null(b));
    auto const is_presence = comparison.what == operation::equal || comparison.what == operation::not_equal;
    if (!asks || !is_presence) return std::nullopt;
    return (is_null(a) && is_null(b)) == (comparison.what == operation::equal);
  }
  auto const *x = json_of(a), *y = json_of(b);
  if (!x || !y || x->is_string() == y->is_string()) return holds(comparison.what, a, b);
  auto const& other = x->is_string() ? *y : *x;
  if (!other.is_number() && !other.is_bool()) return std::nullopt;
  if (is_named(x->is_string() ? 1 : 0)) return std::nullopt;
  auto const written = json::value(json::to_string(other));
  return x->is_string() ? holds(comparison.what, a, written) : holds(comparison.what, written, b);
}

}  // namespace

bool evaluator::holds(expression const& e, item const& i) const { return truth(e, i, {}) == true; }

operand evaluator::key_of(expression const& e, item const& i) const {
  auto const found = all_of(e, i, {});
  if (found.empty()) return null();
  auto key = found.front();
  // Times are kept as text in a property: in order they are points in time.
  if (auto const* const v = json_of(key); v && v->is_string() && v->as_string().size() >= 20 && v->as_string()[4] == '-') {
    if (auto const s = parse_span(v->as_string())) return *s;
  }
  return key;
}

std::optional<bool> evaluator::truth(expression const& e, item const& i, variables const& bound) const {
  switch (e.what) {
    case operation::either:
    case operation::both: {
      auto const decides = e.what == operation::either;
      auto const a = truth(*e.parts[0], i, bound);
      if (a == decides) return a;
      auto const b = truth(*e.parts[1], i, bound);
      if (b == decides) return b;
      return a && b ? std::optional(!decides) : std::nullopt;
    }
    case operation::negate: {
      auto const inner = truth(*e.parts[0], i, bound);
      return inner ? std::optional(!*inner) : std::nullopt;
    }
    case operation::any_of:
    case operation::all_of: {
      auto const wanted = e.what == operation::any_of;
      auto const found = any_at(i, i, e.path, 0, e, wanted, bound);
      return wanted ? found : !found;
    }
    case operation::is_in: {
      auto const a = all_of(*e.parts[0], i, bound);
      auto const b = all_of(*e.parts[1], i, bound);
      for (auto const& x : a) {
        for (auto const& y : b) {
          auto const* const list = json_of(y);
          if (list && list->is_array()) {
            for (auto const& z : list->as_array()) {
              if (sensorthings::holds(operation::equal, x, z)) return true;
            }
          } else if (sensorthings::holds(operation::equal, x, y)) {
            return true;
          }
        }
      }
      return false;
    }
    case operation::equal:
    case operation::not_equal:
    case operation::less:
    case operation::less_equal:
    case operation::greater:
    case operation::greater_equal: {
      auto const a = all_of(*e.parts[0], i, bound);
      auto const b = all_of(*e.parts[1], i, bound);
      auto is_known = false;
      for (auto const& x : a) {
        for (auto const& y : b) {
          auto const relates = related(e, x, y);
          if (relates == true) return true;
          is_known = is_known || relates;
        }
      }
      return is_known ? std::optional(false) : std::nullopt;
    }
    default: {
      auto const found = all_of(e, i, bound);
      if (std::any_of(found.begin(), found.end(), is_true)) return true;
      auto const is_false = [](operand const& o) { return json_of(o) && json_of(o)->is_bool(); };
      return std::any_of(found.begin(), found.end(), is_false) ? std::optional(false) : std::nullopt;
    }
  }
}

evaluator::values evaluator::all_of(expression const& e, item const& i, variables const& bound) const {
  switch (e.what) {
    case operation::literal: return {e.literal};
    case operation::path: return at_path(e, i, bound);
    case operation::call: return call(e, i, bound);
    case operation::list: {
      auto all = values();
      for (auto const& p : e.parts) {
        for (auto& v : all_of(*p, i, bound)) all.push_back(std::move(v));
      }
      return all;
    }
    case operation::plus:
    case operation::minus:
    case operation::times:
    case operation::divided:
    case operation::modulo: {
      auto results = values();
      auto const a = all_of(*e.parts[0], i, bound);
      auto const b = all_of(*e.parts[1], i, bound);
      for (auto const& x : a) {
        for (auto const& y : b) results.push_back(arithmetic(e.what, x, y));
      }
      return results;
    }
    default: {
      auto const t = truth(e, i, bound);
      return {t ? json::value(*t) : json::value()};
    }
  }
}

evaluator::values evaluator::at_path(expression const& e, item const& i, variables const& bound) const {
  auto found = values();
  auto at = std::size_t(0);
  auto const* from = &i;
  if (e.path[0].starts_with('$')) {
    auto const name = std::string_view(e.path[0]).substr(1);
    for (auto const& [variable, value] : bound) {
      if (variable == name) from = value;
    }
    at = 1;
    if (e.path.size() == 1) return {json::value(from->id)};
  }
  walk(*from, e.path, at, found);
  if (found.empty()) found.push_back(null());
  return found;
}

void evaluator::walk(item const& i, std::vector<std::string> const& path, std::size_t at, values& out) const {
  auto const* const n = describe(i.what).find_navigation(path[at]);
  if (n && at + 1 == path.size()) {
    // The entity itself stands for its id.
    if (!n->many) {
      if (auto const next = reader_.follow(i, *n)) out.push_back(json::value(next->id));
    } else {
      reader_.for_each(i, *n, {}, [&](item const& next) { return out.push_back(json::value(next.id)), true; });
    }
    return;
  }
  if (n && !n->many) {
    if (auto const next = reader_.follow(i, *n)) walk(*next, path, at + 1, out);
    return;
  }
  if (n) {
    reader_.for_each(i, *n, {}, [&](item const& next) {
      walk(next, path, at + 1, out);
      return true;
    });
    return;
  }
  auto v = reader_.value(i, path[at]);
  for (++at; at < path.size(); ++at) {
    auto next = json::value();
    if (v.is_array()) {
      auto const index = text::to_int(path[at]);
      if (index && *index >= 0 && std::size_t(*index) < v.as_array().size()) next = v.as_array()[std::size_t(*index)];
    } else if (auto const* const inner = v.find(path[at])) {
      next = *inner;
    }
    v = std::move(next);
  }
  auto const* const p = describe(i.what).find_property(path[0]);
  auto const is_time = p && path.size() == 1 && (p->content == content::time || p->content == content::instant || p->content == content::interval);
  if (is_time && v.is_string()) {
    if (auto const s = parse_span(v.as_string())) {
      out.push_back(*s);
      return;
    }
  }
  out.push_back(std::move(v));
}

// Whether the condition is `wanted` of one that the path leads to.
bool evaluator::any_at(item const& outer, item const& i, std::vector<std::string> const& path, std::size_t at, expression const& e, bool wanted,
                       variables const& bound) const {
  auto const* from = &i;
  if (at == 0 && path[0].starts_with('$')) {
    for (auto const& [variable, value] : bound) {
      if (variable == std::string_view(path[0]).substr(1)) from = value;
    }
    at = 1;
  }
  if (at == path.size()) {
    auto inner = bound;
    inner.emplace_back(e.name, from);
    return truth(*e.parts[0], outer, inner) == wanted;  // names without a variable are those of the outermost item
  }
  auto const* const n = describe(from->what).find_navigation(path[at]);
  if (!n) return false;
  if (!n->many) {
    auto const next = reader_.follow(*from, *n);
    return next && any_at(outer, *next, path, at + 1, e, wanted, bound);
  }
  auto found = false;
  reader_.for_each(*from, *n, {}, [&](item const& next) {
    found = any_at(outer, next, path, at + 1, e, wanted, bound);
    return !found;
  });
  return found;
}

evaluator::values evaluator::call(expression const& e, item const& i, variables const& bound) const {
  auto const& name = e.name;
  auto const instant = [](timestamp t) { return values{span{t, t, true}}; };
  if (name == "now") return instant(reader_.now());
  if (name == "mindatetime") return instant(timestamp_min);
  if (name == "maxdatetime") return instant(timestamp_max);
  // Every combination of the arguments' values.
  auto arguments = std::vector<std::vector<operand>>(1);
  for (auto const& p : e.parts) {
    auto const found = all_of(*p, i, bound);
    auto more = std::vector<std::vector<operand>>();
    for (auto const& a : arguments) {
      for (auto const& v : found) {
        more.push_back(a);
        more.back().push_back(v);
      }
    }
    arguments = std::move(more);
  }
  auto results = values();
  for (auto const& a : arguments) {
    if (is_spatial(name)) results.push_back(spatial(name, a));
    else if (is_temporal(name)) results.push_back(temporal(name, a[0], a[1]));
    else if (is_calendar(name)) results.push_back(calendar(name, a[0]));
    else if (name == "round" || name == "floor" || name == "ceiling") results.push_back(rounded(name, a[0]));
    else results.push_back(textual(name, a));
  }
  return results;
}

}  // namespace dos::sensorthings
