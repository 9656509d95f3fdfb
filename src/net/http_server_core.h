// What the connections of one HTTP server share. For the .cc files of net/ only.
#pragma once

#include <condition_variable>
#include <list>
#include <map>
#include <mutex>
#include <optional>

#include "net/address.h"
#include "net/asio.h"
#include "net/body_budget.h"
#include "net/http_server.h"

namespace dos::net {

class http_connection;

// The connections of one thread; touched by that thread only.
struct server_lane {
  explicit server_lane(std::shared_ptr<lane> l) : io(std::move(l)), tick(io->context) {}

  std::shared_ptr<lane> io;
  std::list<std::shared_ptr<http_connection>> connections;
  asio::steady_timer tick;  // looks for passed deadlines: one timer for all is cheaper than one for each
  std::string date;         // for the Date header, renewed with each tick
};

struct http_server::core : std::enable_shared_from_this<http_server::core> {
  http_server_options options;
  http::door door;
  std::shared_ptr<body_budget> bodies;
  std::vector<ip_range> trusted_proxies;
  std::optional<asio::ssl::context> tls;
  std::vector<std::unique_ptr<server_lane>> lanes;
  std::optional<tcp::acceptor> acceptor;
  std::optional<asio::steady_timer> accept_pause;
  std::chrono::milliseconds tick_every{500};
  std::uint16_t port = 0;
  std::size_t next_lane = 0;
  std::atomic<bool> stopping{false};

  std::mutex mutex;  // of the next four
  std::condition_variable changed;
  std::size_t open = 0;
  std::map<std::string, std::size_t> open_by_peer;
  std::map<std::string, std::size_t> untaken_by_peer;  // bytes of answers

  struct counters {
    std::atomic<std::uint64_t> accepted{}, refused{}, dropped{}, requests_refused{}, responses[6]{}, received{}, sent{};
  } counts;

  void accept();
  void accepted(error_code error, tcp::socket socket, server_lane& l);
  enum class admission { served, refused, dropped };
  admission take_place(std::string const& peer);  // taken in any case
  void free_place(std::string const& peer);
  bool hold_answer(std::string const& peer, std::size_t bytes);  // false: this peer has too much to take already
  void let_go_of_answer(std::string const& peer, std::size_t bytes);
  void tick(server_lane& l);
};

}  // namespace dos::net
