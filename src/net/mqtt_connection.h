// One client of an MQTT server. For the .cc files of net/ only.
#pragma once

#include <array>
#include <map>
#include <unordered_map>

#include "net/byte_stream.h"
#include "net/mqtt_server.h"

namespace dos::net {

// What carries a client's bytes: a socket or a WebSocket. From any thread.
class mqtt_carrier {
 public:
  virtual ~mqtt_carrier() = default;
  virtual void send(std::string_view bytes) = 0;
  virtual std::size_t unsent_bytes() const = 0;
  virtual void pause(bool paused) = 0;
  virtual void finish() = 0;  // closes behind what is queued
  virtual void abort() = 0;   // now
  virtual void post(std::function<void()> f) = 0;
  virtual bool is_stuck(steady_time now) const = 0;
};

class mqtt_connection final : public mqtt_peer, public std::enable_shared_from_this<mqtt_connection> {
 public:
  mqtt_connection(std::shared_ptr<mqtt_server::core> core, std::string address)
      : core_(std::move(core)), address_(std::move(address)) {}

  // On the carrier's lane.
  void begin(std::shared_ptr<mqtt_carrier> carrier);
  void received(std::string_view bytes);
  void drained();
  void ended();

  // From any thread.
  void check(steady_time now);  // ends it when it is silent or stuck
  void abort() { carrier_->abort(); }

  bool send(mqtt::packet const& p) override;
  std::size_t unsent_bytes() const override { return carrier_->unsent_bytes(); }
  void pause(bool paused) override;
  void keep_alive(std::uint16_t seconds) override { keep_alive_s_ = seconds; }
  void close(std::uint8_t reason) override;
  std::string const& address() const override { return address_; }

 private:
  void parse();
  void take(mqtt::packet p);
  bool resolve_alias(mqtt::publish& p);
  void drop(std::uint8_t reason);
  void heard() { last_heard_ = std::chrono::steady_clock::now().time_since_epoch().count(); }

  std::shared_ptr<mqtt_server::core> const core_;
  std::string const address_;
  std::shared_ptr<mqtt_carrier> carrier_;

  // The lane's.
  std::shared_ptr<mqtt_handler> handler_;
  std::string in_;
  std::unordered_map<std::uint16_t, std::string> topics_;  // by the client's aliases
  bool ended_ = false;

  std::atomic<mqtt::version> version_{mqtt::version::v3_1_1};
  std::atomic<bool> greeted_{false};   // CONNECT has come
  std::atomic<bool> accepted_{false};  // CONNACK said yes
  std::atomic<bool> closing_{false};
  std::atomic<bool> paused_{false};
  std::atomic<std::uint16_t> keep_alive_s_{0};
  std::atomic<steady_time::duration::rep> last_heard_{0};

  std::mutex mutex_;  // keeps packets in order; of the next three as well
  std::unordered_map<std::string, std::uint16_t> aliases_;  // ours, by topic
  std::size_t client_aliases_max_ = 0;
  std::size_t client_packet_bytes_max_ = SIZE_MAX;
};

}  // namespace dos::net
