// One client of an HTTP server. For the .cc files of net/ only.
#pragma once

#include "net/byte_stream.h"
#include "net/http_parser.h"
#include "net/http_server_core.h"

namespace dos::net {

class websocket_connection;

// Lives on its lane's thread; only `answer` and `wake` come from elsewhere, and hop there first.
//
//   (handshake) -> reading -> handling -> writing -> reading …
//                     |                     |
//                     +- refuse -> writing -+-> lingering -> closed
//                                           +-> upgraded -> closed
//
// Requests that come early (pipelining) wait in the socket: nothing is read while one is handled.
class http_connection : public std::enable_shared_from_this<http_connection> {
 public:
  http_connection(std::shared_ptr<http_server::core> core, server_lane& l, tcp::socket socket, ip_address peer);
  ~http_connection();

  void start();
  void start_refused();  // says 503 and goes

  void check_deadline(steady_time now);
  void finish_soon();  // closes now when nothing is asked, else behind the running answer
  void close();

  // What is left of it once it is upgraded.
  std::shared_ptr<byte_stream> stream();

  std::list<std::shared_ptr<http_connection>>::iterator place;  // in its lane
  std::string const counted_as;                                 // among open_by_peer; empty: not counted

 private:
  struct raw_stream;
  struct pending_answer;
  using parser = http_parser<true>;
  enum class phase { handshake, idle, head, body, handling, writing, waiting, lingering, upgraded, closed };

  void enter(phase p);
  void read();
  void received(error_code error, std::size_t n);
  void parse();
  bool accept_head();
  bool ask_door();
  bool hold_body();
  void handle();
  void set_origin(http::request& r);
  void refuse(http::response r);
  void refuse(error_code parse_error);
  void answer(http::response r);
  void write();
  void written(error_code error, std::size_t n);
  void write_next_piece();
  void end_of_response();
  void upgrade();
  void linger();
  void watch_for_end();
  bool has_hung_up();
  void compress(http::response& r) const;
  void hold_answer(http::response& r);
  void let_go_of_answer();

  template <typename Buffers, typename Then>
  void write_some(Buffers const& buffers, Then then);
  template <typename Then>
  void read_some(asio::mutable_buffer buffer, Then then);

  std::shared_ptr<http_server::core> core_;
  server_lane& lane_;
  std::shared_ptr<lane> keep_lane_;
  tcp::socket socket_;
  std::optional<asio::ssl::stream<tcp::socket&>> tls_;
  ip_address peer_;
  std::string peer_text_;

  phase phase_ = phase::idle;
  steady_time deadline_ = steady_time::max();
  steady_time linger_until_{};
  steady_time body_until_{};
  input_buffer in_;
  std::optional<parser> parser_;
  http::request request_;
  std::weak_ptr<pending_answer> asked_;  // what is being worked on
  std::uint64_t request_number_ = 0;  // which request an answer or a wake belongs to
  bool head_accepted_ = false;
  http::handler handler_;                 // what the door admitted it to
  std::optional<http::response> refused_;  // what it said instead, told behind a short body
  http::dressing dress_;
  body_budget::share share_;
  bool body_unread_ = false;  // the client may still be sending
  bool close_after_ = false;
  bool reading_ = false;

  bool is_head_ = false;
  bool is_http_1_0_ = false;
  bool accepts_gzip_ = false;

  std::string head_;  // what is being written: first this,
  std::string body_;  // then this
  std::size_t written_ = 0;
  std::size_t held_bytes_ = 0;  // of the answer, as counted for the peer
  std::shared_ptr<http::body_source> source_;
  std::shared_ptr<http::websocket_upgrade> upgrade_;
  std::shared_ptr<websocket_connection> websocket_;
  bool chunked_ = false;
};

}  // namespace dos::net
