#include "linked_data/fragment.h"

#include <algorithm>
#include <array>

#include "base/fault.h"
#include "base/id.h"
#include "base/name_rules.h"
#include "kernel/graph/attribute_editor.h"
#include "kernel/graph/attribute_value.h"

namespace dos::linked_data {
namespace {

struct kind_words {
  attribute_kind kind;
  std::string_view type;
  std::string_view value;  // the member that holds the value
};

constexpr auto kinds = std::array{
    kind_words{attribute_kind::property, "Property", "value"},
    kind_words{attribute_kind::relationship, "Relationship", "object"},
    kind_words{attribute_kind::geo_property, "GeoProperty", "value"},
    kind_words{attribute_kind::language_property, "LanguageProperty", "languageMap"},
    kind_words{attribute_kind::vocab_property, "VocabProperty", "vocab"},
    kind_words{attribute_kind::json_property, "JsonProperty", "json"},
    kind_words{attribute_kind::list_property, "ListProperty", "valueList"},
    kind_words{attribute_kind::list_relationship, "ListRelationship", "objectList"},
};

// Members of an attribute that are no attributes of it. What the server itself says is read over.
constexpr auto ignored_members = std::array<std::string_view, 7>{
    "instanceId", "createdAt", "modifiedAt", "deletedAt", "entity", "entityList", "id"};

// What only notifications say. 4.5.2.2 and its siblings
constexpr auto previous_values = std::array<std::string_view, 7>{
    "previousValue", "previousObject", "previousLanguageMap", "previousVocab", "previousJson", "previousValueList", "previousObjectList"};

constexpr auto core_stem = std::string_view("https://uri.etsi.org/ngsi-ld/");

// 4.7.1: what these mean, only a geometry can say.
bool is_place(symbol name) {
  auto const text = std::string_view(name.text());
  if (!text.starts_with(core_stem)) return false;
  auto const rest = text.substr(core_stem.size());
  return rest == "location" || rest == "observationSpace" || rest == "operationSpace";
}

bool has_a_unit(attribute_kind k) {
  return k == attribute_kind::property || k == attribute_kind::geo_property || k == attribute_kind::list_property;
}

kind_words const* find_kind(std::string_view type) {
  auto const it = std::find_if(kinds.begin(), kinds.end(), [&](auto const& k) { return k.type == type; });
  return it == kinds.end() ? nullptr : &*it;
}

// "Property", "ngsi-ld:Property" or the whole IRI.
kind_words const* find_kind(std::string_view type, context const& c) {
  if (auto const* k = find_kind(type); k != nullptr) return k;
  if (type.find(':') == std::string_view::npos) return nullptr;
  auto const iri = c.expand(type);
  return iri.starts_with(core_stem) ? find_kind(std::string_view(iri).substr(core_stem.size())) : nullptr;
}

bool is_geometry(json::value const& v) {
  static constexpr auto shapes = std::array<std::string_view, 6>{
      "Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"};
  auto const type = v.text_or("type", "");
  return std::find(shapes.begin(), shapes.end(), type) != shapes.end() && v.find("coordinates") != nullptr;
}

void set_value(attribute_fragment& f, attribute_kind k, json::value v, context const& c, std::string const& path) {
  f.has_value = true;
  f.data.kind = k;
  f.has_kind = true;
  auto const* none = k == attribute_kind::language_property && v.is_object() && v.as_object().size() == 1 ? v.find("@none") : nullptr;
  if (is_null_uri(v) || (none != nullptr && is_null_uri(*none))) {
    f.removes = true;
    f.data.value = null_uri;
    return;
  }
  f.data.value = checked_value(k, std::move(v), c, path);
}

// An object that says of itself that it is an attribute, by a member that only attributes have.
bool looks_like_attribute(json::value const& v, context const& c) {
  if (!v.is_object()) return false;
  if (auto const* type = v.find("type"); type != nullptr && type->is_string() && find_kind(type->as_string(), c) != nullptr) return true;
  for (auto const& k : kinds) {
    if (v.find(k.value) != nullptr) return true;
  }
  for (auto const member : {"observedAt", "unitCode", "datasetId", "valueType", "objectType"}) {
    if (v.find(member) != nullptr) return true;
  }
  return false;
}

attribute_fragment parse_instance(symbol name, std::string const& path, json::value const& v, context const& c);

std::vector<attribute_fragment> parse_member(symbol name, std::string const& path, json::value const& v, context const& c) {
  auto out = std::vector<attribute_fragment>();
  auto const is_several = v.is_array() && !v.as_array().empty() &&
                          std::all_of(v.as_array().begin(), v.as_array().end(), [&](auto const& i) { return looks_like_attribute(i, c); });
  if (!is_several) {
    out.push_back(parse_instance(name, path, v, c));
    return out;
  }
  out.reserve(v.as_array().size());
  for (auto i = std::size_t(0); i != v.as_array().size(); ++i) {
    out.push_back(parse_instance(name, path + "[" + std::to_string(i) + "]", v.as_array()[i], c));
  }
  return out;
}

bool is_ignored(std::string_view member) {
  return std::find(ignored_members.begin(), ignored_members.end(), member) != ignored_members.end();
}

bool is_proof(symbol name, context const& c) { return name.text() == c.expand("ngsildproof"); }

// A context may give a keyword another name; it names no attribute even so.
symbol attribute_symbol(std::string_view name, context const& c, std::string_view path) {
  auto const s = c.expand_to_symbol(name);
  if (s.text().starts_with('@')) refuse("this stands for the keyword " + std::string(s.text()) + " of JSON-LD", path, "4.6.2");
  return s;
}

// Reads a member that is no attribute; false: it is one.
bool read_plain_member(attribute_fragment& f, std::string_view key, json::value const& v, context const& c, std::string const& path) {
  if (key == "observedAt") {
    if (is_null_uri(v)) {
      f.removes_observed_at = true;
    } else {
      f.data.observed_at = parse_time(v, path);
    }
  } else if (key == "unitCode") {
    if (!v.is_string() || v.as_string().size() > 200) refuse("a unitCode is text", path, "4.5.2");
    if (is_null_uri(v)) {
      f.removes_unit = true;
    } else {
      f.data.unit = symbol(v.as_string());
    }
  } else if (key == "datasetId") {
    if (!v.is_string() || (!is_uri(v.as_string()) && v.as_string() != "@none")) refuse("a datasetId is a URI", path, "4.5.5");
    if (is_null_uri(v)) refuse("a datasetId cannot be removed; remove the instance", path, "5.5.8");
    f.data.dataset = v.as_string() == "@none" ? symbol() : symbol(v.as_string());
  } else if (key == "valueType" || key == "objectType") {
    if (!f.data.more.is_object()) f.data.more = json::object();
    f.data.more.as_object()[key] = is_null_uri(v) ? v : checked_value(attribute_kind::vocab_property, v, c, path);
  } else if (key == "lang" || key == "expiresAt") {
    if (key == "expiresAt" && !is_null_uri(v)) parse_time(v, path);
    if (!f.data.more.is_object()) f.data.more = json::object();
    f.data.more.as_object()[key] = v;
  } else if (key == "entityIdSealed" || key == "entityTypeSealed") {
    if (!is_proof(f.data.name, c)) refuse("only an ngsildproof seals an entity", path, "4.5.2.2");
    if (!v.is_string()) refuse("what is sealed is named by text", path, "4.5.2.2");
    if (!f.data.more.is_object()) f.data.more = json::object();
    f.data.more.as_object()[key] = key == "entityTypeSealed" ? json::value(c.expand(v.as_string())) : v;
  } else if (key == "@context") {
    refuse("an @context stands beside the entity, not in it", path, "5.5.7");
  } else if (std::find(previous_values.begin(), previous_values.end(), key) != previous_values.end()) {
    refuse("only notifications tell what was before", path, "4.5.2.2");
  } else {
    return is_ignored(key);
  }
  return true;
}

void require_members_of_kind(attribute_fragment const& f, context const& c, std::string const& path) {
  auto const k = f.data.kind;
  if ((f.data.unit || f.removes_unit) && f.has_kind && !has_a_unit(k)) {
    refuse("a " + std::string(type_name(k)) + " has no unit", inside(path, "unitCode"), "4.5.1");
  }
  auto const* type = f.data.more.find("valueType");
  if (type != nullptr && k == attribute_kind::language_property && f.has_kind && !is_null_uri(*type) && *type != json::value(c.expand("langString"))) {
    refuse("the valueType of a LanguageProperty is langString", inside(path, "valueType"), "5.2.32");
  }
  if (f.has_value && !f.removes && is_proof(f.data.name, c) && !f.data.value.is_object()) {
    refuse("the value of an ngsildproof is the proof, an object", inside(path, "value"), "4.5.2.2");
  }
}

kind_words const* declared_kind(json::value const& v, context const& c, std::string const& path) {
  auto const* type = v.find("type");
  if (type == nullptr) type = v.find("@type");
  if (type == nullptr) return nullptr;
  if (!type->is_string()) refuse("the type of an attribute is text", inside(path, "type"), "4.5.1");
  auto const* k = find_kind(type->as_string(), c);
  if (k == nullptr) {
    refuse("an attribute is a Property, Relationship, GeoProperty, LanguageProperty, VocabProperty, JsonProperty, ListProperty "
           "or ListRelationship, not a " + std::string(type->as_string()), inside(path, "type"), "4.5.1");
  }
  return k;
}

attribute_fragment parse_instance(symbol name, std::string const& path, json::value const& v, context const& c) {
  auto f = attribute_fragment();
  f.data.name = name;
  if (v.is_null()) refuse("null is no attribute; \"urn:ngsi-ld:null\" removes one", path, "4.5.0");
  if (v.is_object() && is_geometry(v)) {  // concise
    set_value(f, attribute_kind::geo_property, v, c, path);
    return f;
  }
  if (!v.is_object() || (v.find("type") == nullptr && v.find("@type") == nullptr && !looks_like_attribute(v, c))) {  // concise
    auto const has_attribute = v.is_object() && std::any_of(v.as_object().begin(), v.as_object().end(), [&](auto const& m) {
      return looks_like_attribute(m.value, c);
    });
    if (!has_attribute) {
      set_value(f, attribute_kind::property, v, c, path);
      f.has_kind = !f.removes;
      return f;
    }
  }
  auto const* kind = declared_kind(v, c, path);
  for (auto const& k : kinds) {  // ETSI GS CIM 009, 4.5.4: the value's member tells the kind where no type does
    auto const* value = v.find(k.value);
    if (value == nullptr) continue;
    if (kind == nullptr) {
      kind = k.kind == attribute_kind::property && is_geometry(*value) ? &kinds[std::size_t(attribute_kind::geo_property)] : &k;
    }
    if (kind->value != k.value) {
      refuse("a " + std::string(kind->type) + " has \"" + std::string(kind->value) + "\", not \"" + std::string(k.value) + "\"",
             inside(path, k.value), "4.5.1");
    }
  }
  if (kind != nullptr) {
    f.data.kind = kind->kind;
    f.has_kind = true;
    if (auto const* value = v.find(kind->value); value != nullptr) set_value(f, kind->kind, *value, c, inside(path, kind->value));
  }
  for (auto const& [key, member] : v.as_object()) {
    if (key == "type" || key == "@type" || (kind != nullptr && key == kind->value)) continue;
    auto const member_path = inside(path, key);
    if (read_plain_member(f, key, member, c, member_path)) continue;
    auto const sub_name = attribute_symbol(key, c, member_path);
    if (sub_name.text() == provenance_iri) {
      auto const* text = member.is_object() ? member.find("value") : &member;
      auto const p = text != nullptr && text->is_string() ? parse_provenance(text->as_string()) : std::nullopt;
      if (!p) refuse("provenance is measured, recorded, simulated, forecast or entered", member_path, "4.5.2");
      f.data.provenance = *p;
      continue;
    }
    for (auto& sub : parse_member(sub_name, member_path, member, c)) f.subs.push_back(std::move(sub));
  }
  require_members_of_kind(f, c, path);
  return f;
}

// ETSI GS CIM 009, 4.5.4: only the value is told; what it looks like tells the kind.
attribute_fragment parse_simplified(symbol name, std::string const& path, json::value const& v, context const& c) {
  auto f = attribute_fragment();
  f.data.name = name;
  if (v.is_null()) refuse("null is no value in NGSI-LD", path, "5.5.4");
  if (v.is_object() && v.as_object().size() == 1) {
    auto const& only = *v.as_object().begin();
    for (auto const& k : kinds) {
      if (only.key != k.value || k.value == "value") continue;
      set_value(f, k.kind, only.value, c, path);
      return f;
    }
  }
  set_value(f, is_geometry(v) ? attribute_kind::geo_property : attribute_kind::property, v, c, path);
  f.has_kind = !f.removes && v.is_object() && is_geometry(v);  // otherwise what is stored decides
  return f;
}

}  // namespace

std::string_view type_name(attribute_kind k) { return kinds[std::size_t(k)].type; }

std::vector<attribute_fragment> parse_instances(std::string_view name, json::value const& v, context const& c, input_form form) {
  auto const iri = attribute_symbol(name, c, name);
  auto const path = std::string(name);
  if (form == input_form::full) return parse_member(iri, path, v, c);
  auto out = std::vector<attribute_fragment>();
  if (auto const* datasets = v.is_object() && v.as_object().size() == 1 ? v.find("dataset") : nullptr;
      datasets != nullptr && datasets->is_object()) {
    for (auto const& [id, value] : datasets->as_object()) {
      out.push_back(parse_simplified(iri, path, value, c));
      if (id != "@none") out.back().data.dataset = symbol(id);
    }
    return out;
  }
  out.push_back(parse_simplified(iri, path, v, c));
  return out;
}

entity_fragment parse_entity(json::value const& body, context const& c, input_form form) {
  if (!body.is_object()) throw fault(fault_kind::malformed, "an entity is a JSON object", std::string(whole_body), "ETSI GS CIM 009, 5.2.4");
  auto e = entity_fragment();
  for (auto const& [key, v] : body.as_object()) {
    if (key == "id" || key == "@id") {
      if (!v.is_string()) refuse("an id is a URI", "id", "5.2.4");
      require_uri(v.as_string(), "id");
      e.id = v.as_string();
    } else if (key == "type" || key == "@type") {
      e.types = parse_types(v, c);
    } else if (key == "scope") {
      e.has_scope = true;
      e.removes_scope = is_null_uri(v);
      if (!e.removes_scope) e.scopes = parse_scopes(v);
    } else if (key == "expiresAt") {
      if (!is_null_uri(v)) parse_time(v, "expiresAt");
      e.more = json::object{{"expiresAt", v}};
    } else if (key == "@context" || key == "createdAt" || key == "modifiedAt" || key == "deletedAt") {
      continue;
    } else {
      require_free_attribute_name(key);
      for (auto& f : parse_instances(key, v, c, form)) e.attributes.push_back(std::move(f));
    }
  }
  return e;
}

attribute_ptr to_attribute(attribute_fragment f) {
  if (!f.has_value) {
    refuse(f.has_kind ? "a " + std::string(type_name(f.data.kind)) + " has a \"" + std::string(kinds[std::size_t(f.data.kind)].value) + "\""
                      : "an attribute has a type and a value",
           f.data.name.text(), "4.5.1");
  }
  if (f.removes) refuse("there is nothing to remove here", f.data.name.text(), "4.5.0");
  if (f.data.kind == attribute_kind::property) forbid_null_uri(f.data.value, f.data.name.text());
  if (is_place(f.data.name) && f.data.kind != attribute_kind::geo_property) {
    refuse("this is a GeoProperty", f.data.name.text(), "4.7.1");
  }
  f.data.attributes.reserve(f.subs.size());
  for (auto& sub : f.subs) f.data.attributes.push_back(to_attribute(std::move(sub)));
  return make_attribute(std::move(f.data));
}

entity to_entity(entity_fragment f) {
  if (f.id.empty()) refuse("an entity has an id", "id", "5.2.4");
  if (f.types.empty()) refuse("an entity has a type", "type", "5.2.4");
  if (f.id == null_uri) refuse("this URI removes; it identifies nothing", "id", "5.5.4");
  if (f.removes_scope) refuse("there is nothing to remove here", "scope", "5.5.4");
  if (auto const* expires = f.more.find("expiresAt"); expires != nullptr && is_null_uri(*expires)) {
    refuse("there is nothing to remove here", "expiresAt", "5.5.4");
  }
  auto e = entity();
  e.id = std::move(f.id);
  e.types = std::move(f.types);
  e.scopes = std::move(f.scopes);
  e.more = std::move(f.more);
  e.attributes.reserve(f.attributes.size());
  auto const known = attribute_places(e.attributes);
  for (auto& a : f.attributes) {
    if (known.find(a.data.name, a.data.dataset) != attribute_places::nowhere) {
      refuse("two instances of this attribute have the same datasetId", a.data.name.text(), "4.5.5");
    }
    e.attributes.push_back(to_attribute(std::move(a)));
  }
  return e;
}

}  // namespace dos::linked_data
