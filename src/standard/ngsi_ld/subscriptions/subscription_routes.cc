#include "standard/ngsi_ld/quota.h"
#include "standard/ngsi_ld/routes.h"
#include "standard/ngsi_ld/subscriptions/handover.h"
#include "standard/ngsi_ld/subscriptions/notification.h"
#include "standard/ngsi_ld/subscriptions/subscription.h"

#include "base/fault.h"
#include "base/id.h"
#include "kernel/city/city.h"

namespace dos::ngsi_ld {
namespace {

// Subscriptions to entities and to registrations are written alike. 5.8 and 5.11
struct door {
  std::string_view collection;
  std::string_view path;
  bool of_registrations;
};
constexpr auto entity_door = door{subscription_collection, "subscriptions", false};
constexpr auto registration_door = door{registration_subscription_collection, "csourceSubscriptions", true};

void add_time(json::object& o, std::string_view name, timestamp t) {
  if (t != no_time) o[name] = to_string(t);
}

// ETSI GS CIM 009, 5.2.12 and 5.2.14: as stored, with what has become of it.
json::object show(call const& c, door const& d, notifier const& n, std::string_view key, json::value const& record) {
  auto const& stored = *record.find("body");
  auto o = show_subscription_body(stored, *c.names);
  o["status"] = subscription_state(c.who.city(), record, c.at->program.clock.now());
  if (d.of_registrations) {
    o.erase("notificationTrigger");
  } else if (o.find("notificationTrigger") == nullptr) {
    o["notificationTrigger"] = json::array{"attributeCreated", "attributeUpdated"};
  }
  // A context that had no address of its own has one here now.
  auto const url = record.text_or("url", "");
  if (url.find("/jsonldContexts/") != std::string_view::npos) o["jsonldContext"] = url;
  auto const status = n.status(c.who.city(), d.collection, key, d.of_registrations || stored.find("timeInterval") != nullptr);
  if (auto* notification = o.find("notification"); notification != nullptr && status.times_sent + status.times_failed != 0) {
    auto& out = notification->as_object();
    out["status"] = status.failed_in_a_row == 0 ? "ok" : "failed";
    out["timesSent"] = status.times_sent;
    if (status.times_failed != 0) out["timesFailed"] = status.times_failed;
    add_time(out, "lastNotification", status.last_notification);
    add_time(out, "lastSuccess", status.last_success);
    add_time(out, "lastFailure", status.last_failure);
    if (!status.last_error.empty() && status.failed_in_a_row != 0) out["lastError"] = status.last_error;
  }
  // Beyond the standard: what waits, and what can never come.
  if (auto* notification = o.find("notification"); notification != nullptr && (status.waiting != 0 || status.behind != 0 || status.gap_to != 0)) {
    auto& out = notification->as_object();
    out["waiting"] = status.waiting;
    if (status.behind != 0) out["behindFrom"] = status.behind;
    if (status.gap_to != 0) out["gap"] = json::object{{"from", status.gap_from}, {"to", status.gap_to}, {"noticedAt", to_string(status.gap_since)}};
  }
  if (c.has_option("sysAttrs") || c.is_true("sysAttrs")) {
    o["createdAt"] = record.text_or("createdAt", "");
    o["modifiedAt"] = record.text_or("modifiedAt", "");
  }
  if (auto const context = c.inline_context(); !context.empty()) o["@context"] = json::parse(context);
  return o;
}

void keep_context(transaction& t, json::value const& context, std::string_view url) {
  static constexpr auto path = std::string_view("/jsonldContexts/");
  auto const at = url.rfind(path);
  if (at == std::string_view::npos || context.is_string()) return;
  auto const id = url.substr(at + path.size());
  if (t.find_record(context_collection, id)) return;
  t.put_record(context_collection, id, json::object{{"body", json::object{{"@context", context}}}, {"createdAt", to_string(t.now())}, {"implicit", true}});
}

// The context of notifications: jsonldContext where it is given, else the request's. 5.2.12
void with_notification_context(call_ptr c, std::function<void(json::value context)> then) {
  auto const* named = c->body.find("jsonldContext");
  if (named == nullptr) return then(c->context);
  if (!named->is_string() || !is_uri(named->as_string())) {
    throw fault(fault_kind::invalid, "jsonldContext is the address of a context", "jsonldContext", "ETSI GS CIM 009, 5.2.12");
  }
  auto const context = json::value(*named);
  c->at->contexts.resolve(
      c->who, context, [c, context, then](context_ptr) { answer_faults(*c, [&] { then(context); }); },
      [c](fault const& f) { c->answer(c->refusal(f)); });
}

std::string context_url(call const& c, json::value const& context) { return context.is_null() ? std::string() : c.at->contexts.url_of(c.who.city(), context); }

// 5.8.1
void create_subscription(call_ptr c, door const& d, std::shared_ptr<notifier> n, std::shared_ptr<handover> h) {
  auto const via = http::joined(c->request.headers, "Via");
  if (!d.of_registrations && read_via(c->request).names(federation::alias_of(c->who.city()))) return c->answer(loop_response());
  with_notification_context(c, [c, &d, n, h, via](json::value context) {
    auto terms = json::object();
    auto body = make_subscription_body(c->body, *c->names, terms);
    if (body.find("id") == nullptr) body["id"] = "urn:ngsi-ld:Subscription:" + new_uuid();
    auto const now = c->at->program.clock.now();
    auto const url = context_url(*c, context);
    require_quota(*c, d.collection, subscription_quota);
    auto kept = json::object({{"body", std::move(body)},
                                                 {"terms", std::move(terms)},
                                                 {"context", context},
                                                 {"url", url},
                                                 {"createdAt", to_string(now)},
                                                 {"modifiedAt", to_string(now)},
                                                 {"via", via},
                                                 {"who", to_json(c->who.who())}});
    note_quota(*c, kept);
    auto const record = json::value(std::move(kept));
    require_valid_subscription(record, now);
    auto const id = std::string(record.find("body")->text_or("id", ""));
    auto const location = address_of(c->request, d.path, id);
    write(
        c,
        [c, &d, id, record, context, url](transaction& t) {
          if (t.find_record(d.collection, id)) {
            throw fault(fault_kind::conflict, "the subscription " + id + " exists already", "id", "ETSI GS CIM 009, 5.8.1");
          }
          keep_context(t, context, url);
          if (!d.of_registrations) federation::keep_alias(t, c->who.city().id());
          t.put_record(d.collection, id, record);
        },
        [c, &d, n, h, location](outcome const&) {
          h->await();
          if (d.of_registrations) n->send_changes(c->who.shared_city());
          return http::created(location);
        });
  });
}

[[noreturn]] void refuse_unknown_subscription(std::string_view id) {
  throw fault(fault_kind::not_found, "there is no subscription " + std::string(id), "id");
}

// 5.8.2
void update_subscription(call_ptr c, door const& d, std::shared_ptr<handover> h) {
  with_notification_context(c, [c, &d, h](json::value context) {
    auto const id = std::string(c->id());
    if (c->body.is_object() && c->body.as_object().empty()) refuse("the body is empty", whole_body, "5.8.2");
    auto terms = json::object();
    auto const patch = make_subscription_body(c->body, *c->names, terms);
    if (auto const* type = patch.find("type"); type != nullptr && *type != json::value("Subscription")) {
      throw fault(fault_kind::invalid, "the type is Subscription", "type", "ETSI GS CIM 009, 5.8.2");
    }
    if (auto const* other = patch.find("id"); other != nullptr && *other != json::value(id)) {
      throw fault(fault_kind::invalid, "the id of a subscription stays", "id", "ETSI GS CIM 009, 5.8.2");
    }
    auto const url = context_url(*c, context);
    write(c, [&d, id, patch, terms, context, url, who = to_json(c->who.who())](transaction& t) {
      auto const old = t.find_record(d.collection, id);
      if (!old) refuse_unknown_subscription(id);
      auto next = old->as_object();
      auto& body = next["body"].as_object();
      for (auto const& [key, v] : patch) {
        if (v.is_null() || v == json::value(null_uri)) {
          body.erase(key);
        } else {
          body[key] = v;
        }
      }
      if (patch.find("q") != nullptr) next["terms"] = terms;
      if (!context.is_null()) {
        next["context"] = context;
        next["url"] = url;
        keep_context(t, context, url);
      }
      next["modifiedAt"] = to_string(t.now());
      next["who"] = who;  // whoever says last what is told, tells it with his right
      auto const record = json::value(std::move(next));
      if (patch.find("expiresAt") != nullptr) {
        require_valid_subscription(record, t.now());
      } else {
        read_subscription(record);
      }
      t.put_record(d.collection, id, record);
    }, [h](outcome const&) {
      h->await();
      return http::no_content();
    });
  });
}

// 5.8.5
void delete_subscription(call_ptr c, door const& d, std::shared_ptr<handover> h) {
  auto const id = std::string(c->id());
  auto const decide = [id, &d](transaction& t) {
    if (!t.find_record(d.collection, id)) refuse_unknown_subscription(id);
    t.erase_record(d.collection, id);
    notifier::forget(t, d.collection, id);
  };
  write(c, decide, [h](outcome const&) {
    h->await();
    return http::no_content();
  });
}

// 5.8.1.4: what watches the registrations for a subscription that is handed on to sources. It lives and ends with that one.
std::optional<json::object> watcher_of(call const& c, handover const& h, std::string_view key, record_ptr const& record) {
  auto const sources = h.sources_for(c.who.city(), key, record);
  if (sources.empty()) return std::nullopt;
  auto const body = show_subscription_body(*record->find("body"), *c.names);
  auto at = json::array();
  for (auto const& s : sources) at.push_back(s->id);
  auto o = json::object{{"id", std::string(key) + ":sources"}, {"type", "Subscription"}, {"description", "hands " + std::string(key) + " on to sources"}};
  for (auto const member : {"entities", "watchedAttributes"}) {
    if (auto const* v = body.find(member); v != nullptr) o.push(member, *v);
  }
  o.push("notification", json::object{{"endpoint", json::object{{"uri", c.at->program.public_url + "/" + c.who.city().id() + "/ngsi-ld/ex/remote-notify"}}}});
  o.push("status", "active");
  o.push("handedOnTo", std::move(at));  // beyond the standard
  return o;
}

// 5.8.3. The headers for a receiver may hold its secret: who may read them may write them, too.
void retrieve_subscription(call_ptr c, door const& d, notifier const& n) {
  auto const id = c->id();
  auto const record = c->who.find_record(d.collection, id);
  if (!record) refuse_unknown_subscription(id);
  c->answer(c->respond(json::to_string(show(*c, d, n, id, *record))));
}

// Beyond the standard: tells once more what was changed since a time or a position of the log. {"from": "2026-…Z"} or
// {"position": 17}; the answer says where it begins, which is later where the log is shorter.
void replay_subscription(call_ptr c) {
  auto const id = c->id();
  auto const record = c->who.find_record(subscription_collection, id);
  if (!record) refuse_unknown_subscription(id);
  if (record->find("body")->find("timeInterval") != nullptr) throw fault(fault_kind::invalid, "a periodic one tells what is, not what was", "id");
  auto const* position = c->body.find("position");
  auto const time = parse_timestamp(c->body.text_or("from", ""));
  if ((position == nullptr) == !time.has_value()) throw fault(fault_kind::invalid, "either \"from\", a date and time in UTC, or \"position\"", "from");
  if (position != nullptr && (!position->is_int() || position->as_int() < 1)) throw fault(fault_kind::invalid, "a whole number from 1 on", "position");
  auto& city = c->who.city();
  auto const wanted = position != nullptr ? std::uint64_t(position->as_int()) : city.position_at(*time);
  auto const from = city.subscriptions().replay(subscription_collection, id, wanted);
  auto o = json::object{{"position", from}};
  if (from > wanted) o["gap"] = json::object{{"from", wanted}, {"to", from}};
  c->answer(http::json(202, json::to_string(std::move(o))));
}

// 5.8.4
void query_subscriptions(call_ptr c, door const& d, notifier const& n, handover const& h) {
  auto const p = read_page(*c);
  auto list = json::array();
  auto at = std::size_t(0);
  c->who.for_each_record(d.collection, "", [&](std::string_view key, record_ptr const& record) {
    if (at >= p.offset && list.size() < p.limit) list.push_back(show(*c, d, n, key, *record));
    ++at;
    return true;
  });
  if (d.of_registrations && !c->at->sources->sources_of(c->who.city())->empty()) {
    c->who.for_each_record(subscription_collection, "", [&](std::string_view key, record_ptr const& record) {
      auto watcher = watcher_of(*c, h, key, record);
      if (!watcher) return true;
      if (at >= p.offset && list.size() < p.limit) list.push_back(std::move(*watcher));
      ++at;
      return true;
    });
  }
  auto r = c->respond(json::to_string(std::move(list)));
  add_page_headers(*c, p, at > p.offset + p.limit, at, r);
  c->answer(std::move(r));
}

}  // namespace

std::shared_ptr<handover> add_subscriptions(offer& o, service_ptr s, std::shared_ptr<notifier> n) {
  auto const h = std::make_shared<handover>(s, n);
  o.jobs.push_back({.name = "ngsi_ld subscriptions at sources", .every = std::chrono::milliseconds(200), .run = [h] { h->work(); }});
  // Whoever knows the name of a copy, which nobody can guess, is the source it was given to.
  o.city_routes.push_back({.method = "POST",
                           .pattern = "/ngsi-ld/ex/remote-notify",
                           .needs = need::own,
                           .handle = endpoint(s, {.params = {}, .body = body_rule::batch}, [h](call_ptr c) { h->hear(std::move(c)); }),
                           .use = thread_use::quick,
                           .at_root = true});
  for (auto const& c : s->program.cities) {
    c->register_kind({.collection = std::string(subscription_collection),
                      .compile = [](std::string_view, json::value const& record) -> std::optional<watch> {
                        auto const read = read_subscription(record);
                        if (read.interval_us != 0) return std::nullopt;
                        return read.watch;
                      },
                      .send = [n](std::shared_ptr<city> const& c, std::string const& key, std::vector<delivery> entries,
                                  std::function<void(sent)> done) { n->send(c, key, std::move(entries), std::move(done)); }});
  }
  o.jobs.push_back({.name = "ngsi_ld notifications that are due", .every = std::chrono::seconds(1), .run = [n] { n->send_due(); }});
  add_route(o, "POST", "/subscriptions/{id}/replay", need::editor, thread_use::slow,
            endpoint(s, {.params = {}, .body = body_rule::any_json, .may_wait = true}, replay_subscription));
  auto const of_page = std::vector<std::string_view>{"limit", "offset", "count", "sysAttrs"};
  for (auto const* d : {&entity_door, &registration_door}) {
    auto const path = "/" + std::string(d->path);
    add_route(o, "POST", path, need::editor, thread_use::quick,
              endpoint(s, {.params = {}, .body = body_rule::entity}, [d, n, h](call_ptr c) { create_subscription(std::move(c), *d, n, h); }));
    add_route(o, "GET", path, need::editor, thread_use::slow,
              endpoint(s, {.params = of_page, .may_wait = true}, [d, n, h](call_ptr c) { query_subscriptions(std::move(c), *d, *n, *h); }));
    add_route(o, "GET", path + "/{id}", need::editor, thread_use::quick,
              endpoint(s, {.params = {"sysAttrs"}}, [d, n](call_ptr c) { retrieve_subscription(std::move(c), *d, *n); }));
    add_route(o, "PATCH", path + "/{id}", need::editor, thread_use::quick,
              endpoint(s, {.params = {}, .body = body_rule::entity}, [d, h](call_ptr c) { update_subscription(std::move(c), *d, h); }));
    add_route(o, "DELETE", path + "/{id}", need::editor, thread_use::quick, endpoint(s, {}, [d, h](call_ptr c) { delete_subscription(std::move(c), *d, h); }));
  }
  return h;
}

}  // namespace dos::ngsi_ld
