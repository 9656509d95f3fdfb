#include "base/name_rules.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/fault.h"
#include "base/id.h"
#include "base/text.h"

namespace dos {
namespace {

[[noreturn]] void refuse(std::string detail, std::string_view member, std::string_view clause) {
  throw fault(fault_kind::invalid, std::move(detail), std::string(member), "ETSI GS CIM 009, " + std::string(clause));
}

// ETSI GS CIM 009, 4.18: levels of letters, digits and _, each beginning with a letter.
bool is_scope(std::string_view text) {
  if (text.starts_with('/')) text.remove_prefix(1);
  auto const is_letter = [](char c) { return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || static_cast<unsigned char>(c) >= 0x80; };
  auto const parts = text::split(text, '/');
  return std::all_of(parts.begin(), parts.end(), [&](std::string_view level) {
    return !level.empty() && is_letter(level[0]) &&
           std::all_of(level.begin(), level.end(), [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_'; });
  });
}

}  // namespace

void require_uri(std::string_view id, std::string_view member) {
  static constexpr std::size_t id_bytes_max = 2'000;  // it has to fit into addresses and headers
  if (id.size() > id_bytes_max) refuse("an id is not longer than 2,000 bytes", member, "4.6.3");
  if (!is_uri(id)) refuse("an id is a URI like urn:ngsi-ld:WaterGauge:1", member, "4.6.3");
}

void require_attribute_name(std::string_view name) {
  auto const is_iri = name.find(':') != std::string_view::npos;
  auto const begins_wrong = name.empty() || name[0] == '@' || name[0] == '.' || (name[0] >= '0' && name[0] <= '9');
  if (begins_wrong || (!is_iri && name.find_first_of("()<>\"'=;,?&#[]{}|% ") != std::string_view::npos)) {
    refuse("this is no name of an attribute", name, "4.6.2");
  }
}

// ETSI GS CIM 009, 4.6.2: a letter, then letters, digits and _; we take - and . as well. A name with a colon is an IRI.
void require_type_name(std::string_view name) {
  static constexpr auto reserved = std::string_view("()<>\"'=;,?&#[]{}| ");
  if (name.empty()) refuse("a type has a name", "type", "4.6.2");
  auto const is_wrong = name.find(':') == std::string_view::npos &&
                        ((name[0] >= '0' && name[0] <= '9') || name.find_first_of(reserved) != std::string_view::npos);
  if (is_wrong) refuse("a type begins with a letter and has only letters, digits and _", "type", "4.6.2");
}

void require_free_attribute_name(std::string_view name) {
  require_attribute_name(name);
  // The first are members of an entity, the others are what the core context gives to attributes.
  static constexpr auto taken = std::array<std::string_view, 14>{
      "id",        "type",      "scope",     "expiresAt",  "createdAt",  "modifiedAt", "deletedAt",
      "datasetId", "instanceId", "observedAt", "unitCode", "entityIdSealed", "entityTypeSealed", "@context"};
  if (std::find(taken.begin(), taken.end(), name) != taken.end()) refuse("this name has another meaning in an entity", name, "4.5.1");
}

std::vector<symbol> parse_types(json::value const& v, context const& c) {
  auto types = std::vector<symbol>();
  auto const add = [&](json::value const& name) {
    if (!name.is_string() || name.as_string().empty()) refuse("a type is a name or an array of names", "type", "5.2.4");
    require_type_name(name.as_string());
    auto const type = c.expand_to_symbol(name.as_string());
    if (type.text().starts_with('@')) refuse("a type is no keyword of JSON-LD", "type", "4.6.2");
    if (std::find(types.begin(), types.end(), type) == types.end()) types.push_back(type);
  };
  if (v.is_array()) {
    if (v.as_array().empty()) refuse("an entity has at least one type", "type", "5.2.4");
    for (auto const& name : v.as_array()) add(name);
  } else {
    add(v);
  }
  return types;
}

std::vector<symbol> parse_scopes(json::value const& v) {
  auto scopes = std::vector<symbol>();
  auto const add = [&](json::value const& scope) {
    auto const ok = scope.is_string() && scope.as_string().size() < name_bytes_max && is_scope(scope.as_string());
    if (!ok) refuse("a scope is a path like /District/Street: letters, digits and _, each level beginning with a letter", "scope", "4.18");
    auto text = std::string(scope.as_string());
    if (text[0] != '/') text.insert(0, "/");
    scopes.push_back(symbol(text));
  };
  if (v.is_array()) {
    for (auto const& scope : v.as_array()) add(scope);
  } else {
    add(v);
  }
  return scopes;
}

}  // namespace dos
