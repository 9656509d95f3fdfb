#include "linked_data/csv.h"
#include "standard/ngsi_ld/entities/entity_query.h"
#include "standard/ngsi_ld/entities/linked.h"
#include "standard/ngsi_ld/entity_maps/entity_map_pages.h"
#include "standard/ngsi_ld/federation/distributed.h"
#include "standard/ngsi_ld/routes.h"
#include "standard/ngsi_ld/vocabulary.h"

#include "base/fault.h"
#include "http/text_map.h"

namespace dos::ngsi_ld {
namespace {

// "body=json" keeps the context out of a FeatureCollection. ETSI GS CIM 009, 6.3.6
bool wants_plain_geojson(call const& c) { return c.request.headers.text_or("Prefer", "").find("body=json") != std::string_view::npos; }

void write_collection(std::string& body, call const& c, std::vector<entity_ptr> const& entities, rendering r) {
  auto const context = c.inline_context();
  if (c.wanted == media::geo_json) {
    body += "{\"type\":\"FeatureCollection\",\"features\":[";
    for (auto const& e : entities) {
      if (&e != &entities.front()) body += ',';
      write_feature(body, *e, r);
    }
    body += ']';
    if (!wants_plain_geojson(c)) {
      body += ",\"@context\":";
      body += context;
    }
    body += '}';
    return;
  }
  r.inline_context = context;
  write_entities(body, entities, wrapping::array, [&](std::string_view id) { return c.find(id); }, read_join(c), r);
}

void answer_query(call_ptr const& c, entity_query q, rendering r) {
  if (!q.is_selective) {
    throw fault(fault_kind::invalid, "say what you look for: type, attrs, q, a geographic query or local=true", "type", "ETSI GS CIM 009, 5.7.2");
  }
  auto const join = read_join(*c);
  require_join_reaches(q.projection, join.form != join_form::none, join.level);
  auto const p = read_page(*c);
  r.projection = std::move(q.projection);
  auto then = [c, r = std::move(r), p](found_page page) {
    auto body = std::string();
    body.reserve(page.entities.size() * 600 + 2);
    if (c->wanted == media::csv) {
      write_csv(body, page.entities, r);
    } else {
      write_collection(body, *c, page.entities, r);
    }
    auto response = c->respond(std::move(body), page.map_is_new ? 201 : 200);
    if (!page.map.empty()) response.headers.add("NGSILD-EntityMap", page.map);
    add_page_headers(*c, p, page.has_more, page.total, response);
    add_warnings(page.missing, response);
    c->answer(std::move(response));
  };
  auto wish = read_map_wish(*c);
  if (wish.is_any()) return query_mapped(c, std::move(wish), q.which, p, std::move(then));
  query_everywhere(c, q.which, p, std::move(then));
}

// ETSI GS CIM 009, 5.7.2 and 6.4.3.2
void query_entities(call_ptr c) { answer_query(c, read_entity_query(*c, has_sources(*c)), make_rendering(*c)); }

// ETSI GS CIM 009, 5.7.2 and 6.23.3.1
void query_by_body(call_ptr c) {
  if (c->body.find("temporalQ") != nullptr) {
    throw fault(fault_kind::invalid, "temporalQ is for temporal queries", "temporalQ", "ETSI GS CIM 009, 5.2.23");
  }
  auto q = read_query_body(c->body, {*c->names, has_sources(*c)});
  auto r = make_rendering(*c);
  auto const lang = c->body.text_or("lang", "");
  if (!lang.empty()) r.language = lang;
  answer_query(c, std::move(q), r);
}

}  // namespace

void add_query(offer& o, service_ptr s) {
  add_route(o, "GET", "/entities", need::nothing, thread_use::slow,
            endpoint(s, {.params = entity_query_params, .answers_geojson = true, .answers_csv = true, .reads_snapshots = true, .may_wait = true},
                     query_entities));
  add_route(o, "POST", "/entityOperations/query", need::nothing, thread_use::slow,
            endpoint(s,
                     {.params = {"limit", "offset", "count", "lang", "sysAttrs", "geometryProperty", "join", "joinLevel", "containedBy",
                                 "entityMap", "entityMapLifetime"},
                      .body = body_rule::entity,
                      .answers_geojson = true,
                      .answers_csv = true, .reads_snapshots = true, .may_wait = true},
                     query_by_body));
}

}  // namespace dos::ngsi_ld
