#include "linked_data/q_parser.h"
#include "standard/ngsi_ld/entities/entity_query.h"
#include "standard/ngsi_ld/federation/distributed.h"
#include "standard/ngsi_ld/federation/federation.h"
#include "standard/ngsi_ld/quota.h"
#include "standard/ngsi_ld/registrations/registration.h"
#include "standard/ngsi_ld/routes.h"
#include "standard/ngsi_ld/subscriptions/handover.h"
#include "standard/ngsi_ld/subscriptions/notification.h"
#include "standard/ngsi_ld/vocabulary.h"

#include <algorithm>

#include "base/fault.h"
#include "base/id.h"
#include "contract/rights.h"
#include "kernel/city/city.h"

namespace dos::ngsi_ld {
namespace {

[[noreturn]] void refuse_unknown_registration(std::string_view id) {
  throw fault(fault_kind::not_found, "there is no registration " + std::string(id), "id");
}

void add_moment(json::object& o, std::string_view name, timestamp t) {
  if (t != no_time) o[name] = to_string(t);
}

json::object show_registration(call const& c, json::value const& record) {
  auto o = show_registration_body(*record.find("body"), *c.names);
  if (!c.who.who().may_edit()) o.erase("contextSourceInfo");  // may hold what opens the source's door
  if (c.has_option("sysAttrs") || c.is_true("sysAttrs")) {
    o["createdAt"] = record.text_or("createdAt", "");
    o["modifiedAt"] = record.text_or("modifiedAt", "");
  }
  auto const status = c.at->sources->status_of(c.who.city(), o.find("id")->as_string());
  if (status.times_sent != 0) {
    o["status"] = status.failed_in_a_row == 0 ? "ok" : "failed";
    o["timesSent"] = status.times_sent;
    if (status.times_failed != 0) o["timesFailed"] = status.times_failed;
    add_moment(o, "lastSuccess", status.last_success);
    add_moment(o, "lastFailure", status.last_failure);
  }
  if (auto const context = c.inline_context(); !context.empty()) o["@context"] = json::parse(context);
  return o;
}

// 5.9.2
void register_source(call_ptr c, std::shared_ptr<notifier> n, std::shared_ptr<handover> h) {
  auto body = make_registration_body(c->body, *c->names);
  if (body.find("id") == nullptr) body["id"] = "urn:ngsi-ld:ContextSourceRegistration:" + new_uuid();
  auto const now = c->at->program.clock.now();
  auto const stored = json::value(std::move(body));
  require_valid_registration(stored, now, true);
  require_no_conflict(c->who, *c->at->sources, stored);
  auto const id = std::string(stored.text_or("id", ""));
  require_quota(*c, registration_collection, registration_quota);
  auto kept = json::object{{"body", stored}, {"createdAt", to_string(now)}, {"modifiedAt", to_string(now)}};
  note_quota(*c, kept);
  auto const record = json::value(std::move(kept));
  auto const location = address_of(c->request, "csourceRegistrations", id);
  write(
      c,
      [c, id, record, stored](transaction& t) {
        if (t.find_record(registration_collection, id)) {
          throw fault(fault_kind::conflict, "the registration " + id + " exists already", "id", "ETSI GS CIM 009, 5.9.2");
        }
        t.put_record(registration_collection, id, record);
        federation::keep_alias(t, c->who.city().id());
        notifier::keep_change(t, {}, stored);
      },
      [c, n, h, location](outcome const&) {
        c->at->sources->changed(c->who.city());
        h->await();
    n->send_changes(c->who.shared_city());
        return http::created(location);
      });
}

json::value patched_body(json::value const& record, json::object const& patch) {
  auto body = record.find("body")->as_object();
  for (auto const& [key, v] : patch) {
    if (v.is_null() || v == json::value(null_uri)) {
      body.erase(key);
    } else {
      body[key] = v;
    }
  }
  return body;
}

// 5.9.3
void update_registration(call_ptr c, std::shared_ptr<notifier> n, std::shared_ptr<handover> h) {
  auto const id = std::string(c->id());
  auto const patch = make_registration_body(c->body, *c->names);
  if (auto const* other = patch.find("id"); other != nullptr && *other != json::value(id)) {
    throw fault(fault_kind::invalid, "the id of a registration stays", "id", "ETSI GS CIM 009, 5.9.3");
  }
  if (auto const old = c->who.find_record(registration_collection, id)) {
    auto const next = patched_body(*old, patch);
    require_valid_registration(next, c->at->program.clock.now(), patch.find("expiresAt") != nullptr);
    require_no_conflict(c->who, *c->at->sources, next);
  }
  auto const decide = [id, patch](transaction& t) {
    auto const old = t.find_record(registration_collection, id);
    if (!old) refuse_unknown_registration(id);
    auto next = old->as_object();
    next["body"] = patched_body(*old, patch);
    require_valid_registration(next["body"], t.now(), patch.find("expiresAt") != nullptr);
    next["modifiedAt"] = to_string(t.now());
    notifier::keep_change(t, *old->find("body"), next["body"]);
    t.put_record(registration_collection, id, json::value(std::move(next)));
  };
  write(c, decide, [c, n, h](outcome const&) {
    c->at->sources->changed(c->who.city());
    h->await();
    n->send_changes(c->who.shared_city());
    return http::no_content();
  });
}

// 5.9.4
void delete_registration(call_ptr c, std::shared_ptr<notifier> n, std::shared_ptr<handover> h) {
  auto const id = std::string(c->id());
  auto const decide = [id](transaction& t) {
    auto const old = t.find_record(registration_collection, id);
    if (!old) refuse_unknown_registration(id);
    notifier::keep_change(t, *old->find("body"), {});
    t.erase_record(registration_collection, id);
  };
  write(c, decide, [c, n, h](outcome const&) {
    c->at->sources->changed(c->who.city());
    h->await();
    n->send_changes(c->who.shared_city());
    return http::no_content();
  });
}

// 5.10.1
void retrieve_registration(call_ptr c) {
  auto const id = c->id();
  auto const record = c->who.find_record(registration_collection, id);
  if (!record) refuse_unknown_registration(id);
  c->answer(c->respond(json::to_string(show_registration(*c, *record))));
}

registration_query read_registration_query(call const& c) {
  auto const n = naming{*c.names, true};
  auto read = read_entity_query(c, true);
  auto const is_selective = read.is_selective || c.has("id") || c.has("idPattern") || c.has("csf");
  if (!is_selective) {
    throw fault(fault_kind::invalid, "say which sources: by type or attrs of what they have", "type", "ETSI GS CIM 009, 5.10.2");
  }
  auto q = registration_query();
  q.which = std::move(read.which);
  // In this place q is about the source as csf is; places are about what it says of itself.
  q.which.filter = nullptr;
  if (c.has("georel")) {
    q.which.filter = read_geo_query(json::object{{"georel", c.param("georel")},
                                                 {"geometry", c.param("geometry")},
                                                 {"coordinates", c.param("coordinates")},
                                                 {"geoproperty", c.param("geoproperty").empty() ? "location" : c.param("geoproperty")}},
                                    n);
  }
  // Ids may be those of the registrations themselves.
  if (q.which.selectors.size() == 1 && !q.which.selectors[0].ids.empty()) {
    auto& ids = q.which.selectors[0].ids;
    auto const is_known = [&](auto const& id) { return bool(c.who.find_record(registration_collection, id)); };
    if (std::all_of(ids.begin(), ids.end(), is_known)) std::swap(q.ids, ids);
  }
  for (auto const name : {"q", "csf"}) {
    if (!c.has(name)) continue;
    auto const node = parse_q(c.param(name), n);
    q.about_source = q.about_source ? query::all({q.about_source, node}) : node;
  }
  if (c.has("timerel") || c.has("timeAt")) q.when = read_temporal_query(c);
  return q;
}

// 5.10.2
void query_registrations(call_ptr c) {
  auto const p = read_page(*c);
  auto const q = read_registration_query(*c);
  auto const now = c->at->program.clock.now();
  auto list = json::array();
  auto n = std::size_t(0);
  c->who.for_each_record(registration_collection, "", [&](std::string_view, record_ptr const& record) {
    auto const& body = *record->find("body");
    if (is_expired_registration(body, now) || !matches(q, body)) return true;
    if (n >= p.offset && list.size() < p.limit) list.push_back(show_registration(*c, *record));
    ++n;
    return true;
  });
  auto r = c->respond(json::to_string(std::move(list)));
  add_page_headers(*c, p, n > p.offset + p.limit, n, r);
  c->answer(std::move(r));
}

}  // namespace

void add_registrations(offer& o, service_ptr s, std::shared_ptr<notifier> n, std::shared_ptr<handover> h) {
  auto params = entity_query_params;
  params.insert(params.end(), {"timerel", "timeAt", "endTimeAt", "timeproperty"});
  auto const body = body_rule::entity;
  add_route(o, "POST", "/csourceRegistrations", need::editor, thread_use::quick,
            endpoint(s, {.params = {}, .body = body},
                     [n, h](call_ptr c) { register_source(std::move(c), n, h); }));
  add_route(o, "GET", "/csourceRegistrations", need::reader, thread_use::slow,
            endpoint(s, {.params = std::move(params), .may_wait = true}, query_registrations));
  add_route(o, "GET", "/csourceRegistrations/{id}", need::reader, thread_use::quick, endpoint(s, {.params = {"sysAttrs"}}, retrieve_registration));
  add_route(o, "PATCH", "/csourceRegistrations/{id}", need::editor, thread_use::quick,
            endpoint(s, {.params = {}, .body = body},
                     [n, h](call_ptr c) { update_registration(std::move(c), n, h); }));
  add_route(o, "DELETE", "/csourceRegistrations/{id}", need::editor, thread_use::quick, endpoint(s, {},
                     [n, h](call_ptr c) { delete_registration(std::move(c), n, h); }));
}

}  // namespace dos::ngsi_ld
