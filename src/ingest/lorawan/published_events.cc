#include "ingest/lorawan/published_events.h"

#include <algorithm>

#include "ingest/lorawan/brokers.h"
#include "net/mqtt_packet.h"

namespace dos::lorawan {
namespace {

topic_space space_of(node const& n, std::shared_ptr<intake> in, network from, std::string prefix) {
  auto space = topic_space();
  space.prefix = std::move(prefix);
  space.publish = [&n, in = std::move(in), from](session s, std::string topic, std::string payload,
                                                 std::function<void(std::optional<fault>)> done) {
    require_need(s.who(), need::writer);
    auto const known = usual_topics(from);
    require(std::any_of(known.begin(), known.end(), [&](auto const& f) { return net::mqtt::matches(f, topic); }),
            fault_kind::not_found, "events of devices are expected here, not " + topic, "topic");
    in->take(s.shared_city(),
             {.source = "mqtt:" + s.who().name,
              .network = from,
              .topic = std::string(kind_in_topic(topic)),
              .body = std::move(payload),
              .received = n.clock.now()},
             [done = std::move(done)](fate f) { done(std::move(f.refused)); });
  };
  space.subscribe = [](session, std::string, std::optional<std::uint64_t>,
                       std::function<void(topic_message)>) -> std::shared_ptr<void> {
    throw fault(fault_kind::invalid, "events of network servers are taken here, not given out");
  };
  return space;
}

}  // namespace

std::vector<topic_space> published_events(node const& n, std::shared_ptr<intake> in) {
  return {space_of(n, in, network::chirpstack, "application"), space_of(n, in, network::things_stack, "v3")};
}

}  // namespace dos::lorawan
