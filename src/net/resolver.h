// From the host of a URL to where it can be connected to. What needs no question is not asked. For the .cc files of net/ only.
#pragma once

#include <string>
#include <vector>

#include "net/asio.h"

namespace dos::net {

class resolver {
 public:
  explicit resolver(asio::io_context& io) : io_(io), dns_(io) {}

  // `then(error_code, std::vector<tcp::endpoint>)` on the thread of the context, never from within.
  template <typename Then>
  void resolve(std::string const& host, std::uint16_t port, Then then) {
    auto known = std::vector<tcp::endpoint>();
    try {
      for (auto const& a : addresses_in(host)) known.emplace_back(from_ip(a), port);
    } catch (fault const&) {
      return asio::post(io_, [then]() mutable { then(asio::error::host_not_found, std::vector<tcp::endpoint>()); });
    }
    if (!known.empty()) return asio::post(io_, [then, known]() mutable { then(error_code(), std::move(known)); });
    dns_.async_resolve(host, std::to_string(port), [then](error_code error, tcp::resolver::results_type const& results) mutable {
      auto found = std::vector<tcp::endpoint>();
      for (auto const& r : results) found.push_back(r.endpoint());
      then(error, std::move(found));
    });
  }
  void cancel() { dns_.cancel(); }

 private:
  asio::io_context& io_;
  tcp::resolver dns_;
};

}  // namespace dos::net
