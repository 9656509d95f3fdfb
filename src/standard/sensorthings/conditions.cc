#include "standard/sensorthings/conditions.h"

#include <algorithm>

#include "base/text.h"
#include "geo/predicate.h"
#include "kernel/city/city.h"
#include "standard/sensorthings/operands.h"
#include "standard/sensorthings/reader.h"

namespace dos::sensorthings {
namespace {

constexpr std::size_t prefixes_max = 50;

using literals = std::vector<std::variant<json::value, query::range>>;

bool is_comparison(operation o) { return o >= operation::equal && o <= operation::greater_equal; }

// The path from what the variable stands for on; without a variable from the entity itself.
std::optional<std::vector<std::string>> unbound(std::vector<std::string> const& path, std::string_view variable) {
  auto const& first = path[0];
  if (variable.empty()) return first.starts_with('$') ? std::nullopt : std::optional(path);
  if (path.size() < 2 || !first.starts_with('$') || first.substr(1) != variable) return std::nullopt;
  return std::vector(path.begin() + 1, path.end());
}
std::optional<std::vector<std::string>> path_of(expression const& e, std::string_view variable) {
  return e.what == operation::path ? unbound(e.path, variable) : std::nullopt;
}

json::value const* literal_of(expression const& e) {
  auto const* const v = e.what == operation::literal ? json_of(e.literal) : nullptr;
  return v && !v->is_null() ? v : nullptr;
}
place area_of(expression const& e) {
  auto const* const p = e.what == operation::literal ? std::get_if<place>(&e.literal) : nullptr;
  return p ? *p : nullptr;
}

std::optional<question> read_call(expression const& e, std::string_view variable) {
  auto q = question();
  auto const part = [&](std::size_t i) -> expression const& { return *e.parts[i]; };
  auto const is_of_text =
      e.name == "startswith" || e.name == "endswith" || e.name == "contains" || e.name == "substringof";
  if (is_of_text) {
    auto const whole = e.name == "substringof" ? 1u : 0u;
    auto const path = path_of(part(whole), variable);
    auto const* const text = literal_of(part(1 - whole));
    if (!path || !text || !text->is_string()) return std::nullopt;
    q.form = e.name == "startswith" ? question::form::starts : question::form::contains;
    q.path = *path;
    q.values = {*text};
    return q;
  }
  // All of them say that both have a point in common.
  for (auto const name : {"st_equals", "st_touches", "st_within", "st_overlaps", "st_crosses", "st_intersects",
                          "st_contains", "geo.intersects"}) {
    if (e.name != name) continue;
    auto const path = path_of(part(0), variable), other = path_of(part(1), variable);
    q.form = question::form::meets;
    q.area = path ? area_of(part(1)) : area_of(part(0));
    if (!q.area || q.area->is_empty() || (!path && !other)) return std::nullopt;
    q.path = path ? *path : *other;
    return q;
  }
  return std::nullopt;
}

// "geo.distance(PATH, PLACE) lt 0.1": within a box around the place.
std::optional<question> read_distance(expression const& e, std::string_view variable) {
  auto const near = e.what == operation::less || e.what == operation::less_equal;
  auto const* const most = literal_of(*e.parts[1]);
  auto const& call = *e.parts[0];
  if (!near || !most || !most->is_number() || call.what != operation::call || call.name != "geo.distance")
    return std::nullopt;
  auto const first = path_of(*call.parts[0], variable), second = path_of(*call.parts[1], variable);
  auto const from = first ? area_of(*call.parts[1]) : area_of(*call.parts[0]);
  auto const d = most->as_double();
  if (!from || from->is_empty() || (!first && !second) || !(d > 0 && d < 90)) return std::nullopt;
  auto const b = from->box();
  auto body = geo::geometry::body();
  body.shape = geo::shape::polygon;
  body.positions = {{b.west - d, b.south - d},
                    {b.east + d, b.south - d},
                    {b.east + d, b.north + d},
                    {b.west - d, b.north + d},
                    {b.west - d, b.south - d}};
  body.line_ends = {5};
  auto q = question();
  q.form = question::form::meets;
  q.path = first ? *first : *second;
  q.area = std::make_shared<geo::geometry const>(std::move(body));
  return q;
}

query::path path_to(symbol attribute, std::vector<std::string> trail = {}) {
  auto p = query::path();
  p.attribute = attribute;
  p.trail = std::move(trail);
  return p;
}
query::path path_to_id() {
  auto p = query::path();
  p.what = query::path::field::id;
  return p;
}

query::node_ptr is_any_of(query::path const& p, literals all) {
  if (all.size() == 1) return query::compare(p, query::relation::equal, std::get<json::value>(all[0]));
  return query::compare(p, query::relation::equal, std::move(all));
}

// A text that the filter names is also equal to a number or a truth that is written so.
std::optional<literals> equal_values(question const& q) {
  auto all = literals();
  for (auto const& v : q.values) {
    auto const is_text = v.is_string();
    // "in" takes a text for the number that it says.
    if ((!is_text && !v.is_number() && !v.is_bool()) || (q.form == question::form::is_in && !is_text))
      return std::nullopt;
    all.emplace_back(v);
    if (!is_text) continue;
    if (auto const i = text::to_int(v.as_string())) all.emplace_back(json::value(*i));
    if (auto const d = text::to_double(v.as_string())) all.emplace_back(json::value(*d));
    if (v.as_string() == "true" || v.as_string() == "false") all.emplace_back(json::value(v.as_string() == "true"));
  }
  return all;
}

bool asks_equal(question const& q) {
  return q.form == question::form::is_in || (q.form == question::form::relation && q.relation == operation::equal);
}
// What a text of the graph is when it reads like one of these texts.
std::optional<literals> equal_names(question const& q) {
  auto const is_text = [](json::value const& v) { return v.is_string() && !v.as_string().empty(); };
  return asks_equal(q) && std::all_of(q.values.begin(), q.values.end(), is_text) ? equal_values(q) : std::nullopt;
}

}  // namespace

std::optional<question> read_question(expression const& e, std::string_view variable) {
  if (e.what == operation::call) return read_call(e, variable);
  if (e.what == operation::is_in) {
    auto const path = path_of(*e.parts[0], variable);
    if (!path || e.parts[1]->what != operation::list) return std::nullopt;
    auto q =
        question{.form = question::form::is_in, .path = *path, .relation = operation::equal, .values = {}, .area = {}};
    for (auto const& p : e.parts[1]->parts) {
      auto const* const v = literal_of(*p);
      if (!v) return std::nullopt;
      q.values.push_back(*v);
    }
    return q;
  }
  if (!is_comparison(e.what)) return std::nullopt;
  if (e.parts[0]->what == operation::call) {
    auto const* const truth = literal_of(*e.parts[1]);
    if (e.what == operation::equal && truth && truth->is_bool() && truth->as_bool())
      return read_call(*e.parts[0], variable);
    return read_distance(e, variable);
  }
  auto const c = read_comparison(e);
  auto const path = c ? unbound(*c->path, variable) : std::nullopt;
  auto const* const v = c ? json_of(*c->literal) : nullptr;
  if (!path || !v || v->is_null()) return std::nullopt;
  return question{
      .form = question::form::relation, .path = *path, .relation = c->relation, .values = {*v}, .area = {}};
}

query::node_ptr conditions::of(kind k, expression const& e, std::string_view variable) const {
  if (e.what == operation::both || e.what == operation::either) {
    auto parts = std::vector<query::node_ptr>();
    for (auto const& p : e.parts) {
      if (auto n = of(k, *p, variable)) parts.push_back(std::move(n));
    }
    if (e.what == operation::either && parts.size() < e.parts.size()) return nullptr;
    if (parts.empty()) return nullptr;
    return e.what == operation::both ? query::all(std::move(parts)) : query::any(std::move(parts));
  }
  auto const q = read_question(e, variable);
  return q ? of(k, *q) : nullptr;
}

query::node_ptr conditions::of(kind k, question const& q) const {
  if (k == kind::datastream || k == kind::multi_datastream || k == kind::historical_location || k == kind::observation)
    return nullptr;
  auto const& property = q.path[0];
  if (property == "properties") return of_member(k, q);
  if (q.path.size() > 1) return nullptr;
  if (property == "name") return of_name(k, q);
  if ((property == "location" || property == "feature") && q.form == question::form::meets) return of_place(q);
  if (property == "definition") {
    auto const texts = equal_names(q);
    return texts ? is_any_of(path_to(words_.definition), *texts) : nullptr;
  }
  return nullptr;
}

query::node_ptr conditions::of_name(kind k, question const& q) const {
  auto const values = equal_names(q);
  if (!values) return nullptr;
  auto all = *values;
  for (auto const& v : q.values) {
    auto const name = v.as_string();
    if (k == kind::sensor && name.starts_with(source_name_stem))
      all.emplace_back(json::value(name.substr(source_name_stem.size())));
  }
  auto any = std::vector<query::node_ptr>();
  for (auto const& p : {path_to(words_.name), path_to(words_.other_name), path_to_id()})
    any.push_back(is_any_of(p, all));
  return query::any(std::move(any));
}

std::vector<query::query> conditions::of_text_in_name(kind k, question const& q) const {
  auto const searches = q.form == question::form::starts || q.form == question::form::contains;
  if (!searches || k == kind::sensor) return {};  // which may begin with "Source of "
  auto by_words = query::query();
  by_words.filter = query::text({std::string(q.values[0].as_string())});
  if (by_words.filter->words.empty()) return {};
  // What has no name is called by its id, of which the index of words has but the end.
  auto by_id = query::query();
  by_id.filter = query::compare(path_to_id(), query::relation::contains_text, q.values[0]);
  for (auto const& [type, count] : own_.types()) {
    auto const is_named = [this, n = count](auto const& a) {
      return a.second == n && (a.first == words_.name || a.first == words_.other_name);
    };
    auto const attributes = own_.attributes_of(type);
    if (std::none_of(attributes.begin(), attributes.end(), is_named))
      by_id.selectors.push_back({.ids = {}, .id_pattern = {}, .types = {{type}}});
  }
  auto all = std::vector{std::move(by_words)};
  if (!by_id.selectors.empty()) all.push_back(std::move(by_id));
  return all;
}

// Derived datastreams are called "NAME ATTRIBUTE" and "NAME ATTRIBUTE (DATASET)".
query::node_ptr conditions::of_derived_name(question const& q) const {
  auto const starts = q.form == question::form::starts;
  if (!starts && !equal_names(q)) return nullptr;
  auto names = literals();
  for (auto const& v : q.values) {
    auto const text = v.as_string();
    for (auto at = text.find(' '); at != text.npos; at = text.find(' ', at + 1))
      names.emplace_back(json::value(text.substr(0, at)));
  }
  if (names.size() > prefixes_max) return nullptr;
  auto any = std::vector<query::node_ptr>();
  for (auto const& p : {path_to(words_.name), path_to(words_.other_name), path_to_id()}) {
    if (!names.empty()) any.push_back(is_any_of(p, names));
  }
  return query::any(std::move(any));
}

std::vector<symbol> conditions::attributes_called(std::string_view term) const {
  auto found = std::vector<symbol>();
  for (auto const& [type, n] : own_.types()) {
    for (auto const& [name, m] : own_.attributes_of(type)) {
      if (words_.term(name) == term && std::find(found.begin(), found.end(), name) == found.end())
        found.push_back(name);
    }
  }
  return found;
}

query::node_ptr conditions::of_member(kind k, question const& q) const {
  if (q.path.size() < 2) return nullptr;
  auto values = asks_equal(q) ? equal_values(q) : std::nullopt;
  auto const has_order = q.form == question::form::relation && q.relation >= operation::less &&
                         q.relation <= operation::greater_equal && q.values[0].is_number();
  if (!values && !has_order) return nullptr;
  static constexpr query::relation orders[] = {query::relation::less, query::relation::less_equal,
                                               query::relation::greater, query::relation::greater_equal};
  auto any = std::vector<query::node_ptr>();
  auto const ask = [&](query::path const& p) {
    any.push_back(values
                      ? is_any_of(p, *values)
                      : query::compare(p, orders[std::size_t(q.relation) - std::size_t(operation::less)], q.values[0]));
  };
  auto const& member = q.path[1];
  ask(path_to(words_.properties, {q.path.begin() + 1, q.path.end()}));
  if (k != kind::thing) {
    if (member == "thing" && values) ask(path_to_id());  // what a derived one follows from
    return query::any(std::move(any));
  }
  // Attributes that are no measurements stand among the properties of a thing.
  if (member == "type") return nullptr;
  if (member == "id" && values) ask(path_to_id());
  for (auto const name : attributes_called(member)) ask(path_to(name, {q.path.begin() + 2, q.path.end()}));
  return query::any(std::move(any));
}

query::node_ptr conditions::of_place(question const& q) const {
  auto const meets = query::spatial(
      words_.location, std::make_shared<geo::spatial_query const>(
                           geo::spatial_query({.relation = geo::relation::intersects, .geometry = *q.area})));
  // A place in an encoding of its own may be a geometry all the same.
  auto has_others = false;
  for (auto const type : {words_.location_type, words_.feature}) {
    for (auto const& [name, n] : own_.attributes_of(type)) has_others = has_others || name == words_.document;
  }
  if (!has_others) return meets;
  return query::any({meets, query::exists(path_to(words_.document))});
}

}  // namespace dos::sensorthings
