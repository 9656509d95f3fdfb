#include "standard/ngsi_ld/call.h"

#include <algorithm>
#include <array>
#include <thread>

#include "base/log.h"
#include "base/name_rules.h"
#include "base/text.h"
#include "http/link.h"
#include "http/media.h"
#include "http/percent.h"
#include "http/problem.h"
#include "kernel/city/city.h"
#include "standard/ngsi_ld/entity_maps/entity_map.h"
#include "standard/ngsi_ld/federation/federation.h"
#include "standard/ngsi_ld/openapi.h"
#include "standard/ngsi_ld/snapshots/snapshot.h"

namespace dos::ngsi_ld {
namespace {

constexpr auto context_rel = std::string_view("http://www.w3.org/ns/json-ld#context");

struct error_type {
  fault_kind kind;
  int status;
  std::string_view name;
  std::string_view title;
};

// ETSI GS CIM 009, 5.5.2 and 6.3.2
constexpr auto error_types = std::array{
    error_type{fault_kind::malformed, 400, "InvalidRequest", "The request is syntactically wrong"},
    error_type{fault_kind::invalid, 400, "BadRequestData", "The request has wrong content"},
    error_type{fault_kind::not_found, 404, "ResourceNotFound", "This does not exist"},
    error_type{fault_kind::conflict, 409, "AlreadyExists", "This exists already"},
    error_type{fault_kind::not_supported, 422, "OperationNotSupported", "This operation is not supported"},
    error_type{fault_kind::bad_gateway, 504, "LdContextNotAvailable", "A remote context cannot be had"},
    error_type{fault_kind::forbidden, 403, "TooManyResults", "These are too many at a time"},
    error_type{fault_kind::internal, 500, "InternalError", "The server made a mistake"},
    error_type{fault_kind::unavailable, 503, "InternalError", "Not now"},
    error_type{fault_kind::storage_full, 507, "InternalError", "The disk is full"},
};

constexpr auto no_such_tenant = error_type{fault_kind::not_found, 404, "NonexistentTenant", "There is no such tenant"};

// 5.9.2.4: what a registration says meets what is here or what another one says.
constexpr auto registration_conflict = error_type{fault_kind::conflict, 409, "Conflict", "This meets what is there already"};

error_type const* find_error_type(fault const& f) {
  if (f.kind == fault_kind::conflict && f.member == "information") return &registration_conflict;
  if (f.kind == fault_kind::not_found && f.member == "NGSILD-Tenant") return &no_such_tenant;
  // The standard's only 403 is about pages too long; what a caller may not do is no matter of it.
  if (f.kind == fault_kind::forbidden && f.member != "limit") return nullptr;
  auto const it = std::find_if(error_types.begin(), error_types.end(), [&](auto const& t) { return t.kind == f.kind; });
  return it == error_types.end() ? nullptr : &*it;
}

json::value link_context(http::request const& r) {
  auto found = json::value();
  auto const header = http::joined(r.headers, "Link");
  if (header.empty()) return found;
  for (auto const& link : read_as("Link", "6.3.5", [&] { return http::parse_links(header); })) {
    if (!http::has_rel(link, context_rel)) continue;
    if (!found.is_null()) refuse("one context is enough", "Link", "6.3.5");
    found = link.target;
  }
  return found;
}

void check_params(http::request const& r, std::vector<std::string_view> const& allowed) {
  static constexpr auto always = std::array<std::string_view, 4>{"options", "format", "local", "via"};
  for (auto const& [name, text] : r.query) {
    auto const known = std::find(always.begin(), always.end(), name) != always.end() ||
                       std::find(allowed.begin(), allowed.end(), name) != allowed.end();
    if (!known) throw fault(fault_kind::malformed, "there is no such parameter here", name, "ETSI GS CIM 009, 6.3.20");
  }
}

enum class body_media { json, ld_json, merge_patch };

body_media media_of_body(http::request const& r) {
  auto const type = http::content_type(r.headers);
  // Without a type it is what most bodies are here.
  if (type == "application/json" || !r.headers.contains("Content-Type")) return body_media::json;
  if (type == "application/ld+json") return body_media::ld_json;
  if (type == "application/merge-patch+json" && r.method == "PATCH") return body_media::merge_patch;
  throw fault(fault_kind::unsupported_media, "send application/json or application/ld+json" +
                                                 std::string(r.method == "PATCH" ? " or application/merge-patch+json" : ""),
              "Content-Type", "ETSI GS CIM 009, 6.3.4");
}

// ETSI GS CIM 009, 6.3.5
void read_body_and_context(call& c, endpoint_rules const& rules) {
  auto const by_link = link_context(c.request);
  if (rules.body == body_rule::none) {
    c.context = by_link;
    return;
  }
  auto const type = media_of_body(c.request);
  if (c.request.body.empty()) throw fault(fault_kind::malformed, "the body is empty", std::string(whole_body), "ETSI GS CIM 009, 5.5.4");
  try {
    c.body = json::parse(c.request.body);
  } catch (fault& f) {
    auto const member = f.member.empty() ? std::string(whole_body) : f.member;
    throw said_of(std::move(f), member, "5.5.4");
  }
  if (rules.body == body_rule::batch) {
    c.context = by_link;
    return;
  }
  auto* inside = c.body.find("@context");
  if (type == body_media::ld_json) {
    if (!by_link.is_null()) refuse("application/ld+json carries its context in the body", "Link", "6.3.5");
    if (inside == nullptr && c.body.is_object() && rules.body == body_rule::entity) {
      refuse("application/ld+json needs an @context", "@context", "6.3.5");
    }
    if (inside != nullptr) c.context = *inside;
  } else {
    if (inside != nullptr && rules.body == body_rule::entity) {
      refuse("a body with @context is application/ld+json", "@context", "6.3.5");
    }
    c.context = by_link;
  }
}

media wanted_media(http::request const& r, endpoint_rules const& rules) {
  static constexpr auto json = std::string_view("application/json");
  static constexpr auto ld_json = std::string_view("application/ld+json");
  static constexpr auto geo_json = std::string_view("application/geo+json");
  auto type = std::string_view();
  if (rules.answers_geojson && rules.answers_csv) {
    type = http::get_acceptable(r.headers, {json, ld_json, geo_json, "text/csv"});
  } else if (rules.answers_geojson) {
    type = http::get_acceptable(r.headers, {json, ld_json, geo_json});
  } else if (rules.answers_csv) {
    type = http::get_acceptable(r.headers, {json, ld_json, "text/csv"});
  } else {
    type = http::get_acceptable(r.headers, {json, ld_json});
  }
  return type == json ? media::json : type == ld_json ? media::ld_json : type == geo_json ? media::geo_json : media::csv;
}

// A tenant and a snapshot that were asked for are named in the answer. 6.3.14 and 6.3.22
http::reply echoing(std::string name, http::request const& r, http::reply answer) {
  auto const value = r.headers.find(name);
  if (!value) return answer;
  return [name, value = std::string(*value), answer = std::move(answer)](http::response response) {
    if (!response.headers.contains(name)) response.headers.add(name, value);
    answer(std::move(response));
  };
}

// 6.3.22
void find_snapshot(call& c, bool reads_snapshots) {
  auto const id = c.request.headers.find("NGSILD-Snapshot");
  if (!id) return;
  c.image = c.at->frozen.image_of(c.who.city(), *id);
  if (!reads_snapshots) {
    throw fault(fault_kind::not_supported, "in a snapshot entities, types and attributes are read; nothing else", "NGSILD-Snapshot", "ETSI GS CIM 009, 6.3.22");
  }
}

// Prefer: ngsi-ld=1.5. 4.3.6.8 and RFC 7240
std::string preferred_version(http::request const& r) {
  for (auto const header : r.headers.find_all("Prefer")) {
    for (auto const preference : text::split(header, ',')) {
      auto const own = text::trim(preference.substr(0, preference.find(';')));
      auto const equals = own.find('=');
      if (equals == std::string_view::npos || !text::equal_ignoring_case(text::trim(own.substr(0, equals)), "ngsi-ld")) continue;
      auto value = text::trim(own.substr(equals + 1));
      if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
      auto const is_version = value.size() >= 3 && value.starts_with("1.") && text::to_int(value.substr(2));
      if (is_version) return std::string(value);
    }
  }
  return {};
}

std::size_t read_size(json::value const& configuration, std::string_view key, std::size_t otherwise) {
  auto const* v = configuration.find(key);
  return v != nullptr && v->is_int() && v->as_int() > 0 ? std::size_t(v->as_int()) : otherwise;
}

}  // namespace

service::service(node& n)
    : program(n), contexts(n), ends(n), sources(std::make_shared<federation>(n)), map_store(std::make_unique<entity_map_store>(n.clock)), maps(*map_store),
      snapshot_store(std::make_unique<snapshots>(n)), frozen(*snapshot_store),
      started(n.clock.now()) {
  page_max = read_size(n.configuration, "page_max", page_max);
  page_default = std::min(page_default, page_max);
  temporal_page_max = read_size(n.configuration, "temporal_page_max", temporal_page_max);
}

service::~service() = default;

std::vector<std::string_view> list_of(std::string_view comma_separated) {
  auto out = std::vector<std::string_view>();
  for (auto const part : text::split(comma_separated, ',')) {
    if (auto const trimmed = text::trim(part); !trimmed.empty()) out.push_back(trimmed);
  }
  return out;
}

bool call::has_option(std::string_view option) const {
  auto const options = list_of(param("options"));
  return std::find(options.begin(), options.end(), option) != options.end();
}

seen_store call::seen() const { return who.seen(image ? *image : who.city().entities()); }

entity_ptr call::find(std::string_view id) const { return image ? seen().find(id) : who.find(id); }

bool call::is_true(std::string_view name) const {
  auto const text = request.query.find(name);
  if (!text || *text == "false") return false;
  if (*text == "true") return true;
  throw fault(fault_kind::invalid, "true or false", std::string(name));
}

std::string_view call::id(std::string_view path_param) const {
  auto const id = request.param(path_param);
  require_uri(id, path_param);
  return id;
}

std::string call::inline_context() const {
  if (wanted == media::json || wanted == media::csv) return {};
  auto out = std::string();
  if (context.is_null()) {
    json::write_string(out, at->contexts.usual_of(who.city()).url);
  } else {
    json::write(out, context);
  }
  return out;
}

http::response call::respond(std::string body, int status) const {
  static constexpr auto types = std::array<std::string_view, 4>{"application/json", "application/ld+json", "application/geo+json", "text/csv; charset=utf-8"};
  auto r = http::with_body(altered && status == 200 ? 203 : status, types[std::size_t(wanted)], std::move(body));
  if (!version.empty()) r.headers.add("Preference-Applied", "ngsi-ld=" + version);
  if (wanted != media::ld_json) {
    r.headers.add("Link", "<" + at->contexts.url_of(who.city(), context) + ">; rel=\"" + std::string(context_rel) + "\"; type=\"application/ld+json\"");
  }
  return r;
}

json::value to_problem(fault const& f) {
  auto const* type = find_error_type(f);
  auto const& general = http::get_problem_kind(f.kind);
  auto o = json::object{{"type", type != nullptr ? "https://uri.etsi.org/ngsi-ld/errors/" + std::string(type->name) : "about:blank"},
                        {"title", type != nullptr ? type->title : general.title},
                        {"detail", f.detail},
                        {"status", type != nullptr ? type->status : general.status}};
  if (!f.member.empty()) o.push("member", f.member);
  if (!f.clause.empty()) o.push("clause", f.clause);
  return o;
}

http::response problem_response(fault const& f) {
  auto r = http::problem(f);  // its headers stay right: who to ask, when to come again
  auto const* type = find_error_type(f);
  if (type != nullptr) r.status = type->status;
  r.body = json::to_string(to_problem(f));
  r.headers.set("Content-Type", "application/json");
  return r;
}

json::value call::problem(fault f) const {
  if (f.clause.empty()) {
    if (auto const clause = clause_of(request); !clause.empty()) f.clause = "ETSI GS CIM 009, " + std::string(clause);
  }
  // What is stored has whole names; who asks knows the short ones.
  if (names && f.member.find("://") != std::string::npos) f.member = names->compact(f.member);
  return to_problem(f);
}

http::response call::refusal(fault const& f) const {
  auto r = problem_response(f);
  r.body = json::to_string(problem(f));
  return r;
}

void answer_faults(call const& c, std::function<void()> const& action) {
  try {
    action();
  } catch (fault const& f) {
    c.answer(c.refusal(f));
  }
}

city_handler endpoint(service_ptr s, endpoint_rules rules, std::function<void(call_ptr)> action) {
  return [s, rules = std::move(rules), action = std::move(action)](session who, http::request request, http::reply answer) mutable {
    auto const reply = echoing("NGSILD-Snapshot", request, echoing("NGSILD-Tenant", request, std::move(answer)));
    auto const c = std::make_shared<call>(call{std::move(who), std::move(request), reply, s, {}, {}, {}});
    answer_faults(*c, [&] {
      // 6.3.4: what has a body says how long it is.
      if (c->request.headers.contains("Transfer-Encoding")) return reply(http::response{.status = 411, .headers = {}, .body = {}, .source = {}});
      c->wanted = read_as("Accept", "6.3.4", [&] { return wanted_media(c->request, rules); });
      c->version = preferred_version(c->request);
      check_params(c->request, rules.params);
      find_snapshot(*c, rules.reads_snapshots);
      read_body_and_context(*c, rules);
      if (c->context.is_null()) {
        c->names = s->contexts.usual_of(c->who.city()).names;
        return action(c);
      }
      auto const caller = std::this_thread::get_id();
      s->contexts.resolve(
          c->who, c->context,
          [c, action, caller, may_wait = rules.may_wait](context_ptr names) {
            c->names = std::move(names);
            auto const act = [c, action] {
              auto const paying = pays_for_names(c->who.who().names.get());
              answer_faults(*c, [&] { action(c); });
            };
            // A context that was fetched comes on a thread of the network.
            if (!may_wait || std::this_thread::get_id() == caller) return act();
            answer_faults(*c, [&] { c->at->program.on_worker(c->request.peer, c->who.who().source, act); });
          },
          [c](fault const& f) { c->answer(c->refusal(f)); });
    });
  };
}

page_rules read_page(call const& c) {
  auto const read = [&](std::string_view name, std::size_t otherwise) {
    auto const text = c.request.query.find(name);
    if (!text) return otherwise;
    auto const n = text::to_int(*text);
    if (!n || *n < 0) refuse("a whole number from 0 on", name, "6.3.10");
    return std::size_t(*n);
  };
  auto p = page_rules{read("limit", c.at->page_default), read("offset", 0), c.is_true("count")};
  if (p.limit == 0 && !p.count) refuse("limit 0 makes sense with count=true only", "limit", "6.3.10");
  if (p.limit > c.at->page_max) {
    throw fault(fault_kind::forbidden, "at most " + std::to_string(c.at->page_max) + " at a time", "limit", "ETSI GS CIM 009, 6.3.10");
  }
  return p;
}

void add_page_headers(call const& c, page_rules const& p, bool has_more, std::size_t total, http::response& r) {
  if (p.count) r.headers.add("NGSILD-Results-Count", std::to_string(total));
  if (p.limit == 0) return;
  auto const link_to = [&](std::size_t offset, std::string_view rel) {
    auto query = http::query_map();
    for (auto const& [name, text] : c.request.query) {
      if (name != "offset" && name != "limit") query.add(name, text);
    }
    query.add("limit", std::to_string(p.limit));
    query.add("offset", std::to_string(offset));
    auto const path = c.request.path.ends_with('/') ? c.request.path.substr(0, c.request.path.size() - 1) : c.request.path;
    r.headers.add("Link", "<" + path + "?" + http::to_query(query) + ">;rel=\"" + std::string(rel) + "\";type=\"application/ld+json\"");
  };
  if (p.offset > 0) link_to(p.offset > p.limit ? p.offset - p.limit : 0, "prev");
  if (has_more) link_to(p.offset + p.limit, "next");
}

std::optional<representation> parse_representation(std::string_view name) {
  if (name == "normalized") return representation::normalized;
  if (name == "concise") return representation::concise;
  if (name == "keyValues" || name == "simplified") return representation::simplified;
  return std::nullopt;
}

representation read_representation(call const& c) {
  static constexpr auto options = std::array<std::string_view, 13>{
      "sysAttrs", "count", "noOverwrite", "update", "replace", "temporalValues", "aggregatedValues", "splitEntities",
      "normalized", "concise", "keyValues", "simplified", "entityMap"};
  auto form = representation::normalized;
  for (auto const option : list_of(c.param("options"))) {
    if (std::find(options.begin(), options.end(), option) == options.end()) {
      throw fault(fault_kind::malformed, "there is no option " + std::string(option), "options", "ETSI GS CIM 009, 6.3.7");
    }
    form = parse_representation(option).value_or(form);
  }
  // Where both are given, `format` wins.
  if (auto const format = c.request.query.find("format")) {
    if (auto const wanted = parse_representation(*format)) return *wanted;
    if (*format != "temporalValues" && *format != "aggregatedValues") {
      throw fault(fault_kind::malformed, "format is normalized, concise or simplified", "format", "ETSI GS CIM 009, 6.3.7");
    }
  }
  return form;
}

rendering make_rendering(call const& c) {
  auto const property = c.param("geometryProperty");
  if (!property.empty() && c.wanted != media::geo_json) {
    refuse("this goes with Accept: application/geo+json", "geometryProperty", "5.7.2");
  }
  auto r = plain_rendering(*c.names);
  r.form = read_representation(c);
  r.sys_attrs = c.has_option("sysAttrs") || c.is_true("sysAttrs");
  r.language = c.param("lang");
  if (!c.version.empty() && text::to_int(std::string_view(c.version).substr(2)).value_or(0) < 8) r.altered = &c.altered;
  r.geometry = c.names->find_symbol(property.empty() ? "location" : property);
  return r;
}

}  // namespace dos::ngsi_ld
