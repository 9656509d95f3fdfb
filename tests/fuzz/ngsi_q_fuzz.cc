// Queries of NGSI-LD from outside: every text is read or refused, whatever it is, and what was read can be asked.
#include <cstdint>
#include <string_view>

#include "base/fault.h"
#include "linked_data/fragment.h"
#include "linked_data/projection.h"
#include "linked_data/q_parser.h"
#include "linked_data/selection_parser.h"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace dos;
  static auto const car = linked_data::to_entity(linked_data::parse_entity(
      json::parse(R"({"id":"urn:a:1","type":"A","scope":"/a/b","n":5,"t":"text","o":{"value":{"a":[1,{"b":2}]},"observedAt":"2026-01-01T00:00:00Z"}})"),
      *core_context()));
  auto const text = std::string_view(reinterpret_cast<char const*>(data), size);
  auto const names = linked_data::naming{*core_context()};
  try {
    query::matches(*linked_data::parse_q(text, names), car);
  } catch (fault const&) {
  }
  try {
    query::matches(linked_data::parse_type_selection(text, names), car);
  } catch (fault const&) {
  }
  try {
    linked_data::parse_scope_query(text);
  } catch (fault const&) {
  }
  try {
    linked_data::make_projection({.attrs = {}, .pick = linked_data::split_members(text, "pick"), .omit = {}, .datasets = {}}, names);
  } catch (fault const&) {
  }
  return 0;
}
