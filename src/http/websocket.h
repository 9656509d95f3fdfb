// A connection that stays open both ways once a request was answered with it. RFC 6455
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "http/request.h"
#include "http/response.h"

namespace dos::http {

// The server's end, for whoever answers the request. From any thread; after the end nothing happens any more.
class websocket {
 public:
  enum class kind : std::uint8_t { text, binary };

  virtual ~websocket() = default;
  virtual void send(std::string_view message, kind k) = 0;  // queued: see unsent_bytes
  virtual std::size_t unsent_bytes() const = 0;
  virtual void pause(bool paused) = 0;  // reading; what has come already may still be handed over
  virtual void close(std::uint16_t code, std::string_view reason) = 0;  // behind what is queued. RFC 6455, 7.4
  virtual void post(std::function<void()> f) = 0;  // runs it where the handler is called
};

// Called on an input/output thread, one call at a time; must not block.
struct websocket_handler {
  virtual ~websocket_handler() = default;
  virtual void opened(std::shared_ptr<websocket> w) = 0;
  virtual void message(std::string_view bytes, websocket::kind k) = 0;
  virtual void drained() = 0;  // everything that was queued is on its way
  virtual void closed() = 0;   // the last call
};

struct websocket_upgrade {
  std::shared_ptr<websocket_handler> handler;
  std::string subprotocol = {};  // that both speak; empty: none. RFC 6455, 1.9
  std::size_t message_bytes_max = 1024 * 1024;
};

// The answer that turns the request's connection into a WebSocket: 101. 426 when the request does not ask for one of
// version 13. Faults: malformed (a wrong key), not_acceptable (the client does not speak the subprotocol).
response open_websocket(request const& r, websocket_upgrade u);

}  // namespace dos::http
