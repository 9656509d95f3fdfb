#include "standard/ngsi_ld/openapi.h"

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
};

constexpr std::string_view of_query =
    "type id idPattern attrs q georel geometry coordinates geoproperty scopeQ pick omit datasetId lang options format limit "
    "offset count orderBy join joinLevel";
constexpr std::string_view of_time = "timerel timeAt endTimeAt timeproperty lastN aggrMethods aggrPeriodDuration attrs pick omit options format";

constexpr operation operations[] = {
    {"get", "/entities", "Find entities by type, value, place and scope", of_query, "", "200 Entities"},
    {"post", "/entities", "Create an entity", "options", "An entity", "201 Created,409 Exists already"},
    {"delete", "/entities", "Purge entities, or attributes of them",
     "type id idPattern q georel geometry coordinates scopeQ keep drop", "", "204 Purged"},
    {"get", "/entities/{id}", "Retrieve an entity",
     "attrs pick omit datasetId lang options format geometryProperty join joinLevel", "", "200 The entity"},
    {"patch", "/entities/{id}", "Merge into an entity; urn:ngsi-ld:null removes",
     "options observedAt lang", "A part of an entity", "204 Merged"},
    {"put", "/entities/{id}", "Replace an entity", "options", "An entity", "204 Replaced"},
    {"delete", "/entities/{id}", "Delete an entity; its history stays", "", "", "204 Deleted"},
    {"post", "/entities/{id}/attrs", "Append attributes", "options", "A part of an entity", "204 Appended,207 In part"},
    {"patch", "/entities/{id}/attrs", "Update attributes", "options", "A part of an entity", "204 Updated,207 In part"},
    {"patch", "/entities/{id}/attrs/{attribute}", "Change part of an attribute",
     "", "A part of an attribute", "204 Changed"},
    {"put", "/entities/{id}/attrs/{attribute}", "Replace an attribute", "", "An attribute", "204 Replaced"},
    {"delete", "/entities/{id}/attrs/{attribute}", "Delete an attribute", "datasetId deleteAll", "", "204 Deleted"},
    {"post", "/entityOperations/create", "Create many entities", "", "Entities", "201 Ids,207 In part"},
    {"post", "/entityOperations/upsert", "Create or replace (options=update: update) many entities",
     "options", "Entities", "201 Ids of new ones,204 Done,207 In part"},
    {"post", "/entityOperations/update", "Update many entities", "options", "Entities", "204 Done,207 In part"},
    {"post", "/entityOperations/merge", "Merge into many entities", "options", "Entities", "204 Done,207 In part"},
    {"post", "/entityOperations/delete", "Delete many entities", "", "Ids", "204 Done,207 In part"},
    {"post", "/entityOperations/query", "Find entities by a query in the body",
     "limit offset count options format", "A Query", "200 Entities"},
    {"get", "/temporal/entities", "Find entities and how they were", of_time, "", "200 All,206 A part"},
    {"post", "/temporal/entities", "Add a history; creates the entity when it is new",
     "", "An entity with instances", "201 Created,204 Added"},
    {"get", "/temporal/entities/{id}", "Retrieve how an entity was", of_time, "", "200 All,206 A part"},
    {"delete", "/temporal/entities/{id}", "Delete the history of an entity", "", "", "204 Deleted"},
    {"post", "/temporal/entities/{id}/attrs", "Add instances", "", "Attributes with instances", "204 Added"},
    {"delete", "/temporal/entities/{id}/attrs/{attribute}", "Delete the history of an attribute",
     "datasetId deleteAll", "", "204 Deleted"},
    {"patch", "/temporal/entities/{id}/attrs/{attribute}/{instance}", "Correct an instance",
     "", "A part of an attribute", "204 Corrected"},
    {"delete", "/temporal/entities/{id}/attrs/{attribute}/{instance}", "Delete an instance", "", "", "204 Deleted"},
    {"post", "/temporal/entityOperations/query", "Find how entities were by a query in the body",
     "limit offset count options", "A Query", "200 All,206 A part"},
    {"get", "/types", "Types that entities have", "details", "", "200 Types"},
    {"get", "/types/{type}", "One type, its number of entities and its attributes", "", "", "200 The type"},
    {"get", "/attributes", "Attributes that entities have", "details", "", "200 Attributes"},
    {"get", "/attributes/{attribute}", "One attribute", "", "", "200 The attribute"},
    {"get", "/subscriptions", "List subscriptions", "limit offset count", "", "200 Subscriptions"},
    {"post", "/subscriptions", "Be told of changes", "", "A Subscription", "201 Created,409 Exists already"},
    {"get", "/subscriptions/{id}", "A subscription and how it fares", "", "", "200 The subscription"},
    {"patch", "/subscriptions/{id}", "Change a subscription", "", "A part of a Subscription", "204 Changed"},
    {"delete", "/subscriptions/{id}", "End a subscription", "", "", "204 Ended"},
    {"get", "/csourceRegistrations", "Find registrations of context sources",
     "type id idPattern attrs csf georel geometry coordinates timerel timeAt limit offset", "", "200 Registrations"},
    {"post", "/csourceRegistrations", "Register a context source",
     "", "A ContextSourceRegistration", "201 Created,409 Exists already"},
    {"get", "/csourceRegistrations/{id}", "A registration", "", "", "200 The registration"},
    {"patch", "/csourceRegistrations/{id}", "Change a registration", "", "A part of a registration", "204 Changed"},
    {"delete", "/csourceRegistrations/{id}", "Delete a registration", "", "", "204 Deleted"},
    {"get", "/csourceSubscriptions", "List subscriptions to registrations",
     "limit offset count", "", "200 Subscriptions"},
    {"post", "/csourceSubscriptions", "Be told of registrations", "", "A Subscription", "201 Created"},
    {"get", "/csourceSubscriptions/{id}", "A subscription to registrations", "", "", "200 The subscription"},
    {"patch", "/csourceSubscriptions/{id}", "Change it", "", "A part of a Subscription", "204 Changed"},
    {"delete", "/csourceSubscriptions/{id}", "End it", "", "", "204 Ended"},
    {"get", "/jsonldContexts", "Contexts known here", "details kind", "", "200 Addresses, or details"},
    {"post", "/jsonldContexts", "Host a context", "", "An @context", "201 Created"},
    {"get", "/jsonldContexts/{context}", "A context", "details", "", "200 The context"},
    {"delete", "/jsonldContexts/{context}", "Delete or reload a context", "reload", "", "204 Done"},
    {"get", "/info/sourceIdentity", "Which broker this is", "", "", "200 Its identity"},
};

json::object parameter(std::string_view name, std::string_view in) {
  auto const is_number = name == "limit" || name == "offset" || name == "lastN" || name == "joinLevel";
  auto const is_bool = name == "count" || name == "details" || name == "deleteAll" || name == "reload";
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
    if (!name.empty()) parameters.push_back(parameter(name, "query"));
  }
  auto responses = json::object();
  for (auto const answer : text::split(op.answers, ',')) {
    responses.push(std::string(answer.substr(0, 3)), json::object{{"description", answer.substr(4)}});
  }
  responses.push("400", json::object{{"description", "What is wrong, with the member and the clause of the standard"}});
  auto o = json::object{{"tags", json::array{"NGSI-LD"}}, {"summary", op.summary}, {"parameters", std::move(parameters)}};
  if (!op.body.empty()) {
    o.push("requestBody", json::object{{"description", op.body},
                                       {"required", true},
                                       {"content", json::object{{"application/json", json::object()}, {"application/ld+json", json::object()}}}});
  }
  o.push("responses", std::move(responses));
  return o;
}

}  // namespace

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
