// What the connections of one HTTP client share: which request goes over which of them. For the .cc files of net/ only.
#pragma once

#include <deque>
#include <map>
#include <optional>

#include "net/address.h"
#include "net/client_tls.h"
#include "net/http_client.h"

namespace dos::net {

class outbound_connection;

// One request of a caller until its callback was called.
struct outbound_job {
  outbound_request request;
  std::function<void(outbound_result)> done;
  asio::steady_timer timer;
  std::string pool;  // its place among the origins
  int redirects_left = 0;
  bool retried = false;
  std::weak_ptr<outbound_connection> connection = {};
};

// Lives on its lane's thread.
struct http_client::core : std::enable_shared_from_this<http_client::core> {
  struct pool {
    std::size_t active = 0;
    std::deque<std::shared_ptr<outbound_job>> waiting;
    std::vector<std::shared_ptr<outbound_connection>> idle;
  };

  core(std::shared_ptr<net::lane> l, http_client_options o)
      : lane(std::move(l)),
        options(std::move(o)),
        tls(client_tls(options.ca_file)),
        allowed(parse_ip_ranges(options.allowed_ranges)) {
    if (!options.proxy.empty()) proxy = http::parse_url(options.proxy);
  }

  void start(std::shared_ptr<outbound_job> job);
  void begin(std::shared_ptr<outbound_job> job);
  void answered(std::shared_ptr<outbound_job> job, http::response response);  // or redirected
  void finish(std::shared_ptr<outbound_job> job, outbound_result result);
  void released(std::string const& pool_name, std::shared_ptr<outbound_connection> reusable);
  void expired(std::shared_ptr<outbound_job> const& job);
  void forget_idle(outbound_connection const* c);
  void stop();
  bool may_reach(ip_address const& a) const {
    return options.allow_private_addresses || is_public(a) || contains(allowed, a);
  }

  std::shared_ptr<net::lane> lane;
  http_client_options options;
  asio::ssl::context tls;
  std::vector<ip_range> allowed;
  std::optional<http::url> proxy;
  std::map<std::string, pool> pools;
  std::vector<std::shared_ptr<outbound_connection>> running;
  bool stopped = false;
};

}  // namespace dos::net
