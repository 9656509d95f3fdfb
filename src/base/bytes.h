// Bytes written and read in order: little endian, integers as LEB128 varints. Reading past the end, or a varint that
// does not end, is a fault malformed: what is read may be damaged.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/fault.h"

namespace dos {

class byte_writer {
 public:
  explicit byte_writer(std::string& out) : out_(out) {}

  void byte(std::uint8_t b) { out_ += char(b); }
  void varint(std::uint64_t n) {
    for (; n >= 0x80; n >>= 7) out_ += char(n | 0x80);
    out_ += char(n);
  }
  void zigzag(std::int64_t n) { varint(std::uint64_t(n) << 1 ^ std::uint64_t(n >> 63)); }
  void fixed64(std::uint64_t n) { out_.append(reinterpret_cast<char const*>(&n), sizeof n); }
  void real(double d) {
    auto n = std::uint64_t();
    std::memcpy(&n, &d, sizeof n);
    fixed64(n);
  }
  void bytes(std::string_view s) { out_ += s; }  // the reader knows how many
  void text(std::string_view s) {
    varint(s.size());
    out_ += s;
  }

 private:
  std::string& out_;
};

class byte_reader {
 public:
  explicit byte_reader(std::string_view bytes) : rest_(bytes) {}

  bool at_end() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }

  std::uint8_t byte() { return static_cast<std::uint8_t>(take(1)[0]); }
  std::uint64_t varint() {
    auto n = std::uint64_t(0);
    for (auto shift = 0; shift < 64; shift += 7) {
      auto const b = byte();
      n |= std::uint64_t(b & 0x7f) << shift;
      if (!(b & 0x80)) return n;
    }
    throw fault(fault_kind::malformed, "a stored number does not end");
  }
  std::int64_t zigzag() {
    auto const n = varint();
    return std::int64_t(n >> 1) ^ -std::int64_t(n & 1);
  }
  std::uint64_t fixed64() {
    auto n = std::uint64_t();
    std::memcpy(&n, take(sizeof n).data(), sizeof n);
    return n;
  }
  double real() {
    auto const n = fixed64();
    auto d = double();
    std::memcpy(&d, &n, sizeof d);
    return d;
  }
  std::string_view bytes(std::uint64_t n) { return take(n); }
  std::string_view text() { return take(varint()); }
  // A number of things that each take at least a byte.
  std::size_t count() {
    auto const n = varint();
    if (n > rest_.size()) throw fault(fault_kind::malformed, "stored bytes end too early");
    return std::size_t(n);
  }

 private:
  std::string_view take(std::uint64_t n) {
    if (n > rest_.size()) throw fault(fault_kind::malformed, "stored bytes end too early");
    auto const taken = rest_.substr(0, std::size_t(n));
    rest_.remove_prefix(std::size_t(n));
    return taken;
  }

  std::string_view rest_;
};

}  // namespace dos
