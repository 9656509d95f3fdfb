#include "package/register_api.h"

#include <algorithm>
#include <array>

#include "base/fault.h"
#include "base/text.h"
#include "contract/list.h"

namespace dos::package {
namespace {

constexpr auto states = std::array<std::string_view, 4>{"none", "demonstrable", "ready", "running"};

std::size_t rank_of(std::string_view state) {
  auto const it = std::find(states.begin(), states.end(), state);
  return it == states.end() ? 0 : std::size_t(it - states.begin());
}

bool has_owner(json::value const& said) {
  auto const* const people = said.find("people");
  return people && people->is_array() && std::any_of(people->as_array().begin(), people->as_array().end(), [](json::value const& p) {
           return p.text_or("as", "") == "responsible" || p.text_or("as", "") == "operator";
         });
}

bool has_entities(bundle const& b, city const& c) {
  auto const models = c.models();
  if (!models) return false;
  return std::any_of(models->types().begin(), models->types().end(), [&](auto const& t) {
    if (t->package != b.id) return false;
    auto q = query::query();
    q.selectors.push_back({.ids = {}, .id_pattern = {}, .types = {{t->iri}}});
    auto found = false;
    c.entities().for_each(q, [&](entity_ptr const&) { return !(found = true); });
    return found;
  });
}

bool says(json::value const& head, std::string_view key, std::string_view one) {
  auto const* const v = head.find(key);
  if (!v) return false;
  if (v->is_string()) return v->as_string() == one;
  return v->is_array() && std::any_of(v->as_array().begin(), v->as_array().end(), [&](auto const& x) { return x.is_string() && x.as_string() == one; });
}

// What the city says of itself takes the place of what holds for all.
json::object told(desk const& d, bundle const& b, session const& s, bool whole) {
  auto const city = s.city().id();
  auto const record = d.of(s.city()).record_of(b.id);
  auto const is_active = record && record->text_or("state", "on") == "on";
  auto o = json::object();
  for (auto const* const key : {"id", "number", "title", "summary", "field", "kind", "cities", "term", "phase"}) {
    if (auto const* const v = b.head.find(key)) o.push(key, *v);
  }
  auto const* const in = b.head.find("in");
  auto const* const here = in ? in->find(city) : nullptr;
  if (here) {
    for (auto const* const key : {"summary", "term", "phase"}) {
      if (auto const* const v = here->find(key)) o[key] = *v;
    }
  }
  auto const claimed = std::string(here ? here->text_or("state", b.head.text_or("state", "none")) : b.head.text_or("state", "none"));
  o.push("state", true_state(b, claimed, s.city(), is_active));
  o.push("active", is_active);
  o.push("stories", std::int64_t(std::count_if(b.files.files.begin(), b.files.files.end(), [](auto const& f) { return f.first.starts_with("stories/"); })));
  if (!whole) return o;
  for (auto const& m : b.head.as_object()) {
    if (!o.find(m.key) && m.key != "state") o.push(m.key, m.value);
  }
  o.push("digest", b.digest);
  return o;
}

// Those that come with the program, and what the city has taken over besides, in the order of their numbers.
std::vector<bundle_ptr> all_measures(desk const& d, session const& s) {
  auto all = std::map<std::string, bundle_ptr>();
  for (auto const& [id, b] : d.installed.all()) all[id] = b;
  s.for_each_record(package_collection, "", [&](std::string_view id, record_ptr const& r) {
    all[std::string(id)] = d.of(s.city()).bundle_of(*r);
    return true;
  });
  auto measures = std::vector<bundle_ptr>();
  for (auto& [id, b] : all) {
    if (b->is_measure) measures.push_back(b);
  }
  std::stable_sort(measures.begin(), measures.end(), [](auto const& a, auto const& b) { return a->head.text_or("number", "")
      < b->head.text_or("number", ""); });
  return measures;
}

void add_one(json::object& counts, std::string_view key) {
  auto& n = counts[key];
  n = (n.is_int() ? n.as_int() : 0) + 1;
}

}  // namespace

std::string_view true_state(bundle const& b, std::string_view claimed, city const& c, bool is_active) {
  auto most = std::size_t(0);
  auto const has_stories = std::any_of(b.files.files.begin(), b.files.files.end(), [](auto const& f) { return f.first.starts_with("stories/"); });
  if (has_stories) most = 1;
  if (has_stories && is_active) most = 2;
  auto const* const in = b.head.find("in");
  auto const* const here = in ? in->find(c.id()) : nullptr;
  if (most == 2 && (has_owner(b.head) || (here && has_owner(*here))) && has_entities(b, c)) most = 3;
  return states[std::min(most, rank_of(claimed))];
}

void list_measures::operator()(session s, http::request r, http::reply answer) const {
  auto all = json::array();
  auto kinds = json::object(), fields = json::object(), by_state = json::object();
  for (auto const& b : all_measures(*with_, s)) {
    auto const fits = [&](char const* parameter, char const* member) {
      auto const wanted = r.query.text_or(parameter, "");
      return wanted.empty() || says(b->head, member, wanted);
    };
    if (!fits("city", "cities") || !fits("field", "field") || !fits("kind", "kind")) continue;
    auto o = told(*with_, *b, s, false);
    auto const state = std::string(o.find("state")->as_string());
    if (auto const wanted = r.query.text_or("state", ""); !wanted.empty() && wanted != state) continue;
    add_one(kinds, b->head.text_or("kind", ""));
    add_one(fields, b->head.text_or("field", ""));
    add_one(by_state, state);
    all.push_back(std::move(o));
  }
  auto counts = json::object{{"kind", std::move(kinds)}, {"field", std::move(fields)}, {"state", std::move(by_state)}};
  answer(list_response(std::move(all), read_list_page(r), {{"counts", std::move(counts)}}));
}

void get_measure::operator()(session s, http::request r, http::reply answer) const {
  for (auto const& b : all_measures(*with_, s)) {
    if (b->id == r.param("id")) return answer(http::json(200, json::to_string(told(*with_, *b, s, true))));
  }
  throw fault(fault_kind::not_found, "there is no measure " + std::string(r.param("id")));
}

}  // namespace dos::package
