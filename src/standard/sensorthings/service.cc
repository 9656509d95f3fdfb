#include "standard/sensorthings/service.h"

#include <algorithm>

#include "base/fault.h"
#include "base/text.h"
#include "http/media.h"
#include "http/percent.h"
#include "http/problem.h"
#include "kernel/city/city.h"
#include "standard/sensorthings/json_patch.h"
#include "standard/sensorthings/topics.h"

namespace dos::sensorthings {
namespace {

constexpr std::string_view json_type = "application/json; charset=UTF-8";

std::size_t configured(node const& n, std::string_view key, std::size_t otherwise) {
  auto const* const v = n.configuration.find(key);
  return v && v->is_int() && v->as_int() > 0 ? std::size_t(v->as_int()) : otherwise;
}

bool is_patch_list(http::request const& r) { return http::content_type(r.headers) == "application/json-patch+json"; }

// What can be written of an entity, as JSON.
json::value writable(item const& i, reader const& r) {
  auto all = json::object();
  for (auto const& p : describe(i.what).properties) {
    if (p.computed) continue;
    auto v = r.value(i, p.name);
    if (!v.is_null() || p.name == "result") all.push(std::string(p.name), std::move(v));
  }
  return all;
}

prepared_write prepare_creation(http::request const& r, address a) {
  require(a.form == address::form::set && !a.ref && !a.count, fault_kind::not_allowed,
          "entities are created by POST to a set such as Things");
  struct creation {
    collection in;
    json::value body;
    std::uint64_t id = 0;
  };
  auto const c = std::make_shared<creation>(creation{std::move(a.collection), parse_body(r)});
  return {[c](writer& w) { c->id = w.create(c->in.what, c->body, c->in.from ? &*c->in.from : nullptr, c->in.by); },
          [c](std::string const& base) { return created(base, c->in.what, c->id); }};
}

prepared_write prepare_change(http::request const& r, address const& a, reader const& reading) {
  require(a.form == address::form::entity && !a.ref, fault_kind::not_allowed,
          "what is changed is an entity such as Things(1)");
  auto body = parse_body(r);
  auto whole = r.method == "PUT";
  if (is_patch_list(r)) {
    auto const before = writable(*a.entity, reading);
    auto after = patched(before, body);
    body = json::object();
    for (auto const& m : after.as_object()) {
      auto const* const old = before.find(m.key);
      if (!old || !(*old == m.value)) body.as_object().push(m.key, m.value);
    }
    for (auto const& m : before.as_object()) {
      if (!after.find(m.key)) body.as_object().push(m.key, nullptr);
    }
  }
  auto const i = std::make_shared<item const>(*a.entity);
  auto const c = std::make_shared<consequences const>(
      a.entity->what == kind::observation || a.entity->what == kind::historical_location
          ? find_consequences(*a.entity, reading)
          : consequences());
  auto const shared_body = std::make_shared<json::value const>(std::move(body));
  return {[=](writer& w) { w.change(*i, *shared_body, whole, *c); },
          [](std::string const&) { return http::response{.status = 200, .headers = {}, .body = {}, .source = {}}; }};
}

// FROST's extension: DELETE of a set removes what its filter finds.
prepared_write prepare_removal(service const& s, http::request const& r, address const& a, reading const& reading) {
  require(a.form != address::form::property && !a.ref && !a.count, fault_kind::not_allowed,
          "what is removed is an entity such as Things(1)");
  struct removal {
    item what;
    consequences with;
  };
  auto all = std::vector<removal>();
  if (a.form == address::form::entity) {
    all.push_back({*a.entity, find_consequences(*a.entity, reading.read)});
  } else {
    constexpr std::size_t removals_max = 100'000;
    auto const o = parse_options(r.query, a.collection.what, s.limits);
    require(o.filter != nullptr, fault_kind::invalid, "removing a whole set needs a $filter", "$filter");
    auto found = std::vector<item>();
    reading.list.for_each(a.collection, o, [&](item const& i) {
      found.push_back(i);
      return found.size() <= removals_max;
    });
    require(found.size() <= removals_max, fault_kind::too_large,
            "one request removes at most 100,000 entities; narrow the $filter");
    auto with = find_consequences(found, reading.read);
    for (auto i = std::size_t(0); i < found.size(); ++i) all.push_back({std::move(found[i]), std::move(with[i])});
  }
  auto const list = std::make_shared<std::vector<removal> const>(std::move(all));
  return {[=](writer& w) {
            for (auto const& one : *list) {
              auto const is_there = w.remove(one.what, one.with);
              require(is_there || list->size() > 1, fault_kind::not_found, "Not Found");
            }
          },
          [](std::string const&) { return http::response{.status = 200, .headers = {}, .body = {}, .source = {}}; }};
}

http::response property_response(address const& a, reading const& now) {
  auto const is_link = a.property[0] == "@iot.selfLink" || a.property[0] == "selfLink";
  auto const v = is_link ? now.render.self_link(*a.entity) : value_at(now.read, *a.entity, a.property);
  if (v.is_null()) return http::no_content();
  if (a.value) {
    auto const text = v.is_string() ? std::string(v.as_string()) : json::to_string(v);
    return http::with_body(200, v.is_object() || v.is_array() ? "application/json" : "text/plain; charset=utf-8", text);
  }
  auto o = json::object();
  o.push(property_name(a.property), v);
  return json_response(200, json::to_string(o));
}

}  // namespace

// "intArray[1]" is called so.
std::string property_name(std::vector<std::string> const& path) {
  if (path[0] == "id" || path[0] == "selfLink") return "@iot." + path[0];
  auto const is_index = [](std::string const& part) {
    return std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  auto at = path.size() - 1;
  auto indexes = std::string();
  for (; at > 0 && is_index(path[at]); --at) indexes = "[" + path[at] + "]" + indexes;
  return path[at] + indexes;
}

http::response created(std::string const& base, kind k, std::uint64_t id) {
  auto const set = describe(k).set;
  auto const number = std::to_string(id);
  auto location = std::string();
  location.reserve(base.size() + set.size() + number.size() + 3);
  location.append(base).append("/").append(set).append("(").append(number).append(")");
  auto r = http::response{.status = 201, .headers = {}, .body = {}, .source = {}};
  r.headers.add("Location", std::move(location));
  return r;
}

service::service(node& n)
    : program(n),
      public_url(n.configuration.text_or("public_url", "")) {
  auto const others = load_terms(n.resources_directory + "/contexts/dos-context.json");
  for (auto const& c : n.cities) {
    auto const file = n.default_context_file(c->id());
    words_.emplace(c->id(), vocabulary(file.empty() ? terms() : load_terms(file), others));
    for (auto const collection : {datastream_collection, datastream_name_collection, link_collection, feature_collection,
                                  feature_since_collection, result_time_collection, area_collection})
      c->let_devices_note(collection);
  }
  limits.page_max = configured(n, "page_max", limits.page_max);
  limits.observations_page_max = configured(n, "temporal_page_max", limits.observations_page_max);
}

vocabulary const& service::words_of(city const& c) const { return words_.find(c.id())->second; }

reading::reading(service const& s, session const& who, std::string base)
    : around{s.words_of(who.city()), s.devices, s.program.clock},
      read(who, s.own(who), around),
      list(read, s.limits),
      render(std::move(base), read, list) {}

target target_of(service const& s, http::request const& r) {
  auto t = target();
  auto const version = std::find(r.segments.begin(), r.segments.end(), "v1.1");
  auto host = r.headers.text_or("Host", "");
  // It stands in every link: what is no name of a host is none.
  auto const is_plain = [](unsigned char c) {
    return std::isalnum(c) || c == '.' || c == ':' || c == '-' || c == '_' || c == '[' || c == ']';
  };
  if (!std::all_of(host.begin(), host.end(), is_plain)) host = {};
  t.base.reserve(s.public_url.size() + host.size() + r.path.size() + 32);
  if (!s.public_url.empty()) t.base = s.public_url;
  else if (host.empty()) t.base = s.program.public_url;
  else t.base.append(r.secure ? "https://" : "http://").append(host);
  for (auto it = r.segments.begin(); it != r.segments.end() && it <= version; ++it) t.base.append("/").append(*it);
  if (version != r.segments.end()) t.segments = std::span(version + 1, r.segments.end());
  return t;
}

http::response json_response(int status, std::string body) {
  return http::with_body(status, json_type, std::move(body));
}

http::response fault_response(fault const& f) {
  auto const status = http::status_of(f.kind);
  auto r =
      json_response(status, json::to_string(json::object{{"code", status}, {"type", "error"}, {"message", f.detail}}));
  if (f.kind == fault_kind::unauthenticated) r.headers.add("WWW-Authenticate", "Bearer");
  if (f.kind == fault_kind::too_many || f.kind == fault_kind::unavailable) r.headers.add("Retry-After", "1");
  return r;
}

http::response read(service const& s, session const& who, http::request const& r, target const& t) {
  if (t.segments.empty()) return landing_page(s, who, t.base);
  auto const now = reading(s, who, t.base);
  auto const a = resolve(t.segments, now.read);
  if (a.form == address::form::property) return property_response(a, now);
  auto const is_entity = a.form == address::form::entity;
  auto const what = is_entity ? a.entity->what : a.collection.what;
  auto const o = parse_options(r.query, what, s.limits);
  if (a.count) return http::text(200, std::to_string(now.list.count(a.collection, o)));
  auto body = std::string();
  if (is_entity && o.filter && !evaluator(now.read).holds(*o.filter, *a.entity))
    throw fault(fault_kind::not_found, "Not Found");
  if (is_entity && a.ref)
    return json_response(200, json::to_string(json::object{{"@iot.selfLink", now.render.self_link(*a.entity)}}));
  auto const is_format = [&](std::string_view name) { return text::equal_ignoring_case(o.format, name); };
  auto const is_plain = o.format.empty() || is_format("default") || is_format("json");
  if (is_entity && is_plain) {
    now.render.write_entity(body, *a.entity, o);
    return json_response(200, std::move(body));
  }
  auto const path = is_entity           ? address_of(*a.entity)
                    : a.collection.from ? address_of(*a.collection.from) + "/" + std::string(a.collection.by->name)
                                        : std::string(describe(what).set);
  auto const p = is_entity ? page{{*a.entity}, {}, {}} : now.list.list(a.collection, o);
  if (a.ref) {
    now.render.write_references(body, p, o, path);
  } else if (is_plain) {
    now.render.write_page(body, p, o, path);
  } else if (is_format("dataArray")) {
    require(what == kind::observation, fault_kind::invalid, "data arrays are a form of Observations", "$resultFormat");
    now.render.write_data_array(body, p, o, path);
  } else if (is_format("CSV")) {
    now.render.write_csv(body, p, o, what);
    auto answer = http::with_body(200, "text/csv;charset=UTF-8", std::move(body));
    if (!p.next.empty()) answer.headers.add("Link", "<" + now.render.next_link(p, o, path) + ">; rel=\"next\"");
    return answer;
  } else if (is_format("GeoJSON")) {
    now.render.write_geojson(body, p, o, path);
    return http::with_body(200, "application/geo+json", std::move(body));
  } else {
    throw fault(fault_kind::invalid, "resultFormat is dataArray, CSV or GeoJSON", "$resultFormat");
  }
  return json_response(200, std::move(body));
}

prepared_write prepare(service const& s, session const& who, http::request const& r, target const& t) {
  // Whoever has no right to write learns of nothing that is there, and others of what they see.
  require_need(who.who(), r.method == "DELETE" ? need::editor : need::writer);
  auto const now = reading(s, who, t.base);
  auto a = resolve(t.segments, now.read);
  if (r.method == "POST") return prepare_creation(r, std::move(a));
  if (r.method == "PATCH" || r.method == "PUT") return prepare_change(r, a, now.read);
  if (r.method == "DELETE" && a.ref) return prepare_unlinking(r, a, now.read);
  if (r.method == "DELETE") return prepare_removal(s, r, a, now);
  throw fault(fault_kind::not_allowed, "this method is not for entities");
}

http::response perform(service const& s, session const& who, http::request const& r) {
  require_need(who.who(), need_of(r.method));
  auto const t = target_of(s, r);
  if (r.method == "GET" || r.method == "HEAD") return read(s, who, r, t);
  if (r.method == "POST" && t.segments.size() == 1 && t.segments[0] == "CreateObservations")
    return create_observations(s, who, r);
  auto const w = prepare(s, who, r, t);
  apply(s, who, {w});
  return w.answer(t.base);
}

void submit(service_ptr const& s, session const& who, prepared_write w,
            std::function<void(outcome, prepared_write const&)> done) {
  struct turn {
    service_ptr s;
    session who;
    prepared_write write;
    std::vector<std::pair<kind, std::uint64_t>> touched = {};
  };
  auto const mine = std::make_shared<turn>(turn{s, who, std::move(w)});
  who.submit(
      [mine](transaction& t) {
        auto decided = writer(t, mine->who, mine->s->words_of(mine->who.city()));
        mine->write.decide(decided);
        mine->touched = decided.touched();
      },
      [mine, done = std::move(done)](outcome o) {
        if (!o.refused) tell_subscribers(*mine->s, mine->who, std::move(mine->touched));
        done(std::move(o), mine->write);
      });
}

void apply(service const& s, session const& who, std::vector<prepared_write> const& all) {
  auto touched = std::vector<std::pair<kind, std::uint64_t>>();
  who.apply([&](transaction& t) {
    auto w = writer(t, who, s.words_of(who.city()));
    for (auto const& one : all) one.decide(w);
    touched = w.touched();
  });
  tell_subscribers(s, who, std::move(touched));
}

void tell_subscribers(service const& s, session const& who, std::vector<std::pair<kind, std::uint64_t>> touched) {
  if (s.topics) s.topics->note(who.city(), std::move(touched));
}

prepared_write prepare_in_change_set(service const& s, session const& who, http::request const& r, target const& t,
                                     std::string name) {
  require_need(who.who(), need_of(r.method));
  auto const refers = !t.segments.empty() && t.segments[0].starts_with('$') && t.segments[0] != "$batch";
  if (!refers && r.method != "POST") return prepare(s, who, r, t);
  require_need(who.who(), need::writer);
  auto const changes = refers && t.segments.size() == 1 && (r.method == "PATCH" || r.method == "PUT") && !is_patch_list(r);
  require(!refers || changes || (r.method == "POST" && t.segments.size() == 2), fault_kind::not_supported,
          "what a change set makes can be changed in it, and posted to as in $1/Datastreams");
  auto const body = std::make_shared<json::value const>(parse_body(r));
  if (changes) {
    auto decide = [=, from = t.segments[0], whole = r.method == "PUT"](writer& w) {
      auto const made = w.made_before(from);
      require(made.has_value(), fault_kind::not_found, "Not Found");
      w.change(*made, *body, whole, {});
    };
    auto const done = [](std::string const&) {
      return http::response{.status = 200, .headers = {}, .body = {}, .source = {}};
    };
    return {decide, done};
  }
  struct made {
    sensorthings::kind kind = kind::thing;
    std::uint64_t id = 0;
  };
  auto const result = std::make_shared<made>();
  auto const answer = [result](std::string const& base) { return created(base, result->kind, result->id); };
  if (refers) {
    auto decide = [=, from = t.segments[0], set = t.segments[1]](writer& w) {
      auto const parent = w.made_before(from);
      auto const* const n = parent ? describe(parent->what).find_navigation(set) : nullptr;
      require(n && n->many, fault_kind::not_found, "Not Found");
      result->kind = n->to;
      result->id = w.create(n->to, *body, &*parent, n);
      w.note(name, n->to, result->id);
    };
    return {decide, answer};
  }
  auto const now = reading(s, who, t.base);
  auto const a = std::make_shared<address const>(resolve(t.segments, now.read));
  require(a->form == address::form::set, fault_kind::not_allowed,
          "entities are created by POST to a set such as Things");
  auto decide = [=](writer& w) {
    auto const& c = a->collection;
    result->kind = c.what;
    result->id = w.create(c.what, *body, c.from ? &*c.from : nullptr, c.by);
    w.note(name, c.what, result->id);
  };
  return {decide, answer};
}

}  // namespace dos::sensorthings
