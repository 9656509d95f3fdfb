// LORIOT's application output: the JSON of its HTTP push, WebSocket and MQTT outputs.
#include "base/fault.h"
#include "base/text.h"
#include "base/text_cut.h"
#include "ingest/lorawan/members.h"

namespace dos::lorawan {
namespace {

// Milliseconds since 1970.
std::optional<timestamp> find_time(json::value const& body) {
  auto const ms = find_number(body, "ts");
  return ms && *ms > 0 && *ms < 1e14 ? std::optional(timestamp{std::int64_t(*ms * 1'000)}) : std::nullopt;
}

// With "gw" all gateways that heard it, with "rx" the first.
void read_loriot_receptions(json::value const& body, network_event& e) {
  auto const* all = find_member(body, "gws");
  if (!all || !all->is_array()) {
    if (find_member(body, "rssi")) {
      e.receptions.push_back(
          {.gateway = {}, .rssi = find_number(body, "rssi"), .snr = find_number(body, "snr"), .place = {}});
    }
    return;
  }
  for (auto const& gateway : all->as_array()) {
    if (e.receptions.size() == receptions_max) break;
    e.receptions.push_back({.gateway = text::lower(find_text(gateway, "gweui")),
                            .rssi = find_number(gateway, "rssi"),
                            .snr = find_number(gateway, "snr"),
                            .place = make_place(find_number(gateway, "lon"), find_number(gateway, "lat"))});
  }
}

void read_loriot_uplink(json::value const& body, network_event& e) {
  e.f_cnt = read_counter(body, "fcnt", 0xffffffff);
  e.f_port = int(read_counter(body, "port", 255));
  // Of a device whose AppSKey LORIOT does not have.
  e.encrypted = find_member(body, "data") == nullptr && find_member(body, "encdata") != nullptr;
  e.payload = read_hex_payload(body, e.encrypted ? "encdata" : "data");
  e.frequency_hz = find_number(body, "freq");
  e.spreading_factor = spreading_factor_of(find_text(body, "dr"));
  take_battery_status(body, "bat", e);
  read_loriot_receptions(body, e);
}

}  // namespace

network_event parse_loriot(std::string_view, json::value const& body) {
  auto const command = find_text(body, "cmd");
  auto e = network_event();
  e.device = read_eui(find_text(body, "EUI"), "EUI");
  e.session = text::lower(text::cut(find_text(body, "devaddr"), 64));
  e.time = find_time(body);
  if (command == "rx" || command == "gw") {
    read_loriot_uplink(body, e);
  } else if (command == "txd") {
    e.kind = event_kind::tx_ack;
  } else if (command == "tx") {
    e.kind = event_kind::log;  // what LORIOT answered to a downlink
    e.notice = pick(body, {"success", "error", "seqdn"});
  } else {
    throw fault(fault_kind::malformed,
                "\"" + std::string(text::cut(command, 40)) + "\" is none of LORIOT's messages: rx, gw, txd, tx", "cmd");
  }
  return e;
}

}  // namespace dos::lorawan
