// Any body may come to the doors of LoRaWAN: it is read or refused, and what is read keeps its promises.
#include <cstddef>
#include <cstdint>

#include "base/fault.h"
#include "base/text.h"
#include "devices/device.h"
#include "ingest/lorawan/network_event.h"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace dos;
  using namespace dos::lorawan;
  if (size == 0) return 0;
  auto const rest = std::string_view(reinterpret_cast<char const*>(data) + 1, size - 1);
  auto const from = network(data[0] & 3);
  static constexpr std::string_view topics[] = {"",       "up",       "join", "ack",
                                                "status", "location", "log",  "integration"};
  try {
    auto const e = parse_event(from, topics[data[0] >> 2 & 7], json::parse(rest));
    DOS_CHECK(parse_device_id(e.device) == e.device);
    DOS_CHECK(!e.spreading_factor || (*e.spreading_factor >= 5 && *e.spreading_factor <= 12));
    DOS_CHECK(!e.battery_percent || (*e.battery_percent >= 0 && *e.battery_percent <= 100));
    DOS_CHECK(e.payload.size() <= payload_bytes_max);
    DOS_CHECK(e.receptions.size() <= receptions_max);
    DOS_CHECK(text::is_utf8(e.session) && text::is_utf8(e.id) && text::is_utf8(e.application));
    e.best_reception();
    signed_texts(rest);
  } catch (fault const& f) {
    DOS_CHECK(f.kind == fault_kind::malformed || f.kind == fault_kind::too_large);
  }
  return 0;
}
