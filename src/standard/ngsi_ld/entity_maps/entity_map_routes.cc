// Entity maps as resources. ETSI GS CIM 009, 5.14, 6.32, 6.34
#include "base/fault.h"
#include "standard/ngsi_ld/entities/entity_query.h"
#include "standard/ngsi_ld/entities/linked.h"
#include "standard/ngsi_ld/entity_maps/entity_map_pages.h"
#include "standard/ngsi_ld/routes.h"

namespace dos::ngsi_ld {
namespace {

// 5.14.4
void answer_with_new_map(call_ptr const& c, entity_query q) {
  if (!q.is_selective) {
    refuse("say what you look for: type, attrs, q, a geographic query or local=true", "type", "5.14.4");
  }
  auto const join = read_join(*c);
  require_join_reaches(q.projection, join.form != join_form::none, join.level);
  auto wish = read_map_wish(*c);
  wish.known.reset();
  make_map_of(c, std::move(wish), q.which, [c](entity_map const& m, found_page all) { c->answer(respond_with_map(*c, m, all.missing)); });
}

void create_map(call_ptr c) { answer_with_new_map(c, read_entity_query(*c, has_sources(*c))); }

void create_map_by_body(call_ptr c) { answer_with_new_map(c, read_query_body(c->body, {*c->names, has_sources(*c)})); }

// 5.14.1
void retrieve_map(call_ptr c) {
  auto o = show_map(c->at->maps.get(c->who, c->id()));
  if (auto const context = c->inline_context(); !context.empty()) o["@context"] = json::parse(context);
  c->answer(c->respond(json::to_string(std::move(o))));
}

// 5.14.2: all but its end is for reading only and ignored.
void update_map(call_ptr c) {
  auto const id = c->id();
  if (!c->body.is_object()) refuse("an EntityMap is an object", whole_body, "5.2.39");
  if (auto const* type = c->body.find("type"); type != nullptr && *type != json::value("EntityMap")) {
    refuse("the type is EntityMap", "type", "5.2.39");
  }
  auto const* end = c->body.find("expiresAt");
  auto const t = end != nullptr && end->is_string() ? parse_timestamp(end->as_string()) : std::nullopt;
  if (end != nullptr && !t) refuse("a date and time in UTC", "expiresAt", "4.6.3");
  if (t) c->at->maps.end_at(c->who, id, *t);
  else c->at->maps.get(c->who, id);
  c->answer(http::no_content());
}

// 5.14.3
void delete_map(call_ptr c) {
  c->at->maps.remove(c->who, c->id());
  c->answer(http::no_content());
}

}  // namespace

void add_entity_maps(offer& o, service_ptr s) {
  o.jobs.push_back({.name = "ngsi_ld entity maps that have ended", .every = std::chrono::seconds(10), .run = [s] { s->maps.sweep(); }});
  add_route(o, "GET", "/entityMaps", need::nothing, thread_use::slow, endpoint(s, {.params = entity_query_params, .may_wait = true}, create_map));
  add_route(o, "POST", "/entityMaps", need::nothing, thread_use::slow,
            endpoint(s, {.params = {"limit", "offset", "count", "lang"}, .body = body_rule::entity, .may_wait = true}, create_map_by_body));
  add_route(o, "GET", "/entityMaps/{id}", need::nothing, thread_use::slow, endpoint(s, {.may_wait = true}, retrieve_map));
  add_route(o, "PATCH", "/entityMaps/{id}", need::nothing, thread_use::quick, endpoint(s, {.params = {}, .body = body_rule::entity}, update_map));
  add_route(o, "DELETE", "/entityMaps/{id}", need::nothing, thread_use::quick, endpoint(s, {}, delete_map));
}

}  // namespace dos::ngsi_ld
