#include "standard/sensorthings/units.h"

#include "base/units.h"

namespace dos::sensorthings {

json::value describe_unit(std::string_view code) {
  if (code.empty()) return json::object{{"name", nullptr}, {"symbol", nullptr}, {"definition", nullptr}};
  auto const* const u = find_unit(code);
  if (!u) return json::object{{"name", code}, {"symbol", code}, {"definition", nullptr}};
  return json::object{{"name", u->ucum}, {"symbol", u->symbol}, {"definition", "ucum:" + std::string(u->ucum)}};
}

std::string find_unit_code(json::value const& unit) {
  auto const definition = unit.text_or("definition", "");
  auto const* found = static_cast<dos::unit const*>(nullptr);
  if (definition.starts_with("ucum:")) found = find_unit_by_ucum(definition.substr(5));
  if (!found) found = find_unit_by_ucum(unit.text_or("symbol", ""));
  if (!found) found = find_unit_by_symbol(unit.text_or("symbol", ""));
  if (!found && unit.text_or("symbol", "") == "degC") found = find_unit_by_code("CEL");
  return found ? std::string(found->code) : std::string();
}

}  // namespace dos::sensorthings
