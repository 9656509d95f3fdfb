#include "standard/ngsi_ld/federation/temporal.h"

#include <algorithm>

#include "base/fault.h"
#include "base/text.h"
#include "kernel/city/instance.h"
#include "kernel/graph/pattern.h"
#include "linked_data/entity_change.h"
#include "linked_data/fragment.h"
#include "standard/ngsi_ld/federation/reading.h"
#include "standard/ngsi_ld/registrations/registration.h"
#include "standard/ngsi_ld/vocabulary.h"

namespace dos::ngsi_ld {
namespace {

constexpr std::size_t evolutions_page = 100;

struct evolution_reading : reading {
  temporal_query when;
  remote_evolutions found;
};
using evolution_reading_ptr = std::shared_ptr<evolution_reading>;

timestamp moment_in(json::value const& v, std::string_view member) { return parse_timestamp(v.text_or(member, "")).value_or(no_time); }

observation parse_remote_instance(attribute_fragment f, json::value const& text, timestamp now) {
  if (f.removes) return to_deletion(std::max(moment_in(text, "deletedAt"), timestamp_min), 0);
  f.data.created_at = moment_in(text, "createdAt");
  f.data.modified_at = moment_in(text, "modifiedAt");
  auto a = attribute(*to_attribute(std::move(f)));
  if (a.modified_at == no_time) a.modified_at = a.observed_at != no_time ? a.observed_at : now;
  if (a.more.is_object()) a.more.as_object().erase("instanceId");  // of another house
  return to_observation(a, 0);
}

series_evolution& series_in(entity_evolution& e, symbol name, symbol dataset, attribute_kind kind) {
  auto const it = std::find_if(e.series.begin(), e.series.end(), [&](auto const& s) { return s.series.attribute == name && s.series.dataset == dataset; });
  if (it != e.series.end()) return *it;
  e.series.push_back({{.series = 0, .attribute = name, .dataset = dataset, .kind = kind}, {}});
  return e.series.back();
}

// An EntityTemporal as another broker sends it: normalized.
entity_evolution parse_remote_evolution(json::value const& v, context const& names, timestamp now) {
  if (!v.is_object()) refuse("an entity is an object", whole_body, "5.2.20");
  auto head = json::object();
  auto out = entity_evolution();
  for (auto const& [key, member] : v.as_object()) {
    static constexpr auto of_entity = {"id", "@id", "type", "@type", "scope", "expiresAt"};
    static constexpr auto of_others = {"@context", "createdAt", "modifiedAt", "deletedAt"};
    if (std::find(of_entity.begin(), of_entity.end(), key) != of_entity.end()) {
      auto const is_history = key == "scope" && (member.is_object() || (member.is_array() && !member.as_array().empty() && member.as_array()[0].is_object()));
      if (!is_history) head.push(key, member);
      continue;
    }
    if (std::find(of_others.begin(), of_others.end(), key) != of_others.end()) continue;
    auto instances = parse_instances(key, member, names);
    auto const is_list = member.is_array() && member.as_array().size() == instances.size();
    for (auto i = std::size_t(0); i != instances.size(); ++i) {
      auto const& text = is_list ? member.as_array()[i] : member;
      auto const& data = instances[i].data;
      auto& s = series_in(out, data.name, data.dataset, data.kind);
      s.instances.push_back(parse_remote_instance(std::move(instances[i]), text, now));
    }
  }
  auto e = to_entity(parse_entity(json::value(std::move(head)), names));
  e.created_at = moment_in(v, "createdAt");
  e.modified_at = moment_in(v, "modifiedAt");
  out.entity = make_ref<entity>(std::move(e));
  return out;
}

// What comes from elsewhere is seen as what is here. False: nothing of it is.
bool mask(entity_evolution& e, session const& who) {
  auto const view = who.view();
  if (!view->reads(*e.entity)) return false;
  std::erase_if(e.series, [&](auto const& s) { return !view->shows_history(*e.entity, s.series.attribute); });
  e.entity = view->masked(e.entity);
  return true;
}

void keep(evolution_reading& r, source const& from, entity_evolution e) {
  if (!mask(e, r.c->who)) return;
  auto const id = e.entity->id;
  auto const held = std::lock_guard(r.lock);
  r.found.held_by[id].push_back(from.id);
  auto const [it, is_new] = r.found.by_id.try_emplace(id, std::move(e));
  if (is_new) return;
  for (auto& theirs : e.series) {
    auto& ours = series_in(it->second, theirs.series.attribute, theirs.series.dataset, theirs.series.kind);
    for (auto& o : theirs.instances) {
      auto const t = time_of(o, r.when.property);
      auto const is_known = std::any_of(ours.instances.begin(), ours.instances.end(), [&](auto const& other) { return time_of(other, r.when.property) == t; });
      if (!is_known) ours.instances.push_back(std::move(o));
    }
  }
}

std::size_t take_evolutions(evolution_reading& r, heard const& h) {
  auto const body = hear(r, h);
  if (!body) return 0;
  if (h.status == 206) r.warn(*h.from, "199", "it gave but a part of the span of time");
  auto const now = r.c->at->program.clock.now();
  auto const add = [&](json::value const& v) {
    try {
      keep(r, *h.from, parse_remote_evolution(v, *wire_of(r.wires, *h.from).names, now));
    } catch (fault const& f) {
      r.warn(*h.from, "111", "an entity in its answer is not valid: " + f.member);
    }
  };
  if (!body->is_array()) {
    add(*body);
    return 1;
  }
  for (auto const& v : body->as_array()) add(v);
  return body->as_array().size();
}

void add_span(std::string& target, temporal_query const& q) {
  static constexpr std::string_view relations[] = {"", "before", "after", "between"};
  static constexpr std::string_view properties[] = {"", "createdAt", "modifiedAt", "deletedAt"};
  add_param(target, "timerel", relations[std::size_t(q.timerel)]);
  if (q.timerel != temporal_query::relation::any) add_param(target, "timeAt", to_string(q.at));
  if (q.timerel == temporal_query::relation::between) add_param(target, "endTimeAt", to_string(q.end));
  add_param(target, "timeproperty", properties[std::size_t(q.property)]);
  if (q.last_n) add_param(target, "lastN", std::to_string(*q.last_n));
}

// One source, one question, page by page.
struct evolution_fetching {
  evolution_reading_ptr r;
  source_ptr from;
  question what;
  std::string id;  // retrieved, not queried
  std::size_t got = 0;
};

void fetch_evolutions(std::shared_ptr<evolution_fetching> const& f) {
  auto& r = *f->r;
  auto request = forwarded{f->from, "GET", "/temporal/entities", {}};
  if (!f->id.empty()) request.target += "/" + path_encoded(f->id);
  auto what = f->what;
  if (!f->id.empty()) what.types.clear(), what.pattern.clear();
  add_question(request.target, *f->from, what, *wire_of(r.wires, *f->from).names, f->id.empty());
  add_span(request.target, r.when);
  if (f->id.empty()) {
    add_param(request.target, "limit", std::to_string(evolutions_page));
    if (f->got != 0) add_param(request.target, "offset", std::to_string(f->got));
  }
  auto requests = std::vector<forwarded>();
  requests.push_back(std::move(request));
  r.c->at->sources->ask(*r.c, std::move(requests), r.wires, [f](std::vector<heard> all) {
    auto& r = *f->r;
    auto const n = take_evolutions(r, all[0]);
    f->got += n;
    if (!f->id.empty() || n < evolutions_page) return r.finish();
    auto const is_late = std::chrono::steady_clock::now() - r.began > std::chrono::seconds(20);
    if (f->got >= evolutions_of_source_max || is_late) {
      r.warn(*f->from, "199", "only its first " + std::to_string(f->got) + " entities were looked at");
      return r.finish();
    }
    fetch_evolutions(f);
  });
}

bool by_time(observation const& a, observation const& b) { return a.time < b.time; }

}  // namespace

entity_evolution const* remote_evolutions::find(std::string_view id) const {
  auto const it = by_id.find(id);
  return it == by_id.end() ? nullptr : &it->second;
}

void ask_for_evolutions(call_ptr const& c, std::vector<subject> const& about, std::string_view id, temporal_query const& when,
                        std::function<void(remote_evolutions)> then) {
  if (!has_sources(*c)) return then({});
  auto reach = reachable_sources(*c);
  auto const op = id.empty() ? source_op::query_temporal : source_op::retrieve_temporal;
  auto const r = std::make_shared<evolution_reading>();
  r->c = c;
  r->alias = federation::alias_of(c->who.city());
  r->when = when;
  auto fetches = std::make_shared<std::vector<std::shared_ptr<evolution_fetching>>>();
  for (auto const& s : reach.sources) {
    auto const is_left_out = c->only_sources && std::find(c->only_sources->begin(), c->only_sources->end(), s->id) == c->only_sources->end();
    if (is_left_out || !s->supports(op) || !covers_span(*s->record->find("body"), when)) continue;
    auto questions = std::vector<question>();
    for (auto const& one : about) {
      for (auto& q : questions_for(*s, one)) questions.push_back(std::move(q));
    }
    if (questions.empty()) continue;
    if (reach.loops) {
      r->warn(*s, "199", "it leads back to this broker");
      continue;
    }
    r->sources.push_back(s);
    if (!id.empty()) questions = {united(questions, id)};
    for (auto& q : questions) fetches->push_back(std::make_shared<evolution_fetching>(evolution_fetching{r, s, std::move(q), std::string(id)}));
  }
  r->done = [then](reading& all) {
    auto& mine = static_cast<evolution_reading&>(all);
    mine.found.missing = std::move(all.missing);
    then(std::move(mine.found));
  };
  if (fetches->empty()) return r->finish();
  r->left = fetches->size();
  c->at->sources->find_wires(c, r->sources, [r, fetches](federation::wires wires) {
    r->wires = std::move(wires);
    for (auto const& f : *fetches) fetch_evolutions(f);
  });
}

void merge_evolution(entity_evolution& ours, entity_evolution const& theirs, temporal_query const& when, projection const& p, std::size_t instances_max) {
  auto shown = attribute();
  for (auto const& other : theirs.series) {
    shown.name = other.series.attribute;
    shown.dataset = other.series.dataset;
    if (!p.shows(shown)) continue;
    auto& mine = series_in(ours, other.series.attribute, other.series.dataset, other.series.kind).instances;
    auto known = std::vector<timestamp>();
    for (auto const& o : mine) known.push_back(time_of(o, when.property).value_or(o.time));
    std::sort(known.begin(), known.end());
    for (auto const& o : other.instances) {
      auto const t = time_of(o, when.property);
      if (t && when.contains(*t) && !std::binary_search(known.begin(), known.end(), *t)) mine.push_back(o);
    }
    std::stable_sort(mine.begin(), mine.end(), by_time);
    if (when.last_n) std::reverse(mine.begin(), mine.end());
    auto const most = std::min(when.last_n.value_or(instances_max + 1), instances_max + 1);
    if (mine.size() > most) mine.resize(most);
  }
  std::erase_if(ours.series, [](auto const& s) { return s.instances.empty(); });
}

}  // namespace dos::ngsi_ld
