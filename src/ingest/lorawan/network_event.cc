#include "ingest/lorawan/network_event.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/fault.h"

namespace dos::lorawan {

std::string_view to_text(network n) {
  static constexpr auto names = std::array<std::string_view, 4>{"chirpstack", "ttn", "loriot", "actility"};
  return names[std::size_t(n)];
}

std::optional<network> parse_network(std::string_view text) {
  if (text == "chirpstack") return network::chirpstack;
  if (text == "ttn" || text == "tts" || text == "things_stack") return network::things_stack;
  if (text == "loriot") return network::loriot;
  if (text == "actility" || text == "thingpark") return network::actility;
  return std::nullopt;
}

std::string_view to_text(event_kind k) {
  static constexpr auto names =
      std::array<std::string_view, 8>{"up", "join", "ack", "txack", "status", "location", "log", "integration"};
  return names[std::size_t(k)];
}

reception const* network_event::best_reception() const {
  auto const strength = [](reception const& r) { return r.rssi.value_or(-std::numeric_limits<double>::infinity()); };
  auto const best = std::max_element(receptions.begin(), receptions.end(),
                                     [&](auto const& a, auto const& b) { return strength(a) < strength(b); });
  return best == receptions.end() ? nullptr : &*best;
}

network_event parse_event(network n, std::string_view topic, json::value const& body) {
  require(body.is_object(), fault_kind::malformed, "the body of a network server is a JSON object");
  switch (n) {
    case network::chirpstack:
      return parse_chirpstack(topic, body);
    case network::things_stack:
      return parse_things_stack(topic, body);
    case network::loriot:
      return parse_loriot(topic, body);
    case network::actility:
      return parse_actility(topic, body);
  }
  throw fault(fault_kind::internal, "a network without a reader");
}

}  // namespace dos::lorawan
