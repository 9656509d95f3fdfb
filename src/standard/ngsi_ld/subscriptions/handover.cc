#include "standard/ngsi_ld/subscriptions/handover.h"

#include <algorithm>
#include <optional>

#include "base/fault.h"
#include "base/id.h"
#include "base/log.h"
#include "kernel/city/city.h"
#include "kernel/graph/pattern.h"
#include "standard/ngsi_ld/entities/entity_query.h"
#include "standard/ngsi_ld/federation/distributed.h"
#include "standard/ngsi_ld/federation/merge.h"
#include "standard/ngsi_ld/routes.h"
#include "standard/ngsi_ld/subscriptions/subscription.h"

namespace dos::ngsi_ld {

struct handover::copy {
  std::string id;  // where it exists already
  std::string subscription;
  record_ptr record;  // of the subscription
  source_ptr source;
};

namespace {

constexpr auto compare_again_us = 10 * us_per_second;
constexpr auto pause_max_us = 300 * us_per_second;

bool is_set(json::value const& body, std::string_view member) {
  auto const* v = body.find(member);
  return v != nullptr && v->is_bool() && v->as_bool();
}

bool splits(federation const& known, json::value const& body) {
  auto const* v = body.find("splitEntities");
  return v != nullptr && v->is_bool() ? v->as_bool() : known.splits_entities();
}

std::vector<subject> subjects_of(subscription const& s, json::value const& body) {
  auto out = std::vector<subject>();
  auto const* entities = body.find("entities");
  for (auto i = std::size_t(0); i != s.watch.selectors.size(); ++i) {
    auto const& one = s.watch.selectors[i];
    out.push_back({one.ids, std::string(entities->as_array()[i].text_or("idPattern", "")), one.id_pattern, one.types, s.watch.attributes});
  }
  if (out.empty()) out.push_back({{}, {}, {}, {}, s.watch.attributes});
  return out;
}

std::vector<question> questions_about(source const& s, json::value const& record) {
  auto out = std::vector<question>();
  for (auto const& about : subjects_of(read_subscription(record), *record.find("body"))) {
    for (auto& q : questions_for(s, about)) out.push_back(std::move(q));
  }
  return out;
}

json::array names_of(std::vector<symbol> const& list, context const& names) {
  auto out = json::array();
  for (auto const s : list) out.push_back(names.compact(s.text()));
  return out;
}

// 5.8.1.4: what the source has to know of the subscription: of which entities, and where to tell. Conditions go along where the source has
// whole entities and knows our names; they hold here in any case.
json::object reduced(json::value const& record, source const& s, wire const& w, context const& own, bool is_split, std::string uri) {
  auto const& body = *record.find("body");
  auto entities = json::array();
  auto registered = std::vector<symbol>();
  auto has_all = false;
  for (auto const& q : questions_about(s, record)) {
    auto const types = to_text(q.types, *w.names);
    auto one = json::object{{"type", types.empty() ? "*" : types}};
    if (q.ids.empty()) {
      if (!q.pattern.empty()) one.push("idPattern", q.pattern);
      entities.push_back(one);
    }
    for (auto const& id : q.ids) {
      auto named = one;
      named.push("id", id);
      entities.push_back(std::move(named));
    }
    has_all = has_all || q.attributes.empty();
    for (auto const a : q.attributes) {
      if (std::find(registered.begin(), registered.end(), a) == registered.end()) registered.push_back(a);
    }
  }
  if (has_all) registered.clear();
  auto watched = read_subscription(record).watch.attributes;
  if (watched.empty()) watched = registered;
  else if (!registered.empty()) std::erase_if(watched, [&](symbol a) { return std::find(registered.begin(), registered.end(), a) == registered.end(); });
  auto notification = json::object{{"endpoint", json::object{{"uri", std::move(uri)}, {"accept", "application/json"}}}, {"sysAttrs", true}};
  if (!registered.empty()) notification.push("attributes", names_of(registered, *w.names));
  auto out = json::object{{"type", "Subscription"}, {"entities", std::move(entities)}, {"notification", std::move(notification)}};
  if (!watched.empty() && body.find("timeInterval") == nullptr) out.push("watchedAttributes", names_of(watched, *w.names));
  for (auto const member : {"notificationTrigger", "throttling", "timeInterval", "expiresAt"}) {
    if (auto const* v = body.find(member); v != nullptr) out.push(member, *v);
  }
  if (is_split) out.push("splitEntities", true);
  if (is_split || !registered.empty() || w.names.get() != &own || !read_subscription(record).linked_q.empty()) return out;
  for (auto const member : {"q", "geoQ", "scopeQ"}) {
    if (auto const* v = body.find(member); v != nullptr) out.push(member, member == std::string_view("geoQ") ? show_subscription_body(body, own)["geoQ"] : *v);
  }
  return out;
}

// What decides whether a copy is still the right one.
std::string print_of(json::value const& record, source const& s) {
  auto body = record.find("body")->as_object();
  body.erase("notification");
  return s.endpoint + '\n' + s.tenant + '\n' + json::to_string(json::value(std::move(body))) + json::to_string(*s.record->find("body")->find("information"));
}

bool is_null_uri(json::value const& v) {
  if (v.is_string()) return v.as_string() == null_uri;
  auto const* value = v.find("value");
  if (value == nullptr) value = v.find("object");
  return value != nullptr && value->is_string() && value->as_string() == null_uri;
}

// An entity as a notification shows it: what was removed is marked. 4.5.0
entity parse_notified_entity(json::value const& v, context const& names) {
  auto rest = v;
  auto gone = std::vector<attribute_ptr>();
  if (v.is_object()) {
    for (auto const& [key, member] : v.as_object()) {
      if (!is_null_uri(member)) continue;
      rest.as_object().erase(key);
      auto a = attribute();
      a.name = names.expand_to_symbol(key);
      a.dataset = symbol(member.text_or("datasetId", ""));
      a.value = null_uri;
      gone.push_back(make_attribute(std::move(a)));
    }
  }
  auto e = parse_remote_entity(rest, names);
  for (auto& a : gone) e.attributes.push_back(std::move(a));
  e.deleted_at = parse_timestamp(v.text_or("deletedAt", "")).value_or(no_time);
  return e;
}

std::string queue_key(timestamp t) {
  auto const digits = std::to_string(t.us);
  return std::string(20 - std::min<std::size_t>(20, digits.size()), '0') + digits + "-" + new_uuid();
}

}  // namespace

bool handover::begin(std::string const& key) {
  auto const held = std::lock_guard(lock_);
  auto& p = progress_[key];
  if (p.is_busy || (p.next_try != no_time && service_->program.clock.now() < p.next_try)) return false;
  return p.is_busy = true;
}

void handover::end(std::string const& key, bool ok) {
  auto const held = std::lock_guard(lock_);
  if (ok) {
    progress_.erase(key);
    return;
  }
  auto& p = progress_[key];
  p.is_busy = false;
  p.next_try = service_->program.clock.now() + std::min(us_per_second << std::min(p.failed++, 9u), pause_max_us);
}

unsigned handover::failures_of(std::string const& key) const {
  auto const held = std::lock_guard(lock_);
  auto const it = progress_.find(key);
  return it == progress_.end() ? 0 : it->second.failed;
}

call_ptr handover::call_for(std::shared_ptr<city> const& c, json::value const& subscription, context_ptr names, http::reply answer) const {
  auto request = http::request();
  request.method = "POST";
  request.path = "/ngsi-ld/v1/subscriptions";
  if (auto const via = subscription.text_or("via", ""); !via.empty()) request.headers.add("Via", std::string(via));
  auto const* who = subscription.find("who");
  auto const asker = session(c, who == nullptr ? principal() : read_principal(*who));
  auto const* context = subscription.find("context");
  auto made = call{asker, std::move(request), std::move(answer), service_, {}, std::move(names), {}};
  if (context != nullptr) made.context = *context;
  return std::make_shared<call>(std::move(made));
}

void handover::with_names(std::shared_ptr<city> const& c, json::value const& subscription, std::function<void(context_ptr)> then) const {
  auto const* context = subscription.find("context");
  if (context == nullptr || context->is_null()) return then(service_->contexts.usual_of(*c).names);
  service_->contexts.resolve(service_->program.as_source(c, "ngsi_ld"), *context, then, [then](fault const&) { then(core_context()); });
}

// Read once for each version of a subscription: comparing happens again and again.
std::shared_ptr<std::vector<subject> const> handover::subjects_in(city const& c, std::string_view key, record_ptr const& record) const {
  auto const name = c.id() + '\n' + std::string(key);
  {
    auto const held = std::lock_guard(lock_);
    auto const it = subjects_.find(name);
    if (it != subjects_.end() && it->second.first == record) return it->second.second;
  }
  auto const read = std::make_shared<std::vector<subject> const>(subjects_of(read_subscription(*record), *record->find("body")));
  auto const held = std::lock_guard(lock_);
  if (subjects_.size() >= copies_max) subjects_.clear();
  subjects_[name] = {record, read};
  return read;
}

source_list handover::sources_for(city const& c, std::string_view key, record_ptr const& kept) const {
  auto const& record = *kept;
  auto const& body = *record.find("body");
  if (is_set(body, "localOnly") || subscription_state(c, record, service_->program.clock.now()) != "active") return {};
  auto const all = service_->sources->sources_of(c);
  if (all->empty()) return {};
  auto came_by = http::request();
  if (auto const via = record.text_or("via", ""); !via.empty()) came_by.headers.add("Via", std::string(via));
  auto const travelled = read_via(came_by);
  if (travelled.aliases.size() >= via_hops_max) return {};
  auto const about = subjects_in(c, key, kept);
  auto out = source_list();
  for (auto const& s : *all) {
    auto const is_asked = s->supports(source_op::create_subscription) && !s->has_history && (s->alias.empty() || !travelled.names(s->alias));
    auto const fits = [&](subject const& one) { return !questions_for(*s, one).empty(); };
    if (is_asked && std::any_of(about->begin(), about->end(), fits)) out.push_back(s);
  }
  return out;
}

void handover::compare(std::shared_ptr<city> const& c) {
  auto const has_sources = !service_->sources->sources_of(*c)->empty();
  if (!has_sources && c->record_count(copy_collection) == 0) return;
  using pair = std::pair<std::string, std::string>;  // subscription, source
  auto known = std::map<pair, std::pair<std::string, record_ptr>>();
  c->for_each_record(copy_collection, "", [&](std::string_view id, record_ptr const& record) {
    known[{std::string(record->text_or("subscription", "")), std::string(record->text_or("source", ""))}] = {std::string(id), record};
    return true;
  });
  auto kept = std::set<pair>();
  if (has_sources) {
    c->for_each_record(subscription_collection, "", [&](std::string_view key, record_ptr const& record) {
      for (auto const& s : sources_for(*c, key, record)) {
        auto const name = pair(key, s->id);
        auto const it = known.find(name);
        if (it == known.end()) {
          if (known.size() + kept.size() < copies_max) make(c, {{}, std::string(key), record, s});
        } else if (it->second.second->text_or("print", "") == print_of(*record, *s)) {
          kept.insert(name);
          if (!is_set(*it->second.second, "made")) make(c, {it->second.first, std::string(key), record, s});
        }
      }
      return true;
    });
  }
  for (auto const& [name, copy] : known) {
    if (!kept.contains(name)) remove(c, copy.first, *copy.second);
  }
}

void handover::make(std::shared_ptr<city> const& c, copy what) {
  auto const key = c->id() + "\nmake\n" + what.subscription + '\n' + what.source->id;
  if (on_their_way_ >= handovers_at_once_max || !begin(key)) return;
  ++on_their_way_;
  auto const done = [self = shared_from_this(), key](bool ok) {
    --self->on_their_way_;
    self->end(key, ok);
    if (ok) self->await();
  };
  if (what.id.empty()) what.id = "urn:ngsi-ld:Subscription:" + new_uuid();
  // Known before it exists, so that it can be taken back.
  auto const record = json::value(json::object{{"subscription", what.subscription},
                                               {"source", what.source->id},
                                               {"registration", *what.source->record->find("body")},
                                               {"print", print_of(*what.record, *what.source)},
                                               {"made", false}});
  auto const own = service_->program.as_source(c, "ngsi_ld");
  own.try_submit([record, id = what.id](transaction& t) { t.put_record(copy_collection, id, record); },
             [self = shared_from_this(), c, what, record, done](outcome const& o) {
               if (o.refused) return done(false);
               self->with_names(c, *what.record, [self, c, what, record, done](context_ptr names) {
                 auto const asker = self->call_for(c, *what.record, std::move(names), [](http::response) {});
                 auto& sources = *self->service_->sources;
                 sources.find_wires(asker, {what.source}, [self, c, what, record, done, asker, &sources](federation::wires wires) {
                   auto const uri = self->service_->program.public_url + "/" + c->id() + "/ngsi-ld/ex/remote-notify";
                   auto const& w = wire_of(wires, *what.source);
                   auto body = reduced(*what.record, *what.source, w, *asker->names, splits(sources, *what.record->find("body")), uri);
                   body["id"] = what.id;
                   auto requests = std::vector<forwarded>{{what.source, "POST", "/subscriptions", json::to_string(std::move(body))}};
                   sources.ask(*asker, std::move(requests), wires, [self, c, what, record, done, asker](std::vector<heard> all) {
                     auto const status = all[0].status;
                     if (status != 201 && status != 409) {
                       log::warning("a source does not take a subscription",
                                    {{"source", what.source->id}, {"status", std::to_string(status)}, {"reason", all[0].error}});
                       return done(false);
                     }
                     auto made = record.as_object();
                     made["made"] = true;
                     self->service_->program.as_source(c, "ngsi_ld").try_submit(
                         [id = what.id, made = json::value(std::move(made))](transaction& t) {
                           if (t.find_record(copy_collection, id)) t.put_record(copy_collection, id, made);
                         },
                         [done](outcome const& o) { done(!o.refused); });
                   });
                 });
               });
             });
}

// 5.8.5.4
void handover::remove(std::shared_ptr<city> const& c, std::string const& id, json::value const& record) {
  auto const key = c->id() + "\nremove\n" + id;
  auto const forget = [self = shared_from_this(), c, id, key] {
    self->service_->program.as_source(c, "ngsi_ld").try_submit(
        [id](transaction& t) {
          if (t.find_record(copy_collection, id)) t.erase_record(copy_collection, id);
        },
        [self, key](outcome const& o) {
          self->end(key, !o.refused);
          if (!o.refused) self->await();
        });
  };
  if (on_their_way_ >= handovers_at_once_max || !begin(key)) return;
  if (failures_of(key) >= removals_tried_max) {
    log::warning("a copy of a subscription is left at its source", {{"source", std::string(record.text_or("source", ""))}, {"subscription", id}});
    return forget();
  }
  ++on_their_way_;
  auto s = compile_source(*record.find("registration"));
  s.record = std::make_shared<json::value const>(json::object{{"body", *record.find("registration")}});
  auto const source = std::make_shared<ngsi_ld::source const>(std::move(s));
  auto const asker = call_for(c, json::object(), core_context(), [](http::response) {});
  auto& sources = *service_->sources;
  sources.find_wires(asker, {source}, [self = shared_from_this(), asker, source, id, key, forget, &sources](federation::wires const& wires) {
    auto requests = std::vector<forwarded>{{source, "DELETE", "/subscriptions/" + path_encoded(id), {}}};
    sources.ask(*asker, std::move(requests), wires, [self, asker, key, forget](std::vector<heard> const& all) {
      --self->on_their_way_;
      auto const status = all[0].status;
      if ((status >= 200 && status < 300) || status == 404) return forget();
      self->end(key, false);
    });
  });
}

void handover::work() {
  auto const now = service_->program.clock.now();
  auto const is_due = compared_ == no_time || now - compared_ > compare_again_us;
  if (has_work_.exchange(false) || is_due) {
    compared_ = now;
    for (auto const& c : service_->program.cities) compare(c);
  }
  for (auto const& c : service_->program.cities) relay(c);
}

// 5.8.6. It is kept before the source hears that it has come; then it cannot be lost.
void handover::hear(call_ptr c) {
  auto const id = std::string(c->body.text_or("subscriptionId", ""));
  auto const copy = c->who.find_record(copy_collection, id);
  if (!copy) throw fault(fault_kind::not_found, "there is no subscription " + id, "subscriptionId", "ETSI GS CIM 009, 5.8.6");
  auto const* data = c->body.find("data");
  if (data == nullptr || !data->is_array()) refuse("the entities of the notification", "data", "5.3.1");
  if (data->as_array().size() > relayed_entities_max) refuse("at most " + std::to_string(relayed_entities_max) + " entities", "data", "5.3.1");
  if (c->who.record_count(relayed_collection) >= relayed_notifications_max) {
    throw fault(fault_kind::too_many, "too many notifications wait to be passed on", "", "ETSI GS CIM 009, 5.8.6");
  }
  if (c->request.body.size() > relayed_bytes_max) {
    throw fault(fault_kind::too_large, "at most " + std::to_string(relayed_bytes_max) + " bytes at a time", "data", "ETSI GS CIM 009, 5.8.6");
  }
  for (auto const& v : data->as_array()) parse_notified_entity(v, *c->names);  // refuses what is not valid
  auto const record = json::value(json::object{{"copy", id},
                                               {"subscription", std::string(copy->text_or("subscription", ""))},
                                               {"source", std::string(copy->text_or("source", ""))},
                                               {"context", c->context},
                                               {"data", *data}});
  auto const own = c->at->program.as_source(c->who.shared_city(), "ngsi_ld");
  submit_and_reply(
      own, [record](transaction& t) { t.put_record(relayed_collection, queue_key(t.now()), record); }, c->answer,
      [](outcome const&) { return http::json(200, "{}"); }, [c](fault const& f) { return c->refusal(f); });
}

// The oldest of each subscription, one at a time.
void handover::relay(std::shared_ptr<city> const& c) {
  if (c->record_count(relayed_collection) == 0) return;
  auto seen = std::set<std::string, std::less<>>();
  auto due = std::vector<std::pair<std::string, record_ptr>>();
  c->for_each_record(relayed_collection, "", [&](std::string_view key, record_ptr const& record) {
    if (seen.emplace(record->text_or("subscription", "")).second) due.emplace_back(key, record);
    return true;
  });
  for (auto const& [key, record] : due) {
    if (begin(c->id() + "\nrelay\n" + std::string(record->text_or("subscription", "")))) tell(c, key, record);
  }
}

void handover::tell(std::shared_ptr<city> const& c, std::string const& key, record_ptr const& queued) {
  auto const id = std::string(queued->text_or("subscription", ""));
  auto const done = [self = shared_from_this(), c, key, lane = c->id() + "\nrelay\n" + id](bool ok) {
    if (!ok) return self->end(lane, false);
    self->service_->program.as_source(c, "ngsi_ld").try_submit(
        [key](transaction& t) {
          if (t.find_record(relayed_collection, key)) t.erase_record(relayed_collection, key);
        },
        [self, lane](outcome const& o) { self->end(lane, !o.refused); });
  };
  auto const record = c->find_record(subscription_collection, id);
  if (!record || subscription_state(*c, *record, service_->program.clock.now()) != "active") return done(true);
  with_names(c, *queued, [self = shared_from_this(), c, queued, record, id, done](context_ptr names) {
    auto const s = std::make_shared<subscription>(read_subscription(*record));
    auto entities = std::make_shared<std::vector<entity_ptr>>();
    for (auto const& v : queued->find("data")->as_array()) entities->push_back(make_ref<entity>(parse_notified_entity(v, *names)));
    auto const asker = self->call_for(c, *record, names, [done](http::response) { done(false); });
    auto const send = [self, c, record, id, s, entities, asker, done] {
      auto const linked = linked_condition(*s, asker->who);
      auto wanted = s->query;
      std::erase_if(*entities, [&](entity_ptr& e) {
        e = asker->who.masked(e);
        if (!e) return true;
        auto const is_gone = e->deleted_at != no_time;
        return !is_gone && (!query::matches(wanted, *e) || (linked && !query::matches(*linked, *e)));
      });
      if (entities->empty()) return done(true);
      self->notifier_->pass_on(c, id, record, *s, std::move(*entities), [done](sent const& r) { done(r.ok); });
    };
    if (!splits(*self->service_->sources, *record->find("body"))) return answer_faults(*asker, send);
    // What is said here and by all others of these entities.
    asker->only_sources.emplace();
    for (auto const& other : *self->service_->sources->sources_of(*c)) {
      if (other->id != queued->text_or("source", "")) asker->only_sources->push_back(other->id);
    }
    auto const step = std::make_shared<std::function<void(std::size_t)>>();
    *step = [entities, asker, send, weak = std::weak_ptr(step), self](std::size_t i) {
      auto const again = weak.lock();
      if (i == entities->size()) return answer_faults(*asker, send);
      find_everywhere(asker, (*entities)[i]->id, [entities, again, i, self](found_entity found) {
        auto& e = (*entities)[i];
        if (found.entity && e->deleted_at == no_time) e = merge_parts({{found.entity}, {e}}, self->service_->program.clock.now());
        (*again)(i + 1);
      });
    };
    (*step)(0);
  });
}

}  // namespace dos::ngsi_ld
