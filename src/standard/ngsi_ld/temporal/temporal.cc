// Writing the temporal evolution of entities. ETSI GS CIM 009, 5.6.11 to 5.6.16
#include <algorithm>
#include <map>

#include "base/fault.h"
#include "base/name_rules.h"
#include "kernel/city/instance.h"
#include "kernel/graph/attribute_editor.h"
#include "kernel/history/history.h"
#include "linked_data/attribute_patch.h"
#include "linked_data/entity_change.h"
#include "standard/ngsi_ld/routes.h"
#include "standard/ngsi_ld/temporal/evolution.h"
#include "standard/ngsi_ld/vocabulary.h"

namespace dos::ngsi_ld {
namespace {

// An entity that came through this door only leaves with its history; one that was created otherwise keeps its state.
constexpr auto origin_member = std::string_view("origin");
constexpr auto origin_temporal = std::string_view("temporal");

bool came_by_history(entity const& e) { return e.more.text_or(origin_member, "") == origin_temporal; }

// An instance observed at a moment that the attribute has an instance of already takes its place. 5.6.11
using known_instances = std::map<std::pair<std::uint64_t, std::int64_t>, std::uint64_t>;  // (series, µs) -> number

// Those of `times` (ascending) at which the series has an observation.
void find_known(history const& h, std::uint64_t series, std::vector<timestamp> const& times, known_instances& known) {
  auto const last = h.last(series);
  if (!last || last->time < times.front()) return;  // most instances are new ones
  constexpr auto looks_a_time = std::size_t(16);
  auto range = range_query();
  range.from = times.front();
  range.to = times.back() + 1;
  range.limit = times.size() * looks_a_time;
  auto const note = [&](observation const& o) {
    if (std::binary_search(times.begin(), times.end(), o.time)) known[{series, o.time.us}] = o.number;
    return true;
  };
  if (h.for_each(series, range, note) < range.limit) return;
  for (auto const t : times) {  // they lie far apart
    range.from = t;
    range.to = t + 1;
    h.for_each(series, range, note);
  }
}

known_instances find_known(session const& who, std::string_view id, std::vector<attribute_ptr> const& instances) {
  auto known = known_instances();
  if (!who.who().may_edit()) return known;  // a device adds, and rewrites nothing
  for (auto const& s : who.series_of(id)) {
    auto times = std::vector<timestamp>();
    for (auto const& a : instances) {
      if (a->name == s.attribute && a->dataset == s.dataset && a->observed_at != no_time) times.push_back(a->observed_at);
    }
    if (times.empty()) continue;
    std::sort(times.begin(), times.end());
    find_known(who.history(), s.series, times, known);
  }
  return known;
}

// An instance that tells of an end: its value is the null URI. 5.6.11
bool tells_of_an_end(attribute const& a) { return a.value.is_string() && a.value.as_string() == null_uri; }

void observe_instances(transaction& t, std::string_view id, std::vector<attribute_ptr> const& instances,
                       known_instances const& known = {}) {
  auto series = std::map<std::pair<symbol, symbol>, std::uint64_t>();  // by name and dataset
  auto rows = std::map<std::uint64_t, std::vector<observation>>();
  for (auto const& a : instances) {
    auto& number = series[{a->name, a->dataset}];
    if (number == 0) number = t.start_series({.entity = id, .attribute = a->name, .dataset = a->dataset, .kind = a->kind});
    if (tells_of_an_end(*a)) {
      auto end = to_deletion(a->observed_at == no_time ? t.now() : a->observed_at, 0);
      if (a->observed_at != no_time) set_extra(end, observed_end, true);
      rows[number].push_back(std::move(end));
      continue;
    }
    auto stamped = attribute(*a);
    stamped.modified_at = t.now();
    auto const old = a->observed_at == no_time ? known.end() : known.find({number, a->observed_at.us});
    if (old != known.end()) t.change_observation(number, old->second, to_observation(stamped, old->second));
    else rows[number].push_back(to_observation(stamped, 0));
  }
  for (auto& [number, all] : rows) t.observe(number, std::move(all));
}

bool is_later(attribute const& a, attribute const& b) { return a.observed_at > b.observed_at; }

// "scope": [{"type": "Property", "value": "/a", "observedAt": …}]. 4.5.6
struct scope_instance {
  std::vector<symbol> scopes;  // none: removed then
  timestamp at = no_time;
};

// Takes them out of the body, in the order of time; scopes without a time stay and are read like those of entities.
std::vector<scope_instance> take_scope_instances(json::value& body) {
  auto out = std::vector<scope_instance>();
  auto* scope = body.find("scope");
  auto const is_instance = [](json::value const& v) { return v.is_object(); };
  if (scope == nullptr || !(scope->is_object() || (scope->is_array() && !scope->as_array().empty() && is_instance(scope->as_array()[0])))) return out;
  auto const add = [&](json::value const& v) {
    auto const refuse = [](std::string detail, std::string member) {
      throw fault(fault_kind::invalid, std::move(detail), std::move(member), "ETSI GS CIM 009, 4.5.6");
    };
    auto const* value = v.find("value");
    auto const at = parse_timestamp(v.text_or("observedAt", ""));
    if (value == nullptr || v.text_or("type", "Property") != "Property") refuse("an instance of a scope is a Property", "scope.value");
    if (!at) refuse("an instance of a scope says since when", "scope.observedAt");
    out.push_back({*value == json::value(null_uri) ? std::vector<symbol>() : parse_scopes(*value), *at});
  };
  if (scope->is_object()) add(*scope);
  if (scope->is_array()) {
    for (auto const& v : scope->as_array()) add(v);
  }
  body.as_object().erase("scope");
  std::sort(out.begin(), out.end(), [](auto const& a, auto const& b) { return a.at < b.at; });
  return out;
}

// The newest instance of each attribute that does not lie ahead is its state, the others are history.
void create_with_history(transaction& t, entity e, std::vector<attribute_ptr> const& instances, std::vector<scope_instance> const& scopes) {
  auto older = std::vector<attribute_ptr>();
  {
    auto attributes = attribute_editor(e.attributes);
    for (auto const& a : instances) {
      auto const present = attributes.find(a->name, a->dataset);
      if (tells_of_an_end(*a) || a->observed_at > t.believed_until() || (present && !is_later(*a, *present))) {
        older.push_back(a);
        continue;
      }
      if (present) older.push_back(present);
      attributes.set(a);
    }
  }
  if (!e.more.is_object()) e.more = json::object();
  e.more.as_object()[origin_member] = origin_temporal;
  if (!scopes.empty()) e.scopes = scopes.back().scopes;
  auto const id = e.id;
  auto const now = e.scopes;
  t.put(std::move(e));
  if (scopes.empty() && !now.empty()) observe_scopes(t, id, now, t.now());
  for (auto const& s : scopes) observe_scopes(t, id, s.scopes, s.at);
  observe_instances(t, id, older);
}

std::vector<attribute_ptr> to_instances(entity_fragment& f) {
  auto out = std::vector<attribute_ptr>();
  out.reserve(f.attributes.size());
  for (auto& a : f.attributes) out.push_back(a.removes ? make_attribute(std::move(a.data)) : to_attribute(std::move(a)));
  f.attributes.clear();
  return out;
}

// 5.6.11
void create_or_update(call_ptr c) {
  auto const scopes = take_scope_instances(c->body);
  auto f = parse_entity(c->body, *c->names);
  auto const end = first_end(f);
  auto const instances = to_instances(f);
  auto const e = to_entity(std::move(f));
  auto const location = address_of(c->request, "temporal/entities", e.id);
  auto created = std::make_shared<bool>(false);
  write(
      c,
      [e, instances, scopes, created, known = find_known(c->who, e.id, instances)](transaction& t) {
        auto const old = t.find(e.id);
        *created = !old || old->deleted_at != no_time;
        if (*created) return create_with_history(t, e, instances, scopes);
        auto next = entity(*t.get(e.id));  // whoever may not change it learns nothing of its types
        for (auto const type : e.types) {
          if (!next.has_type(type)) next.types.push_back(type);
        }
        if (next.types.size() != old->types.size()) t.put(std::move(next));
        observe_instances(t, e.id, instances, known);
        for (auto const& s : scopes) observe_scopes(t, e.id, s.scopes, s.at);
      },
      [created, location](outcome const&) { return *created ? http::created(location) : http::no_content(); }, {e.id, end});
}

void require_known(entity_ptr const& e, std::string_view id) {
  if (!e) throw fault(fault_kind::not_found, "there is no entity " + std::string(id), "id");
}

// 5.6.12
void add_instances(call_ptr c) {
  auto const id = std::string(c->id());
  auto const scopes = take_scope_instances(c->body);
  auto f = parse_entity(c->body, *c->names);
  auto const end = first_end(f);
  auto const instances = to_instances(f);
  if (instances.empty() && scopes.empty()) refuse("there is no attribute in the body", whole_body, "5.6.12");
  write_and_say_nothing(c, [id, instances, scopes, known = find_known(c->who, id, instances)](transaction& t) {
    require_known(t.find(id), id);
    observe_instances(t, id, instances, known);
    for (auto const& s : scopes) observe_scopes(t, id, s.scopes, s.at);
  }, {id, end});
}

std::vector<std::uint64_t> numbers_of(session const& who, std::uint64_t series) {
  auto numbers = std::vector<std::uint64_t>();
  who.history().for_each(series, {}, [&](observation const& o) {
    numbers.push_back(o.number);
    return true;
  });
  return numbers;
}

// The state of an attribute goes on writing to its series, so the series of a living attribute is emptied, not removed.
void remove_history(transaction& t, entity const& e, series_ref const& s, std::vector<std::uint64_t> const& numbers) {
  if (e.deleted_at == no_time && e.find(s.attribute, s.dataset)) {
    for (auto const n : numbers) t.remove_observation(s.series, n);
  } else {
    t.remove_series(e.id, s.series);
  }
}

// 5.6.13
void delete_attribute_history(call_ptr c) {
  auto const id = std::string(c->id());
  auto const text = c->request.param("attribute");
  auto const dataset_text = c->param("datasetId");
  auto const all = c->is_true("deleteAll");
  if (!dataset_text.empty() && dataset_text != "@none") require_uri(dataset_text, "datasetId");
  require_attribute_name(text);
  auto const name = c->names->find_symbol(text);
  auto const dataset = dataset_text == "@none" ? symbol() : symbol(dataset_text);
  require_known(c->who.find_with_history(id), id);
  auto numbers = std::map<std::uint64_t, std::vector<std::uint64_t>>();
  for (auto const& s : c->who.series_of(id)) {
    if (s.attribute == name) numbers[s.series] = numbers_of(c->who, s.series);
  }
  write_and_say_nothing(c, [=](transaction& t) {
    auto const e = t.find(id);
    require_known(e, id);
    auto const by_history = came_by_history(*e);
    auto next = entity(*e);
    auto found = false;
    for (auto const& s : t.series_of(id)) {
      if (s.attribute != name || (!all && s.dataset != dataset)) continue;
      found = true;
      if (by_history) {
        next.remove(s.attribute, s.dataset);
        t.remove_series(id, s.series);
      } else {
        auto const it = numbers.find(s.series);
        remove_history(t, *e, s, it == numbers.end() ? std::vector<std::uint64_t>() : it->second);
      }
    }
    if (!found) throw fault(fault_kind::not_found, "the entity has no such attribute", "attrId", "ETSI GS CIM 009, 5.6.13");
    if (by_history) t.put(std::move(next), transaction::keep::nothing);
  });
}

struct found_instance {
  series_ref series;
  observation instance;
};

// The instance that the path names. Faults: not_found.
found_instance get_instance(call const& c) {
  auto const id = c.id();
  auto const text = c.request.param("instance");
  require_uri(text, "instanceId");
  auto const number = parse_instance_id(text);
  require_attribute_name(c.request.param("attribute"));
  auto const name = c.names->find_symbol(c.request.param("attribute"));
  require_known(c.who.find_with_history(id), id);
  for (auto const& s : c.who.series_of(id)) {
    if (!number || s.attribute != name) continue;
    if (auto o = c.who.history().find(s.series, *number)) return {s, std::move(*o)};
  }
  throw fault(fault_kind::not_found, "there is no such instance of this attribute", "instanceId");
}

// 5.6.14
void update_instance(call_ptr c) {
  auto const found = get_instance(*c);
  auto body = json::value(c->body);
  if (body.is_object()) body.as_object().erase("@context");
  auto const name = c->request.param("attribute");
  // The body is an entity fragment with this attribute, or the attribute itself.
  auto const* inner = body.find(name);
  auto instances = parse_instances(name, inner != nullptr ? *inner : body, *c->names);
  auto old = to_attribute(found.series, found.instance);
  auto const next = updated(old, std::move(instances.at(0)));
  if (!next) throw fault(fault_kind::invalid, "an instance is removed by DELETE", std::string(name), "ETSI GS CIM 009, 5.6.14");
  write_and_say_nothing(c, [found, next](transaction& t) {
    auto stamped = attribute(*next);
    stamped.modified_at = t.now();
    t.change_observation(found.series.series, found.instance.number, to_observation(stamped, found.instance.number));
  });
}

// 5.6.15
void delete_instance(call_ptr c) {
  auto const found = get_instance(*c);
  write_and_say_nothing(c, [found](transaction& t) { t.remove_observation(found.series.series, found.instance.number); });
}

// 5.6.16
void delete_evolution(call_ptr c) {
  auto const id = std::string(c->id());
  auto numbers = std::map<std::uint64_t, std::vector<std::uint64_t>>();
  auto const e = c->who.find_with_history(id);
  require_known(e, id);
  if (e->deleted_at == no_time && !came_by_history(*e)) {
    for (auto const& s : c->who.series_of(id)) numbers[s.series] = numbers_of(c->who, s.series);
  }
  write_and_say_nothing(c, [id, numbers](transaction& t) {
    auto const now = t.find(id);
    require_known(now, id);
    if (now->deleted_at != no_time || came_by_history(*now)) return t.forget(id);
    for (auto const& s : t.series_of(id)) {
      auto const it = numbers.find(s.series);
      remove_history(t, *now, s, it == numbers.end() ? std::vector<std::uint64_t>() : it->second);
    }
  });
}

}  // namespace

void add_temporal(offer& o, service_ptr s) {
  auto const body = body_rule::entity;
  add_route(o, "POST", "/temporal/entities", need::writer, thread_use::slow,
            endpoint(s, {.params = {}, .body = body, .may_wait = true}, create_or_update), largest_body);
  add_route(o, "DELETE", "/temporal/entities/{id}", need::editor, thread_use::slow, endpoint(s, {.may_wait = true}, delete_evolution));
  add_route(o, "POST", "/temporal/entities/{id}/attrs", need::writer, thread_use::slow,
            endpoint(s, {.params = {}, .body = body, .may_wait = true}, add_instances), largest_body);
  add_route(o, "DELETE", "/temporal/entities/{id}/attrs/{attribute}", need::editor, thread_use::slow,
            endpoint(s, {.params = {"datasetId", "deleteAll"}, .may_wait = true}, delete_attribute_history));
  add_route(o, "PATCH", "/temporal/entities/{id}/attrs/{attribute}/{instance}", need::editor, thread_use::slow,
            endpoint(s, {.params = {}, .body = body, .may_wait = true}, update_instance));
  add_route(o, "DELETE", "/temporal/entities/{id}/attrs/{attribute}/{instance}", need::editor, thread_use::slow,
            endpoint(s, {.may_wait = true}, delete_instance));
  add_missing_id(o, "POST", "/temporal/entities//attrs");
  add_missing_id(o, "DELETE", "/temporal/entities//attrs/{attribute}");
  add_missing_id(o, "DELETE", "/temporal/entities/{id}/attrs//{instance}");
  for (auto const method : {"PATCH", "DELETE"}) add_missing_id(o, method, "/temporal/entities//attrs/{attribute}/{instance}");
}

}  // namespace dos::ngsi_ld
