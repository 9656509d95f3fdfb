#include "ingest/files/pulls.h"

#include "base/fault.h"
#include "base/log.h"
#include "http/url.h"
#include "ingest/files/import.h"
#include "kernel/city/city.h"

namespace dos::files {
namespace {

std::string source_of(std::string const& mapping) { return "http_pull:" + mapping; }

std::string without_password(std::string const& address) {
  auto u = http::parse_url(address);
  u.user.clear();
  u.password.clear();
  return http::to_text(u);
}

}  // namespace

void pulls::look_after() {
  auto arrived = std::vector<answer>();
  {
    auto const lock = std::lock_guard(inbox_->mutex);
    arrived.swap(inbox_->answers);
  }
  // One that cannot be written now is pulled again at its interval; it holds up no other.
  auto const guarded = [](std::string const& what, auto const& work) {
    try {
      work();
    } catch (std::exception const& e) {
      log::warning("a pull could not be looked after", {{"mapping", what}, {"reason", e.what()}});
    }
  };
  for (auto const& a : arrived) guarded(a.key.second, [&] { take(a); });

  auto const now = shop_->n.clock.now();
  for (auto const& c : shop_->n.cities) {
    auto const s = shop_->n.as_source(c, "http_pull");  // the program's own book of what it pulls
    for (auto const& [name, declaration] : shop_->known.all(s)) {
      guarded(name, [&, &name = name, &declaration = declaration] { look_after(s, key(c->id(), name), *declaration, now); });
    }
  }
}

void pulls::look_after(session const& s, key const& k, json::value const& declaration, timestamp now) {
  // A look at two members is cheaper than reading all of it every second.
  auto const* const source = declaration.find("source");
  auto const* const enabled = source ? source->find("enabled") : nullptr;
  if (!enabled || !enabled->is_bool() || !enabled->as_bool()) {
    auto const known = pulls_.find(k);
    if (known == pulls_.end()) return;
    tell(s, known->second, *shop_->known.get(s, k.second), "off", "");  // told again until it could be written
    pulls_.erase(known);
    return;
  }
  auto& p = pulls_[k];
  if (p.is_under_way || now < p.due) return;
  auto const m = shop_->known.get(s, k.second);
  p.due = now + m->source.interval_s * us_per_second;
  ask(k, p, *m);
  if (p.state.empty()) tell(s, p, *m, "waiting", "");
}

void pulls::ask(key const& k, pull& p, mapping const& m) {
  p.is_under_way = true;
  auto request = outbound_request();
  request.url = m.source.url;
  if (!p.etag.empty()) request.headers.add("If-None-Match", p.etag);
  try {
    shop_->n.outbound(std::move(request), [box = inbox_, k](outbound_response r) {
      auto const lock = std::lock_guard(box->mutex);
      box->answers.push_back({k, std::move(r)});
    });
  } catch (...) {
    p.is_under_way = false;
    throw;
  }
}

void pulls::take(answer const& a) {
  auto const found = pulls_.find(a.key);
  auto const c = shop_->n.find_city(a.key.first);
  if (found == pulls_.end() || !c) return;
  auto& p = found->second;
  p.is_under_way = false;
  auto const s = shop_->n.as_source(c, source_of(a.key.second));
  auto const m = shop_->known.get(s, a.key.second);
  if (a.response.status == 304) return tell(s, p, *m, "ok", "");
  if (a.response.status != 200) {
    auto const why = a.response.status == 0 ? a.response.error : "it answered " + std::to_string(a.response.status);
    return tell(s, p, *m, "error", "The address could not be fetched: " + why);
  }
  try {
    run_import({.how = m,
                .bytes = a.response.body,
                .parameters = {},
                .by = source_of(a.key.second),
                .file = without_password(m->source.url)},
               s, shop_->names.of(*c), shop_->n.clock.now());
    p.etag = a.response.headers.text_or("ETag", "");
    tell(s, p, *m, "ok", "");
  } catch (fault const& f) {
    tell(s, p, *m, "error", "What came could not be read: " + f.detail);
  }
}

void pulls::tell(session const& s, pull& p, mapping const& m, std::string state, std::string error) {
  auto told = input_source{.id = source_of(m.name),
                           .kind = "http_pull",
                           .name = m.title.empty() ? m.name : m.title,
                           .state = std::move(state),
                           .last_received = no_time,
                           .url = without_password(m.source.url),
                           .error = std::move(error)};
  p.state = told.state;
  s.apply([&](transaction& t) {
    auto const before = t.find_record(input_source_collection, told.id);
    if (told.state == "ok")
      told.last_received = t.now();
    else if (before)
      told.last_received = read_input_source(*before).last_received;
    t.put_record(input_source_collection, told.id, to_json(told));
  });
}

}  // namespace dos::files
