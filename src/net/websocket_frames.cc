#include "net/websocket_frames.h"

#include "base/fault.h"
#include "base/text.h"

namespace dos::net::ws {
namespace {

void require_frame(bool condition, std::string_view detail) { require(condition, fault_kind::malformed, detail); }

struct frame {
  bool is_last;
  opcode kind;
  std::string_view masked;
  std::string_view mask;
  std::size_t bytes;
};

std::uint64_t big_endian(std::string_view bytes) {
  auto result = std::uint64_t{0};
  for (unsigned char const c : bytes) result = result << 8 | c;
  return result;
}

// RFC 6455, 5.2
std::optional<frame> read_frame(std::string_view bytes, std::size_t payload_max) {
  if (bytes.size() < 2) return std::nullopt;
  auto const first = static_cast<unsigned char>(bytes[0]), second = static_cast<unsigned char>(bytes[1]);
  require_frame(!(first & 0x70), "a WebSocket frame uses an extension that was not agreed on");
  auto const kind = opcode(first & 15);
  auto const is_control = (first & 8) != 0;
  require_frame((first & 15) <= 2 || ((first & 15) >= 8 && (first & 15) <= 10), "an unknown kind of WebSocket frame");
  require_frame(second & 0x80, "a WebSocket frame of a client is not masked");
  auto length = std::uint64_t(second & 0x7f);
  require_frame(!is_control || ((first & 0x80) && length <= 125), "a WebSocket control frame is long or in pieces");
  auto head = std::size_t{2};
  if (length >= 126) {
    auto const digits = std::size_t(length == 126 ? 2 : 8);
    if (bytes.size() < head + digits) return std::nullopt;
    length = big_endian(bytes.substr(head, digits));
    require_frame(length > (digits == 2 ? 125u : 65'535u) && !(length >> 63), "the length of a WebSocket frame is wrong");
    head += digits;
  }
  require(length <= payload_max, fault_kind::too_large, "a WebSocket message is over the limit");
  auto const whole = head + 4 + std::size_t(length);
  if (bytes.size() < whole) return std::nullopt;
  return frame{(first & 0x80) != 0, kind, bytes.substr(head + 4, std::size_t(length)), bytes.substr(head, 4), whole};
}

// RFC 6455, 7.4.1 and 7.4.2
bool may_be_sent(std::uint16_t close_code) {
  return (close_code >= 1000 && close_code <= 1003) || (close_code >= 1007 && close_code <= 1011) ||
         (close_code >= 3000 && close_code <= 4999);
}

message read_control(frame const& f, std::string payload) {
  auto m = message{.kind = f.kind, .payload = std::move(payload)};
  if (f.kind != opcode::close || m.payload.empty()) return m;
  require_frame(m.payload.size() >= 2, "a WebSocket close has half a code");
  m.close_code = std::uint16_t(big_endian(std::string_view(m.payload).substr(0, 2)));
  require_frame(may_be_sent(m.close_code), "a WebSocket close has a code that is none");
  m.payload.erase(0, 2);
  require(text::is_utf8(m.payload), fault_kind::invalid, "the reason of a WebSocket close is not UTF-8");
  return m;
}

}  // namespace

std::optional<message> reader::next(std::string_view& bytes) {
  while (auto const f = read_frame(bytes, message_bytes_max_ - unfinished_.payload.size())) {
    auto payload = std::string(f->masked);
    for (auto i = std::size_t{0}; i < payload.size(); ++i) payload[i] = char(payload[i] ^ f->mask[i % 4]);
    bytes.remove_prefix(f->bytes);
    if (f->kind >= opcode::close) return read_control(*f, std::move(payload));
    require_frame((f->kind == opcode::continuation) == in_message_, "WebSocket fragments come in the wrong order");
    if (f->kind != opcode::continuation) unfinished_.kind = f->kind;
    unfinished_.payload += payload;
    in_message_ = !f->is_last;
    if (in_message_) continue;
    auto done = std::exchange(unfinished_, {});
    require(done.kind != opcode::text || text::is_utf8(done.payload), fault_kind::invalid,
            "a WebSocket text is not UTF-8");
    return done;
  }
  return std::nullopt;
}

void write_frame(std::string& out, opcode kind, std::string_view payload) {
  out += char(0x80 | int(kind));
  auto const n = std::uint64_t(payload.size());
  auto const digits = n < 126 ? 0 : n < 65'536 ? 2 : 8;
  out += char(digits == 0 ? n : digits == 2 ? 126 : 127);
  for (auto shift = 8 * (digits - 1); shift >= 0; shift -= 8) out += char(n >> shift);
  out += payload;
}

void write_close(std::string& out, std::uint16_t code, std::string_view reason) {
  auto payload = std::string{char(code >> 8), char(code)};
  payload += reason.substr(0, 123);
  write_frame(out, opcode::close, payload);
}

}  // namespace dos::net::ws
