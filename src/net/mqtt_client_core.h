// What an MQTT client is at work on. For the .cc files of net/ only.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <optional>

#include "net/client_tls.h"
#include "net/http_parser.h"
#include "net/mqtt_client.h"
#include "net/resolver.h"

namespace dos::net {

// Lives on one lane. Each attempt to connect is a new `link`; what comes from an older one is ignored.
struct mqtt_client::core : std::enable_shared_from_this<core> {
  struct link : std::enable_shared_from_this<link> {
    explicit link(asio::io_context& io) : resolver(io), socket(io) {}

    net::resolver resolver;
    tcp::socket socket;
    std::optional<asio::ssl::stream<tcp::socket&>> tls;
    input_buffer in;
    std::string writing;
    std::string out;
    bool is_writing = false;
    bool is_reading = false;
    bool is_ready = false;                // CONNACK and SUBACK have come
    std::vector<published> sent_with;     // QoS 0 messages in `out`,
    std::vector<published> written_with;  // and in `writing`
    // Messages that the broker waits to hear of, oldest first.
    struct owed {
      std::uint16_t id;
      mqtt::ack_kind kind;
      bool done = false;
    };
    std::deque<owed> owed_acks;
    std::uint64_t first_owed = 0;  // number of owed_acks.front(), counted since the connection
  };
  struct unsent {
    mqtt::publish message;
    published done;
    bool is_received = false;  // by the broker, in quality of service 2; what is left is to release it. 4.3.3
    std::shared_ptr<asio::steady_timer> deadline = {};
  };

  core(std::shared_ptr<net::lane> l, mqtt_client_options o, message_handler h)
      : lane(std::move(l)),
        options(std::move(o)),
        on_message(std::move(h)),
        tls(client_tls(options.ca_file)),
        timer(lane->context),
        retry_ms(options.retry_ms_min) {}

  void connect();
  void connect_to(std::shared_ptr<link> l, std::vector<tcp::endpoint> endpoints, std::size_t i);
  void greet(std::shared_ptr<link> const& l);
  void lost(std::shared_ptr<link> const& l, std::string reason);
  void read(std::shared_ptr<link> const& l);
  void parse(std::shared_ptr<link> const& l);
  void take(std::shared_ptr<link> const& l, mqtt::packet p);
  void take_connack(std::shared_ptr<link> const& l, mqtt::connack const& c);
  void take_suback(std::shared_ptr<link> const& l, mqtt::suback const& s);
  void take_message(std::shared_ptr<link> const& l, mqtt::publish m);
  void take_ack(std::shared_ptr<link> const& l, mqtt::ack const& a);
  void acknowledge_one(std::shared_ptr<link> const& l, std::uint64_t number);
  void ready(std::shared_ptr<link> const& l);
  void write(std::shared_ptr<link> const& l, mqtt::packet const& p);
  void flush(std::shared_ptr<link> const& l);
  void watch(std::shared_ptr<link> const& l);
  void publish(mqtt::publish message, published done);
  void send_waiting(std::shared_ptr<link> const& l, std::uint16_t id);
  void finish(std::uint16_t id, std::optional<fault> result);
  void give_up_all(fault const& reason);
  void stop();
  void set_state(bool connected, std::string error);

  template <typename Then>
  auto still(std::shared_ptr<link> const& l, Then then) {  // runs `then` only while this link is the present one
    return [self = shared_from_this(), l, then](error_code error, auto&&... rest) {
      if (self->current == l) then(error, std::forward<decltype(rest)>(rest)...);
    };
  }

  std::shared_ptr<net::lane> lane;
  mqtt_client_options options;
  message_handler on_message;
  asio::ssl::context tls;
  asio::steady_timer timer;  // connecting, then keeping alive, then waiting for the next attempt
  std::chrono::milliseconds retry_ms;
  std::shared_ptr<link> current;
  steady_time last_heard{};
  std::uint16_t keep_alive_s = 0;
  std::uint16_t next_id = 1;
  std::map<std::uint16_t, unsent> outgoing;  // until acknowledged, or sent where QoS 0 waits for a connection
  std::deque<std::uint16_t> order;           // their ids in the order of publication
  bool stopped = false;

  std::mutex mutable state_mutex;
  mqtt_client_state state;
};

}  // namespace dos::net
