// Listens for MQTT clients and speaks the outside of the protocol with them: connections, TLS, WebSockets, framing, keep
// alive, topic aliases, limits. What their packets mean is the business of the handler that gets them.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "http/websocket.h"
#include "net/io_threads.h"
#include "net/mqtt_packet.h"

namespace dos::net {

struct mqtt_server_options {
  std::string address = "127.0.0.1";
  std::optional<std::uint16_t> port = {};      // 0: any free one
  std::optional<std::uint16_t> tls_port = {};  // with the next two, PEM files
  std::string certificate_file = {};
  std::string key_file = {};
  std::size_t packet_bytes_max = 1024 * 1024;    // larger ones end the connection
  std::uint16_t topic_alias_max = 32;            // each way
  std::size_t connections_max = 10'000;          // of both ports and WebSockets; beyond: closed at once
  std::size_t connections_per_peer_max = 1'000;  //
  std::chrono::milliseconds connect_ms_max{10'000};     // until CONNECT is there
  std::chrono::milliseconds write_idle_ms_max{30'000};  // the client takes nothing: dropped
};

struct mqtt_server_counts {
  std::uint64_t connections_open = 0;
  std::uint64_t connections_accepted = 0;
  std::uint64_t connections_refused = 0;  // over one of the two maxima
  std::uint64_t connections_dropped = 0;  // fell silent, took nothing or broke the protocol
  std::uint64_t packets_received = 0;
  std::uint64_t packets_sent = 0;
};

// A client, for its handler. From any thread; after the end nothing happens any more.
class mqtt_peer {
 public:
  virtual ~mqtt_peer() = default;
  // Queued: see unsent_bytes. False when the client said that it takes no packet of this size: it counts as sent then.
  // MQTT 5.0, 3.1.2.11.4
  virtual bool send(mqtt::packet const& p) = 0;
  virtual std::size_t unsent_bytes() const = 0;
  virtual void pause(bool paused) = 0;  // reading; nothing is handed over until it ends
  virtual void keep_alive(std::uint16_t seconds) = 0;  // instead of the client's own; 0: none
  // Behind what is queued. Version 5 is told the reason in a DISCONNECT, unless it
  // is 0 or the client was refused by a CONNACK.
  virtual void close(std::uint8_t reason) = 0;
  virtual std::string const& address() const = 0;
};

// What is done with a client. Called on an io thread, one call at a time; must not block.
struct mqtt_handler {
  virtual ~mqtt_handler() = default;
  // The first is a CONNECT, later ones are PUBLISH (with its topic, never a mere alias), acknowledgements, SUBSCRIBE,
  // UNSUBSCRIBE and DISCONNECT. What is thrown ends the connection.
  virtual void received(mqtt::packet p) = 0;
  virtual void drained() = 0;  // everything that was queued is on its way
  virtual void closed() = 0;   // the last call
};
using mqtt_accept = std::function<std::shared_ptr<mqtt_handler>(std::shared_ptr<mqtt_peer>)>;

class mqtt_server {
 public:
  // Listens when it returns. Faults: as those of http_server. `io` outlives the server.
  mqtt_server(io_threads& io, mqtt_server_options options, mqtt_accept accept);
  ~mqtt_server();  // stops

  std::optional<std::uint16_t> port() const;
  std::optional<std::uint16_t> tls_port() const;
  mqtt_server_counts counts() const;
  // A client that comes to an HTTP server, with the subprotocol "mqtt". MQTT 5.0, 6
  http::response accept(http::request const& r);
  // Says good-bye to all and waits a moment; nothing is called afterwards. Not from an io thread.
  void stop();

  struct core;

 private:
  std::shared_ptr<core> core_;
};

}  // namespace dos::net
