// The networks' own MQTT brokers: we listen there and acknowledge a message when it is committed here.
#pragma once

#include <memory>
#include <mutex>
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
// {city, name, url, user, password_file, ca, network: chirpstack|ttn, topics, client_id, provenance}. Faults: invalid.
broker_configuration read_broker(json::value const& entry);

// The topics of a network's events, as filters.
std::vector<std::string> usual_topics(network n);
// "application/7/device/0011223344556677/event/up" → "up"
std::string_view kind_in_topic(std::string_view topic);

class brokers {
 public:
  brokers(node const& n, intake& in);  // faults: invalid, naming the entry of mqtt_sources
  ~brokers();

  void start();
  void stop();
  // Now and then: messages that were refused for the moment are tried again, and the list of sources is brought up to
  // date.
  void look_after();

 private:
  struct connection;

  node const& node_;
  intake& intake_;
  std::vector<broker_configuration> configured_;
  std::mutex mutex_;  // of the list; stop() and look_after() come from different threads
  std::vector<std::shared_ptr<connection>> connections_;
};

}  // namespace dos::lorawan
