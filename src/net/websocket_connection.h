// An HTTP connection that has become a WebSocket. For the .cc files of net/ only.
#pragma once

#include <vector>

#include "http/websocket.h"
#include "net/byte_stream.h"
#include "net/http_server.h"
#include "net/websocket_frames.h"

namespace dos::net {

class websocket_connection final : public http::websocket, public std::enable_shared_from_this<websocket_connection> {
 public:
  websocket_connection(std::shared_ptr<byte_stream> stream, http::websocket_upgrade u);

  // On the lane.
  void start();
  bool is_alive(steady_time now, http_server_options const& o);  // sends pings
  void ended();                                                  // the stream is closed

  void send(std::string_view message, kind k) override;
  std::size_t unsent_bytes() const override { return writer_->unsent_bytes(); }
  void pause(bool paused) override;
  void close(std::uint16_t code, std::string_view reason) override;
  void post(std::function<void()> f) override { asio::post(stream_->context(), std::move(f)); }

 private:
  void read();
  void received(error_code error, std::size_t n);
  void take(ws::message m);
  void fail(std::uint16_t code, std::string_view reason);

  std::shared_ptr<byte_stream> stream_;  // the lane's, as all that is not atomic
  std::shared_ptr<http::websocket_handler> handler_;
  std::shared_ptr<stream_writer> writer_;
  ws::reader reader_;
  std::string in_;
  std::vector<char> buffer_;
  bool reading_ = false;
  bool ended_ = false;
  bool asked_ = false;  // a ping is out
  steady_time last_heard_;
  std::optional<steady_time> closing_since_;
  std::atomic<bool> paused_{false};
  std::atomic<bool> closing_{false};  // our close is said; nothing is sent any more
};

}  // namespace dos::net
