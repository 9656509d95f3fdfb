// Reading the temporal evolution of entities. ETSI GS CIM 009, 5.7.3 and 5.7.4
#include <algorithm>

#include "base/fault.h"
#include "standard/ngsi_ld/entity_query.h"
#include "standard/ngsi_ld/evolution.h"
#include "standard/ngsi_ld/routes.h"

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

temporal_request read_request(call const& c, temporal_query when, std::vector<std::string_view> methods, std::string_view period) {
  auto how = make_rendering(c);
  auto const form = methods.empty() || c.has("aggrMethods") ? read_form(c) : temporal_form::aggregated;  // a body that names methods wants them
  if (form != temporal_form::normalized) how.form = representation::simplified;
  auto aggregated = form == temporal_form::aggregated ? parse_aggregation(std::move(methods), period) : aggregation();
  return {std::move(when), form, std::move(aggregated), std::move(how)};
}

// 6.3.10: parts of a span of time are 206 and say which part.
http::response respond_in_part(call const& c, std::string body, std::optional<std::string> const& range) {
  auto r = c.respond(std::move(body), range ? 206 : 200);
  if (range) r.headers.add("Content-Range", *range);
  return r;
}

void write_all(std::string& body, call const& c, std::vector<entity_evolution> const& all, temporal_request const& q) {
  if (c.wanted == media::csv) return write_evolution_csv(body, all, q.how);
  body += '[';
  for (auto const& e : all) {
    if (&e != &all.front()) body += ',';
    if (q.form == temporal_form::aggregated) {
      write_aggregated(body, c.who, e.entity, q.when, q.aggregated, q.how);
    } else {
      write_evolution(body, e, q.when, q.form, q.how);
    }
  }
  body += ']';
}

// 5.7.3
void retrieve_evolution(call_ptr c) {
  auto const id = c->id();
  auto q = read_request(*c, read_temporal_query(*c), list_of(c->param("aggrMethods")), c->param("aggrPeriodDuration"));
  q.how.projection = read_projection(*c);
  require_join_reaches(q.how.projection, false, 0);
  auto const e = c->who.find_with_history(id);
  if (!e) throw fault(fault_kind::not_found, "there is no temporal evolution of this entity", "id", "ETSI GS CIM 009, 5.7.3");
  auto known = entity();
  known.scopes = e->scopes;
  for (auto const& s : c->who.series_of(id)) {
    auto a = attribute();
    a.name = s.attribute;
    a.dataset = s.dataset;
    known.attributes.push_back(make_attribute(std::move(a)));
  }
  if (q.how.projection.shows_nothing_of(known) || (c->has("attrs") && !q.how.projection.shows_any(known))) {
    throw fault(fault_kind::not_found, "the entity has nothing of what was asked for", c->has("attrs") ? "attrs" : "pick", "ETSI GS CIM 009, 5.7.3");
  }
  auto const context = c->inline_context();
  q.how.inline_context = context;
  auto body = std::string();
  auto range = std::optional<std::string>();
  if (q.form == temporal_form::aggregated) {
    write_aggregated(body, c->who, e, q.when, q.aggregated, q.how);
  } else {
    auto all = std::vector<entity_evolution>();
    all.push_back(read_evolution(c->who, e, q.when, q.how.projection, c->at->temporal_page_max));
    range = cut_to_page(all, q.when, c->at->temporal_page_max);
    if (c->wanted == media::csv) {
      write_evolution_csv(body, all, q.how);
    } else {
      write_evolution(body, all[0], q.when, q.form, q.how);
    }
  }
  c->answer(respond_in_part(*c, std::move(body), range));
}

// Conditions on values hold when an instance in the span fulfils them; the entities are found by the rest.
void answer_evolutions(call_ptr const& c, entity_query q, temporal_request t) {
  if (!q.is_selective) {
    throw fault(fault_kind::invalid, "say what you look for: type, attrs, q, a geographic query or local=true", "type", "ETSI GS CIM 009, 5.7.4");
  }
  require_join_reaches(q.projection, false, 0);
  if (std::any_of(q.which.order.begin(), q.which.order.end(), [](auto const& o) { return o.path.what != query::path::field::id; })) {
    throw fault(fault_kind::invalid, "what was is ordered by id alone", "orderBy", "ETSI GS CIM 009, 5.7.4");
  }
  auto const p = read_page(*c);
  auto const scope_text = c->has("scopeQ") ? c->param("scopeQ") : c->body.text_or("scopeQ", "");
  auto const wanted_scopes = scope_text.empty() ? scope_selection() : parse_scope_query(scope_text);
  q.which.scopes.clear();
  auto const filter = q.which.filter;
  q.which.filter = nullptr;
  auto const attributes = std::move(q.which.attributes);
  q.which.attributes.clear();
  q.which.with_deleted = true;
  t.how.projection = std::move(q.projection);
  auto all = std::vector<entity_evolution>();
  auto total = std::size_t(0);
  auto has_more = false;
  auto const everything = projection();
  auto const visit = [&](entity_ptr const& e) {
    if (!attributes.empty()) {
      auto const series = c->who.series_of(e->id);
      auto const has_any = std::any_of(series.begin(), series.end(), [&](auto const& s) {
        return std::find(attributes.begin(), attributes.end(), s.attribute) != attributes.end();
      });
      if (!has_any) return true;
    }
    auto spans = std::vector<scope_span>();
    if (!scope_text.empty()) {
      spans = scope_spans(c->who, *e, wanted_scopes);
      std::erase_if(spans, [&](auto const& s) { return !overlaps(s, t.when); });
      if (spans.empty()) return true;
    }
    if (filter) {
      auto whole = as_entity(read_evolution(c->who, e, t.when, everything, c->at->temporal_page_max));
      for (auto const& s : spans) whole.scopes.insert(whole.scopes.end(), s.scopes.begin(), s.scopes.end());
      if (!query::matches(*filter, whole)) return true;
    }
    // Aggregates are made when it is written; here it is enough to know that there is something to aggregate.
    auto const instances_max = t.form == temporal_form::aggregated ? 0 : c->at->temporal_page_max;
    auto evolution = read_evolution(c->who, e, t.when, t.how.projection, instances_max);
    if (!scope_text.empty()) keep_within(evolution, spans, t.when);
    // An entity without anything in the span is no part of the answer, unless nothing of the span was asked for.
    if (evolution.series.empty() && (t.when.timerel != temporal_query::relation::any || t.how.projection.datasets_chosen)) {
      auto const shows_attributes = !t.how.projection.picks || !t.how.projection.picked.empty();
      if (shows_attributes) return true;
    }
    if (t.form == temporal_form::aggregated) evolution.series.clear();
    if (total++ < p.offset) return true;
    if (all.size() < p.limit) {
      all.push_back(std::move(evolution));
      return true;
    }
    has_more = true;
    return p.count;
  };
  if (q.which.order.empty()) {
    c->who.for_each(q.which, visit);
  } else {
    q.which.limit = SIZE_MAX / 2;
    for (auto const& e : c->who.find(q.which).entities) {
      if (!visit(e)) break;
    }
  }
  auto const range = cut_to_page(all, t.when, c->at->temporal_page_max);
  auto const context = c->inline_context();
  t.how.inline_context = context;
  auto body = std::string();
  write_all(body, *c, all, t);
  auto r = respond_in_part(*c, std::move(body), range);
  add_page_headers(*c, p, has_more, total, r);
  c->answer(std::move(r));
}

// 5.7.4
void query_evolutions(call_ptr c) {
  auto request = read_request(*c, read_temporal_query(*c), list_of(c->param("aggrMethods")), c->param("aggrPeriodDuration"));
  answer_evolutions(c, read_entity_query(*c), std::move(request));
}

void query_evolutions_by_body(call_ptr c) {
  auto q = read_query_body(c->body, {*c->names});
  auto when = temporal_query();
  auto methods = std::vector<std::string_view>();
  auto period = std::string_view();
  if (auto const* t = c->body.find("temporalQ"); t != nullptr) when = read_temporal_query(*t);
  auto const* parameters = c->body.find("aggrParams");
  auto const* const t = c->body.find("temporalQ");
  auto const& from = parameters != nullptr ? *parameters : t != nullptr && t->find("aggrMethods") != nullptr ? *t : c->body;
  if (auto const* m = from.find("aggrMethods"); m != nullptr) {
    if (m->is_string()) methods = list_of(m->as_string());
    if (m->is_array()) {
      for (auto const& one : m->as_array()) methods.push_back(one.is_string() ? one.as_string() : std::string_view());
    }
  }
  period = from.text_or("aggrPeriodDuration", "");
  answer_evolutions(c, std::move(q), read_request(*c, when, methods, period));
}

}  // namespace

void add_temporal_query(offer& o, service_ptr s) {
  auto const of_time = std::vector<std::string_view>{"timerel", "timeAt", "endTimeAt", "timeproperty", "lastN", "aggrMethods", "aggrPeriodDuration"};
  auto one = of_time;
  one.insert(one.end(), {"attrs", "pick", "omit", "lang", "datasetId", "sysAttrs"});
  add_route(o, "GET", "/temporal/entities/{id}", thread_use::slow,
            endpoint(s, {.params = std::move(one), .answers_csv = true, .may_wait = true}, retrieve_evolution));
  auto many = entity_query_params;
  many.insert(many.end(), of_time.begin(), of_time.end());
  add_route(o, "GET", "/temporal/entities", thread_use::slow,
            endpoint(s, {.params = std::move(many), .answers_csv = true, .may_wait = true}, query_evolutions));
  add_route(o, "POST", "/temporal/entityOperations/query", thread_use::slow,
            endpoint(s, {.params = {"limit", "offset", "count", "lang", "sysAttrs"}, .body = body_rule::entity, .answers_csv = true, .may_wait = true},
                     query_evolutions_by_body));
}

}  // namespace dos::ngsi_ld
