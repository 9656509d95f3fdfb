#include "capability/applications/schema_form.h"

#include <algorithm>

#include "capability/applications/tools.h"
#include "kernel/city/city.h"

namespace dos::applications {
namespace {

using model::value_kind;

json::object schema_of_one(model::attribute_rule const& rule) {
  auto o = json::object();
  switch (rule.is) {
    case value_kind::text:
    case value_kind::person:
      o = {{"type", "string"}, {"maxLength", rule.length_max ? rule.length_max : 10'000}};
      if (rule.length_min) o.push("minLength", rule.length_min);
      if (auto const p = rule.words.text_or("pattern", ""); !p.empty()) o.push("pattern", p);
      break;
    case value_kind::multilingual:
      o = {{"type", "object"}, {"additionalProperties", json::object{{"type", "string"}}}, {"minProperties", 1}};
      break;
    case value_kind::number: o = {{"type", "number"}}; break;
    case value_kind::integer: o = {{"type", "integer"}}; break;
    case value_kind::boolean: o = {{"type", "boolean"}}; break;
    case value_kind::date: o = {{"type", "string"}, {"format", "date"}}; break;
    case value_kind::time: o = {{"type", "string"}, {"format", "date-time"}}; break;
    case value_kind::choice: o = {{"type", "string"}, {"enum", json::array(rule.choices.begin(), rule.choices.end())}}; break;
    case value_kind::relationship:
    case value_kind::file: o = {{"type", "string"}, {"format", "uri"}}; break;
    case value_kind::geo: {
      auto shapes = rule.shape == "point"     ? json::array{"Point", "MultiPoint"}
                    : rule.shape == "line"    ? json::array{"LineString", "MultiLineString"}
                    : rule.shape == "polygon" ? json::array{"Polygon", "MultiPolygon"}
                                              : json::array();
      auto type = json::object{{"type", "string"}};
      if (!shapes.empty()) type.push("enum", std::move(shapes));
      o = {{"type", "object"}, {"required", json::array{"type", "coordinates"}}, {"properties", json::object{{"type", std::move(type)}}}};
      break;
    }
    case value_kind::json: break;
  }
  if (rule.min) o.push("minimum", *rule.min);
  if (rule.max) o.push("maximum", *rule.max);
  return o;
}

// Titles of choices, or of states.
json::object titles_of(json::value const* all, std::string_view language) {
  auto o = json::object();
  if (!all || !all->is_object()) return o;
  for (auto const& m : all->as_object()) {
    auto const title = word_in(m.value, "title", language);
    o.push(m.key, title.empty() ? std::string_view(m.key) : title);
  }
  return o;
}

json::object schema_of_state(model::type const& t, std::string_view language) {
  auto const& flow = *t.workflow;
  auto const* const rule = t.find(flow.attribute);
  auto const titles = titles_of(rule ? rule->words.find("choices") : nullptr, language);
  auto states = json::object();
  for (auto const& s : flow.states) {
    auto const* const title = titles.find(s);
    states.push(s, json::object{{"title", title ? *title : json::value(s)},
                                {"end", std::find(flow.ends.begin(), flow.ends.end(), s) != flow.ends.end()}});
  }
  return {{"attribute", rule ? json::value(rule->term) : json::value(flow.attribute.text())}, {"start", flow.start}, {"states", std::move(states)}};
}

json::object told_action(model::action const& a, std::string_view language) {
  auto const title = word_in(a.words, "title", language);
  auto o = json::object{{"title", title.empty() ? std::string_view(a.name) : title}};
  if (!a.from.empty()) o.push("from", json::array(a.from.begin(), a.from.end()));
  if (!a.to.empty()) o.push("to", a.to);
  if (!a.by.empty()) o.push("by", json::array(a.by.begin(), a.by.end()));
  if (a.deletes) o.push("deletes", true);
  if (a.is_for_many) o.push("forMany", true);
  return o;
}

}  // namespace

shown_type::shown_type(session const& s, model::type const& t) : type_(t), policy_(s.city().policy_of(s.who())) {
  auto const& who = s.who();
  auto const is_granted = policy_->is_granted(t.iri);
  reads_ = s.view()->may_read(t.iri);
  sees_all_ = who.may_administer() || (!is_granted && reads_);
  writes_all_ = who.may_administer() || (!is_granted && who.may_edit());
  creates_ = writes_all_ || (!is_granted && who.may_write());
  for (auto const& g : policy_->on(t.iri)) creates_ = creates_ || g.what->permits(model::grant::create);
}

bool shown_type::any(std::uint8_t verbs, symbol attribute) const {
  auto const& all = policy_->on(type_.iri);
  return std::any_of(all.begin(), all.end(), [&](auto const& g) {
    return (g.what->may & (verbs | model::grant::administer)) != 0 && g.what->shows_attribute(attribute);
  });
}

bool shown_type::shows(symbol a) const { return sees_all_ || writes_all_ || any(model::grant::read | model::grant::create | model::grant::change, a); }

bool shown_type::may_give(symbol a) const {
  if ((type_.workflow && a == type_.workflow->attribute) || a == type_.number) return false;
  return writes_all_ || any(model::grant::create | model::grant::change, a);
}

json::object schema_of(model::attribute_rule const& rule, std::string_view language) {
  auto o = schema_of_one(rule);
  if (rule.is_list) {
    o = {{"type", "array"}, {"items", std::move(o)}, {"maxItems", rule.count_max ? rule.count_max : 1'000}};
  }
  auto const title = word_in(rule.words, "title", language);
  o.push("title", title.empty() ? std::string_view(rule.term) : title);
  if (auto const help = word_in(rule.words, "help", language); !help.empty()) o.push("description", help);
  if (auto const* const d = rule.words.find("default")) {
    auto const is_bound = d->is_string() && d->as_string().starts_with('$');
    o.push(is_bound ? "x-default" : "default", *d);
  }
  o.push("x-is", model::to_text(rule.is));
  o.push("x-iri", rule.name.text());
  if (auto titles = titles_of(rule.words.find("choices"), language); !titles.empty()) o.push("x-titles", std::move(titles));
  for (auto const* const member : {"unit", "to", "media"}) {
    if (auto const* const v = rule.words.find(member)) o.push("x-" + std::string(member), *v);
  }
  if (rule.is_fixed) o.push("x-fixed", true);
  if (rule.is_personal) o.push("x-personal", true);
  return o;
}

json::object schema_of(shown_type const& shown, std::string_view language) {
  auto const& t = shown.type();
  auto properties = json::object{{"id", json::object{{"type", "string"}, {"format", "uri"}, {"readOnly", true}}},
                                 {"type", json::object{{"const", t.term}, {"readOnly", true}}}};
  auto required = json::array();
  for (auto const& rule : t.attributes) {
    if (!shown.shows(rule.name)) continue;
    auto o = schema_of(rule, language);
    if (!shown.may_give(rule.name)) o.push("readOnly", true);
    else if (rule.required && !rule.words.find("default")) required.push_back(rule.term);
    properties.push(rule.term, std::move(o));
  }
  auto const title = word_in(t.words, "title", language);
  auto o = json::object{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                        {"$id", t.iri.text()},
                        {"title", title.empty() ? std::string_view(t.term) : title},
                        {"type", "object"},
                        {"properties", std::move(properties)},
                        {"required", std::move(required)},
                        {"additionalProperties", t.is_open}};
  if (auto const text = word_in(t.words, "description", language); !text.empty()) o.push("description", text);
  o.push("x-term", t.term);
  o.push("x-package", t.package);
  o.push("x-may-create", shown.may_create());
  if (t.workflow) o.push("x-workflow", schema_of_state(t, language));
  auto actions = json::object();
  for (auto const& a : t.actions) actions.push(a.name, told_action(a, language));
  o.push("x-actions", std::move(actions));
  auto constraints = json::array();
  for (auto const& c : t.constraints) constraints.push_back(c.text);
  o.push("x-constraints", std::move(constraints));
  return o;
}

json::object schema_of(model::action const& a, shown_type const& shown, std::string_view language) {
  auto const& t = shown.type();
  auto properties = json::object();
  auto required = json::array();
  for (auto const& asked : a.asks) {
    auto const* const rule = t.find(asked.attribute);
    if (!rule) continue;
    properties.push(rule->term, schema_of(*rule, language));
    if (asked.required) required.push_back(rule->term);
  }
  return {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
          {"type", "object"},
          {"properties", std::move(properties)},
          {"required", std::move(required)},
          {"additionalProperties", false}};
}

}  // namespace dos::applications
