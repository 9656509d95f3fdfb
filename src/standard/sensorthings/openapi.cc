#include "standard/sensorthings/service.h"

namespace dos::sensorthings {
namespace {

json::object query_parameter(std::string_view name, std::string_view type, std::string_view meaning) {
  return {{"name", name},
          {"in", "query"},
          {"required", false},
          {"description", meaning},
          {"schema", json::object{{"type", type}}}};
}

json::object path_parameter(std::string_view name, std::string_view type, std::string_view meaning) {
  auto p = query_parameter(name, type, meaning);
  p["in"] = "path";
  p["required"] = true;
  return p;
}

json::array query_parameters(bool of_set) {
  auto all = json::array{query_parameter("$select", "string", "properties, also members of them: name,properties/a"),
                         query_parameter("$expand", "string", "related entities: Datastreams($top=1;$expand=Sensor)")};
  if (!of_set) return all;
  all.push_back(
      query_parameter("$filter", "string", "name eq 'Bench' and Datastreams/ObservedProperty/name eq 'Noise'"));
  all.push_back(query_parameter("$search", "string", "words of name or description: bench \"old town\" NOT iron"));
  all.push_back(query_parameter("$orderby", "string", "phenomenonTime desc"));
  all.push_back(query_parameter("$top", "integer", "entities in one answer"));
  all.push_back(query_parameter("$skip", "integer", "entities left out at the beginning"));
  all.push_back(query_parameter("$count", "boolean", "also how many there are in all"));
  all.push_back(query_parameter("$resultFormat", "string", "dataArray, CSV or GeoJSON"));
  return all;
}

json::object schema_named(std::string_view name) {
  return {{"$ref", "#/components/schemas/SensorThings." + std::string(name)}};
}

json::object content_of(std::string_view media_type, json::object schema) {
  return {{std::string(media_type), json::object{{"schema", std::move(schema)}}}};
}

// What comes back: a status, what it means, and the name of its schema; empty: nothing but the status.
struct answer {
  std::string_view status, meaning, schema;
};

json::object describe_operation(std::string_view summary, json::array parameters, std::string_view body_schema,
                                answer const& a) {
  auto told = json::object{{"description", a.meaning}};
  if (!a.schema.empty()) told.push("content", content_of("application/json", schema_named(a.schema)));
  if (a.status == "201" && a.schema.empty()) {
    auto const address = json::object{{"description", "its address"}, {"schema", json::object{{"type", "string"}}}};
    told.push("headers", json::object{{"Location", address}});
  }
  auto responses = json::object{{std::string(a.status), std::move(told)}};
  responses.push("default", json::object{{"$ref", "#/components/responses/SensorThingsError"}});
  auto o =
      json::object{{"tags", json::array{"SensorThings"}}, {"summary", summary}, {"parameters", std::move(parameters)}};
  if (!body_schema.empty())
    o.push("requestBody", json::object{{"required", true}, {"content", content_of("application/json", schema_named(body_schema))}});
  o.push("responses", std::move(responses));
  return o;
}

// The same below four addresses. OGC 18-088, 6.2
json::object at_all_roots(json::object item) {
  auto servers = json::array();
  for (auto const url : {"/", "/{city}", "/sensorthings", "/{city}/sensorthings"}) servers.push_back(json::object{{"url", url}});
  item.push("servers", std::move(servers));
  return item;
}

json::object schema_of(content c) {
  switch (c) {
    case content::text:
      return {{"type", "string"}};
    case content::instant:
    case content::time:
    case content::interval:
      return schema_named("Time");
    case content::geometry:
      return {{"type", json::array{"object", "null"}}, {"description", "GeoJSON"}};
    case content::json:
      break;
  }
  return json::object{{"description", "any JSON"}};
}

// As it is read, and as it is sent: an entity as a part of others is sent whole, or by its number.
json::object schema_of(description const& d) {
  auto members = json::object();
  for (auto const name : {"@iot.id", "@iot.selfLink"}) {
    auto const* const type = name == std::string_view("@iot.id") ? "integer" : "string";
    members.push(name, json::object{{"type", type}, {"readOnly", true}});
  }
  auto required = json::array();
  for (auto const& p : d.properties) {
    auto s = schema_of(p.content);
    if (p.computed) s.push("readOnly", true);
    members.push(std::string(p.name), std::move(s));
    if (p.required) required.push_back(p.name);
  }
  for (auto const& n : d.navigations) {
    auto const one = json::object{{"anyOf", json::array{schema_named(describe(n.to).singular), schema_named("Reference")}}};
    members.push(std::string(n.name), n.many ? json::object{{"type", "array"}, {"items", one}} : one);
    members.push(std::string(n.name) + "@iot.navigationLink", json::object{{"type", "string"}, {"readOnly", true}});
  }
  return {{"type", "object"}, {"properties", std::move(members)}, {"description", "to create one: " + json::to_string(required)}};
}

json::object schema_of_set(description const& d) {
  auto const items = json::object{{"type", "array"}, {"items", schema_named(d.singular)}};
  auto members = json::object{{"value", items}};
  members.push("@iot.count", json::object{{"type", "integer"}});
  members.push("@iot.nextLink", json::object{{"type", "string"}});
  return {{"type", "object"}, {"properties", std::move(members)}};
}

void describe_kind(json::object& paths, description const& d) {
  auto const id = path_parameter("id", "integer", "its @iot.id");
  auto const with_id = [&](json::array more) {
    more.insert(more.begin(), id);
    return more;
  };
  auto const set = std::string(d.set);
  auto const one = d.singular;
  paths.push("/v1.1/" + set,
             at_all_roots({{"get", describe_operation("List " + set, query_parameters(true), "", {"200", d.set, set})},
                           {"post", describe_operation("Create, with all that is in it, one " + std::string(one), {}, one,
                                                       {"201", "Created", ""})}}));
  paths.push(
      "/v1.1/" + set + "({id})",
      at_all_roots({{"get", describe_operation("One " + std::string(one), with_id(query_parameters(false)), "", {"200", one, one})},
                    {"patch", describe_operation("Change properties; application/json-patch+json as well", with_id({}), one,
                                                 {"200", "Changed", ""})},
                    {"put", describe_operation("Replace all properties", with_id({}), one, {"200", "Replaced", ""})},
                    {"delete", describe_operation("Remove it, and what can't be without it", with_id({}), "", {"200", "Removed", ""})}}));
}

// Everything that is reached by way of something else.
json::object describe_ways() {
  auto const way = path_parameter("rest", "string", "Things(1)/Datastreams, Datastreams(2)/unitOfMeasurement/symbol/$value, Things/$ref …");
  auto const all = [&](json::array more) {
    more.insert(more.begin(), way);
    return more;
  };
  return {{"get", describe_operation("What a path leads to", all(query_parameters(true)), "", {"200", "An entity, a set of them, a property", "Any"})},
          {"post", describe_operation("Create in a set that belongs to something", all({}), "Any", {"201", "Created", ""})},
          {"patch", describe_operation("Change what a path leads to", all({}), "Any", {"200", "Changed", ""})},
          {"put", describe_operation("Replace what a path leads to", all({}), "Any", {"200", "Replaced", ""})},
          {"delete", describe_operation("Remove an entity, a link ($ref?$id=…), or what a $filter finds of a set",
                                        all({query_parameter("$filter", "string", "of a set: which"), query_parameter("$id", "string", "of links: to what")}),
                                        "", {"200", "Removed", ""})}};
}

}  // namespace

json::value openapi() {
  auto paths = json::object();
  auto schemas = json::object();
  paths.push("/v1.1", at_all_roots({{"get", describe_operation("Entity sets and what is conformed to", {}, "", {"200", "The start page", "StartPage"})}}));
  for (auto k = std::size_t(0); k < kind_count; ++k) {
    auto const& d = describe(kind(k));
    schemas.push("SensorThings." + std::string(d.singular), schema_of(d));
    schemas.push("SensorThings." + std::string(d.set), schema_of_set(d));
    describe_kind(paths, d);
  }
  auto const stream = path_parameter("datastream", "string", "Datastreams(1), MultiDatastreams(1) or FeaturesOfInterest(1)");
  paths.push("/v1.1/{datastream}/Observations",
             at_all_roots({{"post", describe_operation("Create an Observation of it", json::array{stream}, "Observation", {"201", "Created", ""})}}));
  paths.push("/v1.1/CreateObservations",
             at_all_roots({{"post", describe_operation("Create many observations as data arrays", {}, "DataArrays",
                                                       {"201", "An address or an error for each row", "DataArrayAnswers"})}}));
  auto batch = describe_operation("Several requests in one; change sets are all or nothing", {}, "Batch", {"200", "The answers", "BatchAnswer"});
  auto const multipart = json::object{{"schema", json::object{{"type", "string"}, {"description", "HTTP requests, or answers, as parts"}}}};
  batch["requestBody"].find("content")->as_object().push("multipart/mixed", multipart);
  batch["responses"].find("200")->find("content")->as_object().push("multipart/mixed", multipart);
  paths.push("/v1.1/$batch", at_all_roots({{"post", std::move(batch)}}));
  paths.push("/v1.1/{rest}", at_all_roots(describe_ways()));
  return json::object{{"paths", std::move(paths)}, {"components", json::object{{"schemas", std::move(schemas)}}}};
}

}  // namespace dos::sensorthings
