// Numbers and JSON values as bytes, for chunks and tails: compact, every bit kept, any input survived.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/fault.h"
#include "base/json.h"

namespace dos::history_parts {

inline std::uint64_t zigzag(std::int64_t i) { return (std::uint64_t(i) << 1) ^ std::uint64_t(i >> 63); }
inline std::int64_t unzigzag(std::uint64_t u) { return std::int64_t((u >> 1) ^ (0 - (u & 1))); }

inline void write_varint(std::string& out, std::uint64_t u) {
  for (; u >= 0x80; u >>= 7) out += static_cast<char>(u | 0x80);
  out += static_cast<char>(u);
}
inline void write_signed(std::string& out, std::int64_t i) { write_varint(out, zigzag(i)); }
inline void write_text(std::string& out, std::string_view s) {
  write_varint(out, s.size());
  out += s;
}
template <typename T>
void write_fixed(std::string& out, T t) {
  static_assert(std::endian::native == std::endian::little, "files are little-endian");
  out.append(reinterpret_cast<char const*>(&t), sizeof t);
}

// Takes from the front; fault internal when there is not enough.
class chunk_reader {
 public:
  explicit chunk_reader(std::string_view bytes) : at_(bytes.data()), end_(at_ + bytes.size()) {}

  std::size_t left() const { return std::size_t(end_ - at_); }
  std::uint64_t varint() {
    if (at_ != end_ && (*at_ & 0x80) == 0) return std::uint64_t(*at_++);
    auto u = std::uint64_t(0);
    for (auto shift = 0; shift < 64; shift += 7) {
      auto const byte = std::uint64_t(std::uint8_t(*take(1)));
      u |= (byte & 0x7f) << shift;
      if (byte < 0x80) return u;
    }
    fail();
  }
  std::int64_t signed_varint() { return unzigzag(varint()); }
  std::uint8_t byte() { return std::uint8_t(*take(1)); }
  std::string_view bytes(std::size_t n) { return {take(n), n}; }
  std::string_view text() { return bytes(varint()); }
  template <typename T>
  T fixed() {
    T t;
    std::memcpy(&t, take(sizeof t), sizeof t);
    return t;
  }
  [[noreturn]] static void fail() { throw fault(fault_kind::internal, "the bytes of a chunk are damaged"); }

 private:
  char const* take(std::size_t n) {
    if (n > left()) fail();
    auto const* const from = at_;
    at_ += n;
    return from;
  }
  char const* at_;
  char const* end_;
};

void write_value(std::string& out, json::value const& v);
json::value read_value(chunk_reader& in);

}  // namespace dos::history_parts
