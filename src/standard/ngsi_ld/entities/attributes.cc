#include "base/name_rules.h"
#include "linked_data/attribute_patch.h"
#include "linked_data/entity_change.h"
#include "standard/ngsi_ld/entities/entity_query.h"
#include "standard/ngsi_ld/federation/distributed.h"
#include "standard/ngsi_ld/routes.h"
#include "standard/ngsi_ld/vocabulary.h"

#include "base/fault.h"
#include "http/etag.h"

namespace dos::ngsi_ld {
namespace {

void require_entity_match(call const& c, entity const& e) {
  require_type(c, e);
  http::require_if_match(c.request, http::make_etag(std::to_string(e.version)));
}

// 204, or 207 with what was and what was not. ETSI GS CIM 009, 5.2.18
http::response render_update(update_result const& result) {
  if (result.not_updated.empty()) return http::no_content();
  auto updated = json::array();
  for (auto const name : result.updated) updated.push_back(name.text());
  auto not_updated = json::array();
  for (auto const& [name, reason] : result.not_updated) {
    not_updated.push_back(json::object{{"attributeName", name.text()}, {"reason", reason}});
  }
  return http::json(207, json::to_string(json::object{{"updated", std::move(updated)}, {"notUpdated", std::move(not_updated)}}));
}

using change = std::function<update_result(entity&, entity_fragment)>;

void change_entity(call_ptr c, change how) {
  auto const id = std::string(c->id());
  auto f = parse_entity(c->body, *c->names);
  if (!f.id.empty() && f.id != id) throw fault(fault_kind::invalid, "the body names another entity than the path", "id", "ETSI GS CIM 009, 5.6.2");
  if (f.attributes.empty() && f.types.empty() && !f.has_scope && f.more.is_null()) {
    refuse("there is nothing to change in the body", whole_body, "5.6.2");
  }
  auto const end = first_end(f);
  auto result = std::make_shared<update_result>();
  write(
      c,
      [c, id, f = std::move(f), how, result](transaction& t) {
        auto e = copy_of(t, id);
        require_entity_match(*c, e);
        *result = how(e, f);
        store_entity(t, std::move(e));
      },
      [result](outcome const&) { return render_update(*result); }, {id, end});
}

// ETSI GS CIM 009, 5.6.3 and 6.6.3.1
void append_attributes(call_ptr c) {
  auto const overwrites = !c->has_option("noOverwrite");
  change_entity(std::move(c), [overwrites](entity& e, entity_fragment f) { return append(e, std::move(f), overwrites); });
}

// ETSI GS CIM 009, 5.6.2 and 6.6.3.2
void update_attributes(call_ptr c) {
  change_entity(std::move(c), [](entity& e, entity_fragment f) { return update(e, std::move(f)); });
}

symbol attribute_name(call const& c) { return c.names->expand_to_symbol(c.request.param("attribute")); }

std::vector<attribute_fragment> read_instances(call const& c) {
  auto const name = c.request.param("attribute");
  require_attribute_name(name);
  if (name == "scope" || name == "id" || name == "type") {
    throw fault(fault_kind::invalid, "this is no attribute", std::string(name), "ETSI GS CIM 009, 4.6.2");
  }
  auto body = c.body;
  // Here the body may be an attribute that is called like the path says, or its instances.
  if (body.is_object()) body.as_object().erase("@context");
  auto instances = parse_instances(c.request.param("attribute"), body, *c.names);
  if (instances.empty()) refuse("the body is empty", whole_body, "5.6.4");
  return instances;
}

[[noreturn]] void refuse_missing(std::string_view name) {
  throw fault(fault_kind::not_found, "the entity has no such attribute", std::string(name));
}

void change_attribute(call_ptr c, std::function<void(entity&, attribute_ptr const& old, attribute_fragment)> how) {
  auto const id = std::string(c->id());
  auto const name = attribute_name(*c);
  auto instances = read_instances(*c);
  auto end = timestamp(no_time);
  for (auto const& f : instances) {
    auto const its = first_end(f);
    if (its != no_time && (end == no_time || its < end)) end = its;
  }
  write_and_say_nothing(c, [c, id, name, instances = std::move(instances), how](transaction& t) {
    auto e = copy_of(t, id);
    require_entity_match(*c, e);
    for (auto const& f : instances) {
      auto const old = e.find(name, f.data.dataset);
      if (!old) refuse_missing(c->request.param("attribute"));
      how(e, old, f);
    }
    store_entity(t, std::move(e));
  }, {id, end});
}

// ETSI GS CIM 009, 5.6.4 and 6.7.3.1
void update_attribute(call_ptr c) {
  change_attribute(std::move(c), [](entity& e, attribute_ptr const& old, attribute_fragment f) {
    auto next = updated(*old, std::move(f));
    if (next) {
      e.set(std::move(next));
    } else {
      e.remove(old->name, old->dataset);
    }
  });
}

// ETSI GS CIM 009, 5.6.19 and 6.7.3.3
void replace_attribute(call_ptr c) {
  change_attribute(std::move(c), [](entity& e, attribute_ptr const&, attribute_fragment f) { e.set(to_attribute(std::move(f))); });
}

// ETSI GS CIM 009, 5.6.5 and 6.7.3.2
void delete_attribute(call_ptr c) {
  auto const id = std::string(c->id());
  auto const text = c->request.param("attribute");
  auto const all = c->is_true("deleteAll");
  auto const dataset_text = c->param("datasetId");
  if (!dataset_text.empty() && dataset_text != "@none") require_uri(dataset_text, "datasetId");
  require_attribute_name(text);
  auto const is_scope = text == "scope";
  auto const name = c->names->find_symbol(text);
  auto const dataset = dataset_text == "@none" ? symbol() : symbol(dataset_text);
  write_and_say_nothing(c, [=](transaction& t) {
    auto e = copy_of(t, id);
    require_entity_match(*c, e);
    if (is_scope) {
      if (e.scopes.empty()) refuse_missing(c->request.param("attribute"));
      e.scopes.clear();
    } else if (all) {
      if (std::erase_if(e.attributes, [&](auto const& a) { return a->name == name; }) == 0) refuse_missing(c->request.param("attribute"));
    } else if (!e.remove(name, dataset)) {
      refuse_missing(c->request.param("attribute"));
    }
    store_entity(t, std::move(e));
  });
}

}  // namespace

void add_attributes(offer& o, service_ptr s) {
  auto const body = body_rule::entity;
  add_route(o, "POST", "/entities/{id}/attrs", need::writer, thread_use::quick,
            endpoint(s, {.params = {"type"}, .body = body}, distributed(source_op::append_attrs, append_attributes)), entity_body);
  add_route(o, "PATCH", "/entities/{id}/attrs", need::writer, thread_use::quick,
            endpoint(s, {.params = {"type"}, .body = body}, distributed(source_op::update_entity, update_attributes)), entity_body);
  add_route(o, "PATCH", "/entities/{id}/attrs/{attribute}", need::writer, thread_use::quick,
            endpoint(s, {.params = {"type"}, .body = body}, distributed(source_op::update_attrs, update_attribute)), entity_body);
  add_route(o, "PUT", "/entities/{id}/attrs/{attribute}", need::writer, thread_use::quick,
            endpoint(s, {.params = {"type"}, .body = body}, distributed(source_op::replace_attrs, replace_attribute)), entity_body);
  add_route(o, "DELETE", "/entities/{id}/attrs/{attribute}", need::editor, thread_use::quick,
            endpoint(s, {.params = {"datasetId", "deleteAll", "type"}}, distributed(source_op::delete_attrs, delete_attribute)));
  for (auto const method : {"POST", "PATCH"}) add_missing_id(o, method, "/entities//attrs");
  for (auto const method : {"PATCH", "PUT", "DELETE"}) add_missing_id(o, method, "/entities//attrs/{attribute}");
}

}  // namespace dos::ngsi_ld
