// The second half of a type: what refers to what others say.
#include <algorithm>

#include "base/fault.h"
#include "base/text.h"
#include "package/type_builder.h"

namespace dos::package {
namespace {

// "resource.places": what stands behind the name of the relationship.
std::optional<std::string> behind(std::string_view path, std::string_view relationship) {
  if (!path.starts_with(relationship) || path.size() <= relationship.size() + 1 || path[relationship.size()] != '.') return {};
  return std::string(path.substr(relationship.size() + 1));
}

}  // namespace

bool type_builder::is_state(std::string_view s) const { return type_.workflow && has(type_.workflow->states, s); }

symbol type_builder::attribute_at(part const& p, std::string_view term) {
  auto const name = with_.known.name(term);
  if (!knows(name) && !type_.is_open) refuse(p, "the type has no attribute " + std::string(term));
  return name;
}

// Roles, and attributes that are persons.
void type_builder::check_people(part const& p, std::vector<std::string> const& who) {
  for (auto const& w : who) {
    if (w == "timer" || is_plain_role(w) || with_.roles.contains(w)) continue;
    auto const it = std::find_if(type_.attributes.begin(), type_.attributes.end(), [&](auto const& a) { return a.term == w; });
    if (it == type_.attributes.end()) refuse(p, "\"" + w + "\" is neither a role nor an attribute of the type");
    else if (it->is != model::value_kind::person) refuse(p, "the attribute " + w + " is no person");
  }
}

void type_builder::check_action(part const& p, model::action const& a) {
  if (!type_.workflow && (!a.from.empty() || !a.to.empty())) refuse(p, "the type has no workflow, so there is no state to go from or to");
  for (auto const& s : a.from) {
    if (type_.workflow && !is_state(s)) refuse(p.at("from"), "there is no state \"" + s + "\"");
  }
  if (type_.workflow && !a.to.empty() && !is_state(a.to)) refuse(p.at("to"), "there is no state \"" + a.to + "\"");
  check_people(p.at("by"), a.by);
  if (auto const* const told = p.find("notify")) {
    check_people(p.at("notify"), texts_of(told));
  }
}

void type_builder::take_constraint(part const& p) {
  auto c = model::constraint();
  auto const take_list = [&](std::string_view key, model::constraint::kind kind) {
    auto const* const list = p.find(key);
    if (!list || !list->is_array()) return;
    c.what = kind;
    c.text = std::string(key) + ": ";
    for (auto i = std::size_t(0); i < list->as_array().size(); ++i) {
      auto const term = list->as_array()[i].is_string() ? list->as_array()[i].as_string() : std::string_view();
      c.attributes.push_back(attribute_at(p.at(key).item(i), term));
      c.text += (i == 0 ? "" : ", ") + std::string(term);
    }
  };
  take_list("unique", model::constraint::kind::unique);
  take_list("once", model::constraint::kind::once);
  auto body = p;
  if (auto const* const no = p.find("no_overlap"); no && no->is_object()) {
    body = p.at("no_overlap");
    c.what = model::constraint::kind::no_overlap;
    auto const of = std::string(body.text("of"));
    c.text = "no_overlap: " + of;
    c.of = attribute_at(body.at("of"), of);
    c.from = attribute_at(body.at("from"), body.text("from"));
    c.to = attribute_at(body.at("to"), body.text("to"));
    auto const of_resource = [&](std::string_view key) {
      auto const name = behind(body.text(key), of);
      if (!name) refuse(body.at(key), "is an attribute of the resource: " + of + ".NAME");
      return name ? with_.known.name(*name) : symbol();
    };
    auto const* const capacity = body.find("capacity");
    if (capacity && capacity->is_int()) c.capacity = std::uint32_t(std::max<std::int64_t>(1, capacity->as_int()));
    else if (capacity) c.capacity_of = of_resource("capacity");
    if (!body.text("takes").empty()) c.takes = attribute_at(body.at("takes"), body.text("takes"));
    if (body.find("part_of")) c.part_of = of_resource("part_of");
  }
  c.only_while = read_condition(body.at("while"));
  type_.constraints.push_back(std::move(c));
}

// From the start every state is reached, and from every state one that ends it.
void type_builder::check_ways() {
  if (!type_.workflow || !is_state(type_.workflow->start)) return;
  auto const& flow = *type_.workflow;
  auto const grow = [&](std::vector<std::string> reached, bool backwards) {
    for (auto changed = true; changed;) {
      changed = false;
      for (auto const& a : type_.actions) {
        if (a.to.empty() && !a.deletes) continue;
        for (auto const& from : a.from.empty() ? flow.states : a.from) {
          auto const& begin = backwards ? a.to : from;
          auto const& end = backwards ? from : a.to;
          if (backwards && a.deletes) {
            if (!has(reached, from)) reached.push_back(from), changed = true;
          } else if (!end.empty() && has(reached, begin) && !has(reached, end)) {
            reached.push_back(end), changed = true;
          }
        }
      }
    }
    return reached;
  };
  auto const reached = grow({flow.start}, false);
  auto const ending = grow(flow.ends, true);
  for (auto const& s : flow.states) {
    auto const p = workflow_place_.at("states").at(s);
    if (!has(reached, s)) refuse(p, "no action leads from the start to this state");
    else if (!has(ending, s)) refuse(p, "from this state no way leads to one that ends it (end: true)");
  }
}

model::type type_builder::finish() {
  for (auto const& [p, name] : action_places_) {
    auto const it = std::find_if(type_.actions.begin(), type_.actions.end(), [&, n = &name](auto const& a) { return a.name == *n; });
    check_action(p, *it);
    it->when = read_condition(p.at("when"));
    for (auto i = std::size_t(0); i < it->asks.size(); ++i) {
      if (!knows(it->asks[i].attribute)) refuse(p.at("ask"), "the type has no attribute " +
          with_.known.all().compact(std::string(it->asks[i].attribute.text())));
    }
    if (auto const* const set = p.find("set"); set && set->is_object()) {
      for (auto const& m : set->as_object()) it->sets.emplace_back(attribute_at(p.at("set").at(m.key), m.key), m.value);
    }
  }
  for (auto const& [p, i] : deadline_places_) {
    auto const& d = type_.deadlines[i];
    if (!d.in.empty() && !is_state(d.in)) refuse(p.at("in"), "there is no state \"" + d.in + "\"");
    if (!d.act.empty() && !type_.find_action(d.act)) refuse(p.at("do"), "there is no action " + d.act);
    if (d.at) {
      auto const it = std::find_if(type_.attributes.begin(), type_.attributes.end(), [&](auto const& a) { return a.name == d.at; });
      if (it == type_.attributes.end()) refuse(p.at("at"), "the type has no such attribute");
      else if (it->is != model::value_kind::time && it->is != model::value_kind::date) refuse(p.at("at"), "is no time");
    }
    if (!d.to.empty()) check_people(p.at("to"), {d.to});
  }
  for (auto const& p : constraint_parts_) take_constraint(p);
  check_ways();
  type_.finish();
  return std::move(type_);
}

}  // namespace dos::package
