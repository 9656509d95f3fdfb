#include "kernel/model/shape.h"

#include <algorithm>
#include <cmath>

#include "geo/geometry.h"

namespace dos::model {
namespace {

using problem = std::optional<std::string>;

std::string joined(std::vector<std::string> const& all) {
  auto out = std::string();
  for (auto const& one : all) out += (out.empty() ? "" : ", ") + one;
  return out;
}

std::string number_text(double d) { return json::to_string(d == std::floor(d) && std::abs(d) < 1e15 ? json::value(std::int64_t(d)) : json::value(d)); }

std::size_t characters(std::string_view utf8) {
  return std::size_t(std::count_if(utf8.begin(), utf8.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

problem judge_text(attribute_rule const& r, std::string_view text) {
  auto const longest = r.length_max ? r.length_max : text_length_max;
  if (text.size() < r.length_min || text.size() > longest) {
    auto const length = characters(text);
    if (length > longest) return "has at most " + std::to_string(longest) + " characters, this has " + std::to_string(length);
    if (length < r.length_min) return "has at least " + std::to_string(r.length_min) + " characters";
  }
  if (r.pattern && !r.pattern->found_in(text)) return "has the form " + std::string(r.pattern->source());
  return std::nullopt;
}

problem judge_number(attribute_rule const& r, json::value const& v) {
  if (!v.is_number()) return "is a number";
  if (r.is == value_kind::integer && !v.is_int() && v.as_double() != std::floor(v.as_double())) return "is a whole number";
  auto const d = v.as_double();
  if (r.min && d < *r.min) return "is at least " + number_text(*r.min);
  if (r.max && d > *r.max) return "is at most " + number_text(*r.max);
  return std::nullopt;
}

problem judge_geometry(attribute_rule const& r, json::value const& v) {
  auto const type = v.text_or("type", "");
  if (type.empty()) return "is a GeoJSON geometry";
  if (r.shape.empty()) return std::nullopt;
  auto const fits = (r.shape == "point" && type == "Point") || (r.shape == "line" && type.ends_with("LineString")) ||
                    (r.shape == "polygon" && type.ends_with("Polygon"));
  return fits ? std::nullopt : problem("is a " + r.shape);
}

problem judge_languages(attribute_rule const& r, json::value const& v) {
  if (v.is_string()) return judge_text(r, v.as_string());
  if (!v.is_object()) return "is a text for each language";
  for (auto const& m : v.as_object()) {
    if (!m.value.is_string()) return "is a text for each language";
    if (auto p = judge_text(r, m.value.as_string())) return p;
  }
  return std::nullopt;
}

bool is_date(std::string_view t) { return t.size() == 10 && parse_timestamp(std::string(t) + "T00:00:00Z").has_value(); }

problem judge_one(attribute_rule const& r, json::value const& v) {
  switch (r.is) {
    case value_kind::text: return v.is_string() ? judge_text(r, v.as_string()) : problem("is a text");
    case value_kind::multilingual: return judge_languages(r, v);
    case value_kind::number:
    case value_kind::integer: return judge_number(r, v);
    case value_kind::boolean: return v.is_bool() ? std::nullopt : problem("is true or false");
    case value_kind::date: return v.is_string() && is_date(v.as_string()) ? std::nullopt : problem("is a date: 2026-11-30");
    case value_kind::time:
      return v.is_string() && parse_timestamp(v.as_string()) ? std::nullopt : problem("is a moment: 2026-11-30T09:00:00Z");
    case value_kind::choice:
      if (v.is_string() && std::find(r.choices.begin(), r.choices.end(), v.as_string()) != r.choices.end()) return std::nullopt;
      return "is one of " + joined(r.choices);
    case value_kind::relationship:
    case value_kind::file: return v.is_string() && v.as_string().find(':') != std::string_view::npos ? std::nullopt : problem("is a URI");
    case value_kind::geo: return judge_geometry(r, v);
    case value_kind::person: return v.is_string() && !v.as_string().empty() && v.as_string().size() <= 256 ? std::nullopt : problem("names somebody");
    case value_kind::json: return std::nullopt;
  }
  return std::nullopt;
}

problem judge_all(attribute_rule const& r, json::value const& v) {
  if (!r.is_list) return v.is_array() && r.is != value_kind::json ? problem("is a single value, not a list") : judge_one(r, v);
  if (!v.is_array()) return judge_one(r, v);  // a list of one
  auto const most = r.count_max ? r.count_max : list_count_max;
  if (v.as_array().size() > most) return "has at most " + std::to_string(most) + " values";
  for (auto const& one : v.as_array()) {
    if (auto p = judge_one(r, one)) return p;
  }
  return std::nullopt;
}

bool fits(value_kind is, attribute_kind k) {
  if (k == kind_of(is)) return true;
  switch (is) {
    case value_kind::multilingual: return k == attribute_kind::property;
    case value_kind::json: return k == attribute_kind::json_property || k == attribute_kind::list_property;
    case value_kind::relationship:
    case value_kind::file: return k == attribute_kind::list_relationship;
    case value_kind::choice: return k == attribute_kind::vocab_property;
    default: return k == attribute_kind::list_property && is != value_kind::geo;
  }
}

std::string_view kind_name(attribute_kind k) {
  switch (k) {
    case attribute_kind::relationship: return "a Relationship";
    case attribute_kind::geo_property: return "a GeoProperty";
    case attribute_kind::language_property: return "a LanguageProperty";
    default: return "a Property";
  }
}

fault refusal_of(attribute_rule const& r, std::string const& rule) { return fault(fault_kind::invalid, r.term + " " + rule, r.term); }

}  // namespace

json::value const& plain_value(attribute const& a) {
  auto const* const inner = a.value.find("@value");
  return inner ? *inner : a.value;
}

std::optional<fault> judge_value(attribute_rule const& rule, attribute const& a) {
  if (!fits(rule.is, a.kind)) return refusal_of(rule, "is " + std::string(kind_name(kind_of(rule.is))));
  if (auto p = judge_all(rule, plain_value(a))) return refusal_of(rule, *p);
  return std::nullopt;
}

bool is_out_of_range(attribute_rule const& rule, attribute const& a) {
  if (!rule.min && !rule.max) return false;
  auto const& v = plain_value(a);
  return v.is_number() && ((rule.min && v.as_double() < *rule.min) || (rule.max && v.as_double() > *rule.max));
}

attribute_ptr make_attribute_of(attribute_rule const& rule, json::value given) {
  auto a = attribute();
  a.name = rule.name;
  a.kind = kind_of(rule.is);
  if (rule.is == value_kind::multilingual && given.is_string()) a.kind = attribute_kind::property;
  if (rule.is == value_kind::json) a.kind = attribute_kind::json_property;
  a.provenance = provenance::entered;
  if (rule.is == value_kind::time && given.is_string()) {
    auto const t = parse_timestamp(given.as_string());
    if (!t) throw refusal_of(rule, "is a moment: 2026-11-30T09:00:00Z");
    given = to_string(*t);
  }
  a.value = std::move(given);
  if (auto f = judge_value(rule, a)) throw *f;
  if (rule.is == value_kind::geo && a.geometry().is_empty()) throw refusal_of(rule, "is a GeoJSON geometry");
  return make_attribute(std::move(a));
}

std::optional<timestamp> moment_of(entity const& e, symbol attribute) {
  auto const text = text_of(e, attribute);
  return text.empty() ? std::nullopt : parse_timestamp(text);
}

std::string_view text_of(entity const& e, symbol attribute) {
  for (auto const& a : e.attributes) {
    if (a->name != attribute || a->dataset) continue;
    auto const& v = plain_value(*a);
    if (v.is_string()) return v.as_string();
    if (v.is_array() && v.as_array().size() == 1 && v.as_array()[0].is_string()) return v.as_array()[0].as_string();
    return {};
  }
  return {};
}

bool is_at_an_end(type const& t, entity const& e) {
  if (!t.workflow || t.workflow->ends.empty()) return false;
  auto const state = text_of(e, t.workflow->attribute);
  return std::find(t.workflow->ends.begin(), t.workflow->ends.end(), state) != t.workflow->ends.end();
}

}  // namespace dos::model
