// WebSocket frames as bytes: what a client sends, put together again, and what a server sends. RFC 6455, section 5
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dos::net::ws {

enum class opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

struct message {
  opcode kind = opcode::binary;  // never a continuation
  std::string payload = {};
  std::uint16_t close_code = 1005;  // of a close; 1005: none was given
};

class reader {
 public:
  explicit reader(std::size_t message_bytes_max) : message_bytes_max_(message_bytes_max) {}

  // The next message that ends within `bytes`, taking from its front what was understood; nothing: more must come. A
  // control frame comes out between the fragments that it stands between. Faults: malformed (1002), too_large (1009),
  // invalid for text that is not UTF-8 (1007).
  std::optional<message> next(std::string_view& bytes);

 private:
  std::size_t message_bytes_max_;
  bool in_message_ = false;
  message unfinished_ = {};
};

// Appends a frame, whole and unmasked.
void write_frame(std::string& out, opcode kind, std::string_view payload);
void write_close(std::string& out, std::uint16_t code, std::string_view reason);

}  // namespace dos::net::ws
