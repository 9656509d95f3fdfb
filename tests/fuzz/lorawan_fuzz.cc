// Any body may come to the doors of LoRaWAN: it is read or refused, and what is read keeps its promises.
#include <cstddef>
#include <cstdint>

#include "base/fault.h"
#include "base/text.h"
#include "ingest/lorawan/network_event.h"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace dos;
  using namespace dos::lorawan;
  if (size == 0) return 0;
  auto const rest = std::string_view(reinterpret_cast<char const*>(data) + 1, size - 1);
  auto const from = data[0] & 1 ? network::chirpstack : network::things_stack;
  static constexpr std::string_view topics[] = {"",       "up",       "join", "ack",
                                                "status", "location", "log",  "integration"};
  try {
    auto const e = parse_event(from, topics[data[0] >> 1 & 7], json::parse(rest));
    DOS_CHECK(e.dev_eui.size() == 16 && text::from_hex(e.dev_eui));
    DOS_CHECK(e.dev_eui == text::lower(e.dev_eui));
    DOS_CHECK(e.payload.size() <= payload_bytes_max);
    DOS_CHECK(e.receptions.size() <= receptions_max);
    DOS_CHECK(text::is_utf8(e.session) && text::is_utf8(e.id));
    e.best_reception();
  } catch (fault const& f) {
    DOS_CHECK(f.kind == fault_kind::malformed || f.kind == fault_kind::too_large);
  }
  return 0;
}
