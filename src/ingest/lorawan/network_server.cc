#include "ingest/lorawan/network_server.h"

#include <algorithm>
#include <fstream>

#include "base/fault.h"
#include "base/text.h"
#include "base/text_cut.h"
#include "devices/device.h"
#include "ingest/lorawan/members.h"

namespace dos::lorawan {
namespace {

http::url below(http::url base, std::string const& path) {
  while (base.path.ends_with('/')) base.path.pop_back();
  base.path += path;
  return base;
}

// A segment of a path: what networks call applications and devices is letters, digits and '-', but nobody promises it.
std::string segment(std::string_view text) {
  auto const plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  };
  require(!text.empty() && std::all_of(text.begin(), text.end(), plain), fault_kind::invalid,
          "\"" + std::string(text::cut(text, 60)) + "\" names no application or device of a network server");
  return std::string(text);
}

std::string device_path(network_server const& s, std::string const& device, network_route const& route) {
  if (s.network == network::chirpstack) return "/api/devices/" + segment(device) + "/queue";
  auto const application = route.application.empty() ? s.application : route.application;
  require(!application.empty(), fault_kind::invalid,
          "the application of this device is not known: it was not heard yet, and lorawan_servers names none");
  auto const name = !route.device.empty() ? route.device : parse_eui(device) ? "eui-" + device : device;
  return "/api/v3/as/applications/" + segment(application) + "/devices/" + segment(name) + "/down";
}

server_request request_to(network_server const& s, std::string method, std::string const& path) {
  auto r = server_request{.method = std::move(method), .url = below(s.url, path), .headers = {}, .body = {}};
  r.headers.emplace_back("Accept", "application/json");
  if (s.api_key.empty()) return r;
  auto const* const name = s.network == network::chirpstack ? "Grpc-Metadata-Authorization" : "Authorization";
  r.headers.emplace_back(name, "Bearer " + s.api_key);
  return r;
}

json::value chirpstack_item(device_command const& c) {
  return json::object{{"confirmed", c.confirmed}, {"fPort", c.f_port}, {"data", text::to_base64(c.bytes)}};
}

json::value things_stack_push(device_command const& c) {
  auto const id = std::string(command_correlation) + c.id;
  return json::object{{"downlinks", json::array{json::object{{"f_port", c.f_port},
                                                             {"frm_payload", text::to_base64(c.bytes)},
                                                             {"confirmed", c.confirmed},
                                                             {"priority", "NORMAL"},
                                                             {"correlation_ids", json::array{id}}}}}};
}

json::value parsed(std::string_view body) {
  try {
    return json::parse(body);
  } catch (fault const&) {
    return {};  // an answer that is no JSON tells nothing
  }
}

bool is_in(json::value const* list, std::string_view text) {
  if (!list || !list->is_array()) return false;
  auto const& all = list->as_array();
  return std::any_of(all.begin(), all.end(), [&](auto const& v) { return v.is_string() && v.as_string() == text; });
}

}  // namespace

std::string text_in_entry(json::value const& entry, std::string_view list, std::string_view member) {
  auto const text = entry.text_or(member, "");
  require(!text.empty(), fault_kind::invalid, std::string(list) + ": an entry lacks " + std::string(member), member);
  return std::string(text);
}

std::string read_secret(std::string const& file, std::string_view member) {
  auto in = std::ifstream(file);
  require(in.good(), fault_kind::invalid, "cannot read the file " + file, member);
  auto line = std::string();
  std::getline(in, line);
  return std::string(text::trim(line));
}

network_server read_network_server(json::value const& entry) {
  auto s = network_server();
  s.city = text_in_entry(entry, "lorawan_servers", "city");
  s.name = text_in_entry(entry, "lorawan_servers", "name");
  s.url = http::parse_url(text_in_entry(entry, "lorawan_servers", "url"));
  require(s.url.scheme == "http" || s.url.scheme == "https", fault_kind::invalid,
          "lorawan_servers: url begins with http:// or https://", "url");
  auto const network = parse_network(entry.text_or("network", ""));
  require(network == network::chirpstack || network == network::things_stack, fault_kind::invalid,
          "lorawan_servers: network is chirpstack or ttn; others take no commands yet", "network");
  s.network = *network;
  if (auto const file = entry.text_or("api_key_file", ""); !file.empty())
    s.api_key = read_secret(std::string(file), "api_key_file");
  s.ca_file = entry.text_or("ca", "");
  s.application = entry.text_or("application", "");
  return s;
}

server_request push_request(network_server const& s, std::string const& device, network_route const& route,
                            device_command const& c) {
  auto const is_chirpstack = s.network == network::chirpstack;
  auto r = request_to(s, "POST", device_path(s, device, route) + (is_chirpstack ? "" : "/push"));
  r.headers.emplace_back("Content-Type", "application/json");
  r.body = json::to_string(is_chirpstack ? json::value(json::object{{"queueItem", chirpstack_item(c)}})
                                         : things_stack_push(c));
  return r;
}

server_request list_request(network_server const& s, std::string const& device, network_route const& route) {
  return request_to(s, "GET", device_path(s, device, route));
}

std::string id_in_answer(network n, std::string_view body) {
  if (n != network::chirpstack) return {};
  auto const answer = parsed(body);
  return std::string(text::cut(find_text(answer, "id"), 64));
}

std::optional<std::string> find_in_list(network n, std::string_view body, device_command const& c,
                                        std::vector<std::string> const& known) {
  auto const answer = parsed(body);
  auto const* list = find_member(answer, n == network::chirpstack ? "result" : "downlinks");
  if (!list || !list->is_array()) return std::nullopt;
  for (auto const& item : list->as_array()) {
    if (n != network::chirpstack) {
      if (is_in(find_member(item, "correlation_ids"), std::string(command_correlation) + c.id)) return "";
      continue;
    }
    // ChirpStack gives its own names, so that the content has to tell.
    auto const id = find_text(item, "id");
    auto const* confirmed = find_member(item, "confirmed");
    auto const same = text::from_base64(find_text(item, "data")) == c.bytes &&
                      find_number(item, "fPort") == c.f_port &&
                      (confirmed && confirmed->is_bool() && confirmed->as_bool()) == c.confirmed;
    if (same && !id.empty() && std::find(known.begin(), known.end(), id) == known.end()) return id;
  }
  return std::nullopt;
}

std::string reason_in_answer(std::string_view body) {
  auto const answer = parsed(body);
  for (auto const* member : {"message", "error"}) {
    if (auto const told = find_text(answer, member); !told.empty()) return std::string(text::cut(told, 300));
  }
  return std::string(text::cut(text::trim(text::is_utf8(body) ? body : std::string_view()), 300));
}

broker_message push_message(network n, std::string const& device, network_route const& route, device_command const& c) {
  require(!route.topic.empty(), fault_kind::invalid,
          "the topic of this device is not known: it was not heard yet through its broker");
  if (n == network::things_stack) return {route.topic + "/down/push", json::to_string(things_stack_push(c))};
  auto command = chirpstack_item(c);
  command.as_object().push("id", c.id);
  command.as_object().push("devEui", device);
  return {route.topic + "/command/down", json::to_string(command)};
}

}  // namespace dos::lorawan
