#include "standard/ngsi_ld/subscriptions/notification.h"

#include <algorithm>

#include "base/fault.h"
#include "base/id.h"
#include "kernel/city/city.h"
#include "standard/ngsi_ld/registrations/registration.h"
#include "standard/ngsi_ld/subscriptions/notification_message.h"

namespace dos::ngsi_ld {
namespace {

attribute_ptr removed(attribute const& old, timestamp at, bool sys_attrs) {
  auto a = attribute();
  a.name = old.name;
  a.dataset = old.dataset;
  a.kind = old.kind;
  a.created_at = old.created_at;
  a.modified_at = old.modified_at;
  a.value = a.kind == attribute_kind::language_property ? json::value(json::object{{"@none", null_uri}}) : json::value(null_uri);
  if (sys_attrs) a.more = json::object{{"deletedAt", to_string(at)}};
  return make_attribute(std::move(a));
}

// What the receiver sees of a change: the entity as it is, with what was removed marked. 4.5.0 and 5.8.6
shown_change shown_for(delivery const& d, subscription const& s) {
  auto const& change = d.change;
  auto out = shown_change{change.after, change.before, {}};
  auto const is_gone = change.after->deleted_at != no_time;
  auto const removals = std::any_of(change.attributes.begin(), change.attributes.end(), [](auto const& a) { return a.what == attribute_deleted; });
  if (s.notification.show_changes) {
    out.changes.before = change.before.get();
    for (auto const& a : change.attributes) out.changes.attributes.emplace_back(a.name, a.dataset);
  }
  if (!change.before || (!removals && !is_gone)) return out;
  auto const is_watched = [&](symbol name) {
    return std::find(s.watch.attributes.begin(), s.watch.attributes.end(), name) != s.watch.attributes.end();
  };
  auto e = entity(*change.after);
  if (is_gone) e.created_at = change.before->created_at, e.modified_at = change.before->modified_at;
  for (auto const& a : change.attributes) {
    if (a.what != attribute_deleted) continue;
    if (is_gone && !s.notification.show_changes && !is_watched(a.name)) continue;
    auto const old = change.before->find(a.name, a.dataset);
    if (!old) continue;
    auto gone = removed(*old, change.at, s.notification.sys_attrs);
    // Where no instance is left, one says so for all.
    if (change.after->find_all(a.name).empty()) {
      if (!e.find_all(a.name).empty()) continue;
      auto whole = attribute(*gone);
      if (change.before->find_all(a.name).size() > 1) whole.dataset = {};
      gone = make_attribute(std::move(whole));
    }
    e.attributes.push_back(std::move(gone));
  }
  out.entity = make_ref<entity>(std::move(e));
  return out;
}

}  // namespace

void notifier::send(std::shared_ptr<city> const& c, std::string const& key, std::vector<delivery> entries, std::function<void(sent)> done) {
  auto m = std::make_shared<message>();
  m->city = c;
  m->key = key;
  m->record = c->find_record(subscription_collection, key);
  m->done = std::move(done);
  if (!m->record) return m->done({true, {}});
  m->what = read_subscription(*m->record);
  auto linked = query::node_ptr();
  try {
    linked = linked_condition(m->what, session(c, m->what.watch.who));
  } catch (fault const& f) {
    return m->done({false, f.detail});
  }
  if (linked) {
    std::erase_if(entries, [&](delivery const& d) {
      auto const is_gone = d.change.after->deleted_at != no_time && d.change.before;
      return !query::matches(*linked, is_gone ? *d.change.before : *d.change.after);
    });
    if (entries.empty()) return m->done({.ok = true, .error = {}, .taken = 0, .is_left_out = true});
  }
  // One notification shows an entity once: what comes after a second change of it goes with the next.
  auto rest = std::vector<delivery>();
  for (auto& d : entries) {
    auto const comes_again = !rest.empty() || std::any_of(m->entities.begin(), m->entities.end(), [&](auto const& seen) {
      return seen.entity->id == d.change.after->id;
    });
    if (comes_again) {
      rest.push_back(std::move(d));
    } else {
      m->entities.push_back(shown_for(d, m->what));
    }
  }
  auto const final = m->done;
  m->done = [self = shared_from_this(), c, key, rest = std::move(rest), final](sent result) {
    if (!result.ok || rest.empty()) return final(std::move(result));
    self->send(c, key, rest, final);
  };
  deliver(std::move(m));
}

void notifier::pass_on(std::shared_ptr<city> const& c, std::string key, record_ptr record, subscription s, std::vector<entity_ptr> entities,
                       std::function<void(sent)> done) {
  auto m = std::make_shared<message>();
  m->city = c;
  m->key = std::move(key);
  m->record = std::move(record);
  m->what = std::move(s);
  for (auto& e : entities) m->entities.push_back({std::move(e), {}, {}});
  m->done = std::move(done);
  deliver(std::move(m));
}

void notifier::deliver(std::shared_ptr<message> m) {
  auto const build = [this, m](context_ptr names) {
    auto const& n = m->what.notification;
    auto const who = session(m->city, m->what.watch.who);
    auto r = plain_rendering(*names);
    r.form = n.form;
    r.sys_attrs = n.sys_attrs;
    r.language = n.language;
    r.projection = n.projection;
    r.geometry = n.geometry;
    auto const* context = m->record->find("context");
    auto inline_context = std::string();
    if (n.accept == media::ld_json) {
      auto const has_context = context != nullptr && !context->is_null();
      inline_context = json::to_string(has_context ? *context : json::value(service_->contexts.usual_of(*m->city).url));
    }
    auto const type = m->trigger_reason.empty() ? "Notification" : "ContextSourceNotification";
    r.shows_deletion = true;
    r.inline_context = inline_context;
    auto body = "{\"id\":\"urn:ngsi-ld:Notification:" + new_uuid() + "\",\"type\":\"" + type + "\",\"subscriptionId\":";
    json::write_string(body, m->key);
    body += ",\"notifiedAt\":";
    write_time(body, service_->program.clock.now());
    if (!inline_context.empty()) body += ",\"@context\":" + inline_context;
    if (!m->trigger_reason.empty()) body += ",\"triggerReason\":\"" + m->trigger_reason + "\"";
    body += ",\"data\":";
    auto const join = join_rules{n.join, n.join_level, {}};
    body += n.accept == media::geo_json ? "{\"type\":\"FeatureCollection\",\"features\":[" : "[";
    auto is_first = true;
    for (auto const& registration : m->registrations) {
      if (!is_first) body += ',';
      is_first = false;
      json::write(body, show_registration_body(registration, *names));
    }
    for (auto const& shown : m->entities) {
      if (!is_first) body += ',';
      is_first = false;
      r.changes = n.show_changes ? &shown.changes : nullptr;
      if (n.accept == media::geo_json) {
        write_feature(body, *shown.entity, r);
      } else if (n.join == join_form::none) {
        write_entity(body, *shown.entity, r);
      } else {
        auto list = std::string();
        write_entities(list, {shown.entity}, wrapping::array, [&](std::string_view id) { return who.find(id); }, join, r);
        body.append(list, 1, list.size() - 2);  // without its brackets: all stand in one array
      }
    }
    body += n.accept == media::geo_json ? "]}}" : "]}";
    auto headers = http::headers();
    static constexpr std::string_view types[] = {"application/json", "application/ld+json", "application/json"};
    headers.add("Content-Type", std::string(types[std::size_t(n.accept)]));
    if (n.accept != media::ld_json) {
      auto url = m->record->text_or("url", {});
      if (url.empty()) url = service_->contexts.usual_of(*m->city).url;  // made without a context of its own
      headers.add("Link", "<" + std::string(url) + ">; rel=\"http://www.w3.org/ns/json-ld#context\"; type=\"application/ld+json\"");
    }
    if (m->city != service_->program.cities.front()) headers.add("NGSILD-Tenant", m->city->id());
    for (auto const& [name, value] : n.headers) headers.set(name, value);
    carry(m, std::move(headers), std::move(body));
  };
  auto const* context = m->record->find("context");
  if (context == nullptr || context->is_null()) return build(service_->contexts.usual_of(*m->city).names);
  // A context that is not to be had now must not hold the news back: names go out as IRIs.
  service_->contexts.resolve(session(m->city, m->what.watch.who), *context, build, [build](fault const&) { build(core_context()); });
}

void notifier::carry(std::shared_ptr<message> const& m, http::headers headers, std::string body) {
  auto const& n = m->what.notification;
  if (n.mqtt.topic.empty()) {
    auto request = outbound_request();
    request.method = "POST";
    request.url = n.uri;
    request.headers = std::move(headers);
    request.body = std::move(body);
    return service_->program.outbound(std::move(request), [m](outbound_response answer) {
      if (answer.status >= 200 && answer.status < 300) return m->done({true, {}});
      m->done({false, answer.status == 0 ? answer.error : "the receiver answered " + std::to_string(answer.status)});
    });
  }
  // ETSI GS CIM 009, 7.2: what HTTP says in headers stands beside the body.
  auto metadata = json::object();
  for (auto const& [name, value] : headers) metadata[name] = value;
  auto mail = outbound_message();
  mail.broker = n.uri;
  mail.is_version_5 = n.mqtt.is_version_5;
  mail.topic = n.mqtt.topic;
  mail.qos = n.mqtt.qos;
  mail.content_type = "application/json";
  mail.payload = "{\"metadata\":" + json::to_string(std::move(metadata)) + ",\"body\":" + body + "}";
  service_->program.outbound_mqtt(std::move(mail), [m](std::string error) { m->done({error.empty(), std::move(error)}); });
}

}  // namespace dos::ngsi_ld
