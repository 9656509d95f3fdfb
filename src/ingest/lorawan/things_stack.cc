// The Things Stack v3: ApplicationUp as its webhooks and its MQTT server send it.
#include <array>

#include "base/fault.h"
#include "base/text.h"
#include "base/text_cut.h"
#include "ingest/lorawan/members.h"

namespace dos::lorawan {
namespace {

struct message_type {
  std::string_view member;
  event_kind kind;
};
// Which member is there says what it is.
constexpr auto message_types = std::array{
    message_type{"uplink_message", event_kind::uplink},
    message_type{"uplink_normalized", event_kind::uplink},
    message_type{"join_accept", event_kind::join},
    message_type{"downlink_ack", event_kind::ack},
    message_type{"downlink_nack", event_kind::ack},
    message_type{"downlink_sent", event_kind::tx_ack},
    message_type{"downlink_failed", event_kind::log},
    message_type{"downlink_queued", event_kind::log},
    message_type{"downlink_queue_invalidated", event_kind::log},
    message_type{"location_solved", event_kind::location},
    message_type{"service_data", event_kind::integration},
};

message_type const* find_type(json::value const& body) {
  for (auto const& type : message_types) {
    auto const* found = body.find(type.member);
    if (found && found->is_object()) return &type;
  }
  return nullptr;
}

// The storage integration wraps each message into "result".
json::value const& unwrapped(json::value const& body) {
  auto const* inner = body.find("result");
  return inner && inner->is_object() && inner->find("end_device_ids") ? *inner : body;
}

void read_rx_metadata(json::value const& message, network_event& e) {
  auto const* all = find_member(message, "rx_metadata");
  if (!all || !all->is_array()) return;
  for (auto const& rx : all->as_array()) {
    if (e.receptions.size() == receptions_max) break;
    auto heard = reception{.gateway = find_text(rx, "gateway_ids.gateway_id"),
                           .rssi = find_number(rx, "rssi"),
                           .snr = find_number(rx, "snr"),
                           .place = find_place(rx, "location")};
    if (heard.gateway.empty()) heard.gateway = text::lower(find_text(rx, "gateway_ids.eui"));
    if (!heard.rssi) heard.rssi = find_number(rx, "channel_rssi");
    e.receptions.push_back(std::move(heard));
  }
}

void read_uplink_message(json::value const& message, network_event& e) {
  e.f_cnt = read_counter(message, "f_cnt", 0xffffffff);
  e.f_port = int(read_counter(message, "f_port", 255));
  e.payload = read_payload(message, "frm_payload");
  for (auto const* name : {"decoded_payload", "normalized_payload"}) {
    if (auto const* found = find_member(message, name); found && e.decoded.is_null()) e.decoded = *found;
  }
  for (auto const* name : {"received_at", "settings.time"}) {
    if (auto const t = find_timestamp(message, name); t && !e.time) e.time = t;
  }
  read_rx_metadata(message, e);
  e.frequency_hz = find_number(message, "settings.frequency");
  if (auto const sf = find_number(message, "settings.data_rate.lora.spreading_factor")) e.spreading_factor = int(*sf);
  e.battery_percent = find_number(message, "last_battery_percentage.value");
}

json::value notice_of(std::string_view what, json::value const& message) {
  auto notice = json::object{{"code", what}};
  if (auto const* error = find_member(message, "error")) notice.push("error", *error);
  if (auto const* data = find_member(message, "data")) notice.push("object", *data);
  if (auto const service = find_text(message, "service"); !service.empty()) notice.push("integrationName", service);
  return notice;
}

}  // namespace

network_event parse_things_stack(std::string_view, json::value const& wrapped) {
  auto const& body = unwrapped(wrapped);
  auto const* type = find_type(body);
  require(type != nullptr, fault_kind::malformed,
          "this is no message of The Things Stack v3: none of uplink_message, join_accept, downlink_…, location_solved "
          "and service_data is there");
  auto const& message = *body.find(type->member);
  auto e = network_event();
  e.kind = type->kind;
  e.dev_eui = read_eui(find_text(body, "end_device_ids.dev_eui"), "end_device_ids.dev_eui");
  e.session = text::cut(find_text(message, "session_key_id"), 64);
  if (e.session.empty()) e.session = text::lower(find_text(body, "end_device_ids.dev_addr"));
  if (auto const* ids = find_member(body, "correlation_ids"); ids && ids->is_array() && !ids->as_array().empty()) {
    auto const& first = ids->as_array().front();
    if (first.is_string()) e.id = text::cut(first.as_string(), 128);
  }
  auto const* simulated = body.find("simulated");
  e.simulated = simulated && simulated->is_bool() && simulated->as_bool();

  if (e.kind == event_kind::uplink) read_uplink_message(message, e);
  if (e.kind == event_kind::location) e.place = find_place(message, "location");
  e.acknowledged = type->member == "downlink_ack";
  if (e.kind == event_kind::log || e.kind == event_kind::integration) e.notice = notice_of(type->member, message);
  if (!e.time) e.time = find_timestamp(message, "received_at");
  if (!e.time) e.time = find_timestamp(body, "received_at");
  return e;
}

}  // namespace dos::lorawan
