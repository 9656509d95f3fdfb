// ThingPark by Actility: the JSON that its network server sends to application servers (LRC-AS tunnel interface). Numbers
// may come as text.
#include <cmath>

#include "base/fault.h"
#include "base/text.h"
#include "base/text_cut.h"
#include "ingest/lorawan/members.h"

namespace dos::lorawan {
namespace {

constexpr auto prefix = std::string_view("DevEUI_");

// Its one member says what it is.
json::member const* find_report(json::value const& body) {
  for (auto const& m : body.as_object()) {
    if (m.key.starts_with(prefix) && m.value.is_object()) return &m;
  }
  return nullptr;
}

void read_thingpark_receptions(json::value const& report, network_event& e) {
  auto const best = find_text(report, "Lrrid");
  auto const place = make_place(find_number(report, "LrrLON"), find_number(report, "LrrLAT"));
  auto const* all = find_member(report, "Lrrs.Lrr");
  auto const list = !all ? json::array() : all->is_array() ? all->as_array() : json::array{*all};
  for (auto const& lrr : list) {
    if (e.receptions.size() == receptions_max) break;
    auto const id = find_text(lrr, "Lrrid");
    e.receptions.push_back({.gateway = text::lower(id),
                            .rssi = find_number(lrr, "LrrRSSI"),
                            .snr = find_number(lrr, "LrrSNR"),
                            .place = id == best ? place : std::nullopt});
  }
  if (e.receptions.empty() && !best.empty()) {
    e.receptions.push_back({.gateway = text::lower(best),
                            .rssi = find_number(report, "LrrRSSI"),
                            .snr = find_number(report, "LrrSNR"),
                            .place = place});
  }
}

void read_thingpark_uplink(json::value const& report, network_event& e) {
  e.f_cnt = read_counter(report, "FCntUp", 0xffffffff);
  e.f_port = int(read_counter(report, "FPort", 255));
  e.encrypted = find_member(report, "AppSKey") != nullptr;  // comes with what ThingPark can't decrypt
  e.payload = read_hex_payload(report, "payload_hex");
  if (auto const mhz = find_number(report, "Frequency")) e.frequency_hz = std::round(*mhz * 1e6);
  e.spreading_factor = find_spreading_factor(report, "SpFact");
  e.place = make_place(find_number(report, "DevLON"), find_number(report, "DevLAT"), find_number(report, "DevAlt"));
  read_thingpark_receptions(report, e);
}

void read_thingpark_notification(json::value const& report, network_event& e) {
  auto const type = find_text(report, "Type");
  if (type == "join" || type == "reset") {
    e.kind = event_kind::join;  // either way the counters begin again
  } else if (text::equal_ignoring_case(type, "devstatusans") || text::equal_ignoring_case(type, "batteryStatus")) {
    e.kind = event_kind::status;
    take_battery_status(report, "Var1", e);
    e.margin_db = find_number(report, "Var2");
  } else {
    e.kind = event_kind::integration;
    e.notice = pick(report, {"Type", "Var1", "Var2"});
  }
}

}  // namespace

std::vector<std::string> signed_texts(std::string_view text) {
  auto body = json::value();
  try {
    body = json::parse(text);
  } catch (fault const&) {
    return {};  // what can't be read is signed by nobody
  }
  auto const* found = body.is_object() ? find_report(body) : nullptr;
  if (!found) return {};
  auto const member = [&](std::string_view name) {
    auto const* value = find_member(found->value, name);
    return !value ? std::string() : value->is_string() ? std::string(value->as_string()) : json::to_string(*value);
  };
  auto const whose = member("CustomerID") + member("DevEUI");
  if (found->key == "DevEUI_uplink") return {whose + member("FPort") + member("FCntUp") + member("payload_hex")};
  return {whose + member("FPort") + member("FCntDn"), whose};
}

network_event parse_actility(std::string_view, json::value const& body) {
  auto const* found = find_report(body);
  require(found != nullptr, fault_kind::malformed,
          "this is no message of ThingPark: none of DevEUI_uplink, DevEUI_downlink_Sent, DevEUI_location and "
          "DevEUI_notification is there");
  auto const kind = std::string_view(found->key).substr(prefix.size());
  auto const& report = found->value;
  auto e = network_event();
  e.device = read_eui(find_text(report, "DevEUI"), "DevEUI");
  e.session = text::lower(text::cut(find_text(report, "DevAddr"), 64));
  e.time = find_timestamp(report, kind == "location" ? "DevLocTime" : "Time");
  if (kind == "uplink") {
    read_thingpark_uplink(report, e);
  } else if (kind == "notification") {
    read_thingpark_notification(report, e);
  } else if (kind == "location") {
    e.kind = event_kind::location;
    e.place = make_place(find_number(report, "DevLON"), find_number(report, "DevLAT"), find_number(report, "DevAlt"));
  } else if (kind == "downlink_Sent" && find_number(report, "DeliveryStatus") == 1) {
    e.kind = event_kind::tx_ack;
  } else {
    e.kind = kind.starts_with("downlink") ? event_kind::log : event_kind::integration;
    e.notice = pick(report, {"DeliveryStatus", "DeliveryFailedCause1", "DeliveryFailedCause2", "DeliveryFailedCause3",
                             "FCntDn"});
    e.notice.as_object().push("code", text::cut(found->key, 64));
  }
  return e;
}

}  // namespace dos::lorawan
