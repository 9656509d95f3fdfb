// Entities, attributes and JSON values as bytes, for the log and the state on disk. Names are written as small numbers of
// the city's name table; whatever is absent takes no room. Numbers come back bit by bit (-0.0, NaN) and keep their kind.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/json.h"
#include "kernel/graph/entity.h"

namespace dos {

// The names a city has ever stored, numbered from 1 in the order they came; 0 is the empty name. Not thread-safe: one
// thread adds, and others read only while nobody does.
class name_table {
 public:
  std::uint32_t number_of(symbol name);          // adds the name when it is new
  symbol symbol_of(std::uint64_t number) const;  // fault malformed for a number that was never given out
  std::uint32_t size() const { return std::uint32_t(names_.size()); }

  // What was added when the table had `size` names: to be stored together with the bytes that use it.
  std::span<symbol const> names_since(std::uint32_t size) const;
  // Forgets what was added since: the write that needed it was refused.
  void rollback_to(std::uint32_t size);

 private:
  std::vector<symbol> names_;            // number - 1 -> name
  std::vector<std::uint32_t> numbers_;  // symbol -> number, 0 when it has none
};

// Nested attributes, and nested arrays and objects of one value, go json::depth_max deep; encoding more is a fault
// too_large, decoding more is malformed, as is anything else that `encode` does not write. Records of attributes and
// entities begin with a byte that names their format; all formats ever written stay readable.
void encode(byte_writer& out, json::value const& v);
void encode(byte_writer& out, attribute const& a, name_table& names);
void encode(byte_writer& out, entity const& e, name_table& names);

json::value decode_json(byte_reader& in);
attribute_ptr decode_attribute(byte_reader& in, name_table const& names);
entity decode_entity(byte_reader& in, name_table const& names);

}  // namespace dos
