#include "kernel/history/bytes.h"

namespace dos::history_parts {
namespace {

enum tag : char { tag_null, tag_false, tag_true, tag_integer, tag_real, tag_string, tag_array, tag_object };

json::value read_nested(chunk_reader& in, int depth) {
  if (depth > json::depth_max) chunk_reader::fail();
  switch (in.byte()) {
    case tag_null:
      return nullptr;
    case tag_false:
      return false;
    case tag_true:
      return true;
    case tag_integer:
      return in.signed_varint();
    case tag_real:
      return in.fixed<double>();
    case tag_string:
      return in.text();
    case tag_array: {
      auto const n = in.varint();
      if (n > in.left()) chunk_reader::fail();  // each takes a byte at least
      auto items = json::array();
      for (auto i = std::uint64_t(0); i != n; ++i) items.push_back(read_nested(in, depth + 1));
      return items;
    }
    case tag_object: {
      auto const n = in.varint();
      if (n > in.left()) chunk_reader::fail();
      auto members = json::object();
      for (auto i = std::uint64_t(0); i != n; ++i) {
        auto const key = in.text();
        members.push(std::string(key), read_nested(in, depth + 1));
      }
      return members;
    }
    default:
      chunk_reader::fail();
  }
}

}  // namespace

void write_value(std::string& out, json::value const& v) {
  switch (v.kind()) {
    case json::kind::null:
      out += tag_null;
      break;
    case json::kind::boolean:
      out += v.as_bool() ? tag_true : tag_false;
      break;
    case json::kind::integer:
      out += tag_integer;
      write_signed(out, v.as_int());
      break;
    case json::kind::real:
      out += tag_real;
      write_fixed(out, v.as_double());
      break;
    case json::kind::string:
      out += tag_string;
      write_text(out, v.as_string());
      break;
    case json::kind::array:
      out += tag_array;
      write_varint(out, v.as_array().size());
      for (auto const& item : v.as_array()) write_value(out, item);
      break;
    case json::kind::object:
      out += tag_object;
      write_varint(out, v.as_object().size());
      for (auto const& m : v.as_object()) {
        write_text(out, m.key);
        write_value(out, m.value);
      }
      break;
  }
}

json::value read_value(chunk_reader& in) { return read_nested(in, 0); }

}  // namespace dos::history_parts
