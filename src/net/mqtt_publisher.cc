#include "net/mqtt_publisher.h"

#include <map>
#include <mutex>

#include "base/id.h"

namespace dos::net {
namespace {

using steady_clock = std::chrono::steady_clock;

struct connection {
  std::unique_ptr<mqtt_client> client;
  steady_clock::time_point last_used;
};

std::string name_of(http::url const& broker, mqtt::version v) {
  return http::origin(broker) + '\n' + broker.user + '\n' + broker.password + '\n' + std::to_string(int(v));
}

}  // namespace

struct mqtt_publisher::core {
  core(io_threads& i, mqtt_publisher_options o) : io(i), options(std::move(o)), allowed(parse_ip_ranges(options.allowed_ranges)) {}

  mqtt_client_options client_options(http::url const& broker, mqtt::version v) const {
    auto o = mqtt_client_options();
    o.broker = broker;
    auto id = new_uuid();
    std::erase(id, '-');
    o.client_id = "dos" + id.substr(0, 20);  // a broker need not take more than 23 characters. MQTT 3.1.1, 3.1.3.1
    o.version = v;
    o.ca_file = options.ca_file;
    o.clean_start = true;
    o.publish_ms_max = options.publish_ms_max;
    o.retry_ms_max = std::chrono::seconds(5);
    if (!options.allow_private_addresses)
      o.may_reach = [this](ip_address const& a) { return is_public(a) || contains(allowed, a); };
    return o;
  }

  io_threads& io;
  mqtt_publisher_options options;
  std::vector<ip_range> allowed;
  std::mutex mutex;
  std::map<std::string, connection> connections;
};

mqtt_publisher::mqtt_publisher(io_threads& io, mqtt_publisher_options options) : core_(std::make_unique<core>(io, std::move(options))) {}
mqtt_publisher::~mqtt_publisher() = default;

void mqtt_publisher::publish(http::url const& broker, mqtt::version v, mqtt::publish message, mqtt_client::published done) {
  auto lock = std::unique_lock(core_->mutex);
  auto const name = name_of(broker, v);
  auto it = core_->connections.find(name);
  if (it == core_->connections.end()) {
    if (core_->connections.size() >= core_->options.brokers_max) {
      lock.unlock();
      return done(fault(fault_kind::too_many, "too many MQTT brokers at a time"));
    }
    auto client = std::make_unique<mqtt_client>(core_->io, core_->client_options(broker, v), [](mqtt_message, auto acknowledge) { acknowledge(); });
    it = core_->connections.emplace(name, connection{std::move(client), {}}).first;
  }
  it->second.last_used = steady_clock::now();
  it->second.client->publish(std::move(message), std::move(done));
}

void mqtt_publisher::close_idle() {
  auto closing = std::vector<connection>();
  auto const lock = std::lock_guard(core_->mutex);
  for (auto it = core_->connections.begin(); it != core_->connections.end();) {
    if (steady_clock::now() - it->second.last_used > core_->options.idle_ms_max) {
      closing.push_back(std::move(it->second));
      it = core_->connections.erase(it);
    } else {
      ++it;
    }
  }
}

}  // namespace dos::net
