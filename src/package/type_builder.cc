#include "package/type_builder.h"

#include <algorithm>
#include <array>

#include "base/fault.h"
#include "base/text.h"
#include "base/time.h"
#include "linked_data/q_parser.h"

namespace dos::package {
namespace {

std::int64_t microseconds(std::string_view text) {
  auto const d = parse_duration(text);
  return d ? d->us : 0;
}

}  // namespace

std::vector<std::string> texts_of(json::value const* v) {
  auto all = std::vector<std::string>();
  if (v && v->is_string()) all.emplace_back(v->as_string());
  if (v && v->is_array()) {
    for (auto const& item : v->as_array()) {
      if (item.is_string()) all.emplace_back(item.as_string());
    }
  }
  return all;
}

bool has(std::vector<std::string> const& all, std::string_view one) { return std::find(all.begin(), all.end(), one) != all.end(); }

bool is_plain_role(std::string_view name) {
  static constexpr auto plain = std::array<std::string_view, 6>{"everyone", "member", "viewer", "device", "editor", "admin"};
  return std::find(plain.begin(), plain.end(), name) != plain.end();
}

type_builder::part type_builder::part::at(std::string_view member) const {
  auto const* const v = find(member);
  static auto const nothing = json::value();
  return {by, file, path.empty() ? std::string(member) : path + '.' + std::string(member), v ? v : &nothing};
}
type_builder::part type_builder::part::item(std::size_t i) const { return {by, file, path + '[' + std::to_string(i) + ']', &value->as_array()[i]}; }
bool type_builder::part::flag(std::string_view key) const {
  auto const* const v = find(key);
  return v && v->is_bool() && v->as_bool();
}

void type_builder::refuse(part const& p, std::string text) {
  auto& all = with_.wrong[p.by->id];
  if (all.size() < problems_max) all.push_back(p.by->at(p.file, p.path, std::move(text)));
}

type_builder::type_builder(tools t, member_package const& owner, std::string_view file, json::value const& model) : with_(t), by_(owner.what.get()),
    file_(file), now_(&owner) {
  auto const all = part{owner.what.get(), std::string(file), "", &model};
  type_.term = model.text_or("type", "");
  type_.package = owner.what->id;
  type_.version = owner.changed;
  type_.source = model;
  type_.is_open = all.flag("open");
  try {
    type_.iri = with_.known.name(type_.term);
  } catch (fault const& f) {
    refuse(all.at("type"), f.detail);
  }
  auto words = json::object();
  for (auto const* const key : {"title", "description", "icon", "colour", "first", "columns"}) {
    if (auto const* const w = model.find(key)) words.push(key, *w);
  }
  type_.words = std::move(words);
  take_number(all);
  take_attributes(all);
  take_workflow(all);
  take_actions(all.at("actions"));
  if (auto const* const list = all.find("deadlines"); list && list->is_array()) {
    for (auto i = std::size_t(0); i < list->as_array().size(); ++i) take_deadline(all.at("deadlines").item(i));
  }
  if (auto const* const list = all.find("constraints"); list && list->is_array()) {
    for (auto i = std::size_t(0); i < list->as_array().size(); ++i) constraint_parts_.push_back(all.at("constraints").item(i));
  }
}

void type_builder::extend(member_package const& by, std::string_view file, json::value const& model) {
  now_ = &by;
  auto const all = part{by.what.get(), std::string(file), "", &model};
  type_.version = std::max(type_.version, by.changed);
  for (auto const* const key : {"type", "number", "open", "workflow", "constraints"}) {
    if (all.find(key)) refuse(all.at(key), "belongs to the owner of the type, " + type_.package + "; who extends it adds attributes, actions and deadlines");
  }
  take_attributes(all);
  take_actions(all.at("actions"));
  if (auto const* const list = all.find("deadlines"); list && list->is_array()) {
    for (auto i = std::size_t(0); i < list->as_array().size(); ++i) take_deadline(all.at("deadlines").item(i));
  }
}

bool type_builder::knows(symbol attribute) const {
  return std::any_of(type_.attributes.begin(), type_.attributes.end(), [&](auto const& a) { return a.name == attribute; });
}

void type_builder::take_number(part const& model) {
  auto const* const n = model.find("number");
  if (!n || !n->is_string()) return;
  type_.number_pattern = n->as_string();
  auto rule = model::attribute_rule();
  rule.term = "number";
  rule.name = type_.number = with_.known.name("number");
  rule.is_fixed = true;
  rule.words = json::object{{"title", json::object{{"de", "Nummer"}, {"en", "Number"}}}};
  type_.attributes.push_back(std::move(rule));
  if (type_.number_pattern == "random") return;
  auto counts = 0;
  for (auto at = std::size_t(0); (at = type_.number_pattern.find('{', at)) != std::string::npos;) {
    auto const end = type_.number_pattern.find('}', at);
    auto const name = type_.number_pattern.substr(at + 1, end == std::string::npos ? end : end - at - 1);
    auto const is_count = name == "n" || (name.size() == 3 && name.starts_with("n:") && name[2] >= '1' && name[2] <= '9');
    counts += is_count;
    if (!is_count && name != "CITY" && name != "city" && name != "year") refuse(model.at("number"), "{" + name +
        "} is none of {CITY}, {city}, {year}, {n}, {n:5}");
    if (end == std::string::npos) break;
    at = end;
  }
  if (counts != 1) refuse(model.at("number"), "has {n} once, or is random");
}

void type_builder::take_attributes(part const& model) {
  auto const* const all = model.find("attributes");
  if (!all || !all->is_object()) return;
  for (auto const& m : all->as_object()) take_attribute(m.key, model.at("attributes").at(m.key));
}

void type_builder::take_attribute(std::string const& term, part const& rule) {
  auto r = model::attribute_rule();
  r.term = term;
  try {
    r.name = with_.known.name(term);
  } catch (fault const& f) {
    return refuse(rule, f.detail);
  }
  static constexpr auto members = std::array<std::string_view, 7>{"id", "type", "scope", "createdAt", "modifiedAt", "deletedAt", "expiresAt"};
  if (std::find(members.begin(), members.end(), term) != members.end()) return refuse(rule, term + " is of every entity and no attribute");
  if (knows(r.name)) return refuse(rule, "the type has the attribute " + term + " already");
  r.is = model::parse_value_kind(rule.text("is")).value_or(model::value_kind::text);
  r.is_list = rule.flag("list");
  r.required = rule.flag("required");
  r.is_fixed = rule.flag("fixed");
  r.is_personal = rule.flag("personal");
  r.may_name_people = rule.flag("may_name_people");
  r.is_searched = rule.flag("search");
  auto const number = [&](std::string_view key) -> std::optional<double> {
    auto const* const v = rule.find(key);
    return v && v->is_number() ? std::optional(v->as_double()) : std::nullopt;
  };
  auto const count = [&](std::string_view key) { return std::size_t(std::max(0.0, number(key).value_or(0))); };
  r.min = number("min");
  r.max = number("max");
  r.length_min = count("length_min");
  r.length_max = count("length_max");
  r.count_max = count("count_max");
  if (r.min && r.max && *r.min > *r.max) refuse(rule.at("min"), "is more than max");
  if (r.length_max != 0 && r.length_min > r.length_max) refuse(rule.at("length_min"), "is more than length_max");
  auto const is_number = r.is == model::value_kind::number || r.is == model::value_kind::integer;
  if ((r.min || r.max) && !is_number) refuse(rule.at(r.min ? "min" : "max"), "bounds a number, and this is a " + std::string(model::to_text(r.is)));
  if (r.is_personal && r.is_searched) refuse(rule.at("search"), "what is personal is sealed and not searched");
  if (auto const p = rule.text("pattern"); !p.empty()) {
    try {
      r.pattern = query::make_pattern(p);
    } catch (fault const& f) {
      refuse(rule.at("pattern"), f.detail);
    }
  }
  if (auto const* const choices = rule.find("choices"); choices && choices->is_object()) {
    for (auto const& m : choices->as_object()) r.choices.push_back(m.key);
  } else {
    r.choices = texts_of(choices);
  }
  if ((r.is == model::value_kind::choice) == r.choices.empty()) {
    refuse(rule, r.choices.empty() ? "a choice needs choices" : "choices are of a choice");
  }
  if (auto const* const otherwise = rule.find("default"); otherwise && r.is == model::value_kind::choice && !(otherwise->is_string() && has(r.choices,
      otherwise->as_string()))) {
    refuse(rule.at("default"), json::to_string(*otherwise) + " is none of its choices");
  }
  for (auto const& t : texts_of(rule.find("to"))) r.to.push_back(with_.known.name(t));
  if (!r.to.empty() && model::kind_of(r.is) != attribute_kind::relationship) refuse(rule.at("to"), "leads somewhere, and this is no relationship");
  if (auto const* const otherwise = rule.find("default")) r.by_default = *otherwise;
  r.shape = rule.text("shape");
  if (!r.shape.empty() && r.is != model::value_kind::geo) refuse(rule.at("shape"), "is of a geo attribute");
  if (auto const* const otherwise = rule.find("default")) r.by_default = *otherwise;
  r.words = *rule.value;
  if (auto const before = rule.text("renamed_from"); !before.empty()) renamed_.emplace_back(with_.known.name(before), r.name);
  type_.attributes.push_back(std::move(r));
}

void type_builder::take_workflow(part const& model) {
  auto const* const w = model.find("workflow");
  if (!w || !w->is_object()) return;
  auto const all = model.at("workflow");
  workflow_place_ = all;
  auto flow = model::workflow();
  auto const term = all.text("attribute").empty() ? std::string("status") : std::string(all.text("attribute"));
  flow.attribute = with_.known.name(term);
  flow.start = all.text("start");
  auto titles = json::object();
  if (auto const* const states = all.find("states"); states && states->is_object()) {
    for (auto const& m : states->as_object()) {
      flow.states.push_back(m.key);
      if (auto const* const end = m.value.find("end"); end && end->is_bool() && end->as_bool()) flow.ends.push_back(m.key);
      titles.push(m.key, m.value.is_object() ? m.value : json::value(json::object()));
    }
  }
  if (!has(flow.states, flow.start)) refuse(all.at("start"), "there is no state \"" + flow.start + "\"");
  auto const it = std::find_if(type_.attributes.begin(), type_.attributes.end(), [&](auto const& a) { return a.name == flow.attribute; });
  if (it != type_.attributes.end()) {
    if (it->is != model::value_kind::choice) refuse(all.at("attribute"), term + " holds the state and is declared as something else than a choice");
    it->choices = flow.states;
  } else {
    auto rule = model::attribute_rule();
    rule.term = term;
    rule.name = flow.attribute;
    rule.is = model::value_kind::choice;
    rule.choices = flow.states;
    rule.words = json::object{{"title", json::object{{"de", "Stand"}, {"en", "State"}}}, {"choices", std::move(titles)}};
    type_.attributes.push_back(std::move(rule));
  }
  type_.workflow = std::move(flow);
  take_actions(all.at("actions"));
  if (auto const* const list = all.find("deadlines"); list && list->is_array()) {
    for (auto i = std::size_t(0); i < list->as_array().size(); ++i) take_deadline(all.at("deadlines").item(i));
  }
}

void type_builder::take_actions(part const& actions) {
  if (!actions.value->is_object()) return;
  for (auto const& m : actions.value->as_object()) {
    auto const p = actions.at(m.key);
    if (type_.find_action(m.key)) {
      refuse(p, "the type has the action " + m.key + " already");
      continue;
    }
    auto a = model::action();
    a.name = m.key;
    a.from = texts_of(p.find("from"));
    a.to = p.text("to");
    a.by = texts_of(p.find("by"));
    a.deletes = p.flag("deletes");
    a.is_for_many = p.flag("for_many");
    a.words = m.value.is_object() ? m.value : json::value(json::object());
    take_asks(p.at("ask"), a);
    action_places_.emplace_back(p, m.key);
    type_.actions.push_back(std::move(a));
  }
}

void type_builder::take_asks(part const& ask, model::action& a) {
  if (ask.value->is_array()) {
    for (auto i = std::size_t(0); i < ask.value->as_array().size(); ++i) {
      if (ask.item(i).value->is_string()) a.asks.push_back({with_.known.name(ask.item(i).value->as_string()), false});
    }
  } else if (ask.value->is_object()) {
    for (auto const& m : ask.value->as_object()) {
      auto const p = ask.at(m.key);
      auto const name = with_.known.name(m.key);
      auto const is_required = p.flag("required");
      if (!p.text("is").empty() && !knows(name)) {
        take_attribute(m.key, p);
        if (knows(name)) type_.attributes.back().required = false;  // by the action, not by the type
      }
      a.asks.push_back({name, is_required});
    }
  }
}

void type_builder::take_deadline(part const& p) {
  auto d = model::deadline();
  d.is_held = now_->is_off;
  d.in = p.text("in");
  if (!p.text("at").empty()) d.at = with_.known.name(p.text("at"));
  d.after_us = microseconds(p.text("after")) - microseconds(p.text("before"));
  if (p.find("before") && p.text("at").empty()) refuse(p.at("before"), "needs `at`: nothing falls due before a state is entered");
  if (!p.find("after") && !p.find("before") && p.text("at").empty()) refuse(p, "says neither after nor at");
  if (auto const* const what = p.find("do"); what && what->is_object()) d.act = what->text_or("act", "");
  d.to = p.text("to");
  deadline_places_.emplace_back(p, type_.deadlines.size());
  type_.deadlines.push_back(std::move(d));
}

model::condition type_builder::read_condition(part const& p) {
  if (!p.value->is_string()) return {};
  try {
    auto c = model::condition(linked_data::parse_q(p.value->as_string(), {with_.known.all(), true}, {.is_condition = true}));
    check_reads(p, c);
    return c;
  } catch (fault const& f) {
    refuse(p, f.detail);
    return {};
  }
}

// Every attribute that it reads is one of the type, every state that it names exists.
void type_builder::check_reads(part const& p, model::condition const& c) {
  auto const check = [&](auto const& self, query::node const& n) -> void {
    if (n.path.attribute && !type_.is_open && !knows(n.path.attribute)) {
      refuse(p, "the type has no attribute " + with_.known.all().compact(std::string(n.path.attribute.text())));
    }
    auto const it = std::find_if(type_.attributes.begin(), type_.attributes.end(), [&](auto const& a) { return a.name == n.path.attribute; });
    auto const is_compared = n.relation == query::relation::equal || n.relation == query::relation::not_equal;
    auto const* const v = std::get_if<json::value>(&n.operand);
    if (it != type_.attributes.end() && it->is == model::value_kind::choice && n.what == query::node::kind::compare && is_compared && v && v->is_string() &&
        n.path.what == query::path::field::value && !has(it->choices, v->as_string())) {
      refuse(p, it->term + " is never \"" + std::string(v->as_string()) + "\"");
    }
    if (auto const* const of = std::get_if<query::variable>(&n.operand); of && of->what == query::variable::name::old && of->of_old.attribute &&
                                                                         !type_.is_open && !knows(of->of_old.attribute)) {
      refuse(p, "the type has no attribute " + with_.known.all().compact(std::string(of->of_old.attribute.text())));
    }
    for (auto const& child : n.children) self(self, *child);
  };
  if (c.tree()) check(check, *c.tree());
}

}  // namespace dos::package
