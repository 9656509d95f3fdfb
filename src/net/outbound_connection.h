// One connection of an HTTP client to an origin, used by one job after the other. For the .cc files of net/ only.
#pragma once

#include "net/http_client_core.h"
#include "net/http_parser.h"
#include "net/resolver.h"

namespace dos::net {

class outbound_connection : public std::enable_shared_from_this<outbound_connection> {
 public:
  explicit outbound_connection(std::shared_ptr<http_client::core> core);

  void run(std::shared_ptr<outbound_job> job);
  bool is_still_open();
  void rest();  // until it is used again, or the other side or the clock ends it
  void close();
  void fail(fault f);

  bool used = false;
  std::string pool;

 private:
  void connect();
  void connect_to_proxy();
  void refuse();
  void connect_to(std::vector<tcp::endpoint> endpoints, std::size_t i);
  void connected();
  void open_tunnel();
  void handshake();
  void write();
  void read();
  void received(error_code error, std::size_t n);
  void finished();
  void failed(std::string_view what, error_code error);
  std::string request_head() const;

  template <typename Then>
  auto still(Then then) {  // runs `then` only if the same job is still on
    return [self = shared_from_this(), j = job_, then](error_code error, auto&&... rest) {
      if (self->job_ == j) then(error, std::forward<decltype(rest)>(rest)...);
    };
  }
  template <typename Buffer, typename Then>
  void read_some(Buffer buffer, Then then) {
    if (tls_) {
      tls_->async_read_some(buffer, std::move(then));
    } else {
      socket_.async_read_some(buffer, std::move(then));
    }
  }

  std::shared_ptr<http_client::core> core_;
  resolver resolver_;
  tcp::socket socket_;
  std::optional<asio::ssl::stream<tcp::socket&>> tls_;
  asio::steady_timer idle_;
  std::shared_ptr<outbound_job> job_;
  std::optional<http_parser<false>> parser_;
  input_buffer in_;
  std::string out_;
  std::size_t written_ = 0;
  bool in_tunnel_setup_ = false;
  bool got_something_ = false;
};

}  // namespace dos::net
