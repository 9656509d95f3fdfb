// MQTT packets of both versions: whatever is accepted reads the same after it was written.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/fault.h"
#include "net/mqtt_packet.h"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace dos::net;
  auto const bytes = std::string_view(reinterpret_cast<char const*>(data), size);
  for (auto const spoken : {mqtt::version::v3_1_1, mqtt::version::v5}) {
    try {
      auto const first = mqtt::parse_packet(bytes, spoken, 100'000);
      if (!first) continue;
      if (first->bytes > size) std::abort();
      auto written = std::string();
      mqtt::write_packet(written, first->packet, spoken);
      auto const second = mqtt::parse_packet(written, spoken, 200'000);
      if (!second || second->packet != first->packet || second->bytes != written.size()) std::abort();
    } catch (dos::fault const&) {
    }
  }
  return 0;
}
