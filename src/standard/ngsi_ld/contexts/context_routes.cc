#include "standard/ngsi_ld/quota.h"
#include "standard/ngsi_ld/routes.h"

#include <optional>

#include "base/fault.h"
#include "base/id.h"

namespace dos::ngsi_ld {
namespace {

struct listed {
  std::string url;
  std::string local_id;
  std::string_view kind;
  timestamp created_at;
  json::value body;
};

[[noreturn]] void refuse_unknown_context() {
  throw fault(fault_kind::not_found, "there is no such context here", "contextId");
}

json::object describe(call const& c, listed const& l, bool with_body) {
  auto const usage = c.at->contexts.usage_of(l.url);
  auto o = json::object{{"URL", l.url},
                        {"localId", l.local_id},
                        {"kind", l.kind},
                        {"createdAt", to_string(l.created_at)},
                        {"numberOfHits", usage.hits}};
  if (usage.last != no_time) o.push("lastUsage", to_string(usage.last));
  if (with_body) o.push("body", l.body);
  return o;
}

listed listed_hosted(call const& c, std::string_view key, json::value const& record) {
  auto const* body = record.find("body");
  return {c.at->contexts.url_of_hosted(c.who.city(), key), std::string(key), record.find("implicit") != nullptr ? "ImplicitlyCreated" : "Hosted",
          parse_timestamp(record.text_or("createdAt", "")).value_or(timestamp()), body != nullptr ? *body : json::value()};
}

listed listed_cached(std::string const& url, cached_context const& k) {
  return {url, k.local_id, k.is_implicit ? "ImplicitlyCreated" : "Cached", k.created_at, *k.document};
}

std::optional<listed> find_context(call const& c, std::string_view id) {
  auto const slash = id.rfind("/jsonldContexts/");
  auto const local = slash == std::string_view::npos ? id : id.substr(slash + 16);
  if (auto const record = c.who.find_record(context_collection, local)) return listed_hosted(c, local, *record);
  for (auto const& [url, k] : c.at->contexts.cached()) {
    if (url == id || k.local_id == local) return listed_cached(url, k);
  }
  if (is_core_context_url(id)) {
    return listed{std::string(id), "core", "Cached", c.at->started, json::parse(core_context_text())};
  }
  return std::nullopt;
}

// ETSI GS CIM 009, 5.13.2
void add_hosted(call_ptr c) {
  auto const* context = c->body.find("@context");
  if (context == nullptr) throw fault(fault_kind::malformed, "the body has an @context", "@context", "ETSI GS CIM 009, 5.13.2");
  if (c->request.body.size() > context_bytes_max) {
    throw fault(fault_kind::too_large, "a context has at most " + std::to_string(context_bytes_max >> 20) + " MB", "@context");
  }
  process_context(*context, core_context().get(), [](auto const&) { return nullptr; });
  auto const id = new_uuid();
  auto record = json::object{{"body", json::object{{"@context", *context}}}, {"createdAt", to_string(c->at->program.clock.now())}};
  require_quota(*c, context_collection, context_quota);
  note_quota(*c, record);
  auto const location = address_of(c->request, "jsonldContexts", id);
  write(
      c, [id, record = std::move(record)](transaction& t) { t.put_record(context_collection, id, record); },
      [location](outcome const&) { return http::created(location); });
}

// ETSI GS CIM 009, 5.13.3
void list_contexts(call_ptr c) {
  auto const kind = c->param("kind");
  if (c->has("kind") && kind != "Cached" && kind != "Hosted" && kind != "ImplicitlyCreated") {
    refuse("kind is Cached, Hosted or ImplicitlyCreated", "kind", "5.13.3");
  }
  auto const details = c->is_true("details");
  auto list = json::array();
  auto const add = [&](listed const& l) {
    if (!kind.empty() && l.kind != kind) return;
    list.push_back(details ? json::value(describe(*c, l, false)) : json::value(l.url));
  };
  c->who.for_each_record(context_collection, "", [&](std::string_view key, record_ptr const& r) {
    add(listed_hosted(*c, key, *r));
    return true;
  });
  for (auto const& [url, k] : c->at->contexts.cached()) {
    if (!c->who.find_record(context_collection, k.local_id)) add(listed_cached(url, k));
  }
  c->answer(http::json(200, json::to_string(std::move(list))));
}

// ETSI GS CIM 009, 5.13.4
void serve_context(call_ptr c) {
  auto const details = c->is_true("details");
  auto const found = find_context(*c, c->request.param("context"));
  if (!found) refuse_unknown_context();
  if (details) return c->answer(http::json(200, json::to_string(describe(*c, *found, true))));
  if (found->kind == "Cached") {
    throw fault(fault_kind::not_supported, "this context is a copy; get it from where it lives: " + found->url, "contextId", "ETSI GS CIM 009, 5.13.4");
  }
  c->answer(http::json(200, json::to_string(found->body)));
}

// ETSI GS CIM 009, 5.13.5
void delete_context(call_ptr c) {
  auto const reload = c->is_true("reload");
  auto const id = c->request.param("context");
  auto const found = find_context(*c, id);
  if (!found) {
    if (reload) refuse("only a cached context can be loaded again", "reload", "5.13.5");
    refuse_unknown_context();
  }
  if (is_core_context_url(found->url)) {
    if (!reload) refuse("the core context stays", "contextId", "5.13.5");
    return c->answer(http::no_content());
  }
  if (reload) {
    if (found->kind != "Cached") refuse("only a cached context can be loaded again", "reload", "5.13.5");
    c->at->contexts.fetch(
        found->url,
        [c] {
          c->at->contexts.forget_compiled();
          c->answer(http::no_content());
        },
        [c](fault const& f) { c->answer(c->refusal(f)); });
    return;
  }
  if (c->who.find_record(context_collection, found->local_id)) {
    write(
        c, [id = found->local_id](transaction& t) { t.erase_record(context_collection, id); },
        [c, url = found->url](outcome const&) {
          c->at->contexts.forget(url);
          return http::no_content();
        });
    return;
  }
  c->at->contexts.forget(found->url);
  c->answer(http::no_content());
}

void show_default_context(service_ptr const& s, city const& c, http::reply const& answer) {
  auto r = http::with_body(200, "application/ld+json", json::to_string(*s->contexts.usual_of(c).document));
  r.headers.add("Access-Control-Allow-Origin", "*");
  answer(std::move(r));
}

}  // namespace

void add_contexts(offer& o, service_ptr s) {
  add_route(o, "POST", "/jsonldContexts", need::editor, thread_use::quick, endpoint(s, {.params = {}, .body = body_rule::any_json}, add_hosted));
  // Addresses of partners, and words of what is closed.
  add_route(o, "GET", "/jsonldContexts", need::reader, thread_use::slow, endpoint(s, {.params = {"details", "kind"}, .may_wait = true}, list_contexts));
  add_route(o, "GET", "/jsonldContexts/{context}", need::nothing, thread_use::quick, endpoint(s, {.params = {"details"}}, serve_context));
  add_route(o, "DELETE", "/jsonldContexts/{context}", need::editor, thread_use::quick, endpoint(s, {.params = {"reload"}}, delete_context));
  o.city_routes.push_back({.method = "GET",
                           .pattern = "/context.jsonld",
                           .needs = need::own,
                           .handle = [s](session who, http::request, http::reply answer) { show_default_context(s, who.city(), answer); },
                           .use = thread_use::quick,
                           .at_root = true});
}

}  // namespace dos::ngsi_ld
