#include "standard/ngsi_ld/federation/federation.h"

#include <algorithm>
#include <array>
#include <atomic>

#include "base/id.h"
#include "base/log.h"
#include "base/text.h"
#include "http/percent.h"
#include "kernel/city/city.h"
#include "standard/ngsi_ld/call.h"
#include "standard/ngsi_ld/registrations/registration.h"

namespace dos::ngsi_ld {
namespace {

constexpr auto take_from_request = std::string_view("urn:ngsi-ld:request");

std::string key_of(city const& c, std::string_view registration) { return c.id() + '\n' + std::string(registration); }

std::string with_context(std::string const& body, std::string const& url) {
  auto v = json::parse(body);
  if (v.is_object()) v.as_object()["@context"] = url;
  if (v.is_array()) {
    for (auto& one : v.as_array()) {
      if (one.is_object()) one.as_object()["@context"] = url;
    }
  }
  return json::to_string(v);
}

source_ptr find_source(record_ptr const& record) {
  try {
    auto s = compile_source(*record->find("body"));
    s.record = record;
    return std::make_shared<source const>(std::move(s));
  } catch (fault const& f) {
    log::warning("a registration cannot be used", {{"reason", f.detail}});
    return nullptr;
  }
}

}  // namespace

federation::federation(node& n) : node_(n) {
  auto const* v = n.configuration.find("source_timeout_ms");
  if (v != nullptr && v->is_int() && v->as_int() > 0) timeout_ = std::chrono::milliseconds(v->as_int());
  auto const* splits = n.configuration.find("split_entities");
  splits_ = splits != nullptr && splits->is_bool() && splits->as_bool();
}

std::shared_ptr<source_list const> federation::sources_of(city const& c) {
  static auto const none = std::make_shared<source_list const>();
  if (c.record_count(registration_collection) == 0) return none;
  auto const now = node_.clock.now();
  auto const held = std::lock_guard(lock_);
  auto& d = directories_[c.id()];
  if (!d.is_stale && now < d.expires) return d.sources;
  auto list = source_list();
  d.expires = timestamp_max;
  c.for_each_record(registration_collection, "", [&](std::string_view, record_ptr const& record) {
    auto s = find_source(record);
    if (!s || (s->expires_at != no_time && s->expires_at <= now)) return true;
    if (s->expires_at != no_time) d.expires = std::min(d.expires, s->expires_at);
    list.push_back(std::move(s));
    return true;
  });
  d.is_stale = false;
  d.sources = std::make_shared<source_list const>(std::move(list));
  return d.sources;
}

void federation::changed(city const& c) {
  auto const held = std::lock_guard(lock_);
  directories_[c.id()].is_stale = true;
}

std::string federation::alias_of(city const& c) {
  auto const record = c.find_record(identity_collection, "alias");
  return record ? std::string(record->text_or("alias", c.id())) : c.id();
}

void federation::keep_alias(transaction& t, std::string_view city) {
  if (t.find_record(identity_collection, "alias")) return;
  t.put_record(identity_collection, "alias", json::object{{"alias", std::string(city) + "-" + new_uuid().substr(0, 8)}});
}

void federation::find_wires(call_ptr const& c, source_list const& sources, std::function<void(wires)> then) {
  auto const& context = c->context;
  // Names without a context of their own travel as the core context has them, the others as IRIs: nobody has to ask us what
  // they mean.
  auto own = wire{c->names, {}};
  if (context.is_null()) {
    if (c->at->contexts.usual_of(c->who.city()).names != core_context()) own.names = core_context();
  } else if (auto const url = single_context_url(context); !url.empty()) {
    if (!is_core_context_url(url)) own.link = url;
  } else {
    own.names = core_context();
  }
  struct gathering {
    wires found;
    std::mutex lock;
    std::atomic<std::size_t> left = 1;
  };
  auto const g = std::make_shared<gathering>();
  g->found[""] = own;
  auto urls = std::vector<std::string>();
  for (auto const& s : sources) {
    if (!s->context_url.empty() && std::find(urls.begin(), urls.end(), s->context_url) == urls.end()) urls.push_back(s->context_url);
  }
  auto const finish = [g, then = std::move(then)] {
    if (--g->left == 0) then(std::move(g->found));
  };
  g->left += urls.size();
  for (auto const& url : urls) {
    c->at->contexts.resolve(
        c->who, url,
        [g, url, finish](context_ptr names) {
          {
            auto const held = std::lock_guard(g->lock);
            g->found[url] = {std::move(names), url};
          }
          finish();
        },
        // Without that context the source is asked with IRIs, which every context leaves as they are.
        [g, url, finish](fault const&) {
          {
            auto const held = std::lock_guard(g->lock);
            g->found[url] = {core_context(), {}};
          }
          finish();
        });
  }
  finish();
}

outbound_request federation::make_request(call const& c, forwarded const& f, wires const& names) const {
  auto const& to = *f.to;
  auto const& w = wire_of(names, to);
  auto r = outbound_request();
  r.method = f.method;
  r.url = to.endpoint + "/ngsi-ld/v1" + f.target;
  auto const context = w.link.empty() ? std::string(core_context_url) : w.link;
  auto const in_body = to.takes_ld_json && !f.body.empty();
  r.body = in_body ? with_context(f.body, context) : f.body;
  r.timeout = to.timeout.count() > 0 ? to.timeout : timeout_;
  r.response_bytes_max = source_response_bytes_max;
  r.headers.add("Accept", to.accept);
  if (!f.body.empty()) r.headers.add("Content-Type", in_body ? "application/ld+json" : "application/json");
  if (!w.link.empty() && !in_body) r.headers.add("Link", "<" + w.link + ">; rel=\"http://www.w3.org/ns/json-ld#context\"; type=\"application/ld+json\"");
  auto via = http::joined(c.request.headers, "Via");
  r.headers.add("Via", (via.empty() ? "" : via + ", ") + "1.1 " + alias_of(c.who.city()));
  if (!to.tenant.empty()) r.headers.add("NGSILD-Tenant", to.tenant);
  for (auto const& [name, value] : to.headers) {
    if (value != take_from_request) {
      r.headers.set(name, value);
    } else if (auto const given = c.request.headers.find(name)) {
      r.headers.set(name, std::string(*given));
    }
  }
  return r;
}

bool federation::is_paused(std::string const& key) const {
  auto const held = std::lock_guard(lock_);
  auto const it = states_.find(key);
  return it != states_.end() && it->second.paused_until != no_time && node_.clock.now() < it->second.paused_until;
}

void federation::note(std::string const& key, source const& s, bool answered) {
  auto const now = node_.clock.now();
  auto const held = std::lock_guard(lock_);
  auto& state = states_[key];
  ++state.times_sent;
  if (answered) {
    state.failed_in_a_row = 0;
    state.last_success = now;
    state.paused_until = no_time;
    return;
  }
  ++state.times_failed;
  ++state.failed_in_a_row;
  state.last_failure = now;
  auto pause = s.cooldown;
  if (pause.count() == 0 && state.failed_in_a_row >= failures_before_pause) {
    auto const doublings = std::min(state.failed_in_a_row - failures_before_pause, 6u);
    pause = std::min(std::chrono::milliseconds(1'000 << doublings), source_pause_max);
  }
  if (pause.count() > 0) state.paused_until = now + pause.count() * 1'000;
}

void federation::ask(call const& c, std::vector<forwarded> requests, wires const& names, std::function<void(std::vector<heard>)> then) {
  struct gathering {
    std::vector<heard> all;
    std::atomic<std::size_t> left = 1;
    std::function<void(std::vector<heard>)> then;
  };
  auto const g = std::make_shared<gathering>();
  g->all.resize(requests.size());
  g->then = std::move(then);
  g->left += requests.size();
  auto const finish = [g] {
    if (--g->left == 0) g->then(std::move(g->all));
  };
  for (auto i = std::size_t(0); i != requests.size(); ++i) {
    auto& f = requests[i];
    g->all[i].from = f.to;
    auto const key = key_of(c.who.city(), f.to->id);
    if (i >= source_requests_max) {
      g->all[i].error = "more than " + std::to_string(source_requests_max) + " requests to sources would be needed";
      finish();
    } else if (is_paused(key)) {
      g->all[i].error = "it has failed before and is not asked again yet";
      finish();
    } else {
      node_.outbound(make_request(c, f, names), [this, g, i, key, finish, to = f.to](outbound_response r) {
        auto& h = g->all[i];
        h.status = r.status;
        h.body = std::move(r.body);
        h.error = std::move(r.error);
        h.is_too_large = r.too_large;
        h.headers = std::move(r.headers);
        note(key, *to, r.status != 0);
        finish();
      });
    }
  }
  finish();
}

source_status federation::status_of(city const& c, std::string_view id) const {
  auto const held = std::lock_guard(lock_);
  auto const it = states_.find(key_of(c, id));
  return it == states_.end() ? source_status() : it->second;
}

bool travelled::names(std::string_view alias) const { return std::find(aliases.begin(), aliases.end(), alias) != aliases.end(); }

// RFC 9110, 7.6.3: "1.1 alias (comment)"
travelled read_via(http::request const& r) {
  auto out = travelled();
  auto const header = http::joined(r.headers, "Via");
  for (auto const element : http::list_elements(header)) {
    auto const blank = element.find(' ');
    if (blank == std::string_view::npos) continue;
    auto const name = text::trim(element.substr(blank));
    out.aliases.emplace_back(name.substr(0, name.find(' ')));
  }
  return out;
}

reachable reachable_sources(call const& c) {
  auto out = reachable();
  auto const all = c.at->sources->sources_of(c.who.city());
  if (all->empty() || c.is_true("local")) return out;
  auto const via = read_via(c.request);
  out.loops = via.aliases.size() >= via_hops_max || via.names(federation::alias_of(c.who.city()));
  for (auto const& s : *all) {
    if (s->alias.empty() || !via.names(s->alias)) out.sources.push_back(s);
  }
  return out;
}

std::string single_context_url(json::value const& context) {
  if (context.is_string()) return std::string(context.as_string());
  if (!context.is_array()) return {};
  auto url = std::string(core_context_url);
  auto others = 0;
  for (auto const& part : context.as_array()) {
    if (part.is_string() && is_core_context_url(part.as_string())) continue;
    if (!part.is_string() || ++others > 1) return {};
    url = part.as_string();
  }
  return url;
}

wire const& wire_of(federation::wires const& all, source const& s) {
  auto const it = all.find(s.context_url);
  return it != all.end() ? it->second : all.find("")->second;
}

}  // namespace dos::ngsi_ld
