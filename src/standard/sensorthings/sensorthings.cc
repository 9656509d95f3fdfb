#include "standard/sensorthings/sensorthings.h"

#include <algorithm>

#include "base/fault.h"
#include "http/problem.h"
#include "standard/sensorthings/service.h"
#include "standard/sensorthings/topics.h"

namespace dos::sensorthings {
namespace {

constexpr std::string_view specification = "http://www.opengis.net/spec/iot_sensing/1.1/req/";
constexpr std::string_view requirements[] = {"datamodel",
                                             "resource-path/resource-path-to-entities",
                                             "request-data",
                                             "create-update-delete/create-entity",
                                             "create-update-delete/link-to-existing-entities",
                                             "create-update-delete/deep-insert",
                                             "create-update-delete/deep-insert-status-code",
                                             "create-update-delete/update-entity",
                                             "create-update-delete/update-entity-put",
                                             "create-update-delete/update-entity-jsonpatch",
                                             "create-update-delete/delete-entity",
                                             "create-update-delete/historical-location-auto-creation",
                                             "batch-request/batch-request",
                                             "multi-datastream",
                                             "data-array/data-array",
                                             "create-observations-via-mqtt/observations-creation",
                                             "receive-updates-via-mqtt/receive-updates"};
constexpr std::string_view of_frost[] = {
    "https://fraunhoferiosb.github.io/FROST-Server/extensions/DeepSelect.html",
    "https://fraunhoferiosb.github.io/FROST-Server/extensions/GeoJSON-ResultFormat.html",
    "https://fraunhoferiosb.github.io/FROST-Server/extensions/JsonBatchRequest.html",
    "https://github.com/INSIDE-information-systems/SensorThingsAPI/blob/master/CSV-ResultFormat/CSV-ResultFormat.md"};

constexpr auto roots = {"/v1.1", "/sensorthings/v1.1"};

void post_observation(service_ptr const& s, session const& who, http::request const& r, http::reply answer) {
  auto t = target_of(*s, r);
  submit(s, who, prepare(*s, who, r, t),
         [answer = std::move(answer), base = std::move(t.base)](outcome o, prepared_write const& w) {
           answer(o.refused ? fault_response(*o.refused) : w.answer(base));
         });
}

}  // namespace

http::response landing_page(service const& s, session const&, std::string const& base) {
  auto sets = json::array();
  for (auto i = std::size_t(0); i < kind_count; ++i) {
    auto const set = describe(kind(i)).set;
    sets.push_back(json::object{{"name", set}, {"url", base + "/" + std::string(set)}});
  }
  auto conformance = json::array();
  for (auto const r : requirements) conformance.push_back(std::string(specification) + std::string(r));
  for (auto const r : of_frost) conformance.push_back(r);
  auto settings = json::object{{"conformance", std::move(conformance)}};
  if (auto const* const mqtt = s.program.configuration.find("mqtt_url");
      mqtt && mqtt->is_string() && !mqtt->as_string().empty()) {
    for (auto const r :
         {"create-observations-via-mqtt/observations-creation", "receive-updates-via-mqtt/receive-updates"}) {
      settings.push(std::string(specification) + r, json::object{{"endpoints", json::array{*mqtt}}});
    }
  }
  return json_response(
      200, json::to_string(json::object{{"value", std::move(sets)}, {"serverSettings", std::move(settings)}}));
}

need need_of(std::string_view method) {
  return method == "GET" || method == "HEAD" ? need::nothing : method == "DELETE" ? need::editor : need::writer;
}

void add_route(offer& o, std::string method, std::string const& path, need needs, city_handler handle, thread_use use) {
  for (auto const root : roots) {
    o.city_routes.push_back({.method = method,
                             .pattern = root + path,
                             .needs = needs,
                             .handle = handle,
                             .use = use,
                             .at_root = true,
                             .body_bytes_max = largest_body});
  }
}

void add_observations(offer& o, service_ptr s) {
  auto const post = [s](session const& who, http::request const& r, http::reply answer) {
    post_observation(s, who, r, std::move(answer));
  };
  add_route(o, "POST", "/Observations", need::writer, post, thread_use::quick);
  add_route(o, "POST", "/{datastream}/Observations", need::writer, post, thread_use::quick);
}

offer offer_sensorthings(node& n) {
  auto o = offer();
  o.name = "sensorthings";
  auto const s = std::make_shared<service>(n);
  s->topics = std::make_shared<topic_feed>(*s);
  o.start = [s] {
    for (auto const& c : s->program.cities) name_datastreams(s->program.as_source(c, "sensorthings"));
  };
  o.stop = [s] { s->topics->stop(); };
  add_observations(o, s);
  add_batch(o, s);
  for (auto const method : {"GET", "POST", "PATCH", "PUT", "DELETE"}) {
    auto const handle = [s](session who, http::request r, http::reply answer) { answer(perform(*s, who, r)); };
    add_route(o, method, "/{rest...}", need_of(method), handle);
    if (std::string_view(method) == "GET") add_route(o, method, "", need::nothing, handle);
  }
  for (auto const root : roots) {
    o.fault_forms[root] = fault_response;
    o.for_other_origins.push_back(root);
  }
  o.topic_spaces.push_back(make_topic_space(s, s->topics));
  o.openapi = openapi();
  return o;
}

}  // namespace dos::sensorthings
