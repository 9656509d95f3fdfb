#include "standard/ngsi_ld/subscriptions/subscription.h"
#include "standard/ngsi_ld/vocabulary.h"

#include <algorithm>
#include <array>

#include "base/fault.h"
#include "base/id.h"
#include "base/name_rules.h"
#include "base/text.h"
#include "http/percent.h"
#include "http/url.h"
#include "kernel/city/city.h"
#include "linked_data/q_parser.h"
#include "linked_data/refusal.h"
#include "linked_data/selection_parser.h"
#include "standard/ngsi_ld/entities/entity_query.h"

namespace dos::ngsi_ld {
namespace {

using rename = std::function<std::string(std::string_view)>;

[[noreturn]] void refuse_subscription(std::string detail, std::string_view member, std::string_view clause = "5.2.12") {
  refuse(std::move(detail), member, clause);
}

bool is_entity_member(std::string_view name) { return name == "id" || name == "type" || name == "scope" || name == "*"; }

void rename_text(json::value& v, std::string_view separators, rename const& how) {
  if (v.is_string()) v = map_names(v.as_string(), separators, how);
  if (!v.is_array()) return;
  for (auto& one : v.as_array()) {
    if (one.is_string()) one = map_names(one.as_string(), separators, how);
  }
}

// The members of a subscription that hold names, renamed one by one.
void rename_members(json::object& body, rename const& how) {
  auto const attribute = [&](std::string_view name) { return is_entity_member(name) ? std::string(name) : how(name); };
  if (auto* entities = body.find("entities"); entities != nullptr && entities->is_array()) {
    for (auto& e : entities->as_array()) {
      if (auto* type = e.find("type"); type != nullptr) rename_text(*type, ",;|()", attribute);
    }
  }
  if (auto* watched = body.find("watchedAttributes"); watched != nullptr) rename_text(*watched, ",", attribute);
  if (auto* geo = body.find("geoQ"); geo != nullptr) {
    if (auto* property = geo->find("geoproperty"); property != nullptr) rename_text(*property, ",", attribute);
  }
  if (auto* notification = body.find("notification"); notification != nullptr) {
    for (auto const member : {"attributes", "pick", "omit"}) {
      if (auto* names = notification->find(member); names != nullptr) rename_text(*names, ",{}", attribute);
    }
  }
}

constexpr auto triggers = std::array<std::pair<std::string_view, trigger>, 6>{{{"entityCreated", entity_created},
                                                                               {"entityUpdated", entity_updated},
                                                                               {"entityDeleted", entity_deleted},
                                                                               {"attributeCreated", attribute_created},
                                                                               {"attributeUpdated", attribute_updated},
                                                                               {"attributeDeleted", attribute_deleted}}};

unsigned read_triggers(json::value const& v) {
  auto bits = 0u;
  for (auto const name : texts_of(v, "notificationTrigger")) {
    auto const it = std::find_if(triggers.begin(), triggers.end(), [&](auto const& t) { return t.first == name; });
    if (it == triggers.end()) refuse_subscription("there is no trigger " + std::string(name), "notificationTrigger");
    bits |= it->second;
  }
  if (bits == 0) refuse_subscription("name at least one trigger", "notificationTrigger");
  return bits;
}

std::int64_t read_seconds(json::value const& v, std::string_view member, bool may_be_zero) {
  if (!v.is_number() || v.as_double() < 0 || (v.as_double() == 0 && !may_be_zero) || v.as_double() > 1e9) {
    refuse_subscription("a positive number of seconds", member);
  }
  return std::int64_t(v.as_double() * double(us_per_second));
}

bool read_bool(json::value const& v, std::string_view member, std::string_view clause) {
  if (!v.is_bool()) refuse_subscription("true or false", member, clause);
  return v.as_bool();
}

media read_accept(std::string_view text) {
  if (text.empty() || text == "application/json") return media::json;
  if (text == "application/ld+json") return media::ld_json;
  if (text == "application/geo+json") return media::geo_json;
  refuse_subscription("accept is application/json, application/ld+json or application/geo+json", "notification.endpoint.accept", "5.2.15");
}

// ETSI GS CIM 009, 7.2: mqtt[s]://[user[:password]@]host[:port]/topic[/subtopic]*
mqtt_rules read_mqtt(json::value const& endpoint, std::string const& uri) {
  auto out = mqtt_rules();
  try {
    auto const url = http::parse_url(uri);
    out.topic = http::percent_decoded(url.path.substr(1));
  } catch (fault const& f) {
    refuse_subscription(f.detail, "notification.endpoint.uri", "7.2");
  }
  if (out.topic.empty() || uri.find('#') != std::string::npos || out.topic.find('+') != std::string::npos) {
    refuse_subscription("behind the broker's address stands the topic, without + and #", "notification.endpoint.uri", "7.2");
  }
  auto const* info = endpoint.find("notifierInfo");
  if (info == nullptr) return out;
  for (auto const& pair : info->as_array()) {
    auto const key = pair.text_or("key", "");
    auto const value = pair.text_or("value", "");
    if (key == "MQTT-Version") {
      if (value != "mqtt3.1.1" && value != "mqtt5.0") {
        refuse_subscription("MQTT-Version is mqtt3.1.1 or mqtt5.0", "notification.endpoint.notifierInfo", "7.2");
      }
      out.is_version_5 = value == "mqtt5.0";
    } else if (key == "MQTT-QoS") {
      if (value != "0" && value != "1" && value != "2") {
        refuse_subscription("MQTT-QoS is 0, 1 or 2", "notification.endpoint.notifierInfo", "7.2");
      }
      out.qos = value[0] - '0';
    }
  }
  return out;
}

void read_endpoint(json::value const& v, notification_rules& out) {
  if (!v.is_object()) refuse_subscription("an endpoint is an object", "notification.endpoint", "5.2.15");
  out.uri = v.text_or("uri", "");
  if (!is_uri(out.uri)) refuse_subscription("an endpoint has a uri", "notification.endpoint.uri", "5.2.15");
  auto const scheme = out.uri.substr(0, out.uri.find(':'));
  if (scheme == "file" || scheme == "ftp" || scheme == "gopher") {
    refuse_subscription("an endpoint is reached by http, https, mqtt or mqtts", "notification.endpoint.uri", "5.2.15");
  }
  for (auto const member : {"notifierInfo", "receiverInfo"}) {
    if (auto const* info = v.find(member); info != nullptr) require_key_values(*info, "notification.endpoint." + std::string(member));
  }
  if (scheme == "mqtt" || scheme == "mqtts") out.mqtt = read_mqtt(v, out.uri);
  out.accept = read_accept(v.text_or("accept", ""));
  if (auto const* info = v.find("receiverInfo"); info != nullptr) {
    require_receiver_info(*info, "notification.endpoint.receiverInfo");
    for (auto const& pair : info->as_array()) out.headers.emplace_back(pair.text_or("key", ""), pair.text_or("value", ""));
  }
}

notification_rules read_notification(json::value const& v, naming const& n) {
  if (!v.is_object()) refuse_subscription("a notification is an object", "notification", "5.2.14");
  auto out = notification_rules();
  auto const* endpoint = v.find("endpoint");
  if (endpoint == nullptr) refuse_subscription("a notification has an endpoint", "notification.endpoint", "5.2.14");
  read_endpoint(*endpoint, out);
  if (auto const* format = v.find("format"); format != nullptr) {
    auto const form = format->is_string() ? parse_representation(format->as_string()) : std::nullopt;
    if (!form) refuse_subscription("format is normalized, concise or keyValues", "notification.format", "5.2.14");
    out.form = *form;
  }
  if (auto const* b = v.find("sysAttrs"); b != nullptr) out.sys_attrs = read_bool(*b, "notification.sysAttrs", "5.2.14");
  if (auto const* b = v.find("showChanges"); b != nullptr) out.show_changes = read_bool(*b, "notification.showChanges", "5.2.14");
  if (out.show_changes && out.form == representation::simplified) {
    refuse_subscription("showChanges does not go with keyValues", "notification.showChanges", "5.2.14");
  }
  auto wanted = wanted_members();
  if (auto const* names = v.find("attributes"); names != nullptr) {
    wanted.attrs = texts_of(*names, "notification.attributes");
    if (wanted.attrs->empty()) refuse_subscription("name at least one attribute", "notification.attributes", "5.2.14");
  }
  auto const split_all = [](json::value const& names, std::string_view member) {
    auto out = std::vector<std::string_view>();
    if (names.is_string()) return split_members(names.as_string(), member);
    for (auto const one : texts_of(names, member)) out.push_back(one);
    return out;
  };
  if (auto const* names = v.find("pick"); names != nullptr) wanted.pick = split_all(*names, "notification.pick");
  if (auto const* names = v.find("omit"); names != nullptr) wanted.omit = split_all(*names, "notification.omit");
  out.projection = make_projection(wanted, n);
  auto const join = v.text_or("join", "");
  if (join == "inline") out.join = join_form::in_line;
  else if (join == "flat") out.join = join_form::flat;
  else if (!join.empty() && join != "@none") refuse_subscription("join is inline, flat or @none", "notification.join", "5.2.14");
  if (auto const* level = v.find("joinLevel"); level != nullptr) {
    if (!level->is_int() || level->as_int() < 1) refuse_subscription("a whole number from 1 on", "notification.joinLevel", "5.2.14");
    out.join_level = int(std::min<std::int64_t>(level->as_int(), join_level_max));
  }
  out.geometry = n(v.text_or("geometryProperty", "location"));
  return out;
}

q_options linked_options(std::function<std::vector<std::string>(query::query const&)> find = [](auto const&) { return std::vector<std::string>(); }) {
  auto o = q_options();
  o.linked_levels = join_level_max;
  o.find_linked = std::move(find);
  return o;
}

}  // namespace

void require_receiver_info(json::value const& info, std::string_view member) {
  require_key_values(info, member);
  for (auto const& pair : info.as_array()) {
    auto const key = pair.text_or("key", ""), value = pair.text_or("value", "");
    auto const is_plain = [](std::string_view s) { return std::all_of(s.begin(), s.end(), [](char c) { return c >= ' ' && c < 127; }); };
    if (key.empty() || !is_plain(key) || !is_plain(value) || key.find_first_of(" :") != std::string_view::npos) {
      refuse_subscription("an HTTP header: key and value", member, "5.2.22");
    }
    static constexpr auto of_connection = std::array<std::string_view, 8>{
        "connection", "content-length", "expect", "host", "keep-alive", "te", "transfer-encoding", "upgrade"};
    if (std::any_of(of_connection.begin(), of_connection.end(), [&](auto name) { return text::equal_ignoring_case(key, name); })) {
      refuse_subscription(std::string(key) + " is the connection's own header", member, "5.2.22");
    }
  }
}

query::node_ptr linked_condition(subscription const& s, session const& who) {
  if (s.linked_q.empty()) return nullptr;
  return parse_q(s.linked_q, {*s.names, true}, linked_options([&](query::query const& which) {
                   auto ids = std::vector<std::string>();
                   for (auto const& e : who.find(which).entities) ids.push_back(e->id);
                   return ids;
                 }));
}

std::string map_names(std::string_view text, std::string_view separators, rename const& map) {
  auto out = std::string();
  for (auto i = std::size_t(0); i <= text.size();) {
    auto const end = std::min(text.find_first_of(separators, i), text.size());
    auto const name = text::trim(text.substr(i, end - i));
    if (!name.empty()) out += map(name);
    if (end < text.size()) out += text[end];
    i = end + 1;
  }
  return out;
}

json::object make_subscription_body(json::value const& body, context const& names, json::object& terms) {
  if (!body.is_object()) refuse_subscription("a subscription is an object", whole_body);
  auto out = body.as_object();
  out.erase("@context");
  for (auto const member : {"status", "lastNotification", "lastFailure", "lastSuccess", "timesSent", "timesFailed", "createdAt", "modifiedAt"}) {
    out.erase(member);
    if (auto* notification = out.find("notification"); notification != nullptr && notification->is_object()) notification->as_object().erase(member);
  }
  static constexpr auto members = std::array<std::string_view, 24>{
      "id", "type", "subscriptionName", "description", "entities", "watchedAttributes", "notificationTrigger", "timeInterval", "q", "geoQ", "csf",
      "isActive", "notification", "expiresAt", "throttling", "temporalQ", "scopeQ", "lang", "datasetId", "splitEntities", "jsonldContext",
      "expandValues", "jsonKeys", "localOnly"};
  for (auto const& [name, v] : body.as_object()) {
    if (std::find(members.begin(), members.end(), name) == members.end()) out.erase(name);
  }
  rename_members(out, [&](std::string_view name) { return names.expand(name); });
  if (auto const* q = out.find("q"); q != nullptr && q->is_string()) parse_q(decoded_q(q->as_string()), {names, false, &terms}, linked_options());
  return out;
}

json::object show_subscription_body(json::value const& body, context const& names) {
  auto out = body.as_object();
  rename_members(out, [&](std::string_view iri) { return names.compact(iri); });
  return out;
}

subscription read_subscription(json::value const& record) {
  auto const* terms = record.find("terms");
  auto const context = make_context(terms != nullptr && terms->is_object() ? terms->as_object() : json::object());
  auto const n = naming{*context, true};
  auto const& body = *record.find("body");
  auto s = subscription();
  if (body.text_or("type", "") != "Subscription") refuse_subscription("the type is Subscription", "type");
  for (auto const& [key, v] : body.as_object()) {
    if (v.is_null()) refuse_subscription("null is no value here", key);
  }
  if (auto const* entities = body.find("entities"); entities != nullptr) {
    if (!entities->is_array() || entities->as_array().empty()) refuse_subscription("entities is an array of selectors", "entities");
    for (auto const& e : entities->as_array()) {
      if (e.find("type") == nullptr && e.find("id") == nullptr && e.find("idPattern") == nullptr) {
        refuse_subscription("a selector names a type, an id or an idPattern", "entities", "5.2.33");
      }
      s.watch.selectors.push_back(read_selector(e, n));
    }
  }
  if (auto const* watched = body.find("watchedAttributes"); watched != nullptr) {
    auto const names = texts_of(*watched, "watchedAttributes");
    if (names.empty()) refuse_subscription("name at least one attribute", "watchedAttributes");
    for (auto const name : names) s.watch.attributes.push_back(n(name));
  }
  if (body.find("entities") == nullptr && body.find("watchedAttributes") == nullptr) {
    refuse_subscription("a subscription has entities or watchedAttributes", "entities");
  }
  auto conditions = query::query();
  if (auto const* q = body.find("q"); q != nullptr) {
    if (!q->is_string()) refuse_subscription("q is text", "q");
    auto asks_linked = false;
    auto const note = [&](query::query const&) {
      asks_linked = true;
      return std::vector<std::string>();
    };
    auto filter = parse_q(decoded_q(q->as_string()), n, linked_options(note));
    if (asks_linked) s.linked_q = decoded_q(q->as_string()), s.names = context;
    else add_filter(conditions, std::move(filter));
  }
  if (auto const* csf = body.find("csf"); csf != nullptr) {
    if (!csf->is_string()) refuse_subscription("csf is text", "csf");
    parse_q(decoded_q(csf->as_string()), {*core_context()}, {.member = "csf"});
  }
  if (auto const* geo = body.find("geoQ"); geo != nullptr) add_filter(conditions, read_geo_query(*geo, n));
  if (auto const* scope = body.find("scopeQ"); scope != nullptr) {
    if (!scope->is_string()) refuse_subscription("scopeQ is text", "scopeQ");
    auto selection = parse_scope_query(scope->as_string());
    s.watch.scopes = std::move(selection.any);
    add_filter(conditions, std::move(selection.filter));
  }
  s.watch.filter = conditions.filter;
  if (auto const* t = body.find("notificationTrigger"); t != nullptr) s.watch.triggers = read_triggers(*t);
  if (auto const* t = body.find("throttling"); t != nullptr) s.watch.throttling_us = read_seconds(*t, "throttling", true);
  if (auto const* t = body.find("timeInterval"); t != nullptr) {
    s.interval_us = read_seconds(*t, "timeInterval", false);
    if (body.find("throttling") != nullptr) refuse_subscription("throttling does not go with timeInterval", "throttling");
    if (body.find("watchedAttributes") != nullptr) refuse_subscription("watchedAttributes does not go with timeInterval", "watchedAttributes");
  }
  if (auto const* t = body.find("expiresAt"); t != nullptr) {
    auto const when = t->is_string() ? parse_timestamp(t->as_string()) : std::nullopt;
    if (!when) refuse_subscription("a date and time in UTC", "expiresAt");
    s.watch.expires_at = *when;
  }
  if (auto const* b = body.find("isActive"); b != nullptr) s.watch.active = read_bool(*b, "isActive", "5.2.12");
  auto const* notification = body.find("notification");
  if (notification == nullptr) refuse_subscription("a subscription has a notification", "notification");
  s.notification = read_notification(*notification, n);
  s.notification.language = body.text_or("lang", "");
  if (auto const* ids = body.find("datasetId"); ids != nullptr) {
    s.notification.projection.datasets_chosen = true;
    for (auto const id : texts_of(*ids, "datasetId")) s.notification.projection.datasets.push_back(id == "@none" ? symbol() : symbol(id));
  }
  if (auto const* who = record.find("who"); who != nullptr) s.watch.who = read_principal(*who);
  if (auto const* when = body.find("temporalQ"); when != nullptr) s.when = read_temporal_query(*when);
  s.query.selectors = s.watch.selectors;
  s.query.filter = s.watch.filter;
  s.query.scopes = s.watch.scopes;
  return s;
}

void require_valid_subscription(json::value const& record, timestamp now) {
  auto const s = read_subscription(record);
  auto const& body = *record.find("body");
  require_uri(body.text_or("id", ""), "id");
  if (s.watch.expires_at != no_time && s.watch.expires_at <= now) refuse_subscription("this is in the past", "expiresAt");
}

std::string_view subscription_state(city const& c, json::value const& record, timestamp now) {
  auto const& body = *record.find("body");
  auto const expires = parse_timestamp(body.text_or("expiresAt", ""));
  if (expires && *expires <= now) return "expired";
  if (auto const* const who = record.find("who"); who != nullptr && c.is_over(read_principal(*who), now)) return "expired";
  auto const* active = body.find("isActive");
  return active != nullptr && active->is_bool() && !active->as_bool() ? "paused" : "active";
}

}  // namespace dos::ngsi_ld
