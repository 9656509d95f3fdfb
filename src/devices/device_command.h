// What a device is told to do, and what became of it: one record a device, from the wish to the device's answer.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/record_collection.h"
#include "base/time.h"
#include "kernel/city/session.h"

namespace dos {

// Records by device id.
inline constexpr auto device_command_collection = record_collection{"device_command", "devices", "id of the device"};
// Which devices have a command that waits to be handed over; the record itself says nothing.
inline constexpr auto device_command_waiting_collection = record_collection{"device_command_waiting", "devices", "id of the device"};
inline constexpr std::size_t commands_kept_max = 50;     // of a device; the oldest that have ended go
inline constexpr std::size_t commands_waiting_max = 20;  // of a device

//   queued ──► sent ──► acknowledged
//     │ │        ├────► failed
//     │ │        └────► expired
//     │ └► cancelled, failed, expired
enum class command_state {
  queued,        // with us
  sent,          // the network server has taken it
  acknowledged,  // by the device; when no confirmation was asked for, by the gateway that sent it
  failed,        // with reason
  expired,       // nobody took it in time
  cancelled
};
std::string_view to_text(command_state s);

struct device_command {
  std::string id = {};  // a UUID, ours
  command_state state = command_state::queued;
  json::value data = {};  // what was encoded; null: bytes were given
  std::string bytes = {};
  int f_port = 0;
  bool confirmed = false;  // the device is asked to answer
  std::string by = {};
  timestamp created_at = no_time;
  timestamp expires_at = no_time;     // not handed over later than that
  timestamp handing_since = no_time;  // on its way to the network server: whether it arrived is not known
  timestamp sent_at = no_time;
  timestamp transmitted_at = no_time;  // by a gateway
  timestamp acknowledged_at = no_time;
  std::string server = {};      // that was asked: its name in the configuration
  std::string network_id = {};  // its own name for this command
  std::string reason = {};      // of failed: refused, handover_unknown, not_acknowledged, network, no_server, device_gone
  std::string detail = {};      // in plain words; of a queued one, why it still waits
};
json::object to_json(device_command const& c);  // as it is stored and shown

// What a network server tells of a command. By our id where it gives that back, else by its own.
struct command_report {
  enum class kind { taken, transmitted, acknowledged, not_acknowledged, failed, expired };

  kind what = kind::taken;
  std::string id = {};
  std::string network_id = {};
  std::string detail = {};
  timestamp at = no_time;
};

struct device_commands {
  std::vector<device_command> all;    // oldest first
  std::vector<command_report> early;  // came before the answer that tells the network server's id

  device_command* find(std::string_view id);
  bool has_waiting() const;
  // Faults: too_many beyond commands_waiting_max; conflict when there is one of that id.
  void add(device_command c);
  // False when it is about none of these. What is known better stays: a report that is late changes nothing.
  bool take(command_report const& r);
  // The network server has taken it, under that name.
  void note_sent(device_command& c, std::string network_id, timestamp at);
};

device_commands read_commands(record_ptr const& record);  // nothing: none
// Within a write; keeps the record of devices that wait in step.
void put_commands(transaction& t, std::string_view device, device_commands const& c);
void remove_commands(transaction& t, std::string_view device);

}  // namespace dos
