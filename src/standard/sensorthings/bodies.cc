#include "standard/sensorthings/bodies.h"

#include "base/fault.h"
#include "standard/sensorthings/writer.h"

namespace dos::sensorthings {

json::value const* member_of(json::value const& body, std::string_view name) {
  auto const* const v = body.find(name);
  return v && !v->is_null() ? v : nullptr;
}

void require_known_members(json::value const& body, kind k) {
  require(body.is_object(), fault_kind::invalid, "the body is an object");
  auto const& d = describe(k);
  for (auto const& m : body.as_object()) {
    if (d.find_property(m.key) || d.find_navigation(m.key) || m.key.find("@iot.") != m.key.npos || m.key == "id")
      continue;
    refuse("a " + std::string(d.singular) + " has no property \"" + m.key + "\"", m.key);
  }
}

void require_properties(json::value const& body, kind k) {
  for (auto const& p : describe(k).properties) {
    if (!p.required) continue;
    auto const* const v = body.find(p.name);
    if (!v || (v->is_null() && p.name != "result"))
      refuse("a " + std::string(describe(k).singular) + " needs " + std::string(p.name), p.name);
  }
  for (auto const& p : describe(k).properties) {
    auto const* const v = member_of(body, p.name);
    if (v && p.content == content::text && !v->is_string()) refuse(std::string(p.name) + " is a text", p.name);
    if (v && p.name == "properties" && !v->is_object()) refuse("properties is an object", p.name);
  }
}

}  // namespace dos::sensorthings
