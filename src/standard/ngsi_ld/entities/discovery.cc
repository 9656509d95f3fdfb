#include "linked_data/fragment.h"
#include "standard/ngsi_ld/federation/discovery.h"
#include "standard/ngsi_ld/federation/federation.h"
#include "standard/ngsi_ld/routes.h"
#include "standard/ngsi_ld/vocabulary.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/fault.h"
#include "base/id.h"
#include "kernel/city/city.h"

namespace dos::ngsi_ld {
namespace {

// Facts about an attribute over all entities that have it.
struct attribute_facts {
  std::size_t count = 0;
  std::set<std::string_view> kinds;
  std::set<symbol> types;
};

std::map<symbol, attribute_facts> attribute_facts_of(call const& c, symbol only) {
  auto facts = std::map<symbol, attribute_facts>();
  auto q = query::query();
  if (only) q.attributes.push_back(only);
  c.for_each(q, [&](entity_ptr const& e) {
    auto last = symbol();
    for (auto const& a : e->attributes) {
      if (only && a->name != only) continue;
      auto& f = facts[a->name];
      if (a->name != last) ++f.count;
      last = a->name;
      f.kinds.insert(type_name(a->kind));
      f.types.insert(e->types.begin(), e->types.end());
    }
    return true;
  });
  return facts;
}

json::array sorted_names(std::vector<symbol> const& symbols, context const& names) {
  auto texts = std::vector<std::string_view>();
  for (auto const s : symbols) texts.push_back(names.compact(s));
  std::sort(texts.begin(), texts.end());
  return {texts.begin(), texts.end()};
}

std::vector<symbol> attributes_of_type(call const& c, symbol type) {
  auto out = std::vector<symbol>();
  for (auto const& [name, n] : c.attributes_of(type)) {
    if (n != 0) out.push_back(name);
  }
  return out;
}

void answer_with(call const& c, json::value v, warnings const& missing = {}) {
  if (c.wanted == media::ld_json) {
    auto const context = json::parse(c.inline_context());
    if (v.is_object()) v.as_object().push("@context", context);
    if (v.is_array()) {
      for (auto& item : v.as_array()) {
        if (item.is_object()) item.as_object().push("@context", context);
      }
    }
  }
  auto r = c.respond(json::to_string(v));
  add_warnings(missing, r);
  c.answer(std::move(r));
}

// What is here and at sources. Faults: not_found, where nothing is anywhere.
void answer_everywhere(call_ptr const& c, listing_request const& what, json::value ours) {
  list_everywhere(c, what, std::move(ours), [c, what](json::value all, warnings const& missing) {
    if (!all.is_null()) return answer_with(*c, std::move(all), missing);
    auto const is_type = what.path == "/types";
    auto r = c->refusal(fault(fault_kind::not_found, is_type ? "no entity has this type" : "no entity has this attribute", is_type ? "type" : "attrId"));
    add_warnings(missing, r);
    c->answer(std::move(r));
  });
}

json::object type_description(call const& c, symbol type, context const& names) {
  return {{"id", type.text()},
          {"type", "EntityType"},
          {"typeName", names.compact(type)},
          {"attributeNames", sorted_names(attributes_of_type(c, type), names)}};
}

std::vector<symbol> living_types(call const& c) {
  auto out = std::vector<symbol>();
  for (auto const& [type, n] : c.types()) {
    if (n != 0) out.push_back(type);
  }
  return out;
}

// ETSI GS CIM 009, 5.7.5 and 5.7.6
void list_types(call_ptr c) {
  auto const types = living_types(*c);
  if (!c->is_true("details")) {
    auto ours = json::object{
        {"id", "urn:ngsi-ld:EntityTypeList:" + new_uuid()}, {"type", "EntityTypeList"}, {"typeList", sorted_names(types, *c->names)}};
    return answer_everywhere(c, {.operation = source_op::retrieve_types, .path = "/types"}, std::move(ours));
  }
  auto list = json::array();
  for (auto const type : types) list.push_back(type_description(*c, type, *c->names));
  answer_everywhere(c, {.operation = source_op::retrieve_type_details, .path = "/types", .details = true}, std::move(list));
}

json::object attribute_description(symbol name, attribute_facts const& f, context const& names) {
  auto kinds = json::array();
  for (auto const kind : f.kinds) kinds.push_back(kind);
  return {{"id", name.text()},
          {"type", "Attribute"},
          {"attributeName", names.compact(name)},
          {"attributeTypes", std::move(kinds)}};
}

// ETSI GS CIM 009, 5.7.7
void show_type(call_ptr c) {
  auto const type = c->names->find_symbol(c->request.param("type"));
  auto count = std::size_t(0);
  for (auto const& [t, n] : c->types()) {
    if (type && t == type) count = n;
  }
  auto const iri = c->names->expand(c->request.param("type"));
  auto const what = listing_request{.operation = source_op::retrieve_type_info, .path = "/types", .name = iri, .type = type};
  if (count == 0) return answer_everywhere(c, what, {});
  auto facts = std::map<symbol, std::set<std::string_view>>();
  auto q = query::query();
  q.selectors.push_back({.ids = {}, .id_pattern = {}, .types = {{type}}});
  c->for_each(q, [&](entity_ptr const& e) {
    for (auto const& a : e->attributes) facts[a->name].insert(type_name(a->kind));
    return true;
  });
  auto details = json::array();
  for (auto const& [name, kinds] : facts) {
    details.push_back(attribute_description(name, {.count = 0, .kinds = kinds, .types = {}}, *c->names));
  }
  auto ours = json::object{{"id", type.text()},
                           {"type", "EntityTypeInfo"},
                           {"typeName", c->names->compact(type)},
                           {"entityCount", count},
                           {"attributeDetails", std::move(details)}};
  answer_everywhere(c, what, std::move(ours));
}

// ETSI GS CIM 009, 5.7.8 and 5.7.9
void list_attributes(call_ptr c) {
  if (!c->is_true("details")) {
    auto all = std::set<symbol>();
    for (auto const type : living_types(*c)) {
      auto const mine = attributes_of_type(*c, type);
      all.insert(mine.begin(), mine.end());
    }
    auto ours = json::object{{"id", "urn:ngsi-ld:AttributeList:" + new_uuid()},
                             {"type", "AttributeList"},
                             {"attributeList", sorted_names({all.begin(), all.end()}, *c->names)}};
    return answer_everywhere(c, {.operation = source_op::retrieve_attrs, .path = "/attributes"}, std::move(ours));
  }
  auto list = json::array();
  for (auto const& [name, f] : attribute_facts_of(*c, {})) {
    list.push_back(json::object{{"id", name.text()},
                                {"type", "Attribute"},
                                {"attributeName", c->names->compact(name)},
                                {"typeNames", sorted_names({f.types.begin(), f.types.end()}, *c->names)}});
  }
  answer_everywhere(c, {.operation = source_op::retrieve_attr_details, .path = "/attributes", .details = true}, std::move(list));
}

// ETSI GS CIM 009, 5.7.10
void show_attribute(call_ptr c) {
  auto const name = c->names->find_symbol(c->request.param("attribute"));
  auto const facts = name ? attribute_facts_of(*c, name) : std::map<symbol, attribute_facts>();
  auto const it = facts.find(name);
  auto const iri = c->names->expand(c->request.param("attribute"));
  auto const what = listing_request{.operation = source_op::retrieve_attr_info, .path = "/attributes", .name = iri, .attribute = name};
  if (it == facts.end()) return answer_everywhere(c, what, {});
  auto o = attribute_description(name, it->second, *c->names);
  o.push("attributeCount", it->second.count);
  o.push("typeNames", sorted_names({it->second.types.begin(), it->second.types.end()}, *c->names));
  answer_everywhere(c, what, std::move(o));
}

void answer_identity(call_ptr const& c) {
  auto const alias = federation::alias_of(c->who.city());
  auto const id = "urn:ngsi-ld:ContextSourceIdentity:" + c->who.city().id();
  answer_with(*c, json::object{{"id", id},
                               {"type", "ContextSourceIdentity"},
                               {"contextSourceUptime", "PT" + std::to_string((c->at->program.clock.now() - c->at->started) / us_per_second) + "S"},
                               {"contextSourceTimeAt", to_string(c->at->program.clock.now())},
                               {"contextSourceAlias", alias}});
}

// ETSI GS CIM 009, 5.2.40 and 6.33: which broker this is. The name is made when somebody first asks and then stays.
void show_identity(call_ptr c) {
  if (c->who.find_record(identity_collection, "alias")) return answer_identity(c);
  auto const own = c->at->program.as_source(c->who.shared_city(), "ngsi_ld");
  own.submit([city = c->who.city().id()](transaction& t) { federation::keep_alias(t, city); }, [c](outcome const&) { answer_identity(c); });
}

}  // namespace

void add_discovery(offer& o, service_ptr s) {
  add_route(o, "GET", "/types", need::nothing, thread_use::slow, endpoint(s, {.params = {"details"}, .reads_snapshots = true, .may_wait = true}, list_types));
  add_route(o, "GET", "/types/{type}", need::nothing, thread_use::slow, endpoint(s, {.reads_snapshots = true, .may_wait = true}, show_type));
  add_route(o, "GET", "/attributes", need::nothing, thread_use::slow,
            endpoint(s, {.params = {"details"}, .reads_snapshots = true, .may_wait = true}, list_attributes));
  add_route(o, "GET", "/attributes/{attribute}", need::nothing, thread_use::slow, endpoint(s, {.reads_snapshots = true, .may_wait = true}, show_attribute));
  add_route(o, "GET", "/info/sourceIdentity", need::nothing, thread_use::quick, endpoint(s, {}, show_identity));
}

}  // namespace dos::ngsi_ld
