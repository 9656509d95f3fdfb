#include "kernel/graph/codec.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

namespace dos {
namespace {

// The first byte of a JSON value. Below `tag_decimal` nothing but the kind; from there on the low bits carry more.
enum tag : std::uint8_t {
  tag_null = 0,
  tag_false = 1,
  tag_true = 2,
  tag_integer = 3,  // zigzag varint
  tag_real = 4,     // 8 bytes
  tag_string = 5,   // length, bytes
  tag_array = 6,    // count, values
  tag_object = 7,   // count, members
  tag_decimal = 0x10,        // + digits after the point (0 to 7), zigzag varint: 51.5142 is 515142 / 10^4
  tag_short_string = 0x40,   // + length below 64, bytes
  tag_small_integer = 0x80,  // + 0 to 127
};

constexpr int decimal_digits_max = 7;
constexpr auto powers_of_ten = std::array<double, decimal_digits_max + 1>{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7};
constexpr double mantissa_max = double(1ll << 48);  // more would take as many bytes as the number itself

// Member names that values use all the time. Their places are stored: append only.
constexpr auto known_keys = std::to_array<std::string_view>(
    {"type",       "coordinates", "@type",         "@value",          "value",      "object",         "languageMap",
     "vocab",      "json",        "objectType",    "valueType",       "expiresAt",  "en",             "de",
     "name",       "id",          "streetAddress", "addressLocality", "postalCode", "addressCountry", "addressRegion",
     "properties", "geometry",    "features",      "@language",       "min",        "max",            "unit"});

constexpr std::uint8_t attribute_format = 1;
constexpr std::uint8_t entity_format = 1;
constexpr std::size_t reserve_max = 1024;  // a damaged count must not cost memory before its things were seen

enum attribute_flag : std::uint8_t {
  has_dataset = 1,
  has_unit = 2,
  has_series = 4,
  has_more = 8,
  has_observed_at = 16,
  has_created_at = 32,
  has_modified_at = 64,
  has_attributes = 128
};
enum entity_flag : std::uint8_t {
  entity_has_scopes = 1,
  entity_has_more = 2,
  entity_has_created_at = 4,
  entity_has_modified_at = 8,
  entity_has_deleted_at = 16
};

[[noreturn]] void fail_decode(char const* what) { throw fault(fault_kind::malformed, what); }

void check_depth(int depth, fault_kind kind) {
  if (depth > json::depth_max) throw fault(kind, "a value is nested deeper than " + std::to_string(json::depth_max) + " levels");
}

void write_real(byte_writer& out, double d) {
  for (auto digits = 0; digits <= decimal_digits_max; ++digits) {
    auto const power = powers_of_ten[std::size_t(digits)];
    auto const mantissa = std::nearbyint(d * power);
    if (!(std::abs(mantissa) <= mantissa_max)) break;
    if (std::bit_cast<std::uint64_t>(mantissa / power) != std::bit_cast<std::uint64_t>(d)) continue;
    if (mantissa == 0 && std::signbit(d)) break;
    out.byte(std::uint8_t(tag_decimal + digits));
    out.zigzag(std::int64_t(mantissa));
    return;
  }
  out.byte(tag_real);
  out.real(d);
}

void write_key(byte_writer& out, std::string_view key) {
  auto const known = std::find(known_keys.begin(), known_keys.end(), key);
  if (known != known_keys.end()) {
    out.varint(std::uint64_t(known - known_keys.begin()) * 2);
  } else {
    out.varint(key.size() * 2 + 1);
    out.bytes(key);
  }
}

std::string read_key(byte_reader& in) {
  auto const n = in.varint();
  if (n & 1) return std::string(in.bytes(n / 2));
  if (n / 2 >= known_keys.size()) fail_decode("a stored member name is unknown");
  return std::string(known_keys[std::size_t(n / 2)]);
}

void write_value(byte_writer& out, json::value const& v, int depth) {
  switch (v.kind()) {
    case json::kind::null: return out.byte(tag_null);
    case json::kind::boolean: return out.byte(v.as_bool() ? tag_true : tag_false);
    case json::kind::integer:
      if (v.as_int() >= 0 && v.as_int() < 128) return out.byte(std::uint8_t(tag_small_integer + v.as_int()));
      out.byte(tag_integer);
      return out.zigzag(v.as_int());
    case json::kind::real: return write_real(out, v.as_double());
    case json::kind::string: {
      auto const s = v.as_string();
      if (s.size() >= 64) {
        out.byte(tag_string);
        return out.text(s);
      }
      out.byte(std::uint8_t(tag_short_string + s.size()));
      return out.bytes(s);
    }
    case json::kind::array:
      check_depth(depth + 1, fault_kind::too_large);
      out.byte(tag_array);
      out.varint(v.as_array().size());
      for (auto const& item : v.as_array()) write_value(out, item, depth + 1);
      return;
    case json::kind::object:
      check_depth(depth + 1, fault_kind::too_large);
      out.byte(tag_object);
      out.varint(v.as_object().size());
      for (auto const& m : v.as_object()) {
        write_key(out, m.key);
        write_value(out, m.value, depth + 1);
      }
      return;
  }
}

json::value read_value(byte_reader& in, int depth) {
  auto const tag = in.byte();
  if (tag >= tag_small_integer) return tag - tag_small_integer;
  if (tag >= tag_short_string) return in.bytes(tag - tag_short_string);
  if (tag >= tag_decimal && tag <= tag_decimal + decimal_digits_max) {
    return double(in.zigzag()) / powers_of_ten[std::size_t(tag - tag_decimal)];
  }
  switch (tag) {
    case tag_null: return nullptr;
    case tag_false: return false;
    case tag_true: return true;
    case tag_integer: return in.zigzag();
    case tag_real: return in.real();
    case tag_string: return in.text();
    case tag_array: {
      check_depth(depth + 1, fault_kind::malformed);
      auto items = json::array();
      auto const n = in.count();
      items.reserve(std::min(n, reserve_max));
      for (auto i = std::size_t(0); i < n; ++i) items.push_back(read_value(in, depth + 1));
      return items;
    }
    case tag_object: {
      check_depth(depth + 1, fault_kind::malformed);
      auto members = json::object();
      auto const n = in.count();
      members.reserve(std::min(n, reserve_max));
      for (auto i = std::size_t(0); i < n; ++i) {
        auto key = read_key(in);
        members.push(std::move(key), read_value(in, depth + 1));
      }
      return members;
    }
    default: fail_decode("a stored value is of no known kind");
  }
}

// The times of one record lie close to each other: each is written as its distance from the one before.
class time_writer {
 public:
  void write(byte_writer& out, timestamp t) {
    out.zigzag(std::int64_t(std::uint64_t(t.us) - std::uint64_t(std::exchange(previous_, t.us))));
  }

 private:
  std::int64_t previous_ = 0;
};

class time_reader {
 public:
  timestamp read(byte_reader& in) {
    previous_ = std::int64_t(std::uint64_t(previous_) + std::uint64_t(in.zigzag()));
    return {previous_};
  }

 private:
  std::int64_t previous_ = 0;
};

void write_attribute(byte_writer& out, attribute const& a, name_table& names, time_writer& times, int depth) {
  check_depth(depth, fault_kind::too_large);
  auto const flags = (a.dataset ? has_dataset : 0) | (a.unit ? has_unit : 0) | (a.series ? has_series : 0) |
                     (a.more.is_null() ? 0 : has_more) | (a.observed_at == no_time ? 0 : has_observed_at) |
                     (a.created_at == no_time ? 0 : has_created_at) |
                     (a.modified_at == no_time ? 0 : has_modified_at) | (a.attributes.empty() ? 0 : has_attributes);
  out.byte(std::uint8_t(flags));
  out.byte(std::uint8_t(int(a.kind) | int(a.provenance) << 4));
  out.varint(names.number_of(a.name));
  if (flags & has_dataset) out.varint(names.number_of(a.dataset));
  if (flags & has_unit) out.varint(names.number_of(a.unit));
  if (flags & has_series) out.varint(a.series);
  if (flags & has_observed_at) times.write(out, a.observed_at);
  if (flags & has_created_at) times.write(out, a.created_at);
  if (flags & has_modified_at) times.write(out, a.modified_at);
  write_value(out, a.value, 0);
  if (flags & has_more) write_value(out, a.more, 0);
  if (flags & has_attributes) {
    out.varint(a.attributes.size());
    for (auto const& sub : a.attributes) write_attribute(out, *sub, names, times, depth + 1);
  }
}

attribute_ptr read_attribute(byte_reader& in, name_table const& names, time_reader& times, int depth) {
  check_depth(depth, fault_kind::malformed);
  auto a = attribute();
  auto const flags = in.byte();
  auto const kinds = in.byte();
  if ((kinds & 15) > int(attribute_kind::list_relationship)) fail_decode("a stored attribute is of no known kind");
  if (kinds >> 4 > int(provenance::entered)) fail_decode("a stored provenance is unknown");
  a.kind = attribute_kind(kinds & 15);
  a.provenance = provenance(kinds >> 4);
  a.name = names.symbol_of(in.varint());
  if (flags & has_dataset) a.dataset = names.symbol_of(in.varint());
  if (flags & has_unit) a.unit = names.symbol_of(in.varint());
  if (flags & has_series) a.series = in.varint();
  if (flags & has_observed_at) a.observed_at = times.read(in);
  if (flags & has_created_at) a.created_at = times.read(in);
  if (flags & has_modified_at) a.modified_at = times.read(in);
  a.value = read_value(in, 0);
  if (flags & has_more) a.more = read_value(in, 0);
  if (flags & has_attributes) {
    auto const n = in.count();
    a.attributes.reserve(std::min(n, reserve_max));
    for (auto i = std::size_t(0); i < n; ++i) a.attributes.push_back(read_attribute(in, names, times, depth + 1));
  }
  return make_attribute(std::move(a));
}

void write_names(byte_writer& out, std::vector<symbol> const& list, name_table& names) {
  out.varint(list.size());
  for (auto const s : list) out.varint(names.number_of(s));
}

std::vector<symbol> read_names(byte_reader& in, name_table const& names) {
  auto const n = in.count();
  auto list = std::vector<symbol>();
  list.reserve(std::min(n, reserve_max));
  for (auto i = std::size_t(0); i < n; ++i) list.push_back(names.symbol_of(in.varint()));
  return list;
}

void check_format(std::uint8_t found, std::uint8_t known) {
  if (found != known) throw fault(fault_kind::malformed, "a stored record has the unknown format " + std::to_string(found));
}

}  // namespace

std::uint32_t name_table::number_of(symbol name) {
  if (!name) return 0;
  if (name.number() >= numbers_.size()) numbers_.resize(name.number() + 1);
  auto& number = numbers_[name.number()];
  if (number == 0) {
    names_.push_back(name);
    number = size();
  }
  return number;
}

symbol name_table::symbol_of(std::uint64_t number) const {
  if (number > names_.size()) fail_decode("a stored name number was never given out");
  return number == 0 ? symbol() : names_[std::size_t(number - 1)];
}

std::span<symbol const> name_table::names_since(std::uint32_t size) const { return std::span(names_).subspan(size); }

void name_table::rollback_to(std::uint32_t size) {
  for (auto const name : names_since(size)) numbers_[name.number()] = 0;
  names_.resize(size);
}

void encode(byte_writer& out, json::value const& v) { write_value(out, v, 0); }

void encode(byte_writer& out, attribute const& a, name_table& names) {
  out.byte(attribute_format);
  auto times = time_writer();
  write_attribute(out, a, names, times, 1);
}

void encode(byte_writer& out, entity const& e, name_table& names) {
  auto times = time_writer();
  auto const flags = (e.scopes.empty() ? 0 : entity_has_scopes) | (e.more.is_null() ? 0 : entity_has_more) |
                     (e.created_at == no_time ? 0 : entity_has_created_at) |
                     (e.modified_at == no_time ? 0 : entity_has_modified_at) |
                     (e.deleted_at == no_time ? 0 : entity_has_deleted_at);
  out.byte(entity_format);
  out.byte(std::uint8_t(flags));
  out.text(e.id);
  write_names(out, e.types, names);
  if (flags & entity_has_scopes) write_names(out, e.scopes, names);
  if (flags & entity_has_created_at) times.write(out, e.created_at);
  if (flags & entity_has_modified_at) times.write(out, e.modified_at);
  if (flags & entity_has_deleted_at) times.write(out, e.deleted_at);
  out.varint(e.version);
  if (flags & entity_has_more) write_value(out, e.more, 0);
  out.varint(e.attributes.size());
  for (auto const& a : e.attributes) write_attribute(out, *a, names, times, 1);
}

json::value decode_json(byte_reader& in) { return read_value(in, 0); }

attribute_ptr decode_attribute(byte_reader& in, name_table const& names) {
  check_format(in.byte(), attribute_format);
  auto times = time_reader();
  return read_attribute(in, names, times, 1);
}

entity decode_entity(byte_reader& in, name_table const& names) {
  check_format(in.byte(), entity_format);
  auto times = time_reader();
  auto e = entity();
  auto const flags = in.byte();
  e.id = in.text();
  e.types = read_names(in, names);
  if (flags & entity_has_scopes) e.scopes = read_names(in, names);
  if (flags & entity_has_created_at) e.created_at = times.read(in);
  if (flags & entity_has_modified_at) e.modified_at = times.read(in);
  if (flags & entity_has_deleted_at) e.deleted_at = times.read(in);
  e.version = in.varint();
  if (flags & entity_has_more) e.more = read_value(in, 0);
  auto const n = in.count();
  e.attributes.reserve(std::min(n, reserve_max));
  for (auto i = std::size_t(0); i < n; ++i) e.attributes.push_back(read_attribute(in, names, times, 1));
  return e;
}

}  // namespace dos
