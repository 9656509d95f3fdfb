#include "standard/ngsi_ld/registrations/registration.h"
#include "standard/ngsi_ld/vocabulary.h"

#include <algorithm>
#include <array>

#include "base/fault.h"
#include "base/id.h"
#include "base/name_rules.h"
#include "base/text.h"
#include "geo/geometry.h"
#include "kernel/graph/pattern.h"
#include "linked_data/fragment.h"
#include "linked_data/refusal.h"
#include "standard/ngsi_ld/entities/entity_query.h"
#include "standard/ngsi_ld/federation/context_source.h"

namespace dos::ngsi_ld {
namespace {

constexpr auto known_members = std::array<std::string_view, 27>{
    "id", "type", "registrationName", "description", "information", "tenant", "observationInterval", "managementInterval", "location",
    "observationSpace", "operationSpace", "expiresAt", "endpoint", "contextSourceInfo", "scope", "mode", "operations", "refreshRate",
    "management", "createdAt", "modifiedAt", "status", "timesSent", "timesFailed", "contextSourceAlias", "datasetId",
    "localOnly"};
constexpr auto name_lists = std::array<std::string_view, 3>{"propertyNames", "relationshipNames", "attributeNames"};

bool is_known_member(std::string_view name) { return std::find(known_members.begin(), known_members.end(), name) != known_members.end(); }

[[noreturn]] void refuse_registration(std::string detail, std::string_view member, std::string_view clause = "5.2.9") {
  refuse(std::move(detail), member, clause);
}

using rename = std::function<std::string(std::string_view)>;

void rename_all(json::value& v, rename const& how) {
  if (v.is_string()) v = how(v.as_string());
  if (!v.is_array()) return;
  for (auto& one : v.as_array()) {
    if (one.is_string()) one = how(one.as_string());
  }
}

void rename_information(json::object& body, rename const& how) {
  auto* information = body.find("information");
  if (information == nullptr || !information->is_array()) return;
  for (auto& info : information->as_array()) {
    if (auto* entities = info.find("entities"); entities != nullptr && entities->is_array()) {
      for (auto& e : entities->as_array()) {
        if (auto* type = e.find("type"); type != nullptr) read_as("information.entities.type", "5.2.8", [&] { rename_all(*type, how); });
      }
    }
    for (auto const list : name_lists) {
      if (auto* names = info.find(list); names != nullptr) read_as("information." + std::string(list), "5.2.10", [&] { rename_all(*names, how); });
    }
  }
}

void require_interval(json::value const& v, std::string_view member) {
  auto const start = parse_timestamp(v.text_or("startAt", ""));
  auto const* end = v.find("endAt");
  auto const end_time = end != nullptr && end->is_string() ? parse_timestamp(end->as_string()) : std::nullopt;
  if (!start || (end != nullptr && !end_time)) refuse_registration("an interval has startAt and perhaps endAt", member, "5.2.11");
}

void require_information(json::value const* information) {
  if (information == nullptr || !information->is_array() || information->as_array().empty()) {
    refuse_registration("a registration has an array of information", "information");
  }
  for (auto const& info : information->as_array()) {
    if (!info.is_object() || info.as_object().empty()) refuse_registration("an information names entities or attributes", "information", "5.2.10");
    if (auto const* entities = info.find("entities"); entities != nullptr) {
      if (!entities->is_array() || entities->as_array().empty()) refuse_registration("an array of entity selectors", "information.entities", "5.2.10");
      for (auto const& e : entities->as_array()) {
        auto const* type = e.find("type");
        if (type == nullptr) refuse_registration("an entity selector has a type", "information.entities.type", "5.2.8");
        texts_of(*type, "information.entities.type");
        if (auto const* id = e.find("id"); id != nullptr) {
          for (auto const one : texts_of(*id, "information.entities.id")) require_uri(one, "information.entities.id");
        }
        if (auto const* pattern = e.find("idPattern"); pattern != nullptr) {
          if (!pattern->is_string()) refuse_registration("a regular expression", "information.entities.idPattern", "5.2.8");
          read_as("information.entities.idPattern", "5.2.8", [&] { return query::make_pattern(pattern->as_string()); });
        }
      }
    }
    for (auto const list : name_lists) {
      if (auto const* names = info.find(list); names != nullptr) texts_of(*names, "information." + std::string(list));
    }
  }
}

// 5.2.34
void require_management(json::value const& v) {
  if (!v.is_object()) refuse_registration("an object", "management", "5.2.34");
  if (auto const* d = v.find("cacheDuration"); d != nullptr && !(d->is_string() && parse_duration(d->as_string()))) {
    refuse_registration("a duration like PT5M", "management.cacheDuration", "5.2.34");
  }
  for (auto const member : {"cooldown", "timeout"}) {
    auto const* n = v.find(member);
    if (n != nullptr && (!n->is_number() || n->as_double() <= 0 || n->as_double() > 1e9)) {
      refuse_registration("a number of milliseconds above 0, a thousand million at most", "management." + std::string(member), "5.2.34");
    }
  }
  if (auto const* b = v.find("localOnly"); b != nullptr && !b->is_bool()) refuse_registration("true or false", "management.localOnly", "5.2.34");
}

// 4.3.6.5 and 4.3.6.6
void require_source_info(json::value const& v) {
  if (!v.is_array()) refuse_registration("an array of keys and values", "contextSourceInfo", "5.2.22");
  for (auto const& pair : v.as_array()) {
    auto const key = pair.text_or("key", ""), value = pair.text_or("value", "");
    auto const is_plain = [](std::string_view s) { return std::all_of(s.begin(), s.end(), [](char c) { return c >= ' ' && c < 127; }); };
    if (key.empty() || !is_plain(key) || !is_plain(value) || key.find_first_of(" :") != std::string_view::npos) {
      refuse_registration("a key and a value, as in an HTTP header", "contextSourceInfo", "5.2.22");
    }
    if ((key == "accept" || key == "contentType") && value != "application/json" && value != "application/ld+json") {
      refuse_registration(std::string(key) + " is application/json or application/ld+json", "contextSourceInfo", "4.3.6.6");
    }
    if (key == "jsonldContext" && !is_uri(value)) refuse_registration("jsonldContext is the address of a context", "contextSourceInfo", "4.3.6.6");
  }
}

bool has_type(json::value const& info, std::vector<symbol> const& conjunction) {
  auto const types = texts_of(*info.find("type"), "type");
  return std::all_of(conjunction.begin(), conjunction.end(), [&](symbol wanted) {
    return std::any_of(types.begin(), types.end(), [&](auto const t) { return t == wanted.text() || t == "*"; });
  });
}

// Whether a source that has such entities may have one that the query looks for. 5.12
bool fits(json::value const& info, query::selector const& s) {
  auto const type_fits = s.types.empty() || std::any_of(s.types.begin(), s.types.end(), [&](auto const& c) { return has_type(info, c); });
  if (!type_fits) return false;
  auto const ids = info.find("id") != nullptr ? texts_of(*info.find("id"), "id") : std::vector<std::string_view>();
  auto const pattern = info.text_or("idPattern", "");
  if (!s.ids.empty()) {
    if (!ids.empty()) {
      return std::any_of(ids.begin(), ids.end(), [&](auto const id) { return std::find(s.ids.begin(), s.ids.end(), id) != s.ids.end(); });
    }
    if (!pattern.empty()) {
      auto const p = query::make_pattern(pattern);
      return std::any_of(s.ids.begin(), s.ids.end(), [&](auto const& id) { return p->found_in(id); });
    }
    return true;
  }
  if (s.id_pattern && !ids.empty()) {
    return std::any_of(ids.begin(), ids.end(), [&](auto const id) { return s.id_pattern->found_in(id); });
  }
  return true;
}

bool fits(json::value const& info, query::query const& q) {
  if (auto const* entities = info.find("entities"); entities != nullptr && !q.selectors.empty()) {
    auto const any = std::any_of(entities->as_array().begin(), entities->as_array().end(), [&](auto const& e) {
      return std::any_of(q.selectors.begin(), q.selectors.end(), [&](auto const& s) { return fits(e, s); });
    });
    if (!any) return false;
  }
  if (q.attributes.empty()) return true;
  auto names_any = false;
  for (auto const list : name_lists) {
    auto const* names = info.find(list);
    if (names == nullptr) continue;
    names_any = true;
    for (auto const name : texts_of(*names, list)) {
      if (std::any_of(q.attributes.begin(), q.attributes.end(), [&](symbol s) { return s.text() == name; })) return true;
    }
  }
  return !names_any;
}

bool overlaps(json::value const& interval, temporal_query const& q) {
  auto const start = parse_timestamp(interval.text_or("startAt", "")).value_or(timestamp_min);
  auto const end = parse_timestamp(interval.text_or("endAt", "")).value_or(timestamp_max);
  switch (q.timerel) {
    case temporal_query::relation::any: return true;
    case temporal_query::relation::before: return start < q.at;
    case temporal_query::relation::after: return end > q.at;
    case temporal_query::relation::between: return start < q.end && end > q.at;
  }
  return false;
}

// The registration's own properties and places, to be asked like an entity.
entity as_entity(json::value const& body) {
  auto e = entity();
  e.id = body.text_or("id", "");
  for (auto const& [key, v] : body.as_object()) {
    auto a = attribute();
    if (key == "location" || key == "observationSpace" || key == "operationSpace") {
      a.name = core_context()->expand_to_symbol(key);
      a.kind = attribute_kind::geo_property;
      a.value = v;
    } else if (key == "scope") {
      e.scopes = parse_scopes(v);
      continue;
    } else if (is_known_member(key) && v.is_string() && key != "id" && key != "type") {
      a.name = core_context()->expand_to_symbol(key);
      a.value = v;
    } else if (!is_known_member(key)) {
      auto const fragments = parse_instances(key, v, *core_context());
      e.attributes.push_back(to_attribute(fragments.at(0)));
      continue;
    } else {
      continue;
    }
    e.attributes.push_back(make_attribute(std::move(a)));
  }
  return e;
}

}  // namespace

json::object make_registration_body(json::value const& body, context const& names) {
  if (!body.is_object()) refuse_registration("a registration is an object", whole_body);
  auto out = json::object();
  for (auto const& [key, v] : body.as_object()) {
    if (key == "@context" || key == "createdAt" || key == "modifiedAt" || key == "status") continue;
    out.push(is_known_member(key) ? key : names.expand(key), v);
  }
  for (auto const place : {"location", "observationSpace", "operationSpace"}) {
    if (auto* geo = out.find(place); geo != nullptr && geo->find("value") != nullptr) *geo = json::value(*geo->find("value"));
  }
  rename_information(out, [&](std::string_view name) { return name == "*" ? std::string(name) : names.expand(name); });
  return out;
}

json::object show_registration_body(json::value const& body, context const& names) {
  auto out = json::object();
  for (auto const& [key, v] : body.as_object()) out.push(is_known_member(key) ? key : names.compact(key), v);
  rename_information(out, [&](std::string_view iri) { return names.compact(iri); });
  return out;
}

bool is_expired_registration(json::value const& body, timestamp now) {
  auto const expires = parse_timestamp(body.text_or("expiresAt", ""));
  return expires && *expires <= now;
}

void require_valid_registration(json::value const& body, timestamp now, bool checks_expiry) {
  for (auto const& [key, v] : body.as_object()) {
    if (v.is_null()) refuse_registration("null is no value here", key);
  }
  if (body.text_or("type", "") != "ContextSourceRegistration") refuse_registration("the type is ContextSourceRegistration", "type");
  require_uri(body.text_or("id", ""), "id");
  require_information(body.find("information"));
  if (!is_uri(body.text_or("endpoint", ""))) refuse_registration("a registration has the address of the source", "endpoint");
  for (auto const interval : {"observationInterval", "managementInterval"}) {
    if (auto const* v = body.find(interval); v != nullptr) require_interval(*v, interval);
  }
  for (auto const place : {"location", "observationSpace", "operationSpace"}) {
    if (auto const* v = body.find(place); v != nullptr) {
      try {
        geo::parse_geojson(*v);
      } catch (fault const& f) {
        refuse_registration(f.detail, place, "4.7.1");
      }
    }
  }
  if (auto const* expires = body.find("expiresAt"); expires != nullptr) {
    auto const t = expires->is_string() ? parse_timestamp(text::trim(expires->as_string())) : std::nullopt;
    if (!t) refuse_registration("a date and time in UTC", "expiresAt");
    if (checks_expiry && *t <= now) refuse_registration("this is in the past", "expiresAt");
  }
  if (auto const* info = body.find("contextSourceInfo"); info != nullptr) require_key_values(*info, "contextSourceInfo");
  if (auto const* management = body.find("management"); management != nullptr) require_management(*management);
  auto const mode = body.text_or("mode", "inclusive");
  if (mode != "inclusive" && mode != "exclusive" && mode != "redirect" && mode != "auxiliary") {
    refuse_registration("mode is inclusive, exclusive, redirect or auxiliary", "mode");
  }
  parse_operations(body.find("operations"));
  if (auto const* info = body.find("contextSourceInfo"); info != nullptr) require_source_info(*info);
}

json::value only_matching(registration_query const& q, json::value const& body) {
  auto out = body.as_object();
  auto information = json::array();
  for (auto const& info : body.find("information")->as_array()) {
    if (fits(info, q.which)) information.push_back(info);
  }
  if (!information.empty()) out["information"] = std::move(information);
  return out;
}

bool covers_span(json::value const& body, temporal_query const& when) {
  auto const* observed = body.find("observationInterval");
  auto const* managed = body.find("managementInterval");
  if (observed == nullptr && managed == nullptr) return true;
  auto const* interval = when.property == time_property::observed_at ? observed : managed;
  return interval != nullptr && overlaps(*interval, when);
}

bool matches(registration_query const& q, json::value const& body) {
  if (!q.ids.empty() && std::find(q.ids.begin(), q.ids.end(), body.text_or("id", "")) == q.ids.end()) return false;
  auto const& information = body.find("information")->as_array();
  if (std::none_of(information.begin(), information.end(), [&](auto const& info) { return fits(info, q.which); })) return false;
  auto const* observed = body.find("observationInterval");
  auto const* managed = body.find("managementInterval");
  if (!q.when) {
    if (observed != nullptr || managed != nullptr) return false;
  } else {
    auto const* interval = q.when->property == time_property::observed_at ? observed : managed;
    if (interval == nullptr || !overlaps(*interval, *q.when)) return false;
  }
  if (!q.which.filter && !q.about_source && q.which.scopes.empty()) return true;
  auto const e = as_entity(body);
  auto of_scope = query::query();
  of_scope.scopes = q.which.scopes;
  if (!query::matches(of_scope, e)) return false;
  return (!q.which.filter || query::matches(*q.which.filter, e)) && (!q.about_source || query::matches(*q.about_source, e));
}

}  // namespace dos::ngsi_ld
