#include "standard/ngsi_ld/federation/context_source.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/fault.h"
#include "base/text.h"
#include "kernel/graph/pattern.h"
#include "standard/ngsi_ld/entities/entity_query.h"

namespace dos::ngsi_ld {
namespace {

using op = source_op;

constexpr auto operation_names = std::array<std::pair<std::string_view, op>, 27>{
    {{"createEntity", op::create_entity}, {"updateEntity", op::update_entity}, {"appendAttrs", op::append_attrs},
     {"updateAttrs", op::update_attrs}, {"deleteAttrs", op::delete_attrs}, {"deleteEntity", op::delete_entity},
     {"createBatch", op::create_batch}, {"upsertBatch", op::upsert_batch}, {"updateBatch", op::update_batch},
     {"deleteBatch", op::delete_batch}, {"mergeEntity", op::merge_entity}, {"replaceEntity", op::replace_entity},
     {"replaceAttrs", op::replace_attrs}, {"mergeBatch", op::merge_batch}, {"purgeEntity", op::purge_entity},
     {"retrieveEntity", op::retrieve_entity}, {"queryEntity", op::query_entity}, {"queryBatch", op::query_batch},
     {"retrieveTemporal", op::retrieve_temporal}, {"queryTemporal", op::query_temporal},
     {"retrieveEntityTypes", op::retrieve_types}, {"retrieveEntityTypeDetails", op::retrieve_type_details},
     {"retrieveEntityTypeInfo", op::retrieve_type_info}, {"retrieveAttrTypes", op::retrieve_attrs},
     {"retrieveAttrTypeDetails", op::retrieve_attr_details}, {"retrieveAttrTypeInfo", op::retrieve_attr_info},
     {"createSubscription", op::create_subscription}}};

// Known to the standard, but nothing that is forwarded here.
constexpr auto other_names = std::array<std::string_view, 16>{
    "upsertTemporal", "appendAttrsTemporal", "deleteAttrsTemporal", "updateAttrInstanceTemporal", "deleteAttrInstanceTemporal",
    "deleteTemporal", "updateSubscription", "retrieveSubscription", "querySubscription", "deleteSubscription",
    "retrieveEntityMap", "updateEntityMap", "deleteEntityMap", "createEntityMapQueryEntity", "createEntityMapQueryTemporal",
    "retrieveContextSourceIdentity"};

constexpr auto discovery_ops = op_bit(op::retrieve_types) | op_bit(op::retrieve_type_details) | op_bit(op::retrieve_type_info) | op_bit(op::retrieve_attrs) |
                               op_bit(op::retrieve_attr_details) | op_bit(op::retrieve_attr_info);
constexpr auto retrieve_ops = op_bit(op::retrieve_entity) | op_bit(op::query_entity);
constexpr auto federation_ops = retrieve_ops | op_bit(op::query_batch) | discovery_ops | op_bit(op::create_subscription) | op_bit(op::other);
constexpr auto update_ops = op_bit(op::update_entity) | op_bit(op::update_attrs) | op_bit(op::replace_entity) | op_bit(op::replace_attrs);
constexpr auto redirection_ops = update_ops | retrieve_ops | discovery_ops | op_bit(op::create_entity) | op_bit(op::append_attrs) |
                                 op_bit(op::delete_attrs) | op_bit(op::delete_entity) | op_bit(op::merge_entity) | op_bit(op::purge_entity) |
                                 op_bit(op::create_subscription) | op_bit(op::other);
constexpr auto groups = std::array<std::pair<std::string_view, operation_set>, 5>{{{"federationOps", federation_ops},
                                                                                   {"associationOps", federation_ops},
                                                                                   {"updateOps", update_ops},
                                                                                   {"retrieveOps", retrieve_ops},
                                                                                   {"redirectionOps", redirection_ops}}};

operation_set parse_operation(std::string_view name) {
  for (auto const& [n, o] : operation_names) {
    if (n == name) return op_bit(o);
  }
  for (auto const& [n, set] : groups) {
    if (n == name) return set;
  }
  if (std::find(other_names.begin(), other_names.end(), name) != other_names.end()) return op_bit(op::other);
  throw fault(fault_kind::invalid, "there is no operation " + std::string(name), "operations", "ETSI GS CIM 009, 4.20");
}

source_mode parse_mode(std::string_view text) {
  if (text == "exclusive") return source_mode::exclusive;
  if (text == "redirect") return source_mode::redirect;
  if (text == "auxiliary") return source_mode::auxiliary;
  return source_mode::inclusive;
}

std::string_view without_suffix(std::string_view text, std::string_view suffix) {
  return text.ends_with(suffix) ? text.substr(0, text.size() - suffix.size()) : text;
}

source::information compile_information(json::value const& v) {
  auto out = source::information();
  if (auto const* entities = v.find("entities"); entities != nullptr) {
    for (auto const& e : entities->as_array()) {
      auto types = std::vector<symbol>();
      if (auto const* type = e.find("type"); type != nullptr) {
        for (auto const t : texts_of(*type, "type")) types.push_back(symbol(t));
      }
      if (std::find(types.begin(), types.end(), symbol("*")) != types.end()) types.clear();
      auto info = source::entities_info{{}, std::string(e.text_or("idPattern", "")), {}, std::move(types)};
      if (!info.pattern_text.empty()) info.pattern = query::make_pattern(info.pattern_text);
      auto const* id = e.find("id");
      if (id == nullptr) {
        out.entities.push_back(std::move(info));
        continue;
      }
      for (auto const one : texts_of(*id, "id")) {  // an id says more than a pattern
        info.id = one;
        out.entities.push_back(info);
      }
    }
  }
  for (auto const list : {"propertyNames", "relationshipNames", "attributeNames"}) {
    if (auto const* names = v.find(list); names != nullptr) {
      for (auto const name : texts_of(*names, list)) out.attributes.push_back(symbol(name));
    }
  }
  return out;
}

void read_source_info(json::value const& v, source& out) {
  static constexpr auto of_connection = std::array<std::string_view, 10>{
      "connection", "content-length", "expect", "host", "keep-alive", "te", "transfer-encoding", "upgrade", "ngsild-tenant", "via"};
  for (auto const& pair : v.as_array()) {
    auto const key = pair.text_or("key", ""), value = pair.text_or("value", "");
    if (key == "accept") out.accept = value;
    else if (key == "jsonldContext") out.context_url = value;
    else if (key == "contentType") out.takes_ld_json = value == "application/ld+json";
    else if (key != "ngsildConformance" && std::none_of(of_connection.begin(), of_connection.end(), [&](auto const name) {
                 return text::equal_ignoring_case(key, name);
                    })) {
      out.headers.emplace_back(key, value);
    }
  }
}

std::chrono::milliseconds read_milliseconds(json::value const& management, std::string_view member) {
  auto const* v = management.find(member);
  return v != nullptr && v->is_number() ? std::chrono::milliseconds(std::int64_t(v->as_double())) : std::chrono::milliseconds(0);
}

bool is_true_member(json::value const& v, std::string_view member) {
  auto const* found = v.find(member);
  return found != nullptr && found->is_bool() && found->as_bool();
}

bool contains(std::vector<symbol> const& list, symbol s) { return std::find(list.begin(), list.end(), s) != list.end(); }

// The alternatives asked for that the registered types allow; nothing asked: those registered.
std::optional<query::type_selection> common_types(std::vector<symbol> const& registered, query::type_selection const& asked) {
  if (registered.empty()) return asked;
  auto out = query::type_selection();
  if (asked.empty()) {
    for (auto const t : registered) out.push_back({t});
    return out;
  }
  for (auto const& conjunction : asked) {
    if (std::all_of(conjunction.begin(), conjunction.end(), [&](symbol t) { return contains(registered, t); })) out.push_back(conjunction);
  }
  if (out.empty()) return std::nullopt;
  return out;
}

bool id_fits(source::entities_info const& e, std::string_view id) {
  if (!e.id.empty()) return e.id == id;
  return !e.pattern || e.pattern->found_in(id);
}

std::vector<symbol> common_attributes(std::vector<symbol> const& registered, std::vector<symbol> const& asked) {
  auto out = std::vector<symbol>();
  std::copy_if(asked.begin(), asked.end(), std::back_inserter(out), [&](symbol s) { return contains(registered, s); });
  return out;
}

void add_types(query::type_selection& to, query::type_selection const& from) {
  for (auto const& t : from) {
    if (std::find(to.begin(), to.end(), t) == to.end()) to.push_back(t);
  }
}

// The questions about one element of the information: ids go together, so do types alone; a pattern asks for itself.
void ask_information(source::information const& info, subject const& about, std::vector<question>& out) {
  auto attributes = info.attributes;
  if (!info.attributes.empty() && !about.attributes.empty() && common_attributes(info.attributes, about.attributes).empty()) return;
  if (info.entities.empty()) {
    out.push_back({about.ids, about.pattern_text, about.types, std::move(attributes)});
    return;
  }
  auto by_id = question{{}, {}, {}, attributes}, by_type = question{about.ids, about.pattern_text, {}, attributes};
  auto asks_by_type = false;
  for (auto const& e : info.entities) {
    auto const types = common_types(e.types, about.types);
    if (!types) continue;
    if (!e.id.empty()) {
      if (!about.ids.empty() && std::find(about.ids.begin(), about.ids.end(), e.id) == about.ids.end()) continue;
      if (about.pattern && !about.pattern->found_in(e.id)) continue;
      by_id.ids.push_back(e.id);
      add_types(by_id.types, *types);
    } else if (e.pattern && about.ids.empty()) {
      // Two patterns cannot be compared: the narrower one of both worlds is the source's own, ours is applied afterwards.
      out.push_back({{}, e.pattern_text, *types, attributes});
    } else if (e.pattern) {
      auto ids = std::vector<std::string>();
      std::copy_if(about.ids.begin(), about.ids.end(), std::back_inserter(ids), [&](auto const& id) { return e.pattern->found_in(id); });
      if (!ids.empty()) out.push_back({std::move(ids), {}, *types, attributes});
    } else {
      asks_by_type = true;
      add_types(by_type.types, *types);
    }
  }
  if (!by_id.ids.empty()) out.push_back(std::move(by_id));
  if (asks_by_type) out.push_back(std::move(by_type));
}

}  // namespace

operation_set parse_operations(json::value const* names) {
  if (names == nullptr) return federation_ops;
  auto out = operation_set(0);
  for (auto const name : texts_of(*names, "operations")) out |= parse_operation(name);
  return out;
}

source compile_source(json::value const& body) {
  auto s = source();
  s.id = body.text_or("id", "");
  auto endpoint = body.text_or("endpoint", "");
  while (endpoint.ends_with('/')) endpoint.remove_suffix(1);
  s.endpoint = without_suffix(endpoint, "/ngsi-ld/v1");
  s.mode = parse_mode(body.text_or("mode", ""));
  s.operations = parse_operations(body.find("operations"));
  for (auto const& info : body.find("information")->as_array()) s.registered.push_back(compile_information(info));
  s.tenant = body.text_or("tenant", "");
  s.alias = body.text_or("contextSourceAlias", "");
  if (auto const* info = body.find("contextSourceInfo"); info != nullptr && info->is_array()) read_source_info(*info, s);
  if (auto const* management = body.find("management"); management != nullptr && management->is_object()) {
    s.timeout = read_milliseconds(*management, "timeout");
    s.cooldown = read_milliseconds(*management, "cooldown");
    s.local_only = is_true_member(*management, "localOnly");
  }
  s.local_only = s.local_only || is_true_member(body, "localOnly");
  s.has_history = body.find("observationInterval") != nullptr || body.find("managementInterval") != nullptr;
  s.expires_at = parse_timestamp(body.text_or("expiresAt", "")).value_or(no_time);
  return s;
}

std::vector<question> questions_for(source const& s, subject const& about) {
  auto out = std::vector<question>();
  for (auto const& info : s.registered) ask_information(info, about, out);
  return out;
}

std::optional<coverage> coverage_of(source const& s, std::string_view id, std::vector<symbol> const& types, std::vector<symbol> const& attributes) {
  auto out = coverage();
  auto matches = false;
  for (auto const& info : s.registered) {
    auto const has_entity = info.entities.empty() || std::any_of(info.entities.begin(), info.entities.end(), [&](auto const& e) {
      auto const type_fits = types.empty() || e.types.empty() ||
                             std::any_of(types.begin(), types.end(), [&](symbol t) { return contains(e.types, t); });
      return type_fits && id_fits(e, id);
    });
    if (!has_entity) continue;
    if (info.attributes.empty()) return coverage{true, attributes};
    auto const common = common_attributes(info.attributes, attributes);
    if (common.empty() && !attributes.empty()) continue;
    matches = true;
    for (auto const a : common) {
      if (!contains(out.attributes, a)) out.attributes.push_back(a);
    }
  }
  if (!matches) return std::nullopt;
  return out;
}

}  // namespace dos::ngsi_ld
