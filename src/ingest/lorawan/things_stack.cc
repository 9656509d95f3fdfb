// The Things Stack v3: ApplicationUp as its webhooks and its MQTT server send it.
#include <array>

#include "base/fault.h"
#include "base/text.h"
#include "base/text_cut.h"
#include "devices/device.h"
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
  e.encrypted = find_member(message, "app_s_key") != nullptr;
  if (auto const* found = find_member(message, "decoded_payload")) e.decoded = *found;
  if (auto const* found = find_member(message, "normalized_payload")) {
    if (found->is_array()) e.normalized = found->as_array();
    if (found->is_object()) e.normalized = {*found};
  }
  for (auto const* name : {"received_at", "settings.time"}) {
    if (auto const t = find_timestamp(message, name); t && !e.time) e.time = t;
  }
  read_rx_metadata(message, e);
  e.frequency_hz = find_number(message, "settings.frequency");
  e.spreading_factor = find_spreading_factor(message, "settings.data_rate.lora.spreading_factor");
  e.battery_percent = find_percent(message, "last_battery_percentage.value");
}

// Devices that are activated by personalisation need no DevEUI: they go by the name that the application gave them.
std::string device_of(json::value const& body) {
  if (auto const eui = find_text(body, "end_device_ids.dev_eui"); !eui.empty()) {
    return read_eui(eui, "end_device_ids.dev_eui");
  }
  auto const id = parse_device_id(find_text(body, "end_device_ids.device_id"));
  require(id.has_value(), fault_kind::malformed,
          "end_device_ids has neither a dev_eui nor a device_id: which device is it?", "end_device_ids.dev_eui");
  return *id;
}

// What we send carries our id among its correlation ids, and so does everything that is told about it.
std::optional<command_report> read_report(std::string_view what, json::value const& body, json::value const& message) {
  using kind = command_report::kind;
  auto r = command_report();
  if (what == "downlink_queued") r.what = kind::taken;
  else if (what == "downlink_sent") r.what = kind::transmitted;
  else if (what == "downlink_ack") r.what = kind::acknowledged;
  else if (what == "downlink_nack") r.what = kind::not_acknowledged;
  else if (what == "downlink_failed") r.what = kind::failed;
  else return std::nullopt;
  for (auto const* ids : {find_member(body, "correlation_ids"), find_member(message, "correlation_ids"),
                          find_member(message, "downlink.correlation_ids")}) {
    if (!ids || !ids->is_array()) continue;
    for (auto const& id : ids->as_array()) {
      if (id.is_string() && id.as_string().starts_with(command_correlation)) {
        r.id = id.as_string().substr(command_correlation.size());
      }
    }
  }
  if (auto const* error = find_member(message, "error")) {
    r.detail = find_text(*error, "message_format");
    if (r.detail.empty()) r.detail = text::cut(json::to_string(*error), 400);
  }
  return r.id.empty() ? std::nullopt : std::optional(r);
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
  e.device = device_of(body);
  e.application = text::cut(find_text(body, "end_device_ids.application_ids.application_id"), 128);
  e.network_device = text::cut(find_text(body, "end_device_ids.device_id"), 128);
  e.session = text::cut(find_text(message, "session_key_id"), 64);
  if (e.session.empty()) e.session = text::lower(find_text(body, "end_device_ids.dev_addr"));
  if (auto const* ids = find_member(body, "correlation_ids"); ids && ids->is_array() && !ids->as_array().empty()) {
    auto const& first = ids->as_array().front();
    if (first.is_string()) e.id = text::cut(first.as_string(), 128);
  }
  auto const* simulated = body.find("simulated");
  e.simulated = simulated && simulated->is_bool() && simulated->as_bool();

  if (e.kind == event_kind::uplink) read_uplink_message(message, e);
  e.is_part = type->member == "uplink_normalized";
  if (e.kind == event_kind::location) e.place = find_place(message, "location");
  e.acknowledged = type->member == "downlink_ack";
  if (e.kind == event_kind::log || e.kind == event_kind::integration) e.notice = notice_of(type->member, message);
  e.report = read_report(type->member, body, message);
  if (!e.time) e.time = find_timestamp(message, "received_at");
  if (!e.time) e.time = find_timestamp(body, "received_at");
  return e;
}

}  // namespace dos::lorawan
