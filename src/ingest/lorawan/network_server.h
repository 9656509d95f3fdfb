// How a network server is told to send something: the requests of ChirpStack's and The Things Stack's HTTP interfaces,
// and the messages of their brokers. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "devices/device_command.h"
#include "devices/radio_state.h"
#include "http/url.h"
#include "ingest/lorawan/brokers.h"
#include "ingest/lorawan/network_event.h"

namespace dos::lorawan {

// An entry of the configuration's lorawan_servers.
struct network_server {
  std::string city;
  std::string name;  // as the webhook or broker is called from which its messages come
  lorawan::network network = network::chirpstack;
  http::url url;            // of its HTTP interface
  std::string api_key;      // empty: asked without
  std::string ca_file;      // PEM; empty: those that the system trusts
  std::string application;  // of devices that were not heard yet
};
// {city, name, network: chirpstack|ttn, url, api_key_file, ca, application}. Faults: invalid.
network_server read_network_server(json::value const& entry);

// The first line of a file: editors end files with a line break, and no secret has one. Faults: invalid.
std::string read_secret(std::string const& file, std::string_view member);

struct server_request {
  std::string method;
  http::url url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};
// Whose device it is: what the route says, else the configuration. Faults: invalid when that is not known.
// A member that an entry of such a list of the configuration must have. Faults: invalid.
std::string text_in_entry(json::value const& entry, std::string_view list, std::string_view member);

// ChirpStack 4: POST /api/devices/{devEui}/queue (DeviceService.Enqueue).
// The Things Stack 3: POST /api/v3/as/applications/{application}/devices/{device}/down/push (AppAs.DownlinkQueuePush).
server_request push_request(network_server const& s, std::string const& device, network_route const& route,
                            device_command const& c);
// GET …/queue (DeviceService.GetQueue), GET …/down (AppAs.DownlinkQueueList).
server_request list_request(network_server const& s, std::string const& device, network_route const& route);

// The server's name for what it took; empty where it has none.
std::string id_in_answer(network n, std::string_view body);
// Where the command stands in the server's list, if it does: its name there, which may be empty. `known` are names of
// other commands.
std::optional<std::string> find_in_list(network n, std::string_view body, device_command const& c,
                                        std::vector<std::string> const& known);
// What a server says about a refusal, short.
std::string reason_in_answer(std::string_view body);

// ChirpStack: application/{id}/device/{devEui}/command/down; The Things Stack: v3/{application}/devices/{device}/down/push.
broker_message push_message(network n, std::string const& device, network_route const& route, device_command const& c);

}  // namespace dos::lorawan
