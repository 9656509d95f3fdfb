// What every handler of this module shares: parameters, media types, context and body of a request, and the forms of
// answers. ETSI GS CIM 009, 6.3
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "contract/contract.h"
#include "linked_data/context_store.h"
#include "linked_data/refusal.h"
#include "linked_data/render.h"
#include "standard/ngsi_ld/entities/expiry.h"
#include "standard/ngsi_ld/vocabulary.h"

namespace dos::ngsi_ld {

class entity_map_store;
class federation;
class snapshots;

struct service {
  explicit service(node& n);
  ~service();

  node& program;
  context_store contexts;
  expiry ends;
  std::shared_ptr<federation> sources;  // other brokers
  std::unique_ptr<entity_map_store> const map_store;
  entity_map_store& maps;
  std::unique_ptr<snapshots> const snapshot_store;
  snapshots& frozen;
  std::size_t page_default = 20;
  std::size_t page_max = 1'000;
  std::size_t temporal_page_max = 10'000;  // instances of one answer
  timestamp started;
};
using service_ptr = std::shared_ptr<service>;

enum class media { json, ld_json, geo_json, csv };

struct call {
  session who;
  http::request request;
  http::reply answer;
  service_ptr at;
  json::value body;
  context_ptr names;
  json::value context;  // as the client named it; null: the default
  media wanted = media::json;
  std::string version = {};      // of this standard, as Prefer: ngsi-ld=1.5 asks for; empty: ours
  std::optional<std::vector<std::string>> only_sources = {};  // registrations that may be asked; none: all
  std::shared_ptr<entity_store const> image = {};  // of the snapshot that the request is about; none: what is
  mutable bool altered = false;  // the answer says less than we know, because an earlier version had no words for it

  std::string_view param(std::string_view name) const { return request.query.text_or(name, {}); }
  bool has(std::string_view name) const { return request.query.contains(name); }
  bool has_option(std::string_view option) const;  // ?options=a,b
  bool is_true(std::string_view param) const;      // fault malformed for other than true and false
  std::string_view id(std::string_view path_param = "id") const;  // of the path; fault invalid when it is no URI

  // A fault in NGSI-LD's form. Where it names no clause, it is the operation's; members have the names of the client.
  json::value problem(fault f) const;
  http::response refusal(fault const& f) const;

  // Reading what the request is about, as the caller may see it.
  seen_store seen() const;
  entity_ptr find(std::string_view id) const;
  entity_store::page find(query::query const& q) const { return seen().find(q); }
  void for_each(query::query const& q, std::function<bool(entity_ptr const&)> const& visit) const { seen().for_each(q, visit); }
  std::vector<std::pair<symbol, std::size_t>> types() const { return seen().types(); }
  std::vector<std::pair<symbol, std::size_t>> attributes_of(symbol type) const { return seen().attributes_of(type); }

  std::string inline_context() const;  // "@context" of an answer as ld+json, else empty
  // 200 in the wanted media type, with the Link header where the type has no @context in the body.
  http::response respond(std::string body, int status = 200) const;
};
using call_ptr = std::shared_ptr<call>;

enum class body_rule { none, entity, batch, any_json };

struct endpoint_rules {
  std::vector<std::string_view> params = {};  // besides `options`, `format`, `local` and `via`
  body_rule body = body_rule::none;
  bool answers_geojson = false;
  bool answers_csv = false;
  bool reads_snapshots = false;
  bool may_wait = false;  // as slow routes do: goes on on a worker thread when a context had to be fetched
};

// Checks what the standard asks of every request, finds the context (which may be fetched first) and runs the action. A fault in
// it is answered in NGSI-LD's form, on whatever thread.
city_handler endpoint(service_ptr s, endpoint_rules rules, std::function<void(call_ptr)> action);

json::value to_problem(fault const& f);          // ETSI GS CIM 009, 5.5.2
http::response problem_response(fault const& f);

// Runs `action`; a fault becomes the answer. Where work goes on in a callback.
void answer_faults(call const& c, std::function<void()> const& action);

struct page_rules {
  std::size_t limit = 20;
  std::size_t offset = 0;
  bool count = false;
};
page_rules read_page(call const& c);  // faults: invalid, forbidden (over page_max)
// Link headers next and prev and NGSILD-Results-Count. ETSI GS CIM 009, 6.3.10 and 6.3.13
void add_page_headers(call const& c, page_rules const& p, bool has_more, std::size_t total, http::response& r);

std::optional<representation> parse_representation(std::string_view name);  // "keyValues"
representation read_representation(call const& c);
rendering make_rendering(call const& c);  // what the parameters say; the projection is the caller's
std::vector<std::string_view> list_of(std::string_view comma_separated);

}  // namespace dos::ngsi_ld
