// What the connections of one MQTT server share. For the .cc files of net/ only.
#pragma once

#include <condition_variable>
#include <map>
#include <set>

#include "net/mqtt_connection.h"

namespace dos::net {

struct mqtt_server::core : std::enable_shared_from_this<mqtt_server::core> {
  struct door {
    tcp::acceptor acceptor;
    bool secure;
  };

  mqtt_server_options options;
  mqtt_accept accept;
  std::optional<asio::ssl::context> tls;
  std::shared_ptr<lane> home;  // of doors and timer
  io_threads::impl* io = nullptr;
  std::vector<std::unique_ptr<door>> doors;
  std::optional<asio::steady_timer> tick;
  std::chrono::milliseconds tick_every{250};
  std::atomic<bool> stopping{false};

  std::mutex mutex;  // of the next four
  std::condition_variable changed;
  std::set<std::shared_ptr<mqtt_connection>> connections;
  std::size_t open = 0;
  std::map<std::string, std::size_t> open_by_peer;

  struct {
    std::atomic<std::uint64_t> accepted{}, refused{}, dropped{}, packets_received{}, packets_sent{};
  } counts;

  void listen_at(door& d);
  void accepted(std::shared_ptr<lane> l, tcp::socket socket, std::string const& address, bool secure);
  // False, and counted, when there is no room; else the place is taken until remove().
  bool take_place(std::string const& peer);
  void free_place(std::string const& peer);
  void add(std::shared_ptr<mqtt_connection> c);
  void remove(std::shared_ptr<mqtt_connection> const& c);
  void look_after();
};

}  // namespace dos::net
