// Snapshots as resources. ETSI GS CIM 009, 5.16, 6.36 to 6.38
#include "base/name_rules.h"
#include "linked_data/q_parser.h"
#include "standard/ngsi_ld/snapshots/snapshot.h"

#include <algorithm>
#include <array>

#include "base/fault.h"
#include "base/id.h"
#include "contract/rights.h"
#include "http/url.h"
#include "kernel/city/city.h"
#include "standard/ngsi_ld/entities/entity_query.h"
#include "standard/ngsi_ld/routes.h"
#include "standard/ngsi_ld/subscriptions/subscription.h"
#include "standard/ngsi_ld/temporal/evolution.h"
#include "standard/ngsi_ld/vocabulary.h"

namespace dos::ngsi_ld {
namespace {

constexpr auto written_members = std::array<std::string_view, 4>{"snapshotPriority", "snapshotLifetime", "endpoint", "receiverInfo"};
constexpr auto read_members = std::array<std::string_view, 7>{"snapshotStatus", "snapshotQueriesDetails", "snapshotTemporalQueriesDetails", "createdAt",
                                                              "modifiedAt", "expiresAt", "lastUsedAt"};
constexpr auto priority_default = 5;

[[noreturn]] void refuse_unknown_snapshot(std::string_view id) {
  throw fault(fault_kind::not_found, "there is no snapshot " + std::string(id), "id", "ETSI GS CIM 009, 5.16");
}

std::int64_t lifetime_of(json::value const& v) {
  auto const d = v.is_string() ? parse_duration(v.as_string()) : std::nullopt;
  if (!d || d->months < 0 || d->us < 0) refuse("a duration as in ISO 8601, like PT12H", "snapshotLifetime", "5.2.41");
  return d->months > 0 ? snapshot_lifetime_us_max : std::min(d->us, snapshot_lifetime_us_max);
}

void require_written(json::object const& body) {
  if (auto const* p = body.find("snapshotPriority"); p != nullptr && (!p->is_int() || p->as_int() < 1 || p->as_int() > 10)) {
    refuse("a whole number from 1 to 10", "snapshotPriority", "5.2.41");
  }
  if (auto const* life = body.find("snapshotLifetime"); life != nullptr) lifetime_of(*life);
  if (auto const* endpoint = body.find("endpoint"); endpoint != nullptr) {
    auto const uri = endpoint->is_string() ? endpoint->as_string() : endpoint->text_or("uri", "");
    if (!uri.starts_with("http://") && !uri.starts_with("https://")) refuse("the http address to be told at", "endpoint", "5.2.41");
    read_as("endpoint", "5.2.41", [&] { return http::parse_url(uri); });
  }
  if (auto const* info = body.find("receiverInfo"); info != nullptr) require_receiver_info(*info, "receiverInfo");
}

void require_queries(json::value const& queries, std::string_view member, bool is_temporal, context const& names) {
  if (!queries.is_array() || queries.as_array().empty()) refuse("an array of queries", member, "5.2.41");
  if (queries.as_array().size() > snapshot_queries_max) refuse("at most " + std::to_string(snapshot_queries_max) + " queries", member, "5.2.41");
  for (auto const& q : queries.as_array()) {
    read_within(member, [&] {
      auto const read = read_query_body(q, {names, true});
      if (!read.is_selective) refuse("say what you look for: entities, attrs, q or geoQ", "entities", "5.7.2");
      auto const* span = q.find("temporalQ");
      if ((span != nullptr) != is_temporal) refuse("temporalQ stands in snapshotTemporalQueries, and has to", "temporalQ", "5.2.41");
      if (span != nullptr) read_temporal_query(*span);
      return 0;
    });
  }
}

// The members that a client gives, without those that are for reading only. 5.2.41
json::object given_members(call const& c, bool is_new) {
  if (!c.body.is_object()) refuse("a Snapshot is an object", whole_body, "5.2.41");
  auto out = json::object();
  for (auto const& [key, v] : c.body.as_object()) {
    if (key == "@context" || std::find(read_members.begin(), read_members.end(), key) != read_members.end()) continue;
    auto const is_query = key == "snapshotQueries" || key == "snapshotTemporalQueries";
    if (is_query && !is_new) refuse("what a snapshot holds is said when it is made", key, "5.2.41");
    if (key == "type" && v != json::value("Snapshot")) refuse("the type is Snapshot", "type", "5.2.41");
    if (is_query || key == "id" || key == "type" || std::find(written_members.begin(), written_members.end(), key) != written_members.end()) out.push(key, v);
  }
  if (auto const* id = out.find("id"); id != nullptr) require_uri(id->is_string() ? id->as_string() : std::string_view(), "id");
  require_written(out);
  return out;
}

void set_end(json::object& body, timestamp from) {
  auto const* life = body.find("snapshotLifetime");
  body["expiresAt"] = to_string(from + (life == nullptr ? snapshot_lifetime_us : lifetime_of(*life)));
}

json::object show(call const& c, json::value const& record) {
  auto o = record.find("body")->as_object();
  auto const used = c.at->frozen.last_use(c.who.city(), o.find("id")->as_string());
  if (used != no_time) o["lastUsedAt"] = to_string(used);
  if (!c.who.who().may_edit()) o.erase("receiverInfo");  // may open the receiver's door
  if (auto const context = c.inline_context(); !context.empty()) o["@context"] = json::parse(context);
  return o;
}

void require_room(session const& who, transaction const& t, std::string_view id, std::size_t entities) {
  if (t.find_record(snapshot_collection, id)) {
    throw fault(fault_kind::conflict, "the snapshot " + std::string(id) + " exists already", "id", "ETSI GS CIM 009, 5.16.1");
  }
  if (who.record_count(snapshot_collection) >= snapshots_max) {
    throw fault(fault_kind::too_many, "there are " + std::to_string(snapshots_max) + " snapshots: delete some", "id", "ETSI GS CIM 009, 5.16.1");
  }
  auto held = entities;
  who.for_each_record(snapshot_collection, "", [&](std::string_view, record_ptr const& record) {
    auto const* n = record->find("entities");
    held += n == nullptr ? 0 : std::size_t(n->as_int());
    return true;
  });
  if (held > city_snapshot_entities_max) {
    throw fault(fault_kind::too_many, "the snapshots hold " + std::to_string(city_snapshot_entities_max) + " entities: delete some", "id",
                "ETSI GS CIM 009, 5.16.1");
  }
}

json::object new_body(json::object given, timestamp now) {
  if (given.find("id") == nullptr) given["id"] = "urn:ngsi-ld:Snapshot:" + new_uuid();
  given["type"] = "Snapshot";
  if (given.find("snapshotPriority") == nullptr) given["snapshotPriority"] = priority_default;
  for (auto const moment : {"createdAt", "modifiedAt", "lastUsedAt"}) given[moment] = to_string(now);
  set_end(given, now);
  return given;
}

// 5.16.1
void create_snapshot(call_ptr c) {
  auto body = given_members(*c, true);
  if (body.find("type") == nullptr) refuse("the type is Snapshot", "type", "5.2.41");
  auto const* queries = body.find("snapshotQueries");
  auto const* temporal = body.find("snapshotTemporalQueries");
  if (queries == nullptr && temporal == nullptr) refuse("say what it holds: snapshotQueries", "snapshotQueries", "5.2.41");
  if (queries != nullptr) require_queries(*queries, "snapshotQueries", false, *c->names);
  if (temporal != nullptr) require_queries(*temporal, "snapshotTemporalQueries", true, *c->names);
  body = new_body(std::move(body), c->at->program.clock.now());
  body["snapshotStatus"] = "preparing";
  auto const id = std::string(body.find("id")->as_string());
  auto const record = json::value(json::object{{"body", std::move(body)}, {"context", c->context}, {"who", to_json(c->who.who())}});
  write(
      c,
      [c, id, record](transaction& t) {
        require_room(c->who, t, id, 0);
        t.put_record(snapshot_collection, id, record);
      },
      [c, location = address_of(c->request, "snapshots", id)](outcome const&) {
        c->at->frozen.await();
        return http::created(location);
      });
}

record_ptr get_snapshot(call const& c) {
  auto const id = c.id();
  auto const record = c.who.find_record(snapshot_collection, id);
  if (!record || is_over(*record, c.at->program.clock.now())) refuse_unknown_snapshot(id);
  return record;
}

// 5.16.2: the same entities under another name.
void clone_snapshot(call_ptr c) {
  auto const from = std::string(c->id());
  auto const source = get_snapshot(*c);
  if (source->find("parts") == nullptr) throw fault(fault_kind::conflict, "the snapshot is being prepared", "id", "ETSI GS CIM 009, 5.16.2");
  auto body = given_members(*c, false);
  for (auto const& [key, v] : source->find("body")->as_object()) {
    auto const is_own = key == "id" || std::find(written_members.begin(), written_members.end(), key) != written_members.end();
    if (!is_own && body.find(key) == nullptr) body.push(key, v);
  }
  body = new_body(std::move(body), c->at->program.clock.now());
  auto const id = std::string(body.find("id")->as_string());
  auto record = source->as_object();
  auto const parts = std::size_t(record.find("parts")->as_int());
  record["body"] = std::move(body);
  record["who"] = to_json(c->who.who());
  write(
      c,
      [c, id, from, parts, record = json::value(std::move(record))](transaction& t) {
        require_room(c->who, t, id, std::size_t(record.find("entities")->as_int()));
        if (!t.find_record(snapshot_collection, from)) refuse_unknown_snapshot(from);
        for (auto n = std::size_t(0); n != parts; ++n) {
          auto const part = t.find_record(snapshot_part_collection, part_key(from, n));
          if (part) t.put_record(snapshot_part_collection, part_key(id, n), *part);
        }
        t.put_record(snapshot_collection, id, record);
      },
      [location = address_of(c->request, "snapshots", id)](outcome const&) { return http::created(location); });
}

// 5.16.3
void retrieve_snapshot(call_ptr c) {
  c->answer(c->respond(json::to_string(show(*c, *get_snapshot(*c)))));
}

// 5.16.4
void update_snapshot(call_ptr c) {
  auto const id = std::string(c->id());
  get_snapshot(*c);
  auto const patch = given_members(*c, false);
  if (patch.find("id") != nullptr) refuse("the id of a snapshot stays", "id", "5.2.41");
  auto const next = std::make_shared<json::value>();
  write(
      c,
      [id, patch, next](transaction& t) {
        auto const old = t.find_record(snapshot_collection, id);
        if (!old) refuse_unknown_snapshot(id);
        auto record = old->as_object();
        auto& body = record["body"].as_object();
        for (auto const& [key, v] : patch) body[key] = v;
        if (patch.find("snapshotLifetime") != nullptr) set_end(body, t.now());
        body["modifiedAt"] = to_string(t.now());
        *next = json::value(std::move(record));
        t.put_record(snapshot_collection, id, *next);
      },
      [c, next](outcome const&) {
        tell_of_snapshot(*c->at, *next);
        return c->respond(json::to_string(show(*c, *next)));
      });
}

// 5.16.5
void delete_snapshot(call_ptr c) {
  auto const id = std::string(c->id());
  auto const record = get_snapshot(*c);
  write(
      c, [id](transaction& t) { forget_snapshot(t, id); },
      [c, id, record](outcome const&) {
        c->at->frozen.forget(c->who.city(), id);
        tell_of_snapshot(*c->at, *record, true);
        return http::no_content();
      });
}

// A snapshot as q sees it: its members are attributes.
entity to_questioned(json::value const& body) {
  auto e = entity();
  e.id = body.text_or("id", "");
  e.created_at = parse_timestamp(body.text_or("createdAt", "")).value_or(no_time);
  e.modified_at = parse_timestamp(body.text_or("modifiedAt", "")).value_or(no_time);
  for (auto const& [key, v] : body.as_object()) {
    auto a = attribute();
    a.name = core_context()->expand_to_symbol(key);
    a.value = v;
    e.attributes.push_back(make_attribute(std::move(a)));
  }
  return e;
}

// 5.16.7
void purge_snapshots(call_ptr c) {
  if (!c->has("q")) refuse("say which snapshots", "q", "5.16.7");
  auto used = json::object();
  auto const q = parse_q(c->param("q"), {*core_context(), true, &used});
  static constexpr auto members = std::array<std::string_view, 11>{"id", "snapshotPriority", "snapshotLifetime", "snapshotStatus", "createdAt", "modifiedAt",
                                                                   "expiresAt", "lastUsedAt", "endpoint", "snapshotQueries", "snapshotTemporalQueries"};
  for (auto const& [name, iri] : used) {
    if (std::find(members.begin(), members.end(), name) == members.end()) refuse("a snapshot has no member " + name, "q", "5.16.7");
  }
  auto gone = std::vector<std::pair<std::string, record_ptr>>();
  c->who.for_each_record(snapshot_collection, "", [&](std::string_view key, record_ptr const& record) {
    if (query::matches(*q, to_questioned(*record->find("body")))) gone.emplace_back(key, record);
    return true;
  });
  if (gone.empty()) throw fault(fault_kind::not_found, "no snapshot is like this", "q", "ETSI GS CIM 009, 6.36.3.2");
  write(
      c,
      [gone](transaction& t) {
        for (auto const& [id, record] : gone) forget_snapshot(t, id);
      },
      [c, gone](outcome const&) {
        for (auto const& [id, record] : gone) {
          c->at->frozen.forget(c->who.city(), id);
          tell_of_snapshot(*c->at, *record, true);
        }
        return http::no_content();
      });
}

}  // namespace

void add_snapshots(offer& o, service_ptr s) {
  o.jobs.push_back({.name = "ngsi_ld snapshots to be taken", .every = std::chrono::milliseconds(100), .run = [s] { s->frozen.prepare(s); }});
  o.jobs.push_back({.name = "ngsi_ld snapshots that have ended", .every = std::chrono::seconds(10), .run = [s] { s->frozen.sweep(*s); }});
  auto const body = body_rule::entity;
  add_route(o, "POST", "/snapshots", need::editor, thread_use::quick, endpoint(s, {.params = {}, .body = body}, create_snapshot));
  add_route(o, "DELETE", "/snapshots", need::editor, thread_use::slow, endpoint(s, {.params = {"q"}, .may_wait = true}, purge_snapshots));
  add_route(o, "GET", "/snapshots/{id}", need::reader, thread_use::quick, endpoint(s, {}, retrieve_snapshot));
  add_route(o, "PATCH", "/snapshots/{id}", need::editor, thread_use::quick, endpoint(s, {.params = {}, .body = body}, update_snapshot));
  add_route(o, "DELETE", "/snapshots/{id}", need::editor, thread_use::quick, endpoint(s, {}, delete_snapshot));
  add_route(o, "POST", "/snapshots/{id}/clone", need::editor, thread_use::quick, endpoint(s, {.params = {}, .body = body}, clone_snapshot));
}

}  // namespace dos::ngsi_ld
