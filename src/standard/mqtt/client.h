// One connection of a client.
#pragma once

#include <deque>
#include <functional>
#include <memory>

#include "contract/contract.h"
#include "net/mqtt_server.h"
#include "standard/mqtt/reasons.h"
#include "standard/mqtt/session_state.h"
#include "standard/mqtt/settings.h"

namespace dos::broker {

class city_broker;
class broker_guard;

// Where the client's PUBLISH is to go: who gets it, as of its coming.
struct target {
  std::shared_ptr<client_session> who;
  std::uint64_t number = 0;  // 0: not durable, numbered when it is queued
  delivery what;
};

struct pending_publish {
  std::uint8_t qos = 0;
  std::uint16_t id = 0;
  bool ready = false;
  std::uint8_t reason = 0;
  bool is_passing = false;  // refused for now only: the client is to send it again
  message_ptr what;         // none: a module's topic
  std::size_t bytes = 0;    // of its payload
  std::vector<target> targets;
};

struct listener {
  node const* n = nullptr;
  broker::settings settings;
  std::vector<topic_space> spaces;
  std::map<std::string, std::shared_ptr<city_broker>> brokers;  // by city

  city_broker& home(std::string const& city, std::string const& user) const;
};

// What is not the connection's own belongs to the broker and is guarded by its mutex.
class client final : public net::mqtt_handler, public std::enable_shared_from_this<client> {
 public:
  client(std::shared_ptr<listener const> l, std::shared_ptr<net::mqtt_peer> p)
      : peer(std::move(p)), listener_(std::move(l)) {}

  void received(net::mqtt::packet p) override;
  void drained() override;
  void closed() override;

  // CONNACK; ends the connection.
  void refuse(reason r);
  bool is_v5() const { return version == net::mqtt::version::v5; }

  std::shared_ptr<net::mqtt_peer> const peer;
  net::mqtt::version version = net::mqtt::version::v3_1_1;
  principal who;
  bool has_token = false;

  // The broker's.
  std::shared_ptr<client_session> session;
  bool ready = false;       // CONNACK is sent
  std::size_t in_flight_max = 1;
  std::deque<std::shared_ptr<pending_publish>> pending;
  std::deque<std::function<void(broker_guard&)>> stalled;  // publications that found a full queue
  bool retrying = false;
  std::size_t pending_bytes = 0;
  std::size_t unacknowledged = 0;  // of quality of service 1
  std::size_t against_crowds = 0;  // messages since the last tick to readers who are far behind
  bool held = false;               // reading is paused

 private:
  void open(net::mqtt::connect hello);

  std::shared_ptr<listener const> const listener_;
  city_broker* broker_ = nullptr;
  bool goodbye_ = false;
};

}  // namespace dos::broker
