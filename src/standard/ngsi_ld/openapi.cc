#include "standard/ngsi_ld/openapi.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "base/fault.h"
#include "base/text.h"

namespace dos::ngsi_ld {
namespace {

struct operation {
  std::string_view method, path, summary;
  std::string_view params;  // separated by blanks
  std::string_view body;    // what it holds, and its schema: "Entities:[Entity]"; empty: none
  std::string_view answers;  // "200 The entity:Entity,409 Exists already"
  std::string_view clause = {};  // of ETSI GS CIM 009 that defines it
};

constexpr std::string_view of_query =
    "type id idPattern attrs q georel geometry coordinates geoproperty scopeQ pick omit datasetId lang options format limit "
    "offset count orderBy join joinLevel entityMap entityMapLifetime NGSILD-EntityMap NGSILD-Snapshot";
constexpr std::string_view of_time = "timerel timeAt endTimeAt timeproperty lastN aggrMethods aggrPeriodDuration timezone attrs pick omit options format "
    "entityMap entityMapLifetime NGSILD-EntityMap";

constexpr std::string_view of_time_query =
    "type id idPattern q georel geometry coordinates geoproperty scopeQ limit offset count datasetId timerel timeAt endTimeAt timeproperty lastN "
    "aggrMethods aggrPeriodDuration timezone attrs pick omit options format entityMap entityMapLifetime NGSILD-EntityMap";

constexpr operation operations[] = {
    {"get", "/entities", "Find entities by type, value, place and scope", of_query, "", "200 Entities:[Entity]", "5.7.2"},
    {"post", "/entities", "Create an entity", "options", "An entity:Entity", "201 Created,409 Exists already", "5.6.1"},
    {"delete", "/entities", "Purge entities, or attributes of them",
     "type id idPattern q georel geometry coordinates scopeQ keep drop", "", "204 Purged", "5.6.21"},
    {"patch", "/entities", "Refused: the address lacks an id", "", "", ""},
    {"put", "/entities", "Refused: the address lacks an id", "", "", ""},
    {"get", "/entities/{id}", "Retrieve an entity",
     "attrs pick omit datasetId lang options format geometryProperty join joinLevel entityMap entityMapLifetime NGSILD-EntityMap NGSILD-Snapshot", "",
     "200 The entity:Entity", "5.7.1"},
    {"patch", "/entities/{id}", "Merge into an entity; urn:ngsi-ld:null removes",
     "options observedAt lang", "A part of an entity:EntityFragment", "204 Merged", "5.6.17"},
    {"put", "/entities/{id}", "Replace an entity", "options", "An entity:Entity", "204 Replaced", "5.6.18"},
    {"delete", "/entities/{id}", "Delete an entity; its history stays", "", "", "204 Deleted", "5.6.6"},
    {"post", "/entities/{id}/attrs", "Append attributes", "options", "A part of an entity:EntityFragment", "204 Appended,207 In part:UpdateResult", "5.6.3"},
    {"patch", "/entities/{id}/attrs", "Update attributes", "options", "A part of an entity:EntityFragment", "204 Updated,207 In part:UpdateResult", "5.6.2"},
    {"patch", "/entities/{id}/attrs/{attribute}", "Change part of an attribute",
     "", "A part of an attribute:AttributeFragment", "204 Changed", "5.6.4"},
    {"put", "/entities/{id}/attrs/{attribute}", "Replace an attribute", "", "An attribute:Attribute", "204 Replaced", "5.6.19"},
    {"delete", "/entities/{id}/attrs/{attribute}", "Delete an attribute", "datasetId deleteAll", "", "204 Deleted", "5.6.5"},
    {"post", "/entityOperations/create", "Create many entities", "", "Entities:[Entity]", "201 Ids:[uri],207 In part:BatchResult", "5.6.7"},
    {"post", "/entityOperations/upsert", "Create or replace (options=update: update) many entities",
     "options", "Entities:[Entity]", "201 Ids of new ones:[uri],204 Done,207 In part:BatchResult", "5.6.8"},
    {"post", "/entityOperations/update", "Update many entities", "options", "Entities:[Entity]", "204 Done,207 In part:BatchResult", "5.6.9"},
    {"post", "/entityOperations/merge", "Merge into many entities", "options", "Entities:[Entity]", "204 Done,207 In part:BatchResult", "5.6.20"},
    {"post", "/entityOperations/delete", "Delete many entities", "", "Ids:[uri]", "204 Done,207 In part:BatchResult", "5.6.10"},
    {"post", "/entityOperations/query", "Find entities by a query in the body",
     "limit offset count options format", "A Query:Query", "200 Entities:[Entity]", "5.7.2"},
    {"get", "/temporal/entities", "Find entities and how they were", of_time_query,
     "", "200 All:[EntityTemporal],206 A part of the span:[EntityTemporal]", "5.7.4"},
    {"post", "/temporal/entities", "Add a history; creates the entity when it is new",
     "", "An entity with instances:EntityTemporal", "201 Created,204 Added", "5.6.11"},
    {"get", "/temporal/entities/{id}", "Retrieve how an entity was", of_time, "", "200 All:EntityTemporal,206 A part of the span:EntityTemporal", "5.7.3"},
    {"delete", "/temporal/entities/{id}", "Delete the history of an entity", "", "", "204 Deleted", "5.6.16"},
    {"post", "/temporal/entities/{id}/attrs", "Add instances", "", "Attributes with instances:EntityTemporalFragment", "204 Added", "5.6.12"},
    {"delete", "/temporal/entities/{id}/attrs/{attribute}", "Delete the history of an attribute",
     "datasetId deleteAll", "", "204 Deleted", "5.6.13"},
    {"patch", "/temporal/entities/{id}/attrs/{attribute}/{instance}", "Correct an instance",
     "", "A part of an attribute:AttributeFragment", "204 Corrected", "5.6.14"},
    {"delete", "/temporal/entities/{id}/attrs/{attribute}/{instance}", "Delete an instance", "", "", "204 Deleted", "5.6.15"},
    {"post", "/temporal/entityOperations/query", "Find how entities were by a query in the body",
     "limit offset count options", "A Query:Query", "200 All:[EntityTemporal],206 A part of the span:[EntityTemporal]", "5.7.4"},
    {"get", "/entityMaps", "Fix what a query finds, for pages that follow", of_query, "", "201 The entity map:EntityMap", "5.14.4"},
    {"post", "/entityMaps", "The same by a query in the body", "", "A Query:Query", "201 The entity map:EntityMap", "5.14.4"},
    {"get", "/entityMaps/{id}", "The entities of a map and where they are", "", "", "200 The entity map:EntityMap,404 It has ended", "5.14.1"},
    {"patch", "/entityMaps/{id}", "Set the end of a map", "", "An EntityMap with expiresAt:EntityMap", "204 Set", "5.14.2"},
    {"delete", "/entityMaps/{id}", "End a map", "", "", "204 Ended", "5.14.3"},
    {"get", "/temporal/entityMaps", "Fix what a query over time finds", of_time_query, "", "201 The entity map:EntityMap", "5.14.5"},
    {"post", "/temporal/entityMaps", "The same by a query in the body", "", "A Query:Query", "201 The entity map:EntityMap", "5.14.5"},
    {"post", "/snapshots", "Freeze what queries find", "", "A Snapshot with snapshotQueries:Snapshot", "201 Asked for,409 Exists already", "5.16.1"},
    {"delete", "/snapshots", "Purge snapshots", "q", "", "204 Purged,404 None is like this", "5.16.7"},
    {"get", "/snapshots/{id}", "How a snapshot fares; NGSILD-Snapshot reads from it", "", "", "200 Its status:Snapshot", "5.16.3"},
    {"patch", "/snapshots/{id}", "Change priority, lifetime or endpoint", "", "A part of a Snapshot:Snapshot", "200 Its status:Snapshot", "5.16.4"},
    {"delete", "/snapshots/{id}", "Delete a snapshot", "", "", "204 Deleted", "5.16.5"},
    {"post", "/snapshots/{id}/clone", "The same entities under another name", "", "A Snapshot without queries:Snapshot", "201 Created", "5.16.2"},
    {"get", "/types", "Types that entities have", "details", "", "200 Types:TypeList", "5.7.5"},
    {"get", "/types/{type}", "One type, its number of entities and its attributes", "", "", "200 The type:TypeInformation", "5.7.7"},
    {"get", "/attributes", "Attributes that entities have", "details", "", "200 Attributes:AttributeList", "5.7.8"},
    {"get", "/attributes/{attribute}", "One attribute", "", "", "200 The attribute:AttributeInformation", "5.7.10"},
    {"get", "/subscriptions", "List subscriptions", "limit offset count", "", "200 Subscriptions:[Subscription]", "5.8.4"},
    {"post", "/subscriptions", "Be told of changes", "", "A Subscription:Subscription", "201 Created,409 Exists already", "5.8.1"},
    {"get", "/subscriptions/{id}", "A subscription and how it fares", "", "", "200 The subscription:Subscription", "5.8.3"},
    {"patch", "/subscriptions/{id}", "Change a subscription", "", "A part of a Subscription:SubscriptionFragment", "204 Changed", "5.8.2"},
    {"delete", "/subscriptions/{id}", "End a subscription", "", "", "204 Ended", "5.8.5"},
    {"post", "/subscriptions/{id}/replay", "Tell once more what was; beyond the standard", "", "From when, or from which position:Replay",
     "202 Where it begins:ReplayBegun"},
    {"get", "/csourceRegistrations", "Find registrations of context sources",
     "type id idPattern attrs csf georel geometry coordinates timerel timeAt limit offset", "", "200 Registrations:[Registration]", "5.10.2"},
    {"post", "/csourceRegistrations", "Register a context source",
     "", "A ContextSourceRegistration:Registration", "201 Created,409 Exists already", "5.9.2"},
    {"get", "/csourceRegistrations/{id}", "A registration", "", "", "200 The registration:Registration", "5.10.1"},
    {"patch", "/csourceRegistrations/{id}", "Change a registration", "", "A part of a registration:RegistrationFragment", "204 Changed", "5.9.3"},
    {"delete", "/csourceRegistrations/{id}", "Delete a registration", "", "", "204 Deleted", "5.9.4"},
    {"get", "/csourceSubscriptions", "List subscriptions to registrations",
     "limit offset count", "", "200 Subscriptions:[Subscription]", "5.11.5"},
    {"post", "/csourceSubscriptions", "Be told of registrations", "", "A Subscription:Subscription", "201 Created", "5.11.2"},
    {"get", "/csourceSubscriptions/{id}", "A subscription to registrations", "", "", "200 The subscription:Subscription", "5.11.4"},
    {"patch", "/csourceSubscriptions/{id}", "Change it", "", "A part of a Subscription:SubscriptionFragment", "204 Changed", "5.11.3"},
    {"delete", "/csourceSubscriptions/{id}", "End it", "", "", "204 Ended", "5.11.6"},
    {"get", "/jsonldContexts", "Contexts known here", "details kind", "", "200 Addresses or details:ContextList", "5.13.3"},
    {"post", "/jsonldContexts", "Host a context", "", "An @context:HostedContext", "201 Created", "5.13.2"},
    {"get", "/jsonldContexts/{context}", "A context", "details", "", "200 The context or details of it:HostedContext", "5.13.4"},
    {"delete", "/jsonldContexts/{context}", "Delete or reload a context", "reload", "", "204 Done", "5.13.5"},
    {"get", "/info/sourceIdentity", "Which broker this is", "", "", "200 Its identity:SourceIdentity", "5.15.1"},
};

struct meaning {
  std::string_view name, type, text;
};

constexpr meaning parameters_known[] = {
    {"id", "string", "URIs, separated by commas; in a path one"},
    {"type", "string", "types: A,B or A;B or (A|B)"},
    {"attribute", "string", "the name of an attribute, or its IRI"},
    {"instance", "string", "the instanceId of an instance"},
    {"context", "string", "the id of a context, or its address"},
    {"idPattern", "string", "a regular expression that ids match"},
    {"attrs", "string", "attributes that entities have, and that are shown"},
    {"q", "string", "conditions: temperature>20;name==\"A\""},
    {"csf", "string", "conditions on properties of registrations"},
    {"georel", "string", "near;maxDistance==1000, within, intersects …"},
    {"geometry", "string", "Point, Polygon …"},
    {"coordinates", "string", "as in GeoJSON: [7.46,51.51]"},
    {"geoproperty", "string", "the GeoProperty that is compared; location"},
    {"geometryProperty", "string", "the GeoProperty that is the geometry of GeoJSON; location"},
    {"scopeQ", "string", "scopes: /a/b or /a/+ or /a/#"},
    {"pick", "string", "members that are shown"},
    {"omit", "string", "members that are left out"},
    {"keep", "string", "attributes that stay"},
    {"drop", "string", "attributes that go"},
    {"datasetId", "string", "datasets; @none is the one without"},
    {"lang", "string", "a language: of LanguageProperties its text alone"},
    {"options", "string", "keyValues, concise, sysAttrs, temporalValues, aggregatedValues, noOverwrite, update …"},
    {"format", "string", "normalized, concise, simplified, temporalValues, aggregatedValues"},
    {"limit", "integer", "how many in one answer"},
    {"offset", "integer", "how many are left out at the beginning"},
    {"count", "boolean", "also how many there are in all, in NGSILD-Results-Count"},
    {"orderBy", "string", "what is sorted by: name, name;desc, distance …"},
    {"join", "string", "flat, inline or @none: linked entities in the answer"},
    {"joinLevel", "integer", "how many links are followed"},
    {"entityMap", "boolean", "whether the set is fixed for the pages that follow"},
    {"entityMapLifetime", "string", "how long: PT1H"},
    {"NGSILD-EntityMap", "string", "the entity map whose entities are meant"},
    {"NGSILD-Snapshot", "string", "the snapshot that is read"},
    {"observedAt", "string", "when all of it was observed, where it does not say so itself"},
    {"deleteAll", "boolean", "every dataset"},
    {"details", "boolean", "more than names"},
    {"kind", "string", "Hosted, Cached or ImplicitlyCreated"},
    {"reload", "boolean", "fetch it again instead"},
    {"timerel", "string", "before, after or between"},
    {"timeAt", "string", "2026-05-01T12:00:00Z"},
    {"endTimeAt", "string", "the end, with between"},
    {"timeproperty", "string", "observedAt, createdAt, modifiedAt or deletedAt"},
    {"lastN", "integer", "the last n instances of each attribute"},
    {"aggrMethods", "string", "totalCount, distinctCount, sum, avg, min, max, stddev, sumsq, provenance"},
    {"aggrPeriodDuration", "string", "of one period: PT1H, P1D, P1M; none: one for all"},
    {"timezone", "string", "whose days and months are meant: Europe/Berlin; UTC"},
};

json::object parameter(std::string_view name, std::string_view in) {
  auto const* const known =
      std::find_if(std::begin(parameters_known), std::end(parameters_known), [&](meaning const& m) { return m.name == name; });
  DOS_CHECK(known != std::end(parameters_known));
  return {{"name", name},
          {"in", in},
          {"required", in == "path"},
          {"description", known->text},
          {"schema", json::object{{"type", known->type}}}};
}

json::object reference(std::string_view section, std::string_view name) {
  return {{"$ref", "#/components/" + std::string(section) + "/" + std::string(name)}};
}

// "Entity", "[Entity]", "[uri]"
json::object schema_of(std::string_view name) {
  if (name.starts_with('[')) return {{"type", "array"}, {"items", schema_of(name.substr(1, name.size() - 2))}};
  if (name == "uri") return {{"type", "string"}, {"format", "uri"}};
  return reference("schemas", name);
}

// "Entities:[Entity]"
std::pair<std::string_view, std::string_view> split_schema(std::string_view text) {
  auto const at = text.find(':');
  return at == text.npos ? std::pair(text, std::string_view()) : std::pair(text.substr(0, at), text.substr(at + 1));
}

json::object content_of(std::string_view schema, bool is_answer) {
  auto const as = [](json::object s) { return json::object{{"schema", std::move(s)}}; };
  auto all = json::object{{"application/json", as(schema_of(schema))}, {"application/ld+json", as(schema_of(schema))}};
  auto const inner = schema.starts_with('[') ? schema.substr(1, schema.size() - 2) : schema;
  if (is_answer && inner == "Entity") {
    all.push("application/geo+json", as(reference("schemas", schema == inner ? "GeoJsonFeature" : "GeoJsonFeatureCollection")));
  }
  if (is_answer && (inner == "Entity" || inner == "EntityTemporal")) all.push("text/csv", as(json::object{{"type", "string"}}));
  return all;
}

json::object describe_answer(std::string_view answer) {
  auto const status = answer.substr(0, 3);
  auto const [text, schema] = split_schema(answer.substr(4));
  auto o = json::object{{"description", text}};
  if (!schema.empty()) o.push("content", content_of(schema, true));
  if (status == "201" && schema.empty()) {
    o.push("headers", json::object{{"Location", json::object{{"description", "its address"}, {"schema", json::object{{"type", "string"}}}}}});
  }
  return o;
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
    if (!answer.empty()) responses.push(std::string(answer.substr(0, 3)), describe_answer(answer));
  }
  responses.push("default", reference("responses", "NgsiLdProblem"));
  auto o = json::object{{"tags", json::array{"NGSI-LD"}}, {"summary", op.summary}, {"parameters", std::move(parameters)}};
  if (!op.clause.empty()) o.push("description", "ETSI GS CIM 009, " + std::string(op.clause));
  if (!op.body.empty()) {
    auto const [text, schema] = split_schema(op.body);
    o.push("requestBody", json::object{{"description", text}, {"required", true}, {"content", content_of(schema, false)}});
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

json::value openapi() {
  auto paths = json::object();
  for (auto const& op : operations) {
    auto& path = paths["/ngsi-ld/v1" + std::string(op.path)];
    if (path.is_null()) path = json::object{{"servers", json::array{json::object{{"url", "/"}}, json::object{{"url", "/{city}"}}}}};
    path.as_object().push(std::string(op.method), describe_operation(op));
  }
  return json::object{{"paths", std::move(paths)}};
}

}  // namespace dos::ngsi_ld
