#include "devices/device_command.h"

#include <algorithm>
#include <array>

#include "base/fault.h"
#include "base/text.h"

namespace dos {
namespace {

constexpr std::size_t early_max = 8;
constexpr auto states =
    std::array<std::string_view, 6>{"queued", "sent", "acknowledged", "failed", "expired", "cancelled"};
constexpr auto report_kinds =
    std::array<std::string_view, 6>{"taken", "transmitted", "acknowledged", "not_acknowledged", "failed", "expired"};

template <typename Enum, std::size_t N>
Enum parse(std::array<std::string_view, N> const& names, std::string_view text) {
  auto const found = std::find(names.begin(), names.end(), text);
  return found == names.end() ? Enum() : Enum(found - names.begin());
}

timestamp time_in(json::value const& o, std::string_view member) {
  return parse_timestamp(o.text_or(member, "")).value_or(no_time);
}

device_command read_command(json::value const& o) {
  auto const text = [&](std::string_view member) { return std::string(o.text_or(member, "")); };
  auto const* data = o.find("data");
  auto const* port = o.find("fPort");
  auto const* confirmed = o.find("confirmed");
  return {.id = text("id"),
          .state = parse<command_state>(states, o.text_or("state", "")),
          .data = data ? *data : json::value(),
          .bytes = text::from_hex(o.text_or("bytes", "")).value_or(""),
          .f_port = port && port->is_int() ? int(port->as_int()) : 0,
          .confirmed = confirmed && confirmed->is_bool() && confirmed->as_bool(),
          .by = text("by"),
          .created_at = time_in(o, "createdAt"),
          .expires_at = time_in(o, "expiresAt"),
          .handing_since = time_in(o, "handingSince"),
          .sent_at = time_in(o, "sentAt"),
          .transmitted_at = time_in(o, "transmittedAt"),
          .acknowledged_at = time_in(o, "acknowledgedAt"),
          .server = text("server"),
          .network_id = text("networkId"),
          .reason = text("reason"),
          .detail = text("detail")};
}

json::object to_json(command_report const& r) {
  return {{"what", report_kinds[std::size_t(r.what)]},
          {"networkId", r.network_id},
          {"detail", r.detail},
          {"at", to_string(r.at)}};
}

command_report read_report(json::value const& o) {
  return {.what = parse<command_report::kind>(report_kinds, o.text_or("what", "")),
          .id = {},
          .network_id = std::string(o.text_or("networkId", "")),
          .detail = std::string(o.text_or("detail", "")),
          .at = time_in(o, "at")};
}

void fail(device_command& c, std::string reason, std::string detail) {
  c.state = command_state::failed;
  c.reason = std::move(reason);
  c.detail = std::move(detail);
}

void acknowledge(device_command& c, timestamp at) {
  c.state = command_state::acknowledged;
  c.acknowledged_at = at;
  c.reason.clear();
  c.detail.clear();
}

// A command whose handover was in doubt was handed over, if anything is told about it.
void note_arrived(device_command& c, timestamp at) {
  c.handing_since = no_time;
  if (c.sent_at == no_time) c.sent_at = at;
  auto const was_in_doubt = c.state == command_state::failed && c.reason == "handover_unknown";
  if (c.state != command_state::queued && !was_in_doubt) return;
  c.state = command_state::sent;
  c.reason.clear();
  c.detail.clear();
}

void apply(device_command& c, command_report const& r) {
  note_arrived(c, r.at);
  if (c.state == command_state::acknowledged) return;
  switch (r.what) {
    case command_report::kind::taken:
      break;
    case command_report::kind::transmitted:
      if (c.transmitted_at == no_time) c.transmitted_at = r.at;
      if (!c.confirmed) acknowledge(c, r.at);
      break;
    case command_report::kind::acknowledged:
      acknowledge(c, r.at);
      break;
    case command_report::kind::not_acknowledged:
      fail(c, "not_acknowledged", "the device did not confirm that it received this");
      break;
    case command_report::kind::failed:
      fail(c, "network", r.detail);
      break;
    case command_report::kind::expired:
      c.state = command_state::expired;
      c.detail = r.detail;
      break;
  }
}

}  // namespace

std::string_view to_text(command_state s) { return states[std::size_t(s)]; }

json::object to_json(device_command const& c) {
  auto o = json::object{{"id", c.id}, {"state", to_text(c.state)}};
  if (!c.data.is_null()) o.push("data", c.data);
  o.push("bytes", text::to_hex(c.bytes));
  o.push("fPort", c.f_port);
  o.push("confirmed", c.confirmed);
  for (auto const& [member, text] : {std::pair("by", &c.by), {"server", &c.server}, {"networkId", &c.network_id},
                                     {"reason", &c.reason}, {"detail", &c.detail}}) {
    if (!text->empty()) o.push(member, *text);
  }
  for (auto const& [member, time] :
       {std::pair("createdAt", c.created_at), {"expiresAt", c.expires_at}, {"handingSince", c.handing_since},
        {"sentAt", c.sent_at}, {"transmittedAt", c.transmitted_at}, {"acknowledgedAt", c.acknowledged_at}}) {
    if (time != no_time) o.push(member, to_string(time));
  }
  return o;
}

device_command* device_commands::find(std::string_view id) {
  auto const found = std::find_if(all.begin(), all.end(), [&](auto const& c) { return c.id == id; });
  return found == all.end() ? nullptr : &*found;
}

bool device_commands::has_waiting() const {
  return std::any_of(all.begin(), all.end(), [](auto const& c) { return c.state == command_state::queued; });
}

void device_commands::add(device_command c) {
  auto const is_waiting = [](auto const& other) { return other.state == command_state::queued; };
  require(!find(c.id), fault_kind::conflict, "there is a command with this id already", "id");
  require(std::size_t(std::count_if(all.begin(), all.end(), is_waiting)) < commands_waiting_max, fault_kind::too_many,
          "20 commands wait for this device already: cancel some, or wait until the network server takes them");
  all.push_back(std::move(c));
  while (all.size() > commands_kept_max) {
    auto const ended = std::find_if_not(all.begin(), all.end(), is_waiting);
    all.erase(ended == all.end() ? all.begin() : ended);
  }
}

bool device_commands::take(command_report const& r) {
  auto const found = std::find_if(all.begin(), all.end(), [&](auto const& c) {
    return r.id.empty() ? !r.network_id.empty() && c.network_id == r.network_id : c.id == r.id;
  });
  if (found != all.end()) {
    apply(*found, r);
    return true;
  }
  auto const is_handed = [](auto const& c) { return c.handing_since != no_time && c.network_id.empty(); };
  if (r.network_id.empty() || !std::any_of(all.begin(), all.end(), is_handed)) return false;
  early.push_back(r);
  if (early.size() > early_max) early.erase(early.begin());
  return true;
}

void device_commands::note_sent(device_command& c, std::string network_id, timestamp at) {
  c.network_id = std::move(network_id);
  note_arrived(c, at);
  for (auto const& r : early) {
    if (!c.network_id.empty() && r.network_id == c.network_id) apply(c, r);
  }
  std::erase_if(early, [&](auto const& r) { return r.network_id == c.network_id; });
}

device_commands read_commands(record_ptr const& record) {
  auto c = device_commands();
  if (!record) return c;
  if (auto const* all = record->find("commands"); all && all->is_array()) {
    for (auto const& o : all->as_array()) c.all.push_back(read_command(o));
  }
  if (auto const* early = record->find("early"); early && early->is_array()) {
    for (auto const& o : early->as_array()) c.early.push_back(read_report(o));
  }
  return c;
}

void put_commands(transaction& t, std::string_view device, device_commands const& c) {
  auto all = json::array(), early = json::array();
  for (auto const& command : c.all) all.push_back(to_json(command));
  for (auto const& r : c.early) early.push_back(to_json(r));
  auto record = json::object{{"commands", std::move(all)}};
  if (!early.empty()) record.push("early", std::move(early));
  t.put_record(device_command_collection, device, std::move(record));
  auto const is_noted = t.find_record(device_command_waiting_collection, device) != nullptr;
  if (c.has_waiting() && !is_noted) t.put_record(device_command_waiting_collection, device, json::object());
  if (!c.has_waiting() && is_noted) t.erase_record(device_command_waiting_collection, device);
}

void remove_commands(transaction& t, std::string_view device) {
  for (auto const collection : {device_command_collection, device_command_waiting_collection}) {
    if (t.find_record(collection, device)) t.erase_record(collection, device);
  }
}

}  // namespace dos
