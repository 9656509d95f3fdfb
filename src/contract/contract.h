// What a module above the kernel is given, and what it offers. Standards, ingest and capabilities are strangers to each
// other; wiring (src/app) collects their offers.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "contract/package_files.h"
#include "contract/rights.h"
#include "contract/topics.h"
#include "http/request.h"
#include "http/response.h"
#include "http/router.h"
#include "kernel/city/session.h"
#include "kernel/vault/vault.h"

namespace dos {

// Requests to other servers (notifications, pulls). Guards against inside addresses, limits and time-outs are built in.
struct outbound_request {
  std::string method = "GET";
  std::string url;
  http::headers headers;
  std::string body;
  std::chrono::milliseconds timeout{10'000};
  std::size_t response_bytes_max = 32 << 20;
  int redirects_max = 0;
};
struct outbound_response {
  int status = 0;  // 0: no answer
  http::headers headers;
  std::string body;
  std::string error;  // why there is no answer
  bool too_large = false;  // longer than response_bytes_max
};
using outbound = std::function<void(outbound_request, std::function<void(outbound_response)>)>;

// A message for somebody's MQTT broker, behind the same guards.
struct outbound_message {
  std::string broker;  // mqtt:// or mqtts://, user:password@host:port; what follows is ignored
  bool is_version_5 = true;  // else 3.1.1
  std::string topic;
  std::string payload;
  std::string content_type;  // version 5
  int qos = 0;
};
// `done` once, from any thread, with nothing when the broker has it (quality of service 1, 2) or it is sent (0).
using outbound_mqtt = std::function<void(outbound_message, std::function<void(std::string error)> done)>;

// A city as its configuration describes it (cities/*.yaml).
struct city_profile {
  std::string id;     // "dortmund": path, tenant and directory
  json::value words;  // name, ags, center, bbox, contact, logo …, as configured
};

// Who comes to a door, and the city that the token is for: "*" for every one, also of callers without a token.
struct caller {
  std::string city;
  principal who;
};

// The node: everything a module may use beyond the session it is handed.
struct node {
  dos::clock const& clock;
  dos::outbound outbound;
  dos::outbound_mqtt outbound_mqtt;
  std::vector<std::shared_ptr<dos::city>> cities;
  std::vector<city_profile> profiles;  // same order
  json::value configuration;           // the whole file, defaults filled in
  std::string public_url;              // "http://localhost:8030", no slash at the end
  std::string data_directory;
  std::string resources_directory;     // with measures/, modules/, contexts/, demo/, web/
  std::string version;
  bool demo = false;                   // load the demonstration data
  // How a module whose standard defines the form of an entity renders it for modules that have none of their own (live
  // streams, exports): set by wiring, normalized NGSI-LD with the city's default context.
  std::function<void(std::string& out, dos::city const& c, entity const& e)> render_entity;
  std::shared_ptr<dos::vault> keys = {};  // of people, and what seals secrets
  // Who comes to a city with the cookie of a session there (people/signed_in.h); nothing when it is over. Set by capability/people.
  std::function<std::optional<principal>(std::shared_ptr<dos::city> const& c, std::string_view cookie)> who_signed_in = {};
  // What the packages of a city bring for other modules to read. Set by the package module.
  std::function<package_files_ptr(std::string_view city)> package_files_of = {};
  // Hands a request to the program's own doors, from any thread once it runs; faults come as answers. Without an
  // Authorization header it acts as administrator of every city under the name `as`. Set by the app.
  std::function<void(std::string const& as, http::request r, http::reply answer)> request = {};
  // For doors that are no HTTP. Without a token: whoever anonymous callers are. The caller's writes wait in the queue
  // DOOR/token or DOOR/peer. Faults: unauthenticated. Set by the app.
  std::function<caller(std::string_view token, std::string const& door, std::string const& peer)> identify = {};
  // Runs `work`, which throws nothing, on a worker thread when it is the turn of `source` at the address `peer`: for what
  // a network thread has waited for. Faults: too_many, unavailable. Set by the app.
  std::function<void(std::string const& peer, std::string const& source, std::function<void()> work)> on_worker = {};

  std::shared_ptr<dos::city> find_city(std::string_view id) const;
  // The file of the terms that requests to a city mean when they name no context: of its profile, else of the configuration,
  // else of the demo. Empty: the core context of NGSI-LD alone.
  std::string default_context_file(std::string_view city) const;
  package_files_ptr files_of_packages(std::string_view city) const;  // none: an empty list
  // A session of the program itself (jobs, ingest), with full rights and a queue and ledger line of its own.
  session as_source(std::shared_ptr<dos::city> c, std::string source) const;
  // Of what messages bring in, whoever sent them: values of any entity and notes about them, like a device that brings
  // for all; nothing is deleted and no records of the platform are changed.
  session as_input(std::shared_ptr<dos::city> c, std::string source) const;
};

// May reply from any thread, exactly once; a thrown fault is rendered in the form the route's standard has.
using city_handler = std::function<void(session, http::request, http::reply)>;
using node_handler = std::function<void(http::request, http::reply)>;

enum class thread_use {
  quick,  // runs on the network thread: microseconds, no waiting, `submit` instead of `apply`
  slow    // runs on a worker thread: may wait, scan and aggregate
};

// In bytes. A caller who may not write in the city sends no more than `default_body` anywhere; who may, as much as the
// route says, and never more than the configuration's body_bytes_max.
inline constexpr std::size_t default_body = 1 << 20;
inline constexpr std::size_t largest_body = std::size_t(-1);

struct city_route {  // served under /{city} and, where `at_root`, also at the root for the first or the header's city
  std::string method;
  std::string pattern;  // "/ngsi-ld/v1/entities/{id}"
  need needs;           // asked at the door; the handler need not ask again
  city_handler handle;
  thread_use use = thread_use::slow;
  bool at_root = false;
  std::size_t body_bytes_max = default_body;
  // What else the head can decide; a fault that it throws is the answer. On a network thread.
  std::function<void(session const&, http::request const&)> ask = {};
};
// Rights at a node's route are those that a token has in every city, or in the one it is for.
struct node_route {
  std::string method;
  std::string pattern;
  need needs;
  node_handler handle;
  thread_use use = thread_use::slow;
  std::size_t body_bytes_max = default_body;
};

// Runs on a worker thread, never twice at the same time; a fault is logged and counted, the job stays.
struct job {
  std::string name;
  std::chrono::milliseconds every;
  std::function<void()> run;
};

struct offer {
  std::string name;
  std::vector<city_route> city_routes;
  std::vector<node_route> node_routes;
  std::vector<job> jobs;
  std::vector<topic_space> topic_spaces;
  // The form of errors below a prefix ("/ngsi-ld/v1"); elsewhere RFC 9457.
  std::map<std::string, http::fault_form> fault_forms;
  // Below these prefixes browsers may show answers to pages of other origins ("/v1.1"): what is read there is for programs.
  std::vector<std::string> for_other_origins = {};
  // POST to these changes nothing: questions too long for an address ("/ngsi-ld/v1/entityOperations/query").
  std::vector<std::string> read_by_post = {};
  // A part of an OpenAPI 3.1 document ({paths, components}) for what is better told from tables in the code; other routes
  // are told by openapi/*.yaml. A route that is told nowhere fails a test (tests/contract/interface.py).
  json::value openapi;
  std::function<std::string()> metrics;         // Prometheus text lines
  std::function<void()> start;                  // after the cities are open, before the port is
  std::function<void()> stop;                   // before the cities close
};

// Answers with `then` after the write is durable, refusals in `form` (none: problem details).
void submit_and_reply(session const& s, session::decide d, http::reply answer,
                      std::function<http::response(outcome const&)> then, http::fault_form form = {});
json::value parse_body(http::request const& r);  // JSON; fault malformed when empty

}  // namespace dos
