// Reading the temporal evolution of entities. ETSI GS CIM 009, 5.7.3 and 5.7.4
#include <algorithm>

#include "base/fault.h"
#include "linked_data/selection_parser.h"
#include "standard/ngsi_ld/entities/entity_query.h"
#include "standard/ngsi_ld/entity_maps/entity_map_pages.h"
#include "standard/ngsi_ld/federation/distributed.h"
#include "standard/ngsi_ld/federation/reading.h"
#include "standard/ngsi_ld/federation/temporal.h"
#include "standard/ngsi_ld/routes.h"
#include "standard/ngsi_ld/temporal/evolution.h"
#include "standard/ngsi_ld/vocabulary.h"

namespace dos::ngsi_ld {
namespace {

temporal_form read_form(call const& c) {
  auto const read = [](std::string_view name) {
    return name == "temporalValues" ? std::optional(temporal_form::values)
           : name == "aggregatedValues" ? std::optional(temporal_form::aggregated)
                                        : std::nullopt;
  };
  if (auto const format = c.request.query.find("format")) return read(*format).value_or(temporal_form::normalized);
  for (auto const option : list_of(c.param("options"))) {
    if (auto const form = read(option)) return *form;
  }
  return temporal_form::normalized;
}

struct temporal_request {
  temporal_query when;
  temporal_form form;
  aggregation aggregated;
  rendering how;
};

temporal_request read_request(call const& c, temporal_query when, aggregation_text text) {
  auto how = make_rendering(c);
  auto const form = text.methods.empty() || c.has("aggrMethods") ? read_form(c) : temporal_form::aggregated;  // a body that names methods wants them
  if (form != temporal_form::normalized) how.form = representation::simplified;
  auto aggregated = form == temporal_form::aggregated ? parse_aggregation(std::move(text)) : aggregation();
  return {std::move(when), form, std::move(aggregated), std::move(how)};
}

aggregation_text aggregation_in_url(call const& c) {
  return {list_of(c.param("aggrMethods")), c.param("aggrPeriodDuration"), c.param("timezone")};
}

// 6.3.10: parts of a span of time are 206 and say which part.
http::response respond_in_part(call const& c, std::string body, std::optional<std::string> const& range) {
  auto r = c.respond(std::move(body), range ? 206 : 200);
  if (range) r.headers.add("Content-Range", *range);
  return r;
}

void write_one(std::string& body, entity_evolution const& e, temporal_request const& q) {
  if (q.form == temporal_form::aggregated) return write_aggregated(body, e, q.when, q.aggregated, q.how);
  write_evolution(body, e, q.when, q.form, q.how);
}

void write_all(std::string& body, call const& c, std::vector<entity_evolution> const& all, temporal_request const& q) {
  if (c.wanted == media::csv) return write_evolution_csv(body, all, q.how);
  body += '[';
  for (auto const& e : all) {
    if (&e != &all.front()) body += ',';
    write_one(body, e, q);
  }
  body += ']';
}

// Who comes from another broker takes what has no observedAt for lost.
void warn_of_unobserved(call const& c, std::size_t n, http::response& r) {
  if (n == 0) return;
  r.headers.add("NGSILD-Warning", warning_of_ours(c, std::to_string(n) + " without observedAt left out; timeproperty=modifiedAt shows what was written"));
}

// What is here and what sources told, as one.
entity_evolution read_whole(call const& c, entity_ptr const& e, temporal_query const& when, projection const& p, std::size_t instances_max,
                            remote_evolutions const& theirs) {
  auto out = read_evolution(c.who, e, when, p, instances_max);
  if (auto const* other = theirs.find(e->id)) merge_evolution(out, *other, when, p, instances_max);
  return out;
}

entity_evolution read_aggregated(call const& c, entity_ptr const& e, temporal_request const& q, remote_evolutions const& theirs) {
  auto out = entity_evolution{e, {}};
  // What is here alone is aggregated where it lies.
  if (theirs.find(e->id) == nullptr) {
    out.aggregated = aggregate(c.who, *e, q.when, q.aggregated, q.how.projection);
  } else {
    out.aggregated = aggregate(read_whole(c, e, q.when, q.how.projection, merged_instances_max, theirs), q.when, q.aggregated);
  }
  return out;
}

std::vector<std::string> holders_of(call const& c, std::string_view id, remote_evolutions const& theirs) {
  auto const it = theirs.held_by.find(id);
  if (it == theirs.held_by.end()) return {};
  auto out = it->second;
  if (c.who.find_with_history(id)) out.insert(out.begin(), "@none");
  return out;
}

void show_evolution(call_ptr const& c, temporal_request& q, map_wish const& wish, remote_evolutions theirs) {
  auto const id = c->id();
  auto const* other = theirs.find(id);
  auto e = c->who.find_with_history(id);
  if (!e && other != nullptr) e = other->entity;
  theirs.missing.insert(theirs.missing.end(), wish.ended.begin(), wish.ended.end());
  if (!e) {
    auto nothing = c->refusal(fault(fault_kind::not_found, "there is no temporal evolution of this entity", "id", "ETSI GS CIM 009, 5.7.3"));
    add_warnings(theirs.missing, nothing);
    return c->answer(std::move(nothing));
  }
  auto known = entity();
  known.scopes = e->scopes;
  auto const note = [&](series_ref const& s) {
    auto a = attribute();
    a.name = s.attribute;
    a.dataset = s.dataset;
    known.attributes.push_back(make_attribute(std::move(a)));
  };
  for (auto const& s : c->who.series_of(id)) note(s);
  if (other != nullptr) {
    for (auto const& s : other->series) note(s.series);
  }
  if (q.how.projection.shows_nothing_of(known) || (c->has("attrs") && !q.how.projection.shows_any(known))) {
    throw fault(fault_kind::not_found, "the entity has nothing of what was asked for", c->has("attrs") ? "attrs" : "pick", "ETSI GS CIM 009, 5.7.3");
  }
  auto const context = c->inline_context();
  q.how.inline_context = context;
  auto body = std::string();
  auto range = std::optional<std::string>();
  auto unobserved = std::size_t(0);
  if (q.form == temporal_form::aggregated) {
    auto const evolution = read_aggregated(*c, e, q, theirs);
    unobserved = count_unobserved(evolution, q.when, q.how.projection);
    write_one(body, evolution, q);
  } else {
    auto all = std::vector<entity_evolution>();
    all.push_back(read_whole(*c, e, q.when, q.how.projection, c->at->temporal_page_max, theirs));
    unobserved = count_unobserved(all[0], q.when, q.how.projection);
    range = cut_to_page(all, q.when, c->at->temporal_page_max);
    if (c->wanted == media::csv) {
      write_evolution_csv(body, all, q.how);
    } else {
      write_evolution(body, all[0], q.when, q.form, q.how);
    }
  }
  auto r = respond_in_part(*c, std::move(body), range);
  warn_of_unobserved(*c, unobserved, r);
  if (wish.known) r.headers.add("NGSILD-EntityMap", map_address(*c, *wish.known));
  else if (wish.is_asked_for) r.headers.add("NGSILD-EntityMap", map_address(*c, make_map(*c, wish, {{std::string(id), holders_of(*c, id, theirs)}})));
  add_warnings(theirs.missing, r);
  c->answer(std::move(r));
}

// 5.7.3
void retrieve_evolution(call_ptr c) {
  auto const id = c->id();
  auto q = read_request(*c, read_temporal_query(*c), aggregation_in_url(*c));
  q.how.projection = read_projection(*c);
  require_join_reaches(q.how.projection, false, 0);
  auto wish = read_map_wish(*c);
  if (wish.known) c->only_sources = sources_in(*wish.known, id);
  auto const when = q.when;
  ask_for_evolutions(c, {subject{{std::string(id)}, {}, {}, {}, asked_attributes(*c)}}, id, when,
                     [c, q = std::move(q), wish = std::move(wish)](remote_evolutions theirs) mutable { show_evolution(c, q, wish, std::move(theirs)); });
}

enum class answer_form { entities, map };

// A query over time on its way: what it asks, and what it has found.
struct temporal_asking {
  call_ptr c;
  query::query which;  // without what is decided by instances
  query::node_ptr filter;
  std::vector<symbol> attributes;
  std::string scope_text;
  scope_selection scopes;
  temporal_request t;
  page_rules p;
  map_wish wish;
  answer_form form;
  remote_evolutions theirs;

  std::vector<entity_evolution> page;
  std::vector<entity_map::entry> all;  // where a map is made
  std::size_t total = 0;
  std::size_t unobserved = 0;  // attributes that the answer leaves out because they have no observedAt
  bool has_more = false;

  bool makes_map() const { return !wish.known && wish.is_asked_for; }
  bool visit(entity_ptr const& e);  // false: enough
};

// Conditions on values hold when an instance in the span fulfils them; the entities are found by the rest.
bool temporal_asking::visit(entity_ptr const& e) {
  auto const* other = theirs.find(e->id);
  auto const& who = c->who;
  if (!attributes.empty()) {
    auto const is_wanted = [&](symbol name) { return std::find(attributes.begin(), attributes.end(), name) != attributes.end(); };
    auto const series = who.series_of(e->id);
    auto has_any = std::any_of(series.begin(), series.end(), [&](auto const& s) { return is_wanted(s.attribute); });
    if (other != nullptr) {
      has_any = has_any || std::any_of(other->series.begin(), other->series.end(), [&](auto const& s) { return is_wanted(s.series.attribute); });
    }
    if (!has_any) return true;
  }
  auto spans = std::vector<scope_span>();
  if (!scope_text.empty()) {
    spans = scope_spans(who, *e, scopes);
    std::erase_if(spans, [&](auto const& s) { return !overlaps(s, t.when); });
    if (spans.empty()) return true;
  }
  static auto const everything = projection();
  if (filter) {
    auto whole = as_entity(read_whole(*c, e, t.when, everything, c->at->temporal_page_max, theirs));
    for (auto const& s : spans) whole.scopes.insert(whole.scopes.end(), s.scopes.begin(), s.scopes.end());
    if (!query::matches(*filter, whole)) return true;
  }
  auto const is_aggregated = t.form == temporal_form::aggregated;
  auto evolution = is_aggregated ? read_aggregated(*c, e, t, theirs)
                                 : read_whole(*c, e, t.when, t.how.projection, c->at->temporal_page_max, theirs);
  unobserved += count_unobserved(evolution, t.when, t.how.projection);
  if (!scope_text.empty()) keep_within(evolution, spans, t.when);
  // An entity without anything in the span is no part of the answer, unless nothing of the span was asked for.
  auto const is_empty = evolution.series.empty() && !evolution.aggregated;
  if (is_empty && (t.when.timerel != temporal_query::relation::any || t.how.projection.datasets_chosen)) {
    auto const shows_attributes = !t.how.projection.picks || !t.how.projection.picked.empty();
    if (shows_attributes) return true;
  }
  if (makes_map()) {
    all.push_back({e->id, holders_of(*c, e->id, theirs)});
    if (all.size() > entity_map_entities_max) return false;  // refused when the map is made
  }
  if (total++ < p.offset) return true;
  if (page.size() < p.limit) {
    page.push_back(std::move(evolution));
    return true;
  }
  has_more = true;
  return p.count || makes_map();
}

void visit_all(temporal_asking& a) {
  auto const& who = a.c->who;
  if (a.wish.known) {
    for (auto const& entry : *a.wish.known->entries) {
      auto e = who.find_with_history(entry.id);
      auto const* other = a.theirs.find(entry.id);
      if (!e && other != nullptr) e = other->entity;
      if (e && query::matches(a.which, *e) && !a.visit(e)) return;
    }
    return;
  }
  // What sources know of stands first, in the order of ids.
  for (auto const& [id, other] : a.theirs.by_id) {
    auto const own = who.find_with_history(id);
    auto const& e = own ? own : other.entity;
    if (query::matches(a.which, *e) && !a.visit(e)) return;
  }
  if (!a.which.order.empty()) {
    if (!a.theirs.by_id.empty()) {
      refuse("entities of several sources cannot be ordered; ask with local=true", "orderBy", "5.7.4");
    }
    a.which.limit = SIZE_MAX / 2;
    for (auto const& e : who.find(a.which).entities) {
      if (!a.visit(e)) return;
    }
    return;
  }
  who.for_each(a.which, [&](entity_ptr const& e) { return a.theirs.find(e->id) != nullptr || a.visit(e); });
}

void answer_asking(temporal_asking& a) {
  visit_all(a);
  auto& c = *a.c;
  a.theirs.missing.insert(a.theirs.missing.end(), a.wish.ended.begin(), a.wish.ended.end());
  auto map = a.wish.known;
  if (a.makes_map()) map = make_map(c, a.wish, std::move(a.all));
  if (a.form == answer_form::map) return c.answer(respond_with_map(c, *map, a.theirs.missing));
  auto const range = cut_to_page(a.page, a.t.when, c.at->temporal_page_max);
  auto const context = c.inline_context();
  a.t.how.inline_context = context;
  auto body = std::string();
  write_all(body, c, a.page, a.t);
  auto r = respond_in_part(c, std::move(body), range);
  warn_of_unobserved(c, a.unobserved, r);
  if (map && !a.wish.known && !range) r.status = 201;
  if (map) r.headers.add("NGSILD-EntityMap", map_address(c, *map));
  add_page_headers(c, a.p, a.has_more, a.total, r);
  add_warnings(a.theirs.missing, r);
  c.answer(std::move(r));
}

void answer_evolutions(call_ptr const& c, entity_query q, temporal_request t, answer_form form) {
  if (!q.is_selective) {
    refuse("say what you look for: type, attrs, q, a geographic query or local=true", "type", "5.7.4");
  }
  require_join_reaches(q.projection, false, 0);
  if (std::any_of(q.which.order.begin(), q.which.order.end(), [](auto const& o) { return o.path.what != query::path::field::id; })) {
    refuse("what was is ordered by id alone", "orderBy", "5.7.4");
  }
  auto const subjects = subjects_of(*c, q.which);
  auto a = std::make_shared<temporal_asking>(
      temporal_asking{c, std::move(q.which), {}, {}, {}, {}, std::move(t), read_page(*c), read_map_wish(*c), form, {}, {}, {}});
  if (form == answer_form::map) {
    if (a->t.when.timerel == temporal_query::relation::any) {
      refuse("say of which span of time: timerel and timeAt", "timerel", "5.14.5");
    }
    a->wish.known.reset();
    a->wish.is_asked_for = true;
    a->p = {.limit = 0, .offset = 0, .count = true};
  }
  if (a->wish.known) require_same_question(*c, *a->wish.known);
  a->scope_text = c->has("scopeQ") ? c->param("scopeQ") : c->body.text_or("scopeQ", "");
  if (!a->scope_text.empty()) a->scopes = parse_scope_query(a->scope_text);
  a->which.scopes.clear();
  a->filter = std::exchange(a->which.filter, nullptr);
  a->attributes = std::exchange(a->which.attributes, {});
  a->which.with_deleted = true;
  a->t.how.projection = std::move(q.projection);
  if (a->wish.known) {
    c->only_sources.emplace();
    for (auto const& e : *a->wish.known->entries) c->only_sources->insert(c->only_sources->end(), e.sources.begin(), e.sources.end());
  }
  ask_for_evolutions(c, subjects, {}, a->t.when, [a](remote_evolutions theirs) {
    a->theirs = std::move(theirs);
    answer_asking(*a);
  });
}

// 5.7.4 and, for its map alone, 5.14.5
void query_evolutions(call_ptr const& c, answer_form form) {
  auto request = read_request(*c, read_temporal_query(*c), aggregation_in_url(*c));
  answer_evolutions(c, read_entity_query(*c, has_sources(*c)), std::move(request), form);
}

void query_evolutions_by_body(call_ptr const& c, answer_form form) {
  auto q = read_query_body(c->body, {*c->names, has_sources(*c)});
  auto when = temporal_query();
  auto text = aggregation_text();
  if (auto const* t = c->body.find("temporalQ"); t != nullptr) when = read_temporal_query(*t);
  auto const* parameters = c->body.find("aggrParams");
  auto const* const t = c->body.find("temporalQ");
  auto const& from = parameters != nullptr ? *parameters : t != nullptr && t->find("aggrMethods") != nullptr ? *t : c->body;
  if (auto const* m = from.find("aggrMethods"); m != nullptr) {
    if (m->is_string()) text.methods = list_of(m->as_string());
    if (m->is_array()) {
      for (auto const& one : m->as_array()) text.methods.push_back(one.is_string() ? one.as_string() : std::string_view());
    }
  }
  text.period = from.text_or("aggrPeriodDuration", "");
  text.zone = from.text_or("timezone", "");
  answer_evolutions(c, std::move(q), read_request(*c, when, std::move(text)), form);
}

}  // namespace

void add_temporal_query(offer& o, service_ptr s) {
  auto const of_time = std::vector<std::string_view>{"timerel", "timeAt", "endTimeAt", "timeproperty", "lastN",
                                                     "aggrMethods", "aggrPeriodDuration", "timezone"};
  auto one = of_time;
  one.insert(one.end(), {"attrs", "pick", "omit", "lang", "datasetId", "sysAttrs", "entityMap", "entityMapLifetime"});
  add_route(o, "GET", "/temporal/entities/{id}", need::nothing, thread_use::slow,
            endpoint(s, {.params = std::move(one), .answers_csv = true, .may_wait = true}, retrieve_evolution));
  auto many = entity_query_params;
  many.insert(many.end(), of_time.begin(), of_time.end());
  auto const by_body = std::vector<std::string_view>{"limit", "offset", "count", "lang", "sysAttrs", "entityMap", "entityMapLifetime"};
  for (auto const form : {answer_form::entities, answer_form::map}) {
    auto const is_map = form == answer_form::map;
    add_route(o, "GET", is_map ? "/temporal/entityMaps" : "/temporal/entities", need::nothing, thread_use::slow,
              endpoint(s, {.params = many, .answers_csv = !is_map, .may_wait = true}, [form](call_ptr c) { query_evolutions(c, form); }));
    add_route(o, "POST", is_map ? "/temporal/entityMaps" : "/temporal/entityOperations/query", need::nothing, thread_use::slow,
              endpoint(s, {.params = by_body, .body = body_rule::entity, .answers_csv = !is_map, .may_wait = true},
                       [form](call_ptr c) { query_evolutions_by_body(c, form); }));
  }
}

}  // namespace dos::ngsi_ld
