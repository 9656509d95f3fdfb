// Batches over what is here and at context sources. ETSI GS CIM 009, 5.6.7 to 5.6.10 and 5.6.20
#include <algorithm>
#include <atomic>
#include <future>
#include <map>
#include <set>

#include "base/fault.h"
#include "http/media.h"
#include "linked_data/fragment.h"
#include "standard/ngsi_ld/federation/distributed.h"
#include "standard/ngsi_ld/federation/federation.h"
#include "standard/ngsi_ld/vocabulary.h"

namespace dos::ngsi_ld {
namespace batch_everywhere {
namespace {

// One entity of the batch, as far as it could be read.
struct batch_entity {
  std::string id;
  json::value body;  // or the id alone, of deletions
  context_ptr names;
  std::vector<symbol> types;
  std::vector<std::pair<std::string, symbol>> attributes;  // key and name
  bool is_readable = false;
};

struct batch_part {
  source_ptr to;
  std::vector<std::size_t> entities;   // of the batch
  std::vector<json::value> bodies;     // in the source's names
};

struct distribution {
  call_ptr c;
  call_ptr speaker;  // with the context that all entities share
  source_op op = source_op::other;
  std::vector<batch_entity> entities;
  std::vector<batch_part> parts;
  std::vector<std::pair<std::string, json::value>> errors;  // by entity
  call_ptr mine;
  http::response here;

  std::vector<forwarded> requests;
  std::vector<std::vector<std::string>> requested;  // the ids of each
  std::vector<heard> answers;
  std::atomic<int> left = 1;
};
using distribution_ptr = std::shared_ptr<distribution>;

bool contains(std::vector<symbol> const& list, symbol s) { return std::find(list.begin(), list.end(), s) != list.end(); }

// What single operation stands in for the batch; none for upserts, which take two steps.
std::optional<source_op> single_of(source_op batch) {
  switch (batch) {
    case source_op::create_batch: return source_op::create_entity;
    case source_op::update_batch: return source_op::update_entity;
    case source_op::merge_batch: return source_op::merge_entity;
    case source_op::delete_batch: return source_op::delete_entity;
    case source_op::upsert_batch: return source_op::create_entity;
    default: return std::nullopt;
  }
}

std::string_view path_of(source_op batch) {
  switch (batch) {
    case source_op::create_batch: return "create";
    case source_op::upsert_batch: return "upsert";
    case source_op::update_batch: return "update";
    case source_op::merge_batch: return "merge";
    default: return "delete";
  }
}

context_ptr names_for(call const& c, json::value const& entity) {
  auto const* inside = entity.find("@context");
  if (inside == nullptr) return c.names;
  auto found = std::promise<context_ptr>();
  c.at->contexts.resolve(
      c.who, *inside, [&](context_ptr names) { found.set_value(std::move(names)); }, [&](fault const&) { found.set_value(nullptr); });
  return found.get_future().get();
}

batch_entity read_entity(call const& c, source_op op, json::value const& v) {
  auto e = batch_entity();
  e.body = v;
  if (op == source_op::delete_batch) {
    e.id = v.is_string() ? v.as_string() : std::string_view();
    e.names = c.names;
    if (auto const known = c.who.find(e.id)) e.types = known->types;
    e.is_readable = !e.id.empty();
    return e;
  }
  e.id = v.text_or("id", "");
  e.names = v.is_object() && !e.id.empty() ? names_for(c, v) : nullptr;
  if (!e.names) return e;
  try {
    auto const form = read_representation(c) == representation::simplified ? input_form::simplified : input_form::full;
    e.types = parse_entity(v, *e.names, form).types;
  } catch (fault const&) {
    return e;  // the local part says what is wrong with it
  }
  if (e.types.empty()) {
    if (auto const known = c.who.find(e.id)) e.types = known->types;
  }
  for (auto const& [key, member] : v.as_object()) {
    if (key != "id" && key != "type" && key != "scope" && key != "expiresAt" && !key.starts_with('@')) {
      e.attributes.emplace_back(key, e.names->expand_to_symbol(key));
    }
  }
  e.is_readable = true;
  return e;
}

json::value without(batch_entity const& e, std::function<bool(symbol)> const& drops) {
  if (!e.body.is_object()) return e.body;
  auto out = e.body.as_object();
  for (auto const& [key, name] : e.attributes) {
    if (drops(name)) out.erase(key);
  }
  return out;
}

std::vector<symbol> names_of(batch_entity const& e) {
  auto out = std::vector<symbol>();
  for (auto const& [key, name] : e.attributes) {
    if (!contains(out, name)) out.push_back(name);
  }
  return out;
}

// What each source gets of an entity, and what is left of it for us: 5.6.8.4 and its kin.
void divide(distribution& d, std::size_t at, source_list const& sources, std::map<source const*, batch_part>& parts, json::array& rest) {
  auto const& e = d.entities[at];
  auto const all = names_of(e);
  auto taken_exclusive = std::map<source const*, std::vector<symbol>>(), taken_redirect = taken_exclusive;
  auto exclusive = std::vector<symbol>(), redirected = std::vector<symbol>();
  auto is_whole = false;
  for (auto const& s : sources) {
    if (!is_proxied(s->mode)) continue;
    auto const covered = coverage_of(*s, e.id, e.types, all);
    if (!covered) continue;
    is_whole = is_whole || covered->whole;
    auto& total = s->mode == source_mode::exclusive ? exclusive : redirected;
    total.insert(total.end(), covered->attributes.begin(), covered->attributes.end());
  }
  auto takes_any = is_whole;
  for (auto const& s : sources) {
    if (s->mode == source_mode::auxiliary || (s->mode == source_mode::inclusive && is_whole && d.op != source_op::delete_batch)) continue;
    auto covered = coverage_of(*s, e.id, e.types, all);
    if (!covered) continue;
    if (s->mode != source_mode::exclusive) std::erase_if(covered->attributes, [&](symbol a) { return contains(exclusive, a); });
    if (s->mode == source_mode::inclusive) std::erase_if(covered->attributes, [&](symbol a) { return contains(redirected, a); });
    if (covered->attributes.empty() && !all.empty() && d.op != source_op::delete_batch) continue;
    auto const single = single_of(d.op);
    if (!s->supports(d.op) && !(single && s->supports(*single))) {
      if (is_proxied(s->mode)) d.errors.emplace_back(e.id, unsupported_problem(*s));
      takes_any = takes_any || is_proxied(s->mode);
      continue;
    }
    takes_any = takes_any || is_proxied(s->mode);
    auto& part = parts[s.get()];
    part.to = s;
    part.entities.push_back(at);
    part.bodies.push_back(without(e, [&](symbol a) { return !contains(covered->attributes, a); }));
  }
  if (d.op == source_op::delete_batch) {
    if (!takes_any || d.c->who.find(e.id)) rest.push_back(e.body);
    return;
  }
  auto const is_taken = [&](symbol a) { return contains(exclusive, a) || contains(redirected, a); };
  if (is_whole || (!all.empty() && takes_any && std::all_of(all.begin(), all.end(), is_taken))) return;
  rest.push_back(without(e, is_taken));
}

// The call as if its entities' one context were its own, so that their names can travel as they are.
call_ptr speaker_of(call_ptr const& c, std::vector<batch_entity> const& entities) {
  auto const* first = entities[0].body.find("@context");
  if (first == nullptr || !entities[0].names) return c;
  for (auto const& e : entities) {
    if (auto const* other = e.body.find("@context"); other == nullptr || !(*other == *first)) return c;
  }
  auto out = std::make_shared<call>(*c);
  out->context = *first;
  out->names = entities[0].names;
  return out;
}

void add_options(std::string& target, distribution const& d, source const& s) {
  auto const add = [&](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    target += (target.find('?') == std::string::npos ? "?" : "&") + std::string(name) + "=" + query_encoded(value);
  };
  add("options", d.c->param("options"));
  if (s.local_only) add("local", "true");
}

void add_requests(distribution& d, batch_part const& p, wire const& to) {
  auto const body_of = [&](std::size_t i) {
    auto const& e = d.entities[p.entities[i]];
    return p.bodies[i].is_object() ? translated_entity(p.bodies[i], *e.names, *to.names) : p.bodies[i];
  };
  if (p.to->supports(d.op)) {
    auto bodies = json::array();
    auto ids = std::vector<std::string>();
    for (auto i = std::size_t(0); i != p.entities.size(); ++i) {
      bodies.push_back(body_of(i));
      ids.push_back(d.entities[p.entities[i]].id);
    }
    auto f = forwarded{p.to, "POST", "/entityOperations/" + std::string(path_of(d.op)), json::to_string(std::move(bodies))};
    add_options(f.target, d, *p.to);
    d.requests.push_back(std::move(f));
    d.requested.push_back(std::move(ids));
    return;
  }
  for (auto i = std::size_t(0); i != p.entities.size(); ++i) {
    auto const& id = d.entities[p.entities[i]].id;
    auto const target = "/entities/" + path_encoded(id);
    auto f = forwarded{p.to, "POST", "/entities", {}};
    if (d.op == source_op::delete_batch) f = {p.to, "DELETE", target, {}};
    if (d.op == source_op::update_batch) f = {p.to, "PATCH", target + "/attrs", {}};
    if (d.op == source_op::merge_batch) f = {p.to, "PATCH", target, {}};
    if (d.op != source_op::delete_batch) f.body = json::to_string(body_of(i));
    add_options(f.target, d, *p.to);
    d.requests.push_back(std::move(f));
    d.requested.push_back({id});
  }
}

// What a multi-status says of single entities.
void read_multi_status(json::value const& body, distribution& d, std::set<std::string>& succeeded, std::string_view source) {
  if (auto const* success = body.find("success"); success != nullptr && success->is_array()) {
    for (auto const& id : success->as_array()) {
      if (id.is_string()) succeeded.insert(std::string(id.as_string()));
    }
  }
  if (auto const* errors = body.find("errors"); errors != nullptr && errors->is_array()) {
    for (auto const& e : errors->as_array()) {
      auto const* error = e.find("error");
      auto problem = error != nullptr && error->is_object() ? error->as_object() : json::object();
      if (!source.empty()) problem["registrationId"] = source;
      d.errors.emplace_back(e.text_or("entityId", ""), json::value(std::move(problem)));
    }
  }
}

json::value parsed(std::string const& text) {
  try {
    return json::parse(text);
  } catch (fault const&) {
    return {};
  }
}

http::response combined(distribution& d) {
  auto succeeded = std::set<std::string>();
  auto created = std::vector<std::string>();
  auto const note_created = [&](json::value const& ids) {
    if (!ids.is_array()) return;
    for (auto const& id : ids.as_array()) {
      if (id.is_string() && std::find(created.begin(), created.end(), id.as_string()) == created.end()) created.emplace_back(id.as_string());
    }
  };
  for (auto i = std::size_t(0); i != d.answers.size(); ++i) {
    auto const& h = d.answers[i];
    auto const body = parsed(h.body);
    if (h.status == 207) {
      read_multi_status(body, d, succeeded, h.from->id);
    } else if (h.status >= 200 && h.status < 300) {
      succeeded.insert(d.requested[i].begin(), d.requested[i].end());
      if (h.status == 201) {
        note_created(body);
        if (!body.is_array()) {
          for (auto const& id : d.requested[i]) note_created(json::array{id});
        }
      }
    } else {
      for (auto const& id : d.requested[i]) d.errors.emplace_back(id, problem_of(h));
    }
  }
  if (d.mine) {
    auto const body = parsed(d.here.body);
    if (d.here.status == 207) {
      read_multi_status(body, d, succeeded, {});
    } else if (d.here.status >= 200 && d.here.status < 300) {
      for (auto const& v : d.mine->body.as_array()) succeeded.emplace(v.is_string() ? v.as_string() : v.text_or("id", ""));
      note_created(body);
    } else {
      for (auto const& v : d.mine->body.as_array()) d.errors.emplace_back(v.is_string() ? v.as_string() : v.text_or("id", ""), body);
    }
  }
  if (d.errors.empty()) {
    if (d.op == source_op::create_batch || (d.op == source_op::upsert_batch && !created.empty())) {
      return http::json(201, json::to_string(json::array(created.begin(), created.end())));
    }
    return http::no_content();
  }
  auto errors = json::array();
  for (auto& [id, problem] : d.errors) {
    succeeded.erase(id);
    auto const source = std::string(problem.text_or("registrationId", ""));
    auto o = json::object{{"entityId", id}, {"error", std::move(problem)}};
    if (!source.empty()) o.push("registrationId", source);
    errors.push_back(std::move(o));
  }
  return http::json(207, json::to_string(json::object{{"success", json::array(succeeded.begin(), succeeded.end())}, {"errors", std::move(errors)}}));
}

void finish(distribution_ptr const& d) {
  if (--d->left == 0) answer_faults(*d->c, [&] { d->c->answer(combined(*d)); });
}

// 5.6.8.4: what exists already at a source without the batch is replaced or updated there.
void second_step(distribution_ptr const& d, federation::wires const& wires) {
  if (d->op != source_op::upsert_batch) return finish(d);
  auto const updates = d->c->has_option("update");
  auto const instead = updates ? source_op::update_entity : source_op::replace_entity;
  auto again = std::vector<forwarded>();
  auto places = std::vector<std::size_t>();
  for (auto i = std::size_t(0); i != d->answers.size(); ++i) {
    auto const& f = d->requests[i];
    if (d->answers[i].status != 409 || f.target.starts_with("/entityOperations") || !f.to->supports(instead)) continue;
    auto const target = "/entities/" + path_encoded(d->requested[i][0]);
    again.push_back({f.to, updates ? "PATCH" : "PUT", updates ? target + "/attrs" : target, f.body});
    places.push_back(i);
  }
  if (again.empty()) return finish(d);
  d->c->at->sources->ask(*d->c, std::move(again), wires, [d, places](std::vector<heard> all) {
    for (auto i = std::size_t(0); i != all.size(); ++i) d->answers[places[i]] = std::move(all[i]);
    finish(d);
  });
}

void run(distribution_ptr const& d, std::function<void(call_ptr)> const& local) {
  if (d->mine) ++d->left;
  if (!d->parts.empty()) ++d->left;
  if (d->mine) {
    d->mine->answer = [d](http::response r) {
      d->here = std::move(r);
      finish(d);
    };
    answer_faults(*d->mine, [&] { local(d->mine); });
  }
  if (!d->parts.empty()) {
    auto sources = source_list();
    for (auto const& p : d->parts) sources.push_back(p.to);
    d->c->at->sources->find_wires(d->speaker, sources, [d](federation::wires wires) {
      for (auto const& p : d->parts) add_requests(*d, p, wire_of(wires, *p.to));
      d->c->at->sources->ask(*d->c, d->requests, wires, [d, wires](std::vector<heard> all) {
        d->answers = std::move(all);
        second_step(d, wires);
      });
    });
  }
  finish(d);
}

}  // namespace
}  // namespace batch_everywhere

std::function<void(call_ptr)> distributed_batch(source_op o, std::function<void(call_ptr)> local) {
  namespace room = batch_everywhere;
  return [o, local = std::move(local)](call_ptr c) {
    if (!has_sources(*c) || !c->who.who().may_edit() || !c->body.is_array() || c->body.as_array().empty()) return local(std::move(c));
    auto reach = reachable_sources(*c);
    std::erase_if(reach.sources, [](auto const& s) { return s->has_history; });
    if (reach.loops || reach.sources.empty()) return local(std::move(c));
    auto const d = std::make_shared<room::distribution>();
    d->c = c;
    d->op = o;
    auto parts = std::map<source const*, room::batch_part>();
    auto rest = json::array();
    for (auto const& v : c->body.as_array()) {
      d->entities.push_back(room::read_entity(*c, o, v));
      if (d->entities.back().is_readable) room::divide(*d, d->entities.size() - 1, reach.sources, parts, rest);
      else rest.push_back(v);
    }
    if (parts.empty() && d->errors.empty()) return local(std::move(c));
    d->speaker = room::speaker_of(c, d->entities);
    for (auto& [key, p] : parts) d->parts.push_back(std::move(p));
    if (!rest.empty()) {
      d->mine = std::make_shared<call>(*c);
      d->mine->body = std::move(rest);
    }
    room::run(d, local);
  };
}

}  // namespace dos::ngsi_ld
