#include "standard/ngsi_ld/openapi.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "base/text.h"

namespace dos::ngsi_ld {
namespace {

struct operation {
  std::string_view method, path, summary;
  std::string_view params;  // separated by blanks
  std::string_view body;    // what it holds; empty: none
  std::string_view answers;  // "201 Created, 409 Exists already"
  std::string_view clause = {};  // of ETSI GS CIM 009 that defines it
};

constexpr std::string_view of_query =
    "type id idPattern attrs q georel geometry coordinates geoproperty scopeQ pick omit datasetId lang options format limit "
    "offset count orderBy join joinLevel entityMap entityMapLifetime NGSILD-EntityMap NGSILD-Snapshot";
constexpr std::string_view of_time = "timerel timeAt endTimeAt timeproperty lastN aggrMethods aggrPeriodDuration attrs pick omit options format "
    "entityMap entityMapLifetime NGSILD-EntityMap";

constexpr operation operations[] = {
    {"get", "/entities", "Find entities by type, value, place and scope", of_query, "", "200 Entities", "5.7.2"},
    {"post", "/entities", "Create an entity", "options", "An entity", "201 Created,409 Exists already", "5.6.1"},
    {"delete", "/entities", "Purge entities, or attributes of them",
     "type id idPattern q georel geometry coordinates scopeQ keep drop", "", "204 Purged", "5.6.21"},
    {"get", "/entities/{id}", "Retrieve an entity",
     "attrs pick omit datasetId lang options format geometryProperty join joinLevel entityMap entityMapLifetime NGSILD-EntityMap NGSILD-Snapshot", "",
     "200 The entity", "5.7.1"},
    {"patch", "/entities/{id}", "Merge into an entity; urn:ngsi-ld:null removes",
     "options observedAt lang", "A part of an entity", "204 Merged", "5.6.17"},
    {"put", "/entities/{id}", "Replace an entity", "options", "An entity", "204 Replaced", "5.6.18"},
    {"delete", "/entities/{id}", "Delete an entity; its history stays", "", "", "204 Deleted", "5.6.6"},
    {"post", "/entities/{id}/attrs", "Append attributes", "options", "A part of an entity", "204 Appended,207 In part", "5.6.3"},
    {"patch", "/entities/{id}/attrs", "Update attributes", "options", "A part of an entity", "204 Updated,207 In part", "5.6.2"},
    {"patch", "/entities/{id}/attrs/{attribute}", "Change part of an attribute",
     "", "A part of an attribute", "204 Changed", "5.6.4"},
    {"put", "/entities/{id}/attrs/{attribute}", "Replace an attribute", "", "An attribute", "204 Replaced", "5.6.19"},
    {"delete", "/entities/{id}/attrs/{attribute}", "Delete an attribute", "datasetId deleteAll", "", "204 Deleted", "5.6.5"},
    {"post", "/entityOperations/create", "Create many entities", "", "Entities", "201 Ids,207 In part", "5.6.7"},
    {"post", "/entityOperations/upsert", "Create or replace (options=update: update) many entities",
     "options", "Entities", "201 Ids of new ones,204 Done,207 In part", "5.6.8"},
    {"post", "/entityOperations/update", "Update many entities", "options", "Entities", "204 Done,207 In part", "5.6.9"},
    {"post", "/entityOperations/merge", "Merge into many entities", "options", "Entities", "204 Done,207 In part", "5.6.20"},
    {"post", "/entityOperations/delete", "Delete many entities", "", "Ids", "204 Done,207 In part", "5.6.10"},
    {"post", "/entityOperations/query", "Find entities by a query in the body",
     "limit offset count options format", "A Query", "200 Entities", "5.7.2"},
    {"get", "/temporal/entities", "Find entities and how they were", of_time, "", "200 All,206 A part", "5.7.4"},
    {"post", "/temporal/entities", "Add a history; creates the entity when it is new",
     "", "An entity with instances", "201 Created,204 Added", "5.6.11"},
    {"get", "/temporal/entities/{id}", "Retrieve how an entity was", of_time, "", "200 All,206 A part", "5.7.3"},
    {"delete", "/temporal/entities/{id}", "Delete the history of an entity", "", "", "204 Deleted", "5.6.16"},
    {"post", "/temporal/entities/{id}/attrs", "Add instances", "", "Attributes with instances", "204 Added", "5.6.12"},
    {"delete", "/temporal/entities/{id}/attrs/{attribute}", "Delete the history of an attribute",
     "datasetId deleteAll", "", "204 Deleted", "5.6.13"},
    {"patch", "/temporal/entities/{id}/attrs/{attribute}/{instance}", "Correct an instance",
     "", "A part of an attribute", "204 Corrected", "5.6.14"},
    {"delete", "/temporal/entities/{id}/attrs/{attribute}/{instance}", "Delete an instance", "", "", "204 Deleted", "5.6.15"},
    {"post", "/temporal/entityOperations/query", "Find how entities were by a query in the body",
     "limit offset count options", "A Query", "200 All,206 A part", "5.7.4"},
    {"get", "/entityMaps", "Fix what a query finds, for pages that follow", of_query, "", "201 The entity map", "5.14.4"},
    {"post", "/entityMaps", "The same by a query in the body", "", "A Query", "201 The entity map", "5.14.4"},
    {"get", "/entityMaps/{id}", "The entities of a map and where they are", "", "", "200 The entity map,404 It has ended", "5.14.1"},
    {"patch", "/entityMaps/{id}", "Set the end of a map", "", "An EntityMap with expiresAt", "204 Set", "5.14.2"},
    {"delete", "/entityMaps/{id}", "End a map", "", "", "204 Ended", "5.14.3"},
    {"get", "/temporal/entityMaps", "Fix what a query over time finds", of_time, "", "201 The entity map", "5.14.5"},
    {"post", "/temporal/entityMaps", "The same by a query in the body", "", "A Query", "201 The entity map", "5.14.5"},
    {"post", "/snapshots", "Freeze what queries find", "", "A Snapshot with snapshotQueries", "201 Asked for,409 Exists already", "5.16.1"},
    {"delete", "/snapshots", "Purge snapshots", "q", "", "204 Purged,404 None is like this", "5.16.7"},
    {"get", "/snapshots/{id}", "How a snapshot fares; NGSILD-Snapshot reads from it", "", "", "200 Its status", "5.16.3"},
    {"patch", "/snapshots/{id}", "Change priority, lifetime or endpoint", "", "A part of a Snapshot", "200 Its status", "5.16.4"},
    {"delete", "/snapshots/{id}", "Delete a snapshot", "", "", "204 Deleted", "5.16.5"},
    {"post", "/snapshots/{id}/clone", "The same entities under another name", "", "A Snapshot without queries", "201 Created", "5.16.2"},
    {"get", "/types", "Types that entities have", "details", "", "200 Types", "5.7.5"},
    {"get", "/types/{type}", "One type, its number of entities and its attributes", "", "", "200 The type", "5.7.7"},
    {"get", "/attributes", "Attributes that entities have", "details", "", "200 Attributes", "5.7.8"},
    {"get", "/attributes/{attribute}", "One attribute", "", "", "200 The attribute", "5.7.10"},
    {"get", "/subscriptions", "List subscriptions", "limit offset count", "", "200 Subscriptions", "5.8.4"},
    {"post", "/subscriptions", "Be told of changes", "", "A Subscription", "201 Created,409 Exists already", "5.8.1"},
    {"get", "/subscriptions/{id}", "A subscription and how it fares", "", "", "200 The subscription", "5.8.3"},
    {"patch", "/subscriptions/{id}", "Change a subscription", "", "A part of a Subscription", "204 Changed", "5.8.2"},
    {"delete", "/subscriptions/{id}", "End a subscription", "", "", "204 Ended", "5.8.5"},
    {"post", "/subscriptions/{id}/replay", "Tell once more what was; beyond the standard", "", "{\"from\": time} or {\"position\": n}",
     "202 Where it begins"},
    {"get", "/csourceRegistrations", "Find registrations of context sources",
     "type id idPattern attrs csf georel geometry coordinates timerel timeAt limit offset", "", "200 Registrations", "5.10.2"},
    {"post", "/csourceRegistrations", "Register a context source",
     "", "A ContextSourceRegistration", "201 Created,409 Exists already", "5.9.2"},
    {"get", "/csourceRegistrations/{id}", "A registration", "", "", "200 The registration", "5.10.1"},
    {"patch", "/csourceRegistrations/{id}", "Change a registration", "", "A part of a registration", "204 Changed", "5.9.3"},
    {"delete", "/csourceRegistrations/{id}", "Delete a registration", "", "", "204 Deleted", "5.9.4"},
    {"get", "/csourceSubscriptions", "List subscriptions to registrations",
     "limit offset count", "", "200 Subscriptions", "5.11.5"},
    {"post", "/csourceSubscriptions", "Be told of registrations", "", "A Subscription", "201 Created", "5.11.2"},
    {"get", "/csourceSubscriptions/{id}", "A subscription to registrations", "", "", "200 The subscription", "5.11.4"},
    {"patch", "/csourceSubscriptions/{id}", "Change it", "", "A part of a Subscription", "204 Changed", "5.11.3"},
    {"delete", "/csourceSubscriptions/{id}", "End it", "", "", "204 Ended", "5.11.6"},
    {"get", "/jsonldContexts", "Contexts known here", "details kind", "", "200 Addresses, or details", "5.13.3"},
    {"post", "/jsonldContexts", "Host a context", "", "An @context", "201 Created", "5.13.2"},
    {"get", "/jsonldContexts/{context}", "A context", "details", "", "200 The context", "5.13.4"},
    {"delete", "/jsonldContexts/{context}", "Delete or reload a context", "reload", "", "204 Done", "5.13.5"},
    {"get", "/info/sourceIdentity", "Which broker this is", "", "", "200 Its identity", "5.15.1"},
};

json::object parameter(std::string_view name, std::string_view in) {
  auto const is_number = name == "limit" || name == "offset" || name == "lastN" || name == "joinLevel";
  auto const is_bool = name == "count" || name == "details" || name == "deleteAll" || name == "reload" ||
                       name == "entityMap";
  return {{"name", name},
          {"in", in},
          {"required", in == "path"},
          {"schema", json::object{{"type", is_number ? "integer" : is_bool ? "boolean" : "string"}}}};
}

json::object describe_operation(operation const& op) {
  auto parameters = json::array();
  for (auto const segment : text::split(op.path, '/')) {
    if (segment.starts_with('{')) parameters.push_back(parameter(segment.substr(1, segment.size() - 2), "path"));
  }
  for (auto const name : text::split(op.params, ' ')) {
    if (!name.empty()) parameters.push_back(parameter(name, name.starts_with("NGSILD-") ? "header" : "query"));
  }
  auto responses = json::object();
  for (auto const answer : text::split(op.answers, ',')) {
    responses.push(std::string(answer.substr(0, 3)), json::object{{"description", answer.substr(4)}});
  }
  responses.push("400", json::object{{"description", "What is wrong, with the member and the clause of the standard"}});
  auto o = json::object{{"tags", json::array{"NGSI-LD"}}, {"summary", op.summary}, {"parameters", std::move(parameters)}};
  if (!op.clause.empty()) o.push("description", "ETSI GS CIM 009, " + std::string(op.clause));
  if (!op.body.empty()) {
    o.push("requestBody", json::object{{"description", op.body},
                                       {"required", true},
                                       {"content", json::object{{"application/json", json::object()}, {"application/ld+json", json::object()}}}});
  }
  o.push("responses", std::move(responses));
  return o;
}

bool leads_to(std::string_view path, std::string_view pattern) {
  auto const actual = text::split(path, '/'), wanted = text::split(pattern, '/');
  return std::equal(actual.begin(), actual.end(), wanted.begin(), wanted.end(),
                    [](std::string_view a, std::string_view w) { return a == w || (w.starts_with('{') && !a.empty()); });
}

}  // namespace

std::string_view clause_of(http::request const& r) {
  static constexpr auto root = std::string_view("/ngsi-ld/v1");
  auto const at = r.path.find(root);
  if (at == std::string::npos) return {};
  auto path = std::string_view(r.path).substr(at + root.size());
  if (path.ends_with('/')) path.remove_suffix(1);
  for (auto const& op : operations) {
    if (text::equal_ignoring_case(op.method, r.method) && leads_to(path, op.path)) return op.clause;
  }
  return {};
}

json::value openapi_paths() {
  auto paths = json::object();
  for (auto const& op : operations) {
    auto& path = paths["/ngsi-ld/v1" + std::string(op.path)];
    if (path.is_null()) path = json::object();
    path.as_object().push(std::string(op.method), describe_operation(op));
  }
  return paths;
}

}  // namespace dos::ngsi_ld
