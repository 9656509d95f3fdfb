// Queries of NGSI-LD from outside: every text is read or refused, whatever it is, and what was read can be asked.
#include <cstdint>
#include <string_view>

#include "base/fault.h"
#include "standard/ngsi_ld/fragment.h"
#include "standard/ngsi_ld/projection.h"
#include "standard/ngsi_ld/q_parser.h"
#include "standard/ngsi_ld/selection_parser.h"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace dos;
  static auto const car = ngsi_ld::to_entity(ngsi_ld::parse_entity(
      json::parse(R"({"id":"urn:a:1","type":"A","scope":"/a/b","n":5,"t":"text","o":{"value":{"a":[1,{"b":2}]},"observedAt":"2026-01-01T00:00:00Z"}})"),
      *core_context()));
  auto const text = std::string_view(reinterpret_cast<char const*>(data), size);
  auto const names = ngsi_ld::naming{*core_context()};
  try {
    query::matches(*ngsi_ld::parse_q(text, names), car);
  } catch (fault const&) {
  }
  try {
    query::matches(ngsi_ld::parse_type_selection(text, names), car);
  } catch (fault const&) {
  }
  try {
    ngsi_ld::parse_scope_query(text);
  } catch (fault const&) {
  }
  try {
    ngsi_ld::make_projection({.attrs = {}, .pick = ngsi_ld::split_members(text, "pick"), .omit = {}, .datasets = {}}, names);
  } catch (fault const&) {
  }
  return 0;
}
