#include "standard/ngsi_ld/entity_maps/entity_map_pages.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "base/fault.h"
#include "base/text.h"
#include "standard/ngsi_ld/entities/entity_query.h"
#include "standard/ngsi_ld/federation/federation.h"
#include "standard/ngsi_ld/routes.h"

#include "kernel/city/city.h"

namespace dos::ngsi_ld {
namespace {

constexpr std::size_t chunk_here = 1'000;
constexpr std::size_t chunk_of_sources = 50;  // their ids travel in a URL

// A map on the way: what has been looked at, and what did not fit any longer.
struct walk {
  call_ptr c;
  entity_map map;
  query::query q;
  page_rules p;
  std::vector<entity_map::entry const*> candidates;
  std::size_t at = 0;        // of the candidates
  std::size_t position = 0;  // of those that fit
  found_page page;
  std::vector<std::string> gone;
  std::function<void(found_page)> then;
};
using walk_ptr = std::shared_ptr<walk>;

bool is_among(std::vector<query::selector> const& selectors, std::string const& id) {
  if (selectors.empty()) return true;
  return std::any_of(selectors.begin(), selectors.end(), [&](auto const& s) {
    return s.ids.empty() || std::find(s.ids.begin(), s.ids.end(), id) != s.ids.end();
  });
}

void finish(walk_ptr const& w) {
  auto& c = *w->c;
  c.only_sources.reset();
  c.at->maps.prune(c.who, w->map.id, w->gone);
  w->page.total = w->position;
  w->page.map = map_address(c, w->map);
  w->then(std::move(w->page));
}

void take_step(walk_ptr const& w) {
  auto const is_full = w->page.has_more && !w->p.count;
  if (is_full || w->at >= w->candidates.size()) return finish(w);
  auto const asks_sources = std::any_of(w->candidates.begin() + std::ptrdiff_t(w->at), w->candidates.end(), [](auto const* e) { return !e->sources.empty(); });
  auto const wanted = w->p.count ? chunk_here : w->p.limit + 1;
  auto const n = std::min({wanted, asks_sources ? chunk_of_sources : chunk_here, w->candidates.size() - w->at});
  auto const begin = w->candidates.begin() + std::ptrdiff_t(w->at);
  w->at += n;
  auto ids = std::vector<std::string>();
  auto sources = std::vector<std::string>();
  for (auto it = begin; it != begin + std::ptrdiff_t(n); ++it) {
    ids.push_back((*it)->id);
    for (auto const& s : (*it)->sources) {
      if (std::find(sources.begin(), sources.end(), s) == sources.end()) sources.push_back(s);
    }
  }
  auto q = w->q;
  q.order.clear();
  if (q.selectors.empty()) q.selectors.emplace_back();
  for (auto& s : q.selectors) s.ids = ids;
  w->c->only_sources = std::move(sources);
  query_everywhere(w->c, q, {.limit = n, .offset = 0, .count = false}, [w, begin, n](found_page found) {
    auto by_id = std::unordered_map<std::string_view, entity_ptr>();
    for (auto const& e : found.entities) by_id.emplace(e->id, e);
    for (auto it = begin; it != begin + std::ptrdiff_t(n); ++it) {
      auto const e = by_id.find((*it)->id);
      if (e == by_id.end()) {
        // A source that is silent now may still have it.
        if (found.missing.empty() || (*it)->sources.empty()) w->gone.push_back((*it)->id);
        continue;
      }
      if (w->position++ < w->p.offset) continue;
      if (w->page.entities.size() < w->p.limit) w->page.entities.push_back(e->second);
      else w->page.has_more = true;
    }
    for (auto& text : found.missing) {
      if (std::find(w->page.missing.begin(), w->page.missing.end(), text) == w->page.missing.end()) w->page.missing.push_back(std::move(text));
    }
    take_step(w);
  });
}

void walk_along(call_ptr const& c, entity_map const& m, query::query const& q, page_rules const& p, std::function<void(found_page)> then) {
  auto const w = std::make_shared<walk>(walk{c, m, q, p, {}, 0, 0, {}, {}, std::move(then)});
  for (auto const& e : *w->map.entries) {
    if (is_among(q.selectors, e.id)) w->candidates.push_back(&e);
  }
  if (!p.count) {  // what lies before the page was looked at with the pages before
    w->at = std::min(p.offset, w->candidates.size());
    w->position = w->at;
  }
  take_step(w);
}

void add_part(std::string& out, std::string_view name, std::string_view text) {
  out += name;
  out += '=';
  out += text;
  out += '\n';
}

}  // namespace

map_wish read_map_wish(call const& c) {
  auto out = map_wish();
  auto const* asked = c.body.find("entityMap");
  if (asked != nullptr && !asked->is_bool()) refuse("true or false", "entityMap", "5.2.23");
  out.is_asked_for = c.is_true("entityMap") || c.has_option("entityMap") || (asked != nullptr && asked->as_bool());
  auto const lifetime = c.has("entityMapLifetime") ? c.param("entityMapLifetime") : c.body.text_or("entityMapLifetime", "");
  if (!lifetime.empty()) {
    auto const d = parse_duration(lifetime);
    if (!d || d->months < 0 || d->us < 0) {
      refuse("a duration as in ISO 8601, like PT10M", "entityMapLifetime", "6.4.3.2");
    }
    // The longest lifetime is shorter than any month.
    out.lifetime_us = d->months > 0 ? entity_map_lifetime_us_max : std::min(d->us, entity_map_lifetime_us_max);
  }
  if (c.image) return {};  // a snapshot is fixed by itself
  auto const reference = c.request.headers.find("NGSILD-EntityMap");
  if (!reference) return out;
  auto const id = reference->substr(reference->rfind('/') == std::string_view::npos ? 0 : reference->rfind('/') + 1);
  try {
    out.known = c.at->maps.get(c.who, id);
  } catch (fault const& f) {
    if (f.kind != fault_kind::not_found) throw;
    out.is_asked_for = true;
    auto text = f.detail + "; here is a new one";
    std::replace_if(text.begin(), text.end(), [](char ch) { return ch == '"' || ch == '\\' || ch < ' ' || ch > '~'; }, '\'');
    out.ended.push_back(warning_of_ours(c, text));
  }
  return out;
}

std::string question_of(call const& c) {
  auto out = std::string();
  add_part(out, "context", c.context.is_null() ? std::string() : json::to_string(c.context));
  for (auto const name : {"type", "idPattern", "attrs", "q", "csf", "georel", "geometry", "coordinates", "geoproperty", "scopeQ", "expandValues", "jsonKeys",
                          "splitEntities", "local"}) {
    if (c.has(name)) add_part(out, name, c.param(name));
  }
  for (auto const name : {"attrs", "q", "csf", "geoQ", "scopeQ", "expandValues", "jsonKeys", "splitEntities"}) {
    if (auto const* v = c.body.find(name); v != nullptr) add_part(out, name, json::to_string(*v));
  }
  if (auto const* entities = c.body.find("entities"); entities != nullptr && entities->is_array()) {
    for (auto selector : entities->as_array()) {
      if (selector.is_object()) selector.as_object().erase("id");
      add_part(out, "entities", json::to_string(selector));
    }
  }
  return out;
}

void require_same_question(call const& c, entity_map const& m) {
  if (question_of(c) == m.question) return;
  refuse("the entity map was made by another question: only ids, pages and spans of time may differ", "NGSILD-EntityMap", "5.5.14");
}

entity_map make_map(call const& c, map_wish const& wish, std::vector<entity_map::entry> entries) {
  return c.at->maps.add(c.who, question_of(c), std::move(entries), wish.lifetime_us);
}

std::string map_address(call const& c, entity_map const& m) { return address_of(c.request, "entityMaps", m.id); }

std::vector<std::string> sources_in(entity_map const& m, std::string_view id) {
  auto const it = std::find_if(m.entries->begin(), m.entries->end(), [&](auto const& e) { return e.id == id; });
  return it == m.entries->end() ? std::vector<std::string>() : it->sources;
}

json::object show_map(entity_map const& m) {
  auto entries = json::object();
  for (auto const& e : *m.entries) {
    entries.push(e.id, e.sources.empty() ? json::array{"@none"} : json::array(e.sources.begin(), e.sources.end()));
  }
  return {{"id", m.id}, {"type", "EntityMap"}, {"expiresAt", to_string(m.expires_at)}, {"entityMap", std::move(entries)}, {"linkedMaps", json::object()}};
}

http::response respond_with_map(call const& c, entity_map const& m, warnings const& missing) {
  auto o = show_map(m);
  if (auto const context = c.inline_context(); !context.empty()) o["@context"] = json::parse(context);
  auto r = c.respond(json::to_string(std::move(o)), 201);
  r.headers.add("NGSILD-EntityMap", map_address(c, m));
  add_warnings(missing, r);
  return r;
}

void make_map_of(call_ptr const& c, map_wish wish, query::query const& q, std::function<void(entity_map, found_page)> then) {
  auto const all = page_rules{.limit = entity_map_entities_max, .offset = 0, .count = false};
  query_everywhere(c, q, all, [c, wish = std::move(wish), then = std::move(then)](found_page page) {
    if (page.has_more) {
      throw fault(fault_kind::forbidden, "an entity map holds at most " + std::to_string(entity_map_entities_max) + " entities: ask for fewer", "limit",
                  "ETSI GS CIM 009, 5.5.14");
    }
    auto entries = std::vector<entity_map::entry>();
    entries.reserve(page.entities.size());
    for (auto const& e : page.entities) {
      auto const held = page.held_by.find(e->id);
      entries.push_back({e->id, held == page.held_by.end() ? std::vector<std::string>() : held->second});
    }
    then(make_map(*c, wish, std::move(entries)), std::move(page));
  });
}

void query_mapped(call_ptr const& c, map_wish wish, query::query const& q, page_rules const& p, std::function<void(found_page)> then) {
  if (wish.known) {
    require_same_question(*c, *wish.known);
    return walk_along(c, *wish.known, q, p, std::move(then));
  }
  auto const ended = wish.ended;
  make_map_of(c, std::move(wish), q, [c, p, ended, then = std::move(then)](entity_map const& m, found_page all) {
    auto page = found_page();
    page.total = all.entities.size();
    page.has_more = all.entities.size() > p.offset + p.limit;
    for (auto i = p.offset; i < std::min(all.entities.size(), p.offset + p.limit); ++i) page.entities.push_back(std::move(all.entities[i]));
    page.missing = std::move(all.missing);
    page.missing.insert(page.missing.end(), ended.begin(), ended.end());
    page.map = map_address(*c, m);
    page.map_is_new = true;
    then(std::move(page));
  });
}

}  // namespace dos::ngsi_ld
