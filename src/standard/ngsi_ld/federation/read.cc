// Reading what is here and at context sources as one. ETSI GS CIM 009, 4.3.6.7, 5.7.1, 5.7.2
#include <algorithm>
#include <map>

#include "base/fault.h"
#include "base/text.h"
#include "kernel/city/city.h"
#include "kernel/graph/pattern.h"
#include "linked_data/q_parser.h"
#include "linked_data/selection_parser.h"
#include "standard/ngsi_ld/federation/distributed.h"
#include "standard/ngsi_ld/federation/reading.h"
#include "standard/ngsi_ld/registrations/registration.h"
#include "standard/ngsi_ld/vocabulary.h"

namespace dos::ngsi_ld {
namespace {

std::string joined(std::vector<std::string> const& texts) {
  auto out = std::string();
  for (auto const& t : texts) out += (out.empty() ? "" : ",") + t;
  return out;
}

}  // namespace

void add_param(std::string& target, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  target += target.find('?') == std::string::npos ? '?' : '&';
  target += name;
  target += '=';
  target += query_encoded(value);
}

void add_question(std::string& target, source const& s, question const& q, context const& names, bool names_ids) {
  add_param(target, "type", to_text(q.types, names));
  if (names_ids) add_param(target, "id", joined(q.ids));
  add_param(target, "idPattern", q.pattern);
  add_param(target, "attrs", to_text(q.attributes, names));
  add_param(target, "options", "sysAttrs");
  if (s.local_only) add_param(target, "local", "true");
}

reading_ptr begin_reading(call_ptr const& c) {
  auto r = std::make_shared<reading>();
  r->c = c;
  r->alias = federation::alias_of(c->who.city());
  return r;
}

question united(std::vector<question> const& questions, std::string_view id) {
  auto out = question{{std::string(id)}, {}, {}, {}};
  auto const all_types = std::none_of(questions.begin(), questions.end(), [](auto const& q) { return q.types.empty(); });
  auto const some_attributes = std::none_of(questions.begin(), questions.end(), [](auto const& q) { return q.attributes.empty(); });
  for (auto const& q : questions) {
    for (auto const& t : q.types) {
      if (all_types && std::find(out.types.begin(), out.types.end(), t) == out.types.end()) out.types.push_back(t);
    }
    for (auto const a : q.attributes) {
      if (some_attributes && std::find(out.attributes.begin(), out.attributes.end(), a) == out.attributes.end()) out.attributes.push_back(a);
    }
  }
  return out;
}

std::vector<symbol> asked_attributes(call const& c) {
  auto out = std::vector<symbol>();
  for (auto const name : list_of(c.param("attrs"))) out.push_back(c.names->expand_to_symbol(name));
  return out;
}

std::vector<subject> subjects_of(call const& c, query::query const& q) {
  auto out = std::vector<subject>();
  auto const* entities = c.body.find("entities");
  for (auto i = std::size_t(0); i != q.selectors.size(); ++i) {
    auto const& s = q.selectors[i];
    auto pattern = c.param("idPattern");
    if (entities != nullptr && entities->is_array() && i < entities->as_array().size()) pattern = entities->as_array()[i].text_or("idPattern", "");
    out.push_back({s.ids, std::string(pattern), s.id_pattern, s.types, q.attributes});
  }
  if (out.empty()) out.push_back({{}, {}, {}, {}, q.attributes});
  return out;
}

std::optional<json::value> hear(reading& r, heard const& h) {
  for (auto const w : h.headers.find_all("NGSILD-Warning")) r.warn(std::string(w));
  if (auto warning = warning_about(h, r.alias); !warning.empty()) r.warn(std::move(warning));
  if (h.status < 200 || h.status > 299) return std::nullopt;
  try {
    return json::parse(h.body);
  } catch (fault const&) {
    r.warn(*h.from, "111", "the answer is no JSON");
    return std::nullopt;
  }
}

namespace {

constexpr std::size_t entities_of_source_max = 10'000;
constexpr std::size_t source_page = 500;

// What the source says, entity by entity. What is not valid is left out, and that is told.
std::size_t take(reading& r, heard const& h, bool is_filtered = false) {
  auto const heard_body = hear(r, h);
  if (!heard_body) return 0;
  auto const& body = *heard_body;
  auto const& names = *wire_of(r.wires, *h.from).names;
  auto const add = [&](json::value const& v) {
    try {
      auto const e = make_ref<entity>(parse_remote_entity(v, names));
      auto seen = r.c->who.masked(e);
      if (!seen) return;
      auto id = e->id;
      auto const held = std::lock_guard(r.lock);
      if (!is_filtered || seen != e) r.unfiltered.insert(id);  // the source filtered by what is hidden here
      r.parts[std::move(id)].push_back({std::move(seen), h.from->mode == source_mode::auxiliary, h.from->id});
    } catch (fault const& f) {
      r.warn(*h.from, "111", "an entity in its answer is not valid: " + f.member);
    }
  };
  if (!body.is_array()) {
    add(body);
    return 1;
  }
  for (auto const& v : body.as_array()) add(v);
  return body.as_array().size();
}

json::value query_body(question const& q, context const& names, filter_texts const& filters) {
  auto selector = json::object();
  if (auto types = to_text(q.types, names); !types.empty()) selector.push("type", std::move(types));
  if (!q.pattern.empty()) selector.push("idPattern", q.pattern);
  auto entities = json::array();
  for (auto const& id : q.ids) {
    auto one = selector;
    one.push("id", id);
    entities.push_back(std::move(one));
  }
  if (q.ids.empty()) entities.push_back(std::move(selector));
  auto out = json::object{{"type", "Query"}, {"entities", std::move(entities)}};
  if (!q.attributes.empty()) {
    auto list = json::array();
    for (auto const a : q.attributes) list.push_back(names.compact(a.text()));
    out.push("attrs", std::move(list));
  }
  auto geo = json::object();
  for (auto const& [name, value] : filters.params) {
    if (name == "q" || name == "scopeQ") out.push(name, value);
    else if (name == "coordinates") geo.push(name, json::parse(value));
    else if (name == "attrs") out.push(name, json::array{value});
    else geo.push(name, value);
  }
  if (!geo.empty()) out.push("geoQ", std::move(geo));
  return out;
}

// Whole answers of one source to one question, page by page.
struct fetching {
  reading_ptr r;
  source_ptr from;
  question what;
  bool by_body = false;
  bool is_filtered = false;
  std::size_t limit = source_page;
  std::size_t got = 0;
};

void fetch(std::shared_ptr<fetching> const& f);

void fetched(std::shared_ptr<fetching> const& f, heard h) {
  auto& r = *f->r;
  if (h.status == 403 && f->limit != 0) {  // TooManyResults: its pages are smaller
    f->limit = 0;
    return fetch(f);
  }
  auto const n = take(r, h, f->is_filtered);
  f->got += n;
  auto more = f->limit != 0 && n == f->limit;
  if (auto const count = h.headers.find("NGSILD-Results-Count")) {
    more = n != 0 && std::size_t(text::to_int(*count).value_or(0)) > f->got;
  } else if (auto const links = http::joined(h.headers, "Link"); links.find("next") != std::string::npos) {
    more = n != 0;
  }
  if (!more) return r.finish();
  auto const is_late = std::chrono::steady_clock::now() - r.began > std::chrono::seconds(20);
  if (f->got >= entities_of_source_max || is_late) {
    r.warn(*f->from, "199", "only its first " + std::to_string(f->got) + " entities were looked at");
    return r.finish();
  }
  fetch(f);
}

void fetch(std::shared_ptr<fetching> const& f) {
  auto& r = *f->r;
  auto const& names = *wire_of(r.wires, *f->from).names;
  auto request = forwarded{f->from, "GET", "/entities", {}};
  if (f->by_body) {
    request.method = "POST";
    request.target = "/entityOperations/query";
    request.body = json::to_string(query_body(f->what, names, f->is_filtered ? r.filters : filter_texts()));
    add_param(request.target, "options", "sysAttrs");
    if (f->from->local_only) add_param(request.target, "local", "true");
  } else {
    add_question(request.target, *f->from, f->what, names, true);
    if (f->is_filtered) {
      for (auto const& [name, value] : r.filters.params) add_param(request.target, name, value);
    }
  }
  add_param(request.target, "count", "true");
  if (f->limit != 0) add_param(request.target, "limit", std::to_string(f->limit));
  if (f->got != 0) add_param(request.target, "offset", std::to_string(f->got));
  auto requests = std::vector<forwarded>();
  requests.push_back(std::move(request));
  r.c->at->sources->ask(*r.c, std::move(requests), r.wires, [f](std::vector<heard> all) { fetched(f, std::move(all[0])); });
}

// The sources that a request may ask and that the client wants asked.
std::optional<reachable> sources_for(call const& c) {
  auto out = reachable_sources(c);
  std::erase_if(out.sources, [&](auto const& s) {
    return s->has_history || (c.only_sources && std::find(c.only_sources->begin(), c.only_sources->end(), s->id) == c.only_sources->end());
  });
  if (c.has("csf")) {
    auto q = registration_query();
    q.about_source = parse_q(c.param("csf"), {*c.names, true});
    std::erase_if(out.sources, [&](auto const& s) { return !matches(q, *s->record->find("body")); });
  }
  if (out.sources.empty()) return std::nullopt;
  return out;
}

filter_texts filters_of(call const& c) {
  auto out = filter_texts();
  for (auto const name : {"q", "georel", "geometry", "coordinates", "geoproperty", "scopeQ", "attrs"}) {
    if (c.has(name)) out.params.emplace_back(name, c.param(name));
  }
  for (auto const name : {"q", "scopeQ"}) {
    if (auto const text = c.body.text_or(name, ""); !text.empty()) out.params.emplace_back(name, text);
  }
  if (auto const* geo = c.body.find("geoQ"); geo != nullptr && geo->is_object()) {
    for (auto const& [name, v] : geo->as_object()) out.params.emplace_back(name, v.is_string() ? std::string(v.as_string()) : json::to_string(v));
  }
  return out;
}

// Whether filters have to wait until an entity is put together: what the client says, else what holds on this node.
bool may_be_split(call const& c) {
  if (c.has("splitEntities")) return c.is_true("splitEntities");
  if (c.has_option("splitEntities")) return true;
  auto const* v = c.body.find("splitEntities");
  return v != nullptr && v->is_bool() ? v->as_bool() : c.at->sources->splits_entities();
}

std::vector<std::string> holders(std::vector<entity_part> const& parts) {
  auto out = std::vector<std::string>();
  for (auto const& p : parts) {
    if (std::find(out.begin(), out.end(), p.from) == out.end()) out.push_back(p.from);
  }
  return out;
}

// The page out of entities that sources know of, then those that are here only.
found_page page_of(reading& r, query::query const& q, page_rules const& p) {
  auto const now = r.c->at->program.clock.now();
  auto page = found_page();
  auto selected = query::query();  // of what the sources have filtered
  selected.selectors = q.selectors;
  auto seen = std::size_t(0);
  auto const add = [&](entity_ptr e) {
    if (seen++ < p.offset) return;
    if (page.entities.size() < p.limit) page.entities.push_back(std::move(e));
    else page.has_more = true;
  };
  for (auto& [id, parts] : r.parts) {
    if (auto own = r.c->find(id)) parts.insert(parts.begin(), {std::move(own)});
    auto e = merge_parts(parts, now);
    page.held_by.emplace(id, holders(parts));
    if (e && query::matches(r.unfiltered.count(id) != 0 ? q : selected, *e)) add(std::move(e));
  }
  if (!page.has_more || p.count) {
    r.c->who.for_each(q, [&](entity_ptr const& e) {
      if (r.parts.find(e->id) == r.parts.end()) add(e);
      return p.count || !page.has_more;
    });
  }
  page.total = seen;
  page.missing = std::move(r.missing);
  return page;
}

}  // namespace

bool has_sources(call const& c) { return !c.image && !c.at->sources->sources_of(c.who.city())->empty() && !c.is_true("local"); }

void add_warnings(warnings const& w, http::response& r) {
  for (auto const& text : w) r.headers.add("NGSILD-Warning", text);
}

std::string warning_of_ours(call const& c, std::string_view text) {
  return "199 " + federation::alias_of(c.who.city()) + " \"" + std::string(text) + "\"";
}

void warn_of_what_was_set_aside(call const& c, outcome const& o, http::response& r) {
  if (o.set_aside == 0 || r.status >= 300) return;
  auto const n = std::to_string(o.set_aside) + (o.set_aside == 1 ? " value" : " values");
  r.headers.add("NGSILD-Warning", warning_of_ours(c, n + " observed in the future: kept as history, not as what is"));
}

void find_everywhere(call_ptr const& c, std::string_view id, std::function<void(found_entity)> then) {
  if (!has_sources(*c)) return then({c->find(id), {}, {"@none"}});
  auto const reach = sources_for(*c);
  if (!reach) return then({c->find(id), {}, {"@none"}});
  auto about = subject{{std::string(id)}, {}, {}, {}, asked_attributes(*c)};
  if (auto const type = c->request.query.find("type")) about.types = parse_type_selection(*type, {*c->names, true});
  auto const r = begin_reading(c);
  auto questions = std::make_shared<std::vector<question>>();
  for (auto const& s : reach->sources) {
    auto const all = questions_for(*s, about);
    auto const asks = s->supports(source_op::retrieve_entity) || s->supports(source_op::query_entity) || s->supports(source_op::query_batch);
    if (all.empty() || !asks) continue;
    if (reach->loops) {
      r->warn(*s, "199", "it leads back to this broker");
      continue;
    }
    r->sources.push_back(s);
    questions->push_back(united(all, id));
  }
  r->done = [id = std::string(id), then](reading& all) {
    auto& parts = all.parts[id];
    if (auto own = all.c->find(id)) parts.insert(parts.begin(), {std::move(own)});
    then({merge_parts(parts, all.c->at->program.clock.now()), std::move(all.missing), holders(parts)});
  };
  if (r->sources.empty()) return r->finish();
  c->at->sources->find_wires(c, r->sources, [r, questions, id = std::string(id)](federation::wires wires) {
    r->wires = std::move(wires);
    auto requests = std::vector<forwarded>();
    for (auto i = std::size_t(0); i != r->sources.size(); ++i) {
      auto const& s = r->sources[i];
      auto const& q = (*questions)[i];
      auto const& names = *wire_of(r->wires, *s).names;
      auto f = forwarded{s, "GET", "/entities", {}};
      if (s->supports(source_op::retrieve_entity)) {
        f.target += "/" + path_encoded(id);
        add_question(f.target, *s, q, names, false);
      } else if (s->supports(source_op::query_entity)) {
        add_question(f.target, *s, q, names, true);
      } else {
        f = {s, "POST", "/entityOperations/query?options=sysAttrs", json::to_string(query_body(q, names, {}))};
      }
      requests.push_back(std::move(f));
    }
    r->c->at->sources->ask(*r->c, std::move(requests), r->wires, [r](std::vector<heard> all) {
      for (auto const& h : all) take(*r, h);
      r->finish();
    });
  });
}

void query_everywhere(call_ptr const& c, query::query const& q, page_rules const& p, std::function<void(found_page)> then) {
  auto const local = [&] {
    auto mine = q;
    mine.offset = p.offset;
    mine.limit = p.limit + 1;  // one more tells whether there is a next page
    mine.count = p.count;
    auto found = c->find(mine);
    auto page = found_page();
    page.entities = std::move(found.entities);
    page.total = found.total.value_or(0);
    page.has_more = page.entities.size() > p.limit;
    if (page.has_more) page.entities.resize(p.limit);
    then(std::move(page));
  };
  if (!has_sources(*c)) return local();
  auto const reach = sources_for(*c);
  if (!reach) return local();
  auto const r = begin_reading(c);
  auto const posted = c->request.method == "POST";
  auto fetches = std::make_shared<std::vector<std::shared_ptr<fetching>>>();
  auto const subjects = subjects_of(*c, q);
  for (auto const& s : reach->sources) {
    auto const by_url = s->supports(source_op::query_entity), by_body = s->supports(source_op::query_batch);
    if (!by_url && !by_body) continue;
    auto is_first = true;
    for (auto const& about : subjects) {
      for (auto& what : questions_for(*s, about)) {
        if (reach->loops) {
          if (is_first) r->warn(*s, "199", "it leads back to this broker");
          is_first = false;
          continue;
        }
        fetches->push_back(std::make_shared<fetching>(fetching{r, s, std::move(what), by_body && (posted || !by_url)}));
        if (is_first) r->sources.push_back(s);
        is_first = false;
      }
    }
  }
  if (fetches->empty() && r->missing.empty()) return local();
  if (!q.order.empty()) {
    throw fault(fault_kind::invalid, "entities of several sources cannot be ordered; ask with local=true", "orderBy", "ETSI GS CIM 009, 5.7.2");
  }
  auto const whole = may_be_split(*c);
  r->done = [q, p, then](reading& all) { then(page_of(all, q, p)); };
  if (fetches->empty()) return r->finish();
  r->left = fetches->size();
  c->at->sources->find_wires(c, r->sources, [r, fetches, whole](federation::wires wires) {
    r->wires = std::move(wires);
    r->filters = filters_of(*r->c);
    for (auto const& f : *fetches) {
      f->is_filtered = !whole && f->what.attributes.empty() && wire_of(r->wires, *f->from).names == r->c->names;
      fetch(f);
    }
  });
}

}  // namespace dos::ngsi_ld
