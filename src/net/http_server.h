// Serves HTTP/1.1 with limits: whoever goes over one gets an answer that names it, then the connection ends.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "http/door.h"
#include "http/request.h"
#include "http/response.h"
#include "net/io_threads.h"

namespace dos::net {

struct http_server_options {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  // 0: any free one
  // PEM files; both or none. With them every connection speaks TLS 1.2 or newer.
  std::string certificate_file = {};
  std::string key_file = {};
  // Address ranges of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed.
  std::vector<std::string> trusted_proxies = {};

  std::size_t target_bytes_max = 8 * 1024;        // 414
  std::size_t header_bytes_max = 16 * 1024;       // 431
  std::size_t header_fields_max = 100;            // 431
  std::size_t body_bytes_max = 32 * 1024 * 1024;  // 413; a door may want less
  // Of all bodies that have come, wholly or in part, and are not answered yet, as text and as what is made of it; 503.
  std::size_t bodies_bytes_max = 1024 * 1024 * 1024;
  std::size_t bodies_bytes_per_peer_max = 512 * 1024 * 1024;  // 429
  std::size_t connections_max = 10'000;          // 503
  std::size_t connections_per_peer_max = 1'000;  // 503; trusted proxies are exempt
  std::size_t answers_bytes_per_peer_max = 256 * 1024 * 1024;  // not taken yet; 429; trusted proxies are exempt

  std::chrono::milliseconds header_ms_max{10'000};      // from the first byte to the end of the head: 408
  std::chrono::milliseconds body_idle_ms_max{30'000};   // between two pieces of a body: 408
  std::chrono::milliseconds body_ms_max{300'000};       // from the head to the end of a body, however it trickles: 408
  std::chrono::milliseconds write_idle_ms_max{30'000};  // the client takes nothing: dropped
  std::chrono::milliseconds keep_alive_ms_max{75'000};  // between two requests: closed
  std::chrono::milliseconds linger_ms_max{10'000};      // what a refused client still sends is read and dropped

  std::chrono::milliseconds websocket_ping_ms{30'000};      // a silent WebSocket is asked whether it lives; as long
                                                            // again without an answer: dropped

  bool gzip = true;  // text bodies over 1 KiB, for clients that accept it
};

struct http_server_counts {
  std::uint64_t connections_open = 0;
  std::uint64_t connections_accepted = 0;
  std::uint64_t connections_refused = 0;  // over one of the two maxima
  std::uint64_t connections_dropped = 0;  // took nothing for too long
  std::uint64_t requests_refused = 0;     // by this server or at the door, before a handler saw them
  std::uint64_t bodies_bytes = 0;         // held now
  std::uint64_t responses[6] = {};        // by class: [2] counts 2xx
  std::uint64_t bytes_received = 0;
  std::uint64_t bytes_sent = 0;
};

class http_server {
 public:
  // Listens when it returns, but answers nobody before start(). Faults: unavailable when the address cannot be bound,
  // invalid for unreadable options. `io` outlives the server.
  http_server(io_threads& io, http_server_options options);
  http_server(io_threads& io, http_server_options options, http::handler handler);
  ~http_server();  // stop without patience

  // Once. The door and what it admits are called on the threads of `io`; what they throw becomes a problem.
  void start(http::door door);

  std::uint16_t port() const;
  http_server_counts counts() const;
  // Accepts no more, lets running requests finish within `patience`, then closes everything. Not from an io thread.
  void stop(std::chrono::milliseconds patience);

  struct core;

 private:
  std::shared_ptr<core> core_;
};

}  // namespace dos::net
