// JSON values: parsed with limits, kept small (16 bytes each), written compactly.
#pragma once

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dos::json {

enum class kind : std::uint8_t { null, boolean, integer, real, string, array, object };

class value;
struct member;
using array = std::vector<value>;

class value {
 public:
  value() { clear(); }
  value(std::nullptr_t) { clear(); }
  value(bool b) { set(kind::boolean, std::int64_t(b)); }
  value(int i) { set(kind::integer, std::int64_t(i)); }
  value(unsigned i) { set(kind::integer, std::int64_t(i)); }
  value(long i) { set(kind::integer, std::int64_t(i)); }
  value(unsigned long i) { set(kind::integer, std::int64_t(i)); }
  value(long long i) { set(kind::integer, std::int64_t(i)); }
  value(double d) { set(kind::real, d); }
  value(char const* s) : value(std::string_view(s)) {}
  value(std::string const& s) : value(std::string_view(s)) {}
  value(std::string_view s);
  value(json::array a);
  value(class object o);
  value(value const& other);
  value(value&& other) noexcept {
    std::memcpy(raw_, other.raw_, sizeof raw_);
    other.clear();
  }
  value& operator=(value other) noexcept {
    std::swap(raw_, other.raw_);
    return *this;
  }
  ~value() {
    if (owns()) release();
  }

  json::kind kind() const { return json::kind(raw_[15]); }
  bool is_null() const { return kind() == kind::null; }
  bool is_bool() const { return kind() == kind::boolean; }
  bool is_int() const { return kind() == kind::integer; }
  bool is_number() const { return kind() == kind::integer || kind() == kind::real; }
  bool is_string() const { return kind() == kind::string; }
  bool is_array() const { return kind() == kind::array; }
  bool is_object() const { return kind() == kind::object; }

  // Each asks for the kind its name says; anything else is a broken promise of the caller.
  bool as_bool() const;
  std::int64_t as_int() const;
  double as_double() const;  // integer or real
  std::string_view as_string() const;
  json::array const& as_array() const;
  object const& as_object() const;
  json::array& as_array();
  object& as_object();

  // The member of an object; nothing when absent or when this is no object.
  value const* find(std::string_view key) const;
  value* find(std::string_view key);
  // Text of a string member, else `otherwise`.
  std::string_view text_or(std::string_view key, std::string_view otherwise) const;

  // Numbers compare by value (1 == 1.0), objects without regard to order.
  bool operator==(value const& other) const;

 private:
  void clear() { std::memset(raw_, 0, sizeof raw_); }
  template <typename T>
  void set(json::kind k, T payload) {
    clear();
    std::memcpy(raw_, &payload, sizeof payload);
    raw_[15] = static_cast<unsigned char>(k);
  }
  template <typename T>
  T get() const {
    T payload;
    std::memcpy(&payload, raw_, sizeof payload);
    return payload;
  }
  bool owns() const { return raw_[15] >= static_cast<unsigned char>(kind::string) && raw_[14] != 0xff; }
  void release();

  // Payload in bytes 0 to 7; a string of up to 13 bytes in place, its length in byte 13 (byte 14 says so with 0xff);
  // a longer one as pointer and, in bytes 8 to 11, length. The kind is in byte 15.
  alignas(8) unsigned char raw_[16];
};

// Members in the order they came. Linear search: objects are small, and big ones are read once.
class object {
 public:
  object() = default;
  object(std::initializer_list<member> members);

  value const* find(std::string_view key) const;
  value* find(std::string_view key);
  value& operator[](std::string_view key);  // inserts null at the end when absent
  void push(std::string key, value v);      // the caller knows that the key is new
  bool erase(std::string_view key);
  void reserve(std::size_t n);

  std::size_t size() const;
  bool empty() const { return size() == 0; }
  std::vector<member>::const_iterator begin() const;
  std::vector<member>::const_iterator end() const;
  std::vector<member>::iterator begin();
  std::vector<member>::iterator end();

  bool operator==(object const& other) const;

 private:
  std::vector<member> members_;
};

struct member {
  std::string key;
  json::value value;
};

// Limits: depth_max nested arrays and objects; the size is bounded by whoever read the bytes.
inline constexpr int depth_max = 200;

// Throws fault malformed with the reason; too_large for depth. Invalid UTF-8, NaN, duplicate members and trailing text
// are malformed.
value parse(std::string_view text);

void write(std::string& out, value const& v);  // appends
void write_string(std::string& out, std::string_view s);
void write_number(std::string& out, double d);  // shortest that reads back the same; keeps ".0"
std::string to_string(value const& v);
std::string to_pretty_string(value const& v);

}  // namespace dos::json
