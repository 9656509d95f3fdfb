// The networks' own MQTT brokers: we listen there and acknowledge a message when it is committed here.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "contract/contract.h"
#include "http/url.h"
#include "ingest/lorawan/intake.h"
#include "ingest/lorawan/network_event.h"

namespace dos::lorawan {

// An entry of the configuration's mqtt_sources.
struct broker_configuration {
  std::string city;
  std::string name;  // source "mqtt:NAME"
  http::url url;     // with user and password
  std::string ca_file;
  std::string client_id;
  lorawan::network network = network::chirpstack;
  dos::provenance provenance = dos::provenance::measured;
  std::vector<std::string> topics;  // the network's own by default
};
// {city, name, url, user, password_file, ca, network, topics, client_id, provenance}. Faults: invalid.
broker_configuration read_broker(json::value const& entry);

// The topics of a network's events, as filters; empty when the network fixes none.
std::vector<std::string> usual_topics(network n);
// "application/7/device/0011223344556677/event/up" → "application/7/device/0011223344556677",
// "v3/lights@city/devices/lamp-7/down/ack" → "v3/lights@city/devices/lamp-7"
std::string_view base_of_topic(network n, std::string_view topic);
// "application/7/device/0011223344556677/event/up" → "up"
std::string_view kind_in_topic(std::string_view topic);

struct broker_message {
  std::string topic;
  std::string payload;
};

class brokers {
 public:
  brokers(node const& n, intake& in);  // faults: invalid, naming the entry of mqtt_sources
  ~brokers();

  void start();
  void stop();
  // Now and then: messages that were refused for the moment are tried again, and the list of sources is brought up to
  // date.
  void look_after();

  // A broker of that city, by the source of its messages ("mqtt:dew21"). Any thread.
  bool has(std::string_view city, std::string_view source) const;
  bool is_connected(std::string_view city, std::string_view source) const;
  // `done` once, on another thread or at once, with nothing when the broker has it.
  void publish(std::string_view city, std::string_view source, broker_message m,
               std::function<void(std::optional<fault>)> done) const;

 private:
  struct connection;
  std::shared_ptr<connection> find(std::string_view city, std::string_view source) const;
  void look_after(connection& c);

  node const& node_;
  intake& intake_;
  std::vector<broker_configuration> configured_;
  std::mutex mutex_;  // of the list; stop() and look_after() come from different threads
  // Of the list as well, for who publishes: never held while a write is waited for, since it is taken where writes end.
  mutable std::mutex clients_mutex_;
  std::vector<std::shared_ptr<connection>> connections_;
};

}  // namespace dos::lorawan
