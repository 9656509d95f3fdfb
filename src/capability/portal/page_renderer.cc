#include "capability/portal/page_renderer.h"

#include <algorithm>
#include <array>

#include "base/log.h"
#include "capability/portal/facts.h"
#include "kernel/city/city.h"

namespace dos::portal {
namespace {

constexpr auto snapshot_objects_max = std::size_t(400);  // of a city, written into a page
constexpr auto values_true_us = std::int64_t(10) * us_per_second;

// Pages, and whether they show values. Each is there in German and, below /en, in English.
constexpr auto rendered_pages = std::array<std::pair<std::string_view, bool>, 6>{{{"/", true},
                                                                                 {"/api/", false},
                                                                                 {"/barrierefreiheit/", false},
                                                                                 {"/datenschutz/", false},
                                                                                 {"/impressum/", false},
                                                                                 {"/leichte-sprache/", false}}};

std::optional<bool> shows_values(std::string_view path) {
  if (path.starts_with("/en/")) path.remove_prefix(3);
  for (auto const& [page, values] : rendered_pages) {
    if (page == path) return values;
  }
  return std::nullopt;
}

script::limits page_limits() {
  return {.time_ms_max = 3'000,
          .compile_time_ms_max = 10'000,
          .memory_bytes_max = std::size_t(96) << 20,
          .source_bytes_max = std::size_t(4) << 20,
          .output_bytes_max = std::size_t(8) << 20};
}

// What stands between the end of `begin` and `end`, and where.
struct place {
  std::size_t from, to;
};
place between(std::string_view text, std::string_view begin, std::string_view end) {
  auto const at = text.find(begin);
  require(at != text.npos, fault_kind::internal, "the built page has no " + std::string(begin));
  auto const from = at + begin.size();
  auto const to = text.find(end, from);
  require(to != text.npos, fault_kind::internal, "the built page has no " + std::string(end));
  return {from, to};
}

// JSON in HTML: nothing in it ends the element it stands in.
std::string embedded(json::value const& v) {
  auto out = std::string();
  for (auto const c : json::to_string(v)) {
    if (c == '<') out += "\\u003c";
    else out += c;
  }
  return out;
}

std::string filled(std::string_view shell, std::string_view title, std::string_view body, json::value const& facts) {
  constexpr auto frame = std::string_view("<div class=\"app\">");
  auto const head = between(shell, "<title>", "</title>");
  auto const inside = between(shell, frame, "<script>");
  auto out = std::string(shell.substr(0, head.from));
  out += title;
  out += shell.substr(head.to, inside.from - frame.size() - head.to);
  out += "<script type=\"application/json\" id=\"facts\">" + embedded(facts) + "</script>";
  out += frame;
  out += body;
  out += shell.substr(inside.to);
  return out;
}

}  // namespace

page_renderer::page_renderer(node const& n, std::string_view bundle) : node_(n) {
  if (bundle.empty()) return;
  try {
    auto engine = std::make_unique<script::engine>(page_limits());
    engine->evaluate_module(bundle, "pages.js");
    answer_ = engine->evaluate("globalThis.answer", "pages.js");
    engine->freeze();
    engine_ = std::move(engine);
  } catch (fault const& f) {
    log::error("pages are served without what the city has to say", {{"reason", f.detail}});
  }
}

bool page_renderer::is_rendered(std::string const& path) const { return engine_ && shows_values(path); }

std::string page_renderer::open_types() const {
  auto all = std::string();
  for (auto const& c : node_.cities) {
    c->for_each_record(open_types_collection, {}, [&](std::string_view type, record_ptr const&) {
      (all += type) += ' ';
      return true;
    });
    all += '\n';
  }
  return all;
}

std::shared_ptr<std::string const> page_renderer::find(std::string const& path) const {
  auto const values = shows_values(path);
  auto const open = values.value_or(false) ? open_types() : std::string();
  auto const lock = std::lock_guard(mutex_);
  auto const it = pages_.find(path);
  if (it == pages_.end()) return nullptr;
  auto const is_old = *values && (node_.clock.now() - it->second.made > values_true_us || it->second.open_types != open);
  return is_old ? nullptr : it->second.html;
}

std::shared_ptr<std::string const> page_renderer::render(std::string const& path, std::string_view shell) {
  if (!is_rendered(path)) return nullptr;
  auto const running = std::lock_guard(engine_mutex_);
  if (auto made = find(path)) return made;  // by whoever was here before
  try {
    auto const open = open_types();
    auto const now = node_.clock.now();
    auto const facts = json::value(this->facts(*shows_values(path)));
    auto const answer = json::parse(engine_->call(answer_, json::to_string(json::object({{"path", path}, {"facts", facts}})), now));
    require(answer.is_object(), fault_kind::internal, "the script knows no page " + path);
    auto html = std::make_shared<std::string const>(filled(shell, answer.text_or("title", {}), answer.text_or("body", {}), facts));
    auto const lock = std::lock_guard(mutex_);
    pages_.insert_or_assign(path, page{html, now, open});
    return html;
  } catch (fault const& f) {
    log::warning("a page was served without what the city has to say", {{"path", path}, {"reason", f.detail}});
    return nullptr;
  }
}

json::object page_renderer::facts(bool with_values) {
  auto all = city_facts(node_);
  all.push("at", node_.clock.now().us / 1000);
  if (!with_values) return all;
  auto snapshots = json::object();
  for (auto const& c : node_.cities) snapshots.push(c->id(), snapshot(session(c, principal{})));
  all.push("snapshots", std::move(snapshots));
  return all;
}

json::value page_renderer::snapshot(session const& citizen) {
  auto const position = citizen.city().status().position;  // first: what comes meanwhile is followed, and seen twice
  auto types = json::array();
  for (auto const& [type, count] : citizen.types()) types.push_back(type.text());
  auto const shown = json::parse(engine_->call(answer_, json::to_string(json::object({{"types", types}})), node_.clock.now()));
  auto selected = query::selector();
  for (auto const& type : shown.as_array()) selected.types.push_back({symbol(type.as_string())});
  auto entities = std::string("[");
  auto count = std::size_t(0);
  auto partial = false;
  if (!selected.types.empty()) {
    auto q = query::query();
    q.selectors.push_back(std::move(selected));
    citizen.for_each(q, [&](entity_ptr const& e) {
      partial = count == snapshot_objects_max;
      if (partial) return false;
      if (count++) entities += ',';
      node_.render_entity(entities, citizen.city(), *e);
      return true;
    });
  }
  return json::object({{"position", position}, {"types", std::move(types)}, {"entities", json::parse(entities + ']')}, {"partial", partial}});
}

}  // namespace dos::portal
