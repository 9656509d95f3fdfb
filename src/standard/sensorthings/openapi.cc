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

json::object describe_operation(std::string_view summary, json::array parameters, bool body, std::string_view status,
                                std::string_view answer) {
  auto responses = json::object();
  responses.push(std::string(status), json::object{{"description", answer}});
  responses.push("400", json::object{{"description", "What is wrong: code, type, message"}});
  auto o =
      json::object{{"tags", json::array{"SensorThings"}}, {"summary", summary}, {"parameters", std::move(parameters)}};
  if (body) {
    o.push("requestBody",
           json::object{{"required", true}, {"content", json::object{{"application/json", json::object()}}}});
  }
  o.push("responses", std::move(responses));
  return o;
}

}  // namespace

json::value openapi_paths() {
  auto paths = json::object();
  auto const id =
      json::object{{"name", "id"}, {"in", "path"}, {"required", true}, {"schema", json::object{{"type", "integer"}}}};
  auto const with_id = [&](json::array more) {
    more.insert(more.begin(), id);
    return more;
  };
  paths.push("/v1.1", json::object{{"get", describe_operation("Entity sets and what is conformed to", {}, false, "200",
                                                              "The start page")}});
  for (auto k = std::size_t(0); k < kind_count; ++k) {
    auto const& d = describe(kind(k));
    auto const set = std::string(d.set);
    auto const one = std::string(d.singular);
    paths.push("/v1.1/" + set,
               json::object{{"get", describe_operation("List " + set, query_parameters(true), false, "200", set)},
                            {"post", describe_operation("Create, with all that is in it, one " + one, {}, true, "201",
                                                        "Created; its address is in Location")}});
    paths.push(
        "/v1.1/" + set + "({id})",
        json::object{{"get", describe_operation("One " + one, with_id(query_parameters(false)), false, "200", one)},
                     {"patch", describe_operation("Change properties; application/json-patch+json as well", with_id({}),
                                                  true, "200", "Changed")},
                     {"put", describe_operation("Replace all properties", with_id({}), true, "200", "Replaced")},
                     {"delete", describe_operation("Remove it, and what can't be without it", with_id({}), false, "200",
                                                   "Removed")}});
  }
  paths.push("/v1.1/CreateObservations",
             json::object{{"post", describe_operation("Create many observations as data arrays", {}, true, "201",
                                                      "An address or an error for each row")}});
  paths.push("/v1.1/$batch",
             json::object{{"post", describe_operation("Several requests in one; change sets are all or nothing", {},
                                                      true, "200", "The answers")}});
  return paths;
}

}  // namespace dos::sensorthings
