// ChirpStack's integration events: the JSON of its HTTP and MQTT integrations, versions 4, 3 and before.
#include "base/fault.h"
#include "base/text.h"
#include "base/text_cut.h"
#include "ingest/lorawan/members.h"

namespace dos::lorawan {
namespace {

std::optional<event_kind> kind_by_topic(std::string_view topic) {
  if (topic == "up") return event_kind::uplink;
  if (topic == "join") return event_kind::join;
  if (topic == "ack") return event_kind::ack;
  if (topic == "txack") return event_kind::tx_ack;
  if (topic == "status") return event_kind::status;
  if (topic == "location") return event_kind::location;
  if (topic == "log" || topic == "error") return event_kind::log;  // version 3 says error
  if (topic == "integration") return event_kind::integration;
  return std::nullopt;
}

// Bodies that come without the event parameter are told apart by what only they have. Members that are null are not
// there: some servers write all that a message could have. What only uplinks have counts first, since such bodies may
// also say "acknowledged": false.
std::optional<event_kind> kind_by_shape(json::value const& body) {
  auto const has = [&](std::string_view name) { return find_member(body, name) != nullptr; };
  if (has("fPort") || has("data") || has("rxInfo")) return event_kind::uplink;
  if (has("integrationName")) return event_kind::integration;
  if (has("level") || has("error")) return event_kind::log;
  if (has("fCnt") && (has("adr") || has("dr"))) return event_kind::uplink;
  if (has("acknowledged")) return event_kind::ack;
  if (has("batteryLevel") || has("margin") || has("externalPowerSource")) return event_kind::status;
  if (has("fCnt")) return event_kind::uplink;
  if (has("txInfo") || has("fCntDown") || has("downlinkId")) return event_kind::tx_ack;
  if (has("location")) return event_kind::location;
  if (has("devAddr")) return event_kind::join;
  return std::nullopt;
}

// Hex in version 4, base64 or hex in version 3.
std::string read_address(std::string const& given) {
  if (given.size() == 8) {
    if (text::from_hex(given)) return text::lower(given);
  }
  auto const bytes = text::from_base64(given);
  return bytes && bytes->size() == 4 ? text::to_hex(*bytes) : std::string(text::cut(given, 64));
}

std::string gateway_of(json::value const& rx) {
  if (auto id = find_text(rx, "gatewayId"); !id.empty()) return id;
  auto id = find_text(rx, "gatewayID");
  if (id.empty()) return find_text(rx, "mac");
  auto const bytes = text::from_base64(id);
  return id.size() != 16 && bytes && bytes->size() == 8 ? text::to_hex(*bytes) : id;
}

void read_rx_info(json::value const& body, network_event& e) {
  auto const* all = find_member(body, "rxInfo");
  if (!all || !all->is_array()) return;
  for (auto const& rx : all->as_array()) {
    if (e.receptions.size() == receptions_max) break;
    auto heard = reception{.gateway = gateway_of(rx),
                           .rssi = find_number(rx, "rssi"),
                           .snr = find_number(rx, "snr"),
                           .place = find_place(rx, "location")};
    if (!heard.snr) heard.snr = find_number(rx, "loRaSNR");
    e.receptions.push_back(std::move(heard));
    // The event's own time is missing in version 3.
    for (auto const* name : {"time", "gwTime", "nsTime"}) {
      if (!e.time) e.time = find_timestamp(rx, name);
    }
  }
}

void read_radio(json::value const& body, network_event& e) {
  e.frequency_hz = find_number(body, "txInfo.frequency");
  for (auto const* path : {"txInfo.modulation.lora.spreadingFactor", "txInfo.loRaModulationInfo.spreadingFactor",
                           "txInfo.dataRate.spreadFactor"}) {
    if (auto const sf = find_spreading_factor(body, path)) e.spreading_factor = sf;
  }
}

// Version 3 writes the object as text. What can't be read of it takes nothing from the payload.
void read_decoded(json::value const& body, network_event& e) {
  if (auto const* object = find_member(body, "object"); object && object->is_object()) e.decoded = *object;
  auto const text = find_text(body, "objectJSON");
  if (!e.decoded.is_null() || text.empty()) return;
  try {
    e.decoded = json::parse(text);
  } catch (fault const& f) {
    e.decoded_problem = "objectJSON: " + f.detail;
  }
}

void read_uplink(json::value const& body, network_event& e) {
  e.f_cnt = read_counter(body, "fCnt", 0xffffffff);
  e.f_port = int(read_counter(body, "fPort", 255));
  e.payload = read_payload(body, "data");
  e.encrypted = find_member(body, "joinServerContext") != nullptr;
  read_decoded(body, e);
  read_rx_info(body, e);
  read_radio(body, e);
}

void read_status(json::value const& body, network_event& e) {
  e.margin_db = find_number(body, "margin");
  auto const flag = [&](std::string_view name) {
    auto const* found = body.find(name);
    return found && found->is_bool() && found->as_bool();
  };
  if (find_member(body, "externalPowerSource")) e.external_power = flag("externalPowerSource");
  if (!flag("batteryLevelUnavailable") && !e.external_power.value_or(false)) {
    e.battery_percent = find_percent(body, "batteryLevel");
  }
  // Before version 3: the device's own answer.
  if (!find_member(body, "batteryLevel")) take_battery_status(body, "battery", e);
}

// Version 4 names the item of the device's queue; before, there is nothing to know it by.
std::optional<command_report> read_report(json::value const& body, network_event const& e) {
  auto r = command_report();
  r.network_id = find_text(body, "queueItemId");
  if (e.kind == event_kind::tx_ack) r.what = command_report::kind::transmitted;
  if (e.kind == event_kind::ack) {
    r.what = e.acknowledged ? command_report::kind::acknowledged : command_report::kind::not_acknowledged;
  }
  if (e.kind == event_kind::log) {
    auto const code = find_text(body, "code");
    if (code != "EXPIRED" && !code.starts_with("DOWNLINK") && code != "F_CNT_DOWN") return std::nullopt;
    r.what = code == "EXPIRED" ? command_report::kind::expired : command_report::kind::failed;
    r.detail = code + ": " + find_text(body, "description");
    for (auto const* name : {"context.queue_item_id", "context.device_queue_item_id"}) {
      if (r.network_id.empty()) r.network_id = find_text(body, name);
    }
  }
  // With its MQTT interface the id is the one that we gave.
  return r.network_id.empty() ? std::nullopt : std::optional(r);
}

}  // namespace

network_event parse_chirpstack(std::string_view topic, json::value const& body) {
  auto const kind = topic.empty() ? kind_by_shape(body) : kind_by_topic(topic);
  require(kind.has_value(), fault_kind::malformed,
          topic.empty()
              ? "this is none of ChirpStack's events: say which with ?event=up"
              : "\"" + std::string(text::cut(topic, 40)) +
                    "\" is none of ChirpStack's events: up, join, ack, txack, status, location, log, integration",
          "event");
  auto e = network_event();
  e.kind = *kind;
  auto const old = body.find("deviceInfo") == nullptr;
  auto const* const eui = old ? "devEUI" : "deviceInfo.devEui";
  e.device = read_eui(find_text(body, eui), eui);
  e.session = read_address(find_text(body, "devAddr"));
  e.id = find_text(body, "deduplicationId");
  e.application = text::cut(find_text(body, "deviceInfo.applicationId"), 128);
  e.time = find_timestamp(body, "time");
  if (!e.time) e.time = find_timestamp(body, "publishedAt");

  if (e.kind == event_kind::uplink) read_uplink(body, e);
  if (e.kind == event_kind::status) read_status(body, e);
  if (e.kind == event_kind::location) e.place = find_place(body, "location");
  if (e.kind == event_kind::log)
    e.notice = pick(body, {"level", "code", "description", "context", "type", "error", "fCnt"});
  if (e.kind == event_kind::integration)
    e.notice = pick(body, {"integrationName", "eventType", "object", "objectJSON"});
  if (e.kind == event_kind::ack) {
    auto const* found = body.find("acknowledged");
    e.acknowledged = found && found->is_bool() && found->as_bool();
  }
  if (e.kind == event_kind::tx_ack) e.notice = pick(body, {"fCntDown", "gatewayId", "gatewayID"});
  if (e.kind == event_kind::tx_ack || e.kind == event_kind::ack || e.kind == event_kind::log)
    e.report = read_report(body, e);
  return e;
}

}  // namespace dos::lorawan
