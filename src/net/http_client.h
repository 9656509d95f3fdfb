// Asks other servers: notifications, feeds, webhooks. Guards our own network against addresses that users typed in.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/fault.h"
#include "http/response.h"
#include "http/url.h"
#include "net/io_threads.h"

namespace dos::net {

struct http_client_options {
  // Whether addresses that are not public (see net/address.h) may be reached: all of them, or these ranges only.
  bool allow_private_addresses = false;
  std::vector<std::string> allowed_ranges = {};
  std::string ca_file = {};  // PEM; empty: those that the system trusts
  // "http://user:password@proxy:3128"; empty: none. A proxy resolves names by itself: the guard judges what a name means
  // here, and the proxy has to guard names that only it can resolve.
  std::string proxy = {};
  std::string user_agent = "dos";

  std::size_t requests_per_origin_max = 8;     // at a time, each on a connection of its own
  std::size_t waiting_per_origin_max = 1'000;  // beyond: fault too_many
  std::size_t header_bytes_max = 32 * 1024;
  std::chrono::milliseconds idle_ms_max{15'000};  // an unused connection is kept so long
};

struct outbound_request {
  std::string method = "GET";
  http::url url = {};
  http::headers headers = {};  // Host, Content-Length, Connection and User-Agent are added
  std::string body = {};
  std::chrono::milliseconds timeout{30'000};  // for everything: waiting, connecting, redirects, reading
  std::size_t response_bytes_max = 16 * 1024 * 1024;
  int redirects_max = 0;  // at most 5 are followed; 0: a redirect is an answer like others
};

// Any status is an answer. Faults: forbidden (the address guard), too_many, too_large (the response), unavailable
// (timeout, stopped), bad_gateway (all else).
using outbound_result = std::variant<http::response, fault>;

class http_client {
 public:
  http_client(io_threads& io, http_client_options options);
  ~http_client();  // ends what runs with fault unavailable; not from an io thread

  // Any thread. `done` is called once, on an io thread, never from within.
  void send(outbound_request r, std::function<void(outbound_result)> done);
  // The same for a thread that can wait; not for an io thread. Throws the faults.
  http::response send_and_wait(outbound_request r);

  struct core;

 private:
  std::shared_ptr<core> core_;
};

}  // namespace dos::net
