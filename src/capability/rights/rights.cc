#include "capability/rights/rights.h"

#include "capability/rights/explain.h"
#include "contract/list.h"
#include "kernel/city/city.h"

namespace dos::rights {
namespace {

using model::grant;

json::array verbs_of(grant const& g) {
  auto out = json::array();
  for (auto const& [verb, name] : {std::pair<grant::verb, char const*>{grant::read, "read"},
                                   {grant::create, "create"},
                                   {grant::change, "change"},
                                   {grant::act, "act"},
                                   {grant::administer, "administer"}}) {
    if (g.may & verb) out.push_back(name);
  }
  return out;
}

// Of an attribute the term of the type's model.
std::string term_of(symbol attribute, grant const& g, model::registry const& r) {
  for (auto const t : g.types) {
    auto const* const type = r.find(t);
    if (auto const* const rule = type ? type->find(attribute) : nullptr) return rule->term;
  }
  return word_of(attribute, nullptr);
}

json::object describe(grant const& g, model::role const& to, model::registry const& r) {
  auto types = json::array();
  for (auto const t : g.types) types.push_back(word_of(t, &r));
  auto o = json::object{{"role", to.name}, {"grant", g.text}, {"may", verbs_of(g)}, {"type", std::move(types)}, {"always", g.where.is_empty()}};
  if (!g.actions.empty()) o.push("actions", json::array(g.actions.begin(), g.actions.end()));
  if (g.shows != grant::extent::all) {
    auto names = json::array();
    for (auto const a : g.attributes) names.push_back(term_of(a, g, r));
    o.push("attributes", json::object{{g.shows == grant::extent::only ? "only" : "except", std::move(names)}});
  }
  if (g.whole_history) o.push("history", "all");
  return o;
}

http::response roles(session const& s, http::request const& r) {
  auto items = json::array();
  auto const policy = s.city().policy_of(s.who());
  for (auto const& role : policy->roles()) {
    auto o = json::object{{"name", role.name}, {"package", role.package}, {"grants", role.grants.size()}};
    if (auto const* const title = role.words.find("title")) o.push("title", *title);
    items.push_back(std::move(o));
  }
  return list_response(std::move(items), read_list_page(r));
}

http::response grants(session const& s, http::request const& r) {
  auto items = json::array();
  auto const policy = s.city().policy_of(s.who());
  auto const wanted = r.query.text_or("role", "");
  for (auto const& role : policy->roles()) {
    if (!wanted.empty() && role.name != wanted) continue;
    for (auto const& g : role.grants) items.push_back(describe(g, role, *policy->registry()));
  }
  return list_response(std::move(items), read_list_page(r));
}

}  // namespace

offer offer_rights(node& n) {
  auto o = offer();
  o.name = "rights";
  o.city_routes.push_back({"GET", "/platform/v1/roles", need::admin,
                           [](session s, http::request r, http::reply answer) { answer(roles(s, r)); }, thread_use::quick});
  o.city_routes.push_back({"GET", "/platform/v1/grants", need::admin,
                           [](session s, http::request r, http::reply answer) { answer(grants(s, r)); }, thread_use::quick});
  o.city_routes.push_back({"POST", "/platform/v1/explain", need::nothing,
                           [&n](session s, http::request r, http::reply answer) {
                             answer(http::json(200, json::to_string(explain(s, parse_body(r), n.clock.now()))));
                           },
                           thread_use::quick});
  return o;
}

}  // namespace dos::rights
