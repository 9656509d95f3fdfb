#include "base/json.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/fault.h"

namespace dos::json {
namespace {

constexpr std::size_t inline_max = 13;

void fail_parse(simdjson::error_code error) {
  if (error == simdjson::DEPTH_ERROR) {
    throw fault(fault_kind::too_large, "JSON is nested deeper than " + std::to_string(depth_max) + " levels");
  }
  if (error == simdjson::NUMBER_ERROR) {
    throw fault(fault_kind::malformed, "not valid JSON: a number is not written as one, or greater than any that fits (1.8e308)");
  }
  throw fault(fault_kind::malformed, std::string("not valid JSON: ") + simdjson::error_message(error));
}

// Whole numbers of more digits than fit are numbers all the same (RFC 8259, 6): the nearest real, as with a point behind.
std::string with_points(std::string_view text) {
  constexpr auto digits_of_integers = std::size_t(18);
  auto out = std::string();
  auto const is_digit = [](char c) { return c >= '0' && c <= '9'; };
  for (auto i = std::size_t(0); i < text.size();) {
    auto end = i + 1;
    if (text[i] == '"') {
      while (end < text.size() && text[end] != '"') end += text[end] == '\\' ? 2 : 1;
      end = std::min(end + 1, text.size());
    } else if (is_digit(text[i])) {
      while (end < text.size() && (is_digit(text[end]) || text[end] == '.' || (text[end] | 0x20) == 'e' || text[end] == '+' || text[end] == '-')) ++end;
    }
    auto const token = text.substr(i, end - i);
    out += token;
    if (token.size() > digits_of_integers && std::all_of(token.begin(), token.end(), is_digit)) out += ".0";
    i = end;
  }
  return out;
}

void require_distinct(object const& o) {
  auto const fail = [](std::string_view key) {
    throw fault(fault_kind::malformed, "the JSON object has two members of the same name", std::string(key));
  };
  if (o.size() <= 16) {
    for (auto a = o.begin(); a != o.end(); ++a) {
      for (auto b = o.begin(); b != a; ++b) {
        if (a->key == b->key) fail(a->key);
      }
    }
    return;
  }
  auto keys = std::vector<std::string_view>();
  keys.reserve(o.size());
  for (auto const& m : o) keys.push_back(m.key);
  std::sort(keys.begin(), keys.end());
  if (auto const twice = std::adjacent_find(keys.begin(), keys.end()); twice != keys.end()) fail(*twice);
}

value convert(simdjson::dom::element e) {
  using simdjson::dom::element_type;
  switch (e.type()) {
    case element_type::NULL_VALUE: return nullptr;
    case element_type::BOOL: return bool(e.get_bool().value_unsafe());
    case element_type::INT64: return std::int64_t(e.get_int64().value_unsafe());
    case element_type::UINT64: return double(e.get_uint64().value_unsafe());
    case element_type::DOUBLE: return double(e.get_double().value_unsafe());
    case element_type::STRING: return std::string_view(e.get_string().value_unsafe());
    case element_type::ARRAY: {
      auto const source = e.get_array().value_unsafe();
      auto result = array();
      result.reserve(source.size());
      for (auto const item : source) result.push_back(convert(item));
      return result;
    }
    case element_type::OBJECT: {
      auto const source = e.get_object().value_unsafe();
      auto result = object();
      result.reserve(source.size());
      for (auto const field : source) result.push(std::string(field.key), convert(field.value));
      require_distinct(result);
      return result;
    }
  }
  return nullptr;
}

void write_pretty(std::string& out, value const& v, int indent) {
  auto const line = [&](int n) { out.append("\n").append(std::size_t(n) * 2, ' '); };
  if (v.is_array() && !v.as_array().empty()) {
    out += '[';
    auto first = true;
    for (auto const& item : v.as_array()) {
      if (!std::exchange(first, false)) out += ',';
      line(indent + 1);
      write_pretty(out, item, indent + 1);
    }
    line(indent);
    out += ']';
  } else if (v.is_object() && !v.as_object().empty()) {
    out += '{';
    auto first = true;
    for (auto const& m : v.as_object()) {
      if (!std::exchange(first, false)) out += ',';
      line(indent + 1);
      write_string(out, m.key);
      out += ": ";
      write_pretty(out, m.value, indent + 1);
    }
    line(indent);
    out += '}';
  } else {
    write(out, v);
  }
}

}  // namespace

value::value(std::string_view s) {
  clear();
  if (s.size() <= inline_max) {
    if (!s.empty()) std::memcpy(raw_, s.data(), s.size());
    raw_[13] = static_cast<unsigned char>(s.size());
    raw_[14] = 0xff;
  } else {
    auto* const text = new char[s.size()];
    std::memcpy(text, s.data(), s.size());
    auto const size = std::uint32_t(s.size());
    std::memcpy(raw_, &text, sizeof text);
    std::memcpy(raw_ + 8, &size, sizeof size);
  }
  raw_[15] = static_cast<unsigned char>(kind::string);
}

value::value(json::array a) { set(kind::array, new json::array(std::move(a))); }

value::value(object o) { set(kind::object, new object(std::move(o))); }

value::value(value const& other) {
  if (!other.owns()) {
    std::memcpy(raw_, other.raw_, sizeof raw_);
    return;
  }
  clear();
  switch (other.kind()) {
    case kind::string: new (this) value(other.as_string()); break;
    case kind::array: set(kind::array, new json::array(other.as_array())); break;
    default: set(kind::object, new object(other.as_object())); break;
  }
}

void value::release() {
  switch (kind()) {
    case kind::string: delete[] get<char*>(); break;
    case kind::array: delete get<json::array*>(); break;
    case kind::object: delete get<object*>(); break;
    default: break;
  }
}

bool value::as_bool() const {
  DOS_CHECK(is_bool());
  return get<std::int64_t>() != 0;
}

std::int64_t value::as_int() const {
  DOS_CHECK(is_int());
  return get<std::int64_t>();
}

double value::as_double() const {
  DOS_CHECK(is_number());
  return is_int() ? double(get<std::int64_t>()) : get<double>();
}

std::string_view value::as_string() const {
  DOS_CHECK(is_string());
  if (raw_[14] == 0xff) return {reinterpret_cast<char const*>(raw_), raw_[13]};
  auto size = std::uint32_t();
  std::memcpy(&size, raw_ + 8, sizeof size);
  return {get<char const*>(), size};
}

array const& value::as_array() const {
  DOS_CHECK(is_array());
  return *get<json::array const*>();
}

object const& value::as_object() const {
  DOS_CHECK(is_object());
  return *get<object const*>();
}

array& value::as_array() {
  DOS_CHECK(is_array());
  return *get<json::array*>();
}

object& value::as_object() {
  DOS_CHECK(is_object());
  return *get<object*>();
}

value const* value::find(std::string_view key) const { return is_object() ? as_object().find(key) : nullptr; }

value* value::find(std::string_view key) { return is_object() ? as_object().find(key) : nullptr; }

std::string_view value::text_or(std::string_view key, std::string_view otherwise) const {
  auto const* const found = find(key);
  return found && found->is_string() ? found->as_string() : otherwise;
}

bool value::operator==(value const& other) const {
  if (is_number() && other.is_number()) {
    return is_int() && other.is_int() ? as_int() == other.as_int() : as_double() == other.as_double();
  }
  if (kind() != other.kind()) return false;
  switch (kind()) {
    case kind::null: return true;
    case kind::boolean: return as_bool() == other.as_bool();
    case kind::string: return as_string() == other.as_string();
    case kind::array: return as_array() == other.as_array();
    default: return as_object() == other.as_object();
  }
}

object::object(std::initializer_list<member> members) : members_(members) {}

value const* object::find(std::string_view key) const {
  for (auto const& m : members_) {
    if (m.key == key) return &m.value;
  }
  return nullptr;
}

value* object::find(std::string_view key) {
  for (auto& m : members_) {
    if (m.key == key) return &m.value;
  }
  return nullptr;
}

value& object::operator[](std::string_view key) {
  if (auto* const found = find(key)) return *found;
  members_.push_back({std::string(key), nullptr});
  return members_.back().value;
}

void object::push(std::string key, value v) { members_.push_back({std::move(key), std::move(v)}); }

bool object::erase(std::string_view key) {
  return std::erase_if(members_, [&](member const& m) { return m.key == key; }) != 0;
}

void object::reserve(std::size_t n) { members_.reserve(n); }
std::size_t object::size() const { return members_.size(); }
std::vector<member>::const_iterator object::begin() const { return members_.begin(); }
std::vector<member>::const_iterator object::end() const { return members_.end(); }
std::vector<member>::iterator object::begin() { return members_.begin(); }
std::vector<member>::iterator object::end() { return members_.end(); }

bool object::operator==(object const& other) const {
  if (size() != other.size()) return false;
  return std::all_of(begin(), end(), [&](member const& m) {
    auto const* const theirs = other.find(m.key);
    return theirs && *theirs == m.value;
  });
}

value parse(std::string_view text) {
  thread_local auto parser = simdjson::dom::parser();
  if (parser.max_depth() != std::size_t(depth_max)) {
    if (auto const error = parser.allocate(4096, std::size_t(depth_max))) fail_parse(error);
  }
  auto padded = simdjson::padded_string(text);
  auto element = simdjson::dom::element();
  auto error = parser.parse(padded).get(element);
  if (error == simdjson::NUMBER_ERROR) {
    padded = simdjson::padded_string(with_points(text));
    error = parser.parse(padded).get(element);
  }
  if (error) fail_parse(error);
  return convert(element);
}

void write_string(std::string& out, std::string_view s) {
  constexpr char hex[] = "0123456789abcdef";
  out += '"';
  auto from = std::size_t(0);
  for (auto i = std::size_t(0); i < s.size(); ++i) {
    auto const c = static_cast<unsigned char>(s[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(s, from, i - from);
    from = i + 1;
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default: out.append("\\u00") += hex[c >> 4]; out += hex[c & 15];
    }
  }
  out.append(s, from);
  out += '"';
}

void write_number(std::string& out, double d) {
  if (!std::isfinite(d)) {  // JSON has no word for it
    out += "null";
    return;
  }
  char buffer[32];
  auto const end = std::to_chars(buffer, buffer + sizeof buffer, d).ptr;
  auto const text = std::string_view(buffer, std::size_t(end - buffer));
  out += text;
  if (text.find_first_of(".e") == text.npos) out += ".0";
}

void write(std::string& out, value const& v) {
  switch (v.kind()) {
    case kind::null: out += "null"; break;
    case kind::boolean: out += v.as_bool() ? "true" : "false"; break;
    case kind::integer: {
      char buffer[24];
      out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, v.as_int()).ptr);
      break;
    }
    case kind::real: write_number(out, v.as_double()); break;
    case kind::string: write_string(out, v.as_string()); break;
    case kind::array: {
      out += '[';
      auto first = true;
      for (auto const& item : v.as_array()) {
        if (!std::exchange(first, false)) out += ',';
        write(out, item);
      }
      out += ']';
      break;
    }
    case kind::object: {
      out += '{';
      auto first = true;
      for (auto const& m : v.as_object()) {
        if (!std::exchange(first, false)) out += ',';
        write_string(out, m.key);
        out += ':';
        write(out, m.value);
      }
      out += '}';
      break;
    }
  }
}

std::string to_string(value const& v) {
  auto out = std::string();
  write(out, v);
  return out;
}

std::string to_pretty_string(value const& v) {
  auto out = std::string();
  write_pretty(out, v, 0);
  return out;
}

}  // namespace dos::json
