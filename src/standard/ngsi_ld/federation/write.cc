// Changing what is here and at context sources. ETSI GS CIM 009, 4.3.6.3, 5.6.1 to 5.6.6, 5.6.17 to 5.6.19, 5.6.21, 6.3.17
#include <algorithm>
#include <array>
#include <atomic>

#include "base/fault.h"
#include "base/name_rules.h"
#include "kernel/city/city.h"
#include "linked_data/fragment.h"
#include "linked_data/selection_parser.h"
#include "standard/ngsi_ld/federation/distributed.h"
#include "standard/ngsi_ld/federation/federation.h"
#include "standard/ngsi_ld/routes.h"
#include "standard/ngsi_ld/vocabulary.h"

namespace dos::ngsi_ld {
namespace writing_everywhere {
namespace {

// What one source gets to do.
struct source_part {
  source_ptr to;
  bool whole = false;               // all that is left of the entity
  std::vector<symbol> attributes;   // else these
  std::optional<question> purged;   // of purges: which entities
};

// One changing request, taken apart.
struct writing {
  call_ptr c;
  source_op op = source_op::other;
  std::string id;
  std::vector<symbol> types;
  std::vector<symbol> attributes;     // that the request names
  std::vector<source_part> parts;
  std::vector<json::value> refusals;  // proxied sources that lack the operation
  bool is_proxied = false;
  call_ptr mine;                      // what is left for us; nothing: all is elsewhere

  std::vector<heard> answers;
  http::response here;
  std::atomic<int> left = 1;
};
using writing_ptr = std::shared_ptr<writing>;

bool has_entity_body(source_op o) {
  return o == source_op::create_entity || o == source_op::merge_entity || o == source_op::replace_entity || o == source_op::append_attrs ||
         o == source_op::update_entity;
}
bool is_about_attribute(source_op o) {
  return o == source_op::update_attrs || o == source_op::replace_attrs || o == source_op::delete_attrs;
}

bool is_head(std::string_view key) {
  static constexpr auto heads = std::array<std::string_view, 9>{"id", "type", "scope", "expiresAt", "createdAt", "modifiedAt", "deletedAt", "@context", "@id"};
  return std::find(heads.begin(), heads.end(), key) != heads.end() || key.starts_with('@');
}

bool contains(std::vector<symbol> const& list, symbol s) { return std::find(list.begin(), list.end(), s) != list.end(); }

// The body with these attributes only; what is said of the entity itself stays.
json::value body_with(json::value const& body, context const& names, std::vector<symbol> const& attributes) {
  auto out = json::object();
  for (auto const& [key, v] : body.as_object()) {
    if (is_head(key) || contains(attributes, names.expand_to_symbol(key))) out.push(key, v);
  }
  return out;
}

// The same checks as for ourselves, before anything leaves the house.
void check_and_read(writing& w) {
  auto const& c = *w.c;
  auto const form = read_representation(c) == representation::simplified ? input_form::simplified : input_form::full;
  if (w.op != source_op::create_entity) w.id = c.id();
  if (has_entity_body(w.op)) {
    auto f = parse_entity(c.body, *c.names, form);
    for (auto const& a : f.attributes) {
      if (!contains(w.attributes, a.data.name)) w.attributes.push_back(a.data.name);
    }
    w.types = f.types;
    if (w.op == source_op::create_entity) {
      w.id = to_entity(std::move(f)).id;
    } else if (!f.id.empty() && f.id != w.id) {
      throw fault(fault_kind::invalid, "the body names another entity than the path", "id", "ETSI GS CIM 009, 5.6");
    }
  } else if (is_about_attribute(w.op)) {
    auto const name = c.request.param("attribute");
    require_attribute_name(name);
    w.attributes.push_back(c.names->expand_to_symbol(name));
    auto body = c.body;
    if (body.is_object()) body.as_object().erase("@context");
    if (w.op != source_op::delete_attrs) parse_instances(name, body, *c.names);
  }
  if (w.types.empty() && c.has("type")) {
    for (auto const& conjunction : parse_type_selection(c.param("type"), {*c.names, true})) {
      w.types.insert(w.types.end(), conjunction.begin(), conjunction.end());
    }
  }
  // What is known of the entity here says which sources it cannot concern.
  if (w.types.empty()) {
    if (auto const e = c.who.find(w.id)) w.types = e->types;
  }
}

void refuse_or_add(writing& w, source_part part) {
  if (part.to->supports(w.op)) w.parts.push_back(std::move(part));
  else if (is_proxied(part.to->mode)) w.refusals.push_back(unsupported_problem(*part.to));
}

// 5.6.1.4 and its kin: exclusive sources take what is theirs, then redirected ones, then inclusive ones get a copy of the rest.
void divide(writing& w, source_list const& sources) {
  auto rest = w.attributes;
  auto is_whole = false;
  for (auto const mode : {source_mode::exclusive, source_mode::redirect}) {
    auto taken = std::vector<symbol>();
    for (auto const& s : sources) {
      if (s->mode != mode || (rest.empty() && !w.attributes.empty())) continue;
      auto const covered = coverage_of(*s, w.id, w.types, rest);
      if (!covered) continue;
      refuse_or_add(w, {s, covered->whole, covered->attributes, {}});
      w.is_proxied = true;
      is_whole = is_whole || covered->whole;
      taken.insert(taken.end(), covered->attributes.begin(), covered->attributes.end());
    }
    std::erase_if(rest, [&](symbol a) { return contains(taken, a); });
  }
  if (is_whole && (w.op != source_op::delete_entity || !w.c->who.find(w.id))) return;
  if (w.is_proxied && rest.empty() && !w.attributes.empty()) return;
  for (auto const& s : sources) {
    if (s->mode != source_mode::inclusive) continue;
    if (auto const covered = coverage_of(*s, w.id, w.types, rest)) refuse_or_add(w, {s, covered->whole, covered->attributes, {}});
  }
  w.mine = std::make_shared<call>(*w.c);
  if (has_entity_body(w.op) && rest.size() != w.attributes.size()) w.mine->body = body_with(w.c->body, *w.c->names, rest);
}

void divide_purge(writing& w, source_list const& sources) {
  auto const q = read_entity_query(*w.c, true);
  auto const& selector = q.which.selectors;
  auto const about = selector.empty() ? subject{{}, {}, {}, {}, q.which.attributes}
                                      : subject{selector[0].ids, std::string(w.c->param("idPattern")), selector[0].id_pattern,
                                                selector[0].types, q.which.attributes};
  for (auto const& s : sources) {
    if (s->mode == source_mode::auxiliary) continue;
    for (auto& what : questions_for(*s, about)) {
      w.is_proxied = w.is_proxied || is_proxied(s->mode);
      refuse_or_add(w, {s, what.attributes.empty(), what.attributes, std::move(what)});
    }
  }
  w.mine = std::make_shared<call>(*w.c);
}

class target_text {
 public:
  explicit target_text(std::string path) : text_(std::move(path)) {}
  void add(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    text_ += text_.find('?') == std::string::npos ? '?' : '&';
    text_ += std::string(name) + "=" + query_encoded(value);
  }
  std::string take() && { return std::move(text_); }

 private:
  std::string text_;
};

// 5.6.21, of the entities and attributes that the source has registered.
forwarded purge_request(writing const& w, source_part const& p, context const& names) {
  auto const& c = *w.c;
  auto t = target_text("/entities");
  t.add("type", to_text(p.purged->types, names));
  auto ids = std::string();
  for (auto const& id : p.purged->ids) ids += (ids.empty() ? "" : ",") + id;
  t.add("id", ids);
  t.add("idPattern", p.purged->pattern);
  for (auto const name : {"q", "georel", "geometry", "coordinates", "geoproperty", "scopeQ", "attrs"}) t.add(name, c.param(name));
  if (p.whole) {
    t.add("keep", c.param("keep"));
    t.add("drop", c.param("drop"));
  } else {
    auto const named = [&](std::string_view param) {
      auto out = std::vector<symbol>();
      for (auto const name : list_of(c.param(param))) out.push_back(c.names->expand_to_symbol(name));
      return out;
    };
    auto const kept = named("keep"), dropped = named("drop");
    auto own = p.attributes;
    std::erase_if(own, [&](symbol a) { return contains(kept, a) || (!dropped.empty() && !contains(dropped, a)); });
    t.add("drop", to_text(own, names));
  }
  if (p.to->local_only) t.add("local", "true");
  return {p.to, "DELETE", std::move(t).take(), {}};
}

// 4.3.6.1: no type that the source has not registered.
void keep_registered_types(json::value& body, source const& s, context const& names) {
  auto* type = body.find("type");
  if (type == nullptr || !type->is_array()) return;
  auto registered = std::vector<symbol>();
  for (auto const& info : s.registered) {
    for (auto const& e : info.entities) registered.insert(registered.end(), e.types.begin(), e.types.end());
  }
  if (registered.empty()) return;
  auto& list = type->as_array();
  auto kept = json::array();
  std::copy_if(list.begin(), list.end(), std::back_inserter(kept), [&](auto const& t) {
    return t.is_string() && contains(registered, names.find_symbol(t.as_string()));
  });
  if (!kept.empty()) list = std::move(kept);
}

forwarded make_part(writing const& w, source_part const& p, wire const& to) {
  auto const& c = *w.c;
  auto const& names = *to.names;
  if (w.op == source_op::purge_entity) return purge_request(w, p, names);
  auto path = std::string("/entities");
  if (w.op != source_op::create_entity) path += "/" + path_encoded(w.id);
  if (w.op == source_op::append_attrs || w.op == source_op::update_entity) path += "/attrs";
  if (is_about_attribute(w.op)) path += "/attrs/" + path_encoded(names.compact(w.attributes[0].text()));
  auto t = target_text(std::move(path));
  for (auto const name : {"options", "format", "observedAt", "lang", "datasetId", "deleteAll"}) t.add(name, c.param(name));
  if (c.has("type")) t.add("type", to_text(parse_type_selection(c.param("type"), {*c.names, true}), names));
  if (p.to->local_only) t.add("local", "true");
  auto f = forwarded{p.to, c.request.method, std::move(t).take(), {}};
  if (has_entity_body(w.op)) {
    auto body = p.whole ? c.body : body_with(c.body, *c.names, p.attributes);
    keep_registered_types(body, *p.to, *c.names);
    f.body = json::to_string(translated_entity(body, *c.names, names));
  } else if (w.op != source_op::delete_attrs && is_about_attribute(w.op)) {
    // The path names the attribute; a body that names it again does so with the source's word.
    auto body = c.body;
    if (body.is_object()) body.as_object().erase("@context");
    auto const name = c.request.param("attribute");
    auto const* inner = body.find(name);
    body = inner != nullptr ? json::object{{names.compact(w.attributes[0].text()), translated_attribute(*inner, *c.names, names)}}
                            : translated_attribute(body, *c.names, names);
    f.body = json::to_string(body);
  }
  return f;
}

bool is_success(int status) { return status >= 200 && status < 300 && status != 207; }

// 5.2.18 and 5.2.19
http::response attributes_result(writing const& w, std::vector<json::value> const& problems, std::vector<std::vector<symbol>> const& failed) {
  auto updated = json::array(), not_updated = json::array();
  auto lost = std::vector<symbol>();
  for (auto i = std::size_t(0); i != problems.size(); ++i) {
    for (auto const a : failed[i]) {
      lost.push_back(a);
      auto o = json::object{{"attributeName", a.text()}, {"reason", problems[i].text_or("detail", problems[i].text_or("title", ""))}};
      if (auto const source = problems[i].text_or("registrationId", ""); !source.empty()) o.push("registrationId", source);
      not_updated.push_back(std::move(o));
    }
  }
  for (auto const a : w.attributes) {
    if (!contains(lost, a)) updated.push_back(a.text());
  }
  return http::json(207, json::to_string(json::object{{"updated", std::move(updated)}, {"notUpdated", std::move(not_updated)}}));
}

// 5.2.16 and 5.2.17
http::response entity_result(writing const& w, std::vector<json::value> const& problems, bool any_success) {
  auto errors = json::array(), success = json::array();
  if (any_success) success.push_back(w.id);
  for (auto const& p : problems) {
    auto o = json::object{{"entityId", w.id}, {"error", p}};
    if (auto const source = p.text_or("registrationId", ""); !source.empty()) o.push("registrationId", source);
    errors.push_back(std::move(o));
  }
  return http::json(207, json::to_string(json::object{{"success", std::move(success)}, {"errors", std::move(errors)}}));
}

json::value problem_of(http::response const& r) {
  try {
    auto body = json::parse(r.body);
    if (r.status != 207) return body;
    if (auto const* not_updated = body.find("notUpdated"); not_updated != nullptr && not_updated->is_array() && !not_updated->as_array().empty()) {
      return json::object{{"title", "Not all attributes were changed"}, {"detail", not_updated->as_array()[0].text_or("reason", "")}, {"status", 207}};
    }
  } catch (fault const&) {
  }
  return json::object{{"title", "The change was not made here"}, {"status", r.status}};
}

http::response success_of(writing const& w) {
  if (w.mine && is_success(w.here.status)) return w.here;
  if (w.op == source_op::create_entity) return http::created(address_of(w.c->request, "entities", w.id));
  return http::no_content();
}

// What became of the parts, as one answer. 6.3.17
http::response combined(writing const& w) {
  auto problems = w.refusals;
  auto failed = std::vector<std::vector<symbol>>(problems.size(), w.attributes);
  auto any_success = false;
  for (auto i = std::size_t(0); i != w.answers.size(); ++i) {
    auto const& h = w.answers[i];
    any_success = any_success || (h.status >= 200 && h.status < 300);
    if (is_success(h.status)) continue;
    problems.push_back(problem_of(h));
    failed.push_back(w.parts[i].attributes);
  }
  auto is_ours = static_cast<bool>(w.mine);
  if (is_ours) {
    // Of an entity that is proxied there need be nothing here.
    auto const misses = w.here.status == 404 && w.is_proxied && any_success;
    if (is_success(w.here.status)) any_success = true;
    else if (misses) is_ours = false;
    if (!is_success(w.here.status) && !misses) {
      problems.push_back(problem_of(w.here));
      failed.push_back(w.attributes);
      any_success = any_success || w.here.status == 207;
    }
  }
  if (problems.empty()) return success_of(w);
  auto const parties = w.refusals.size() + w.answers.size() + (is_ours ? 1 : 0);
  if (parties == 1) {
    auto const* status = problems[0].find("status");
    auto const is_alone = w.answers.empty() || w.answers[0].status != 207;
    if (is_alone) return http::json(status != nullptr && status->is_int() ? int(status->as_int()) : 502, json::to_string(problems[0]));
  }
  if (w.op == source_op::append_attrs || w.op == source_op::update_entity) return attributes_result(w, problems, failed);
  return entity_result(w, problems, any_success);
}

void finish(writing_ptr const& w) {
  if (--w->left == 0) answer_faults(*w->c, [&] { w->c->answer(combined(*w)); });
}

void run(writing_ptr const& w, std::function<void(call_ptr)> const& local) {
  if (w->mine) ++w->left;
  if (!w->parts.empty()) ++w->left;
  if (w->mine) {
    w->mine->answer = [w](http::response r) {
      w->here = std::move(r);
      finish(w);
    };
    answer_faults(*w->mine, [&] { local(w->mine); });
  }
  if (!w->parts.empty()) {
    auto sources = source_list();
    for (auto const& p : w->parts) sources.push_back(p.to);
    w->c->at->sources->find_wires(w->c, sources, [w](federation::wires wires) {
      auto requests = std::vector<forwarded>();
      for (auto const& p : w->parts) requests.push_back(make_part(*w, p, wire_of(wires, *p.to)));
      w->c->at->sources->ask(*w->c, std::move(requests), wires, [w](std::vector<heard> all) {
        w->answers = std::move(all);
        finish(w);
      });
    });
  }
  finish(w);
}

}  // namespace
}  // namespace writing_everywhere

std::function<void(call_ptr)> distributed(source_op o, std::function<void(call_ptr)> local) {
  namespace room = writing_everywhere;
  return [o, local = std::move(local)](call_ptr c) {
    if (!has_sources(*c) || !c->who.who().may_edit()) return local(std::move(c));
    auto reach = reachable_sources(*c);
    std::erase_if(reach.sources, [](auto const& s) { return s->has_history; });
    auto const w = std::make_shared<room::writing>();
    w->c = c;
    w->op = o;
    if (o == source_op::purge_entity) {
      room::divide_purge(*w, reach.sources);
    } else {
      room::check_and_read(*w);
      room::divide(*w, reach.sources);
    }
    if (reach.loops && !(w->parts.empty() && w->refusals.empty())) {
      // 6.3.17: an error where all of it is held by a source that leads back here; other loops are just not entered.
      if (w->parts.size() == 1 && is_proxied(w->parts[0].to->mode)) return c->answer(loop_response());
      return local(std::move(c));
    }
    if (w->parts.empty() && w->refusals.empty()) return local(std::move(c));
    room::run(w, local);
  };
}

}  // namespace dos::ngsi_ld
