#include "linked_data/entity_change.h"
#include "standard/ngsi_ld/entities/entity_query.h"
#include "standard/ngsi_ld/entities/linked.h"
#include "standard/ngsi_ld/entity_maps/entity_map_pages.h"
#include "standard/ngsi_ld/federation/distributed.h"
#include "standard/ngsi_ld/routes.h"
#include "standard/ngsi_ld/vocabulary.h"

#include <unordered_set>

#include "base/fault.h"
#include "http/etag.h"
#include "http/percent.h"
#include "kernel/city/city.h"

namespace dos::ngsi_ld {
namespace {

std::string etag_of(entity const& e) { return http::make_etag(std::to_string(e.version)); }

input_form input_form_of(call const& c) {
  return read_representation(c) == representation::simplified ? input_form::simplified : input_form::full;
}

void require_same_id(entity_fragment const& f, std::string_view id) {
  if (!f.id.empty() && f.id != id) throw fault(fault_kind::invalid, "the body names another entity than the path", "id", "ETSI GS CIM 009, 5.6.17");
}

// ETSI GS CIM 009, 5.6.1 and 6.4.3.1
void create_entity(call_ptr c) {
  auto f = parse_entity(c->body, *c->names, input_form_of(*c));
  auto const end = first_end(f);
  auto e = to_entity(std::move(f));
  auto const location = address_of(c->request, "entities", e.id);
  auto const id = e.id;
  write(c, [e = std::move(e)](transaction& t) { create(t, e); }, [location](outcome const&) { return http::created(location); }, {id, end});
}

void show_entity(call_ptr const& c, entity_ptr const& e, warnings const& missing, std::function<std::string()> const& map) {
  auto r = make_rendering(*c);
  r.projection = read_projection(*c);
  require_type(*c, *e);
  auto const join = read_join(*c);
  require_join_reaches(r.projection, join.form != join_form::none, join.level);
  if ((c->has("attrs") || r.projection.datasets_chosen) && !r.projection.shows_any(*e)) {
    throw fault(fault_kind::not_found, "the entity has none of these attributes", "attrs", "ETSI GS CIM 009, 5.7.1");
  }
  if (r.projection.shows_nothing_of(*e)) {
    throw fault(fault_kind::not_found, "the entity has nothing of what was picked", "pick", "ETSI GS CIM 009, 4.21");
  }
  auto const tag = e->version != 0 ? etag_of(*e) : std::string();  // what came together from several sources has none
  if (http::is_not_modified(c->request, tag)) {
    auto same = http::response{.status = 304, .headers = {}, .body = {}, .source = {}};
    same.headers.add("ETag", tag);
    return c->answer(std::move(same));
  }
  auto const context = c->inline_context();
  r.inline_context = context;
  auto body = std::string();
  if (c->wanted == media::geo_json) {
    write_feature(body, *e, r);
  } else {
    write_entities(body, {e}, wrapping::object, [&](std::string_view id) { return c->find(id); }, join, r);
  }
  auto response = c->respond(std::move(body));
  if (!tag.empty()) response.headers.add("ETag", tag);
  if (map) response.headers.add("NGSILD-EntityMap", map());
  add_warnings(missing, response);
  c->answer(std::move(response));
}

// ETSI GS CIM 009, 5.7.1 and 6.5.3.1
void retrieve_here(call_ptr c) {
  auto const id = c->id();
  make_rendering(*c);  // refuses what is wrong before anybody is asked
  auto const wish = read_map_wish(*c);
  if (wish.known) c->only_sources = sources_in(*wish.known, id);
  find_everywhere(c, id, [c, wish](found_entity found) {
    auto missing = std::move(found.missing);
    missing.insert(missing.end(), wish.ended.begin(), wish.ended.end());
    auto map = std::function<std::string()>();
    if (wish.known) map = [&] { return map_address(*c, *wish.known); };
    else if (wish.is_asked_for) map = [&] { return map_address(*c, make_map(*c, wish, {{std::string(c->id()), found.held_by}})); };
    if (found.entity) return show_entity(c, found.entity, missing, map);
    auto response = problem_response(fault(fault_kind::not_found, "there is no entity " + std::string(c->id()), "id", "ETSI GS CIM 009, 5.7.1"));
    add_warnings(missing, response);
    c->answer(std::move(response));
  });
}

// One entity is quickly told; with all that it points to it may be many.
void retrieve_entity(call_ptr c) {
  if (!c->has("join")) return retrieve_here(std::move(c));
  c->at->program.on_worker(c->request.peer, c->who.who().source, [c] { answer_faults(*c, [&] { retrieve_here(c); }); });
}

// ETSI GS CIM 009, 5.6.17 and 6.5.3.4
void merge_entity(call_ptr c) {
  auto const id = std::string(c->id());
  auto f = parse_entity(c->body, *c->names, input_form_of(*c));
  require_same_id(f, id);
  auto const end = first_end(f);
  auto o = merge_options{.observed_at = no_time, .language = std::string(c->param("lang"))};
  if (auto const text = c->request.query.find("observedAt")) {
    auto const t = parse_timestamp(*text);
    if (!t) throw fault(fault_kind::invalid, "a date and time in UTC", "observedAt", "ETSI GS CIM 009, 6.5.3.4");
    o.observed_at = *t;
  }
  write_and_say_nothing(c, [c, id, f = std::move(f), o](transaction& t) {
    auto e = copy_of(t, id);
    require_type(*c, e);
    http::require_if_match(c->request, etag_of(e));
    merge(e, f, o);
    store_entity(t, std::move(e));
  }, {id, end});
}

// ETSI GS CIM 009, 5.6.18 and 6.5.3.3
void replace_entity(call_ptr c) {
  auto const id = std::string(c->id());
  auto f = parse_entity(c->body, *c->names, input_form_of(*c));
  require_same_id(f, id);
  auto const end = first_end(f);
  f.id = id;
  write_and_say_nothing(c, [c, id, f = std::move(f)](transaction& t) {
    auto const old = t.get(id);
    require_type(*c, *old);
    http::require_if_match(c->request, etag_of(*old));
    auto next = f;
    if (next.types.empty()) next.types = old->types;
    replace(t, to_entity(std::move(next)));
  }, {id, end});
}

// ETSI GS CIM 009, 5.6.6 and 6.5.3.2
void delete_entity(call_ptr c) {
  auto const id = std::string(c->id());
  write_and_say_nothing(c, [c, id](transaction& t) {
    auto const old = t.get(id);
    require_type(*c, *old);
    http::require_if_match(c->request, etag_of(*old));
    t.erase(id);
  });
}

constexpr std::size_t purged_at_once = 1'000;

// ETSI GS CIM 009, 5.6.21 and 6.4.3.3: whole entities, or of each the attributes picked (or not omitted).
void purge_entities(call_ptr c) {
  auto const q = read_entity_query(*c);
  auto const keep = list_of(c->param("keep"));
  auto const drop = list_of(c->param("drop"));
  if (!q.is_selective) {
    throw fault(fault_kind::invalid, "say which entities: type, attrs, q or a geographic query", "type", "ETSI GS CIM 009, 5.6.21");
  }
  if (!keep.empty() && !drop.empty()) throw fault(fault_kind::invalid, "keep or drop, not both", "drop", "ETSI GS CIM 009, 5.6.21");
  auto const names_of = [&](std::vector<std::string_view> const& names) {
    auto out = std::vector<symbol>();
    for (auto const name : names) out.push_back(c->names->find_symbol(name));
    return out;
  };
  auto const kept = names_of(keep), dropped = names_of(drop);
  auto ids = std::vector<std::string>();
  auto const wish = read_map_wish(*c);
  if (!wish.ended.empty()) {  // a new map would hold what nobody has seen
    throw fault(fault_kind::not_found, "the entity map is no more; nothing was purged", "NGSILD-EntityMap", "ETSI GS CIM 009, 6.4.3.3");
  }
  auto mapped = std::unordered_set<std::string_view>();
  if (wish.known) {
    require_same_question(*c, *wish.known);
    for (auto const& e : *wish.known->entries) mapped.insert(e.id);
  }
  c->who.for_each(q.which, [&](entity_ptr const& e) {
    if (!wish.known || mapped.contains(e->id)) ids.push_back(e->id);
    return true;
  });
  auto success = json::array();
  for (auto from = std::size_t(0); from < ids.size(); from += purged_at_once) {
    auto const to = std::min(ids.size(), from + purged_at_once);
    c->who.apply([&](transaction& t) {
      for (auto i = from; i != to; ++i) {
        auto const old = t.find(ids[i]);
        if (!old || old->deleted_at != no_time) continue;
        if (kept.empty() && dropped.empty()) {
          t.erase(ids[i]);
          continue;
        }
        auto e = entity(*old);
        std::erase_if(e.attributes, [&](auto const& a) {
          if (!kept.empty()) return std::find(kept.begin(), kept.end(), a->name) == kept.end();
          return std::find(dropped.begin(), dropped.end(), a->name) != dropped.end();
        });
        store_entity(t, std::move(e));
      }
    });
  }
  auto response = http::no_content();
  if (wish.known) response.headers.add("NGSILD-EntityMap", map_address(*c, *wish.known));
  c->answer(std::move(response));
}

}  // namespace

std::string address_of(http::request const& r, std::string_view collection, std::string_view id) {
  auto const at = r.path.find("/ngsi-ld/v1");
  auto out = r.path.substr(0, at == std::string::npos ? 0 : at) + "/ngsi-ld/v1/" + std::string(collection) + "/";
  auto const is_plain = id.find_first_of("/?#%[]@!$&'()*+,;= ") == std::string_view::npos;
  return out + (is_plain ? std::string(id) : http::percent_encoded(id));
}

void write(call_ptr const& c, session::decide d, std::function<http::response(outcome const&)> then, ending e) {
  auto const tell = [c, e = std::move(e), then = std::move(then)](outcome const& o) {
    c->at->ends.note(c->who.city(), e);
    auto r = then(o);
    warn_of_what_was_set_aside(*c, o, r);
    return r;
  };
  submit_and_reply(c->who, std::move(d), c->answer, tell, [c](fault const& f) { return c->refusal(f); });
}

void write_and_say_nothing(call_ptr const& c, session::decide d, ending e) {
  write(c, std::move(d), [](outcome const&) { return http::no_content(); }, std::move(e));
}

void add_missing_id(offer& o, std::string method, std::string pattern) {
  add_route(o, std::move(method), std::move(pattern), need::writer, thread_use::quick, [](session, http::request, http::reply answer) {
    answer(problem_response(fault(fault_kind::invalid, "the address lacks an id", "id", "ETSI GS CIM 009, 5.6")));
  });
}

void add_entities(offer& o, service_ptr s) {
  for (auto const method : {"PATCH", "PUT"}) add_missing_id(o, method, "/entities");
  add_route(o, "POST", "/entities", need::writer, thread_use::quick,
            endpoint(s, {.params = {}, .body = body_rule::entity}, distributed(source_op::create_entity, create_entity)), entity_body);
  add_route(o, "GET", "/entities/{id}", need::nothing, thread_use::quick,
            endpoint(s,
                     {.params = {"attrs", "pick", "omit", "type", "geometryProperty", "lang", "datasetId", "sysAttrs", "join",
                                 "joinLevel", "containedBy", "entityMap", "entityMapLifetime", "jsonKeys", "expandValues"},
                      .answers_geojson = true,
                      .reads_snapshots = true},
                     retrieve_entity));
  add_route(o, "PATCH", "/entities/{id}", need::writer, thread_use::quick,
            endpoint(s, {.params = {"observedAt", "lang", "type"}, .body = body_rule::entity}, distributed(source_op::merge_entity, merge_entity)),
            entity_body);
  add_route(o, "PUT", "/entities/{id}", need::writer, thread_use::quick,
            endpoint(s, {.params = {"type"}, .body = body_rule::entity}, distributed(source_op::replace_entity, replace_entity)), entity_body);
  add_route(o, "DELETE", "/entities/{id}", need::editor, thread_use::quick,
            endpoint(s, {.params = {"type"}}, distributed(source_op::delete_entity, delete_entity)));
  auto purge_params = entity_query_params;
  purge_params.insert(purge_params.end(), {"keep", "drop"});
  add_route(o, "DELETE", "/entities", need::editor, thread_use::slow,
            endpoint(s, {.params = std::move(purge_params), .may_wait = true}, distributed(source_op::purge_entity, purge_entities)));
}

}  // namespace dos::ngsi_ld
