#include "ingest/lorawan/command_api.h"

#include "base/fault.h"
#include "base/id.h"
#include "base/text.h"
#include "base/text_cut.h"
#include "contract/list.h"
#include "contract/rights.h"
#include "devices/device.h"
#include "devices/device_command.h"

namespace dos::lorawan {
namespace {

constexpr std::size_t bytes_max = 242;          // of a frame at the highest data rate. RP002-1.0.4
constexpr std::int64_t valid_s = 86'400;        // unless said otherwise
constexpr std::int64_t valid_s_max = 2'592'000;  // thirty days
constexpr std::size_t data_bytes_max = 4 << 10;

device get_device(session const& s, std::string const& id) {
  auto const record = s.find_record(device_collection, id);
  require(record != nullptr, fault_kind::not_found, "there is no device " + id);
  return read_device(*record);
}

void require_one_way(json::value const& body) {
  auto given = 0;
  for (auto const member : {"data", "bytes", "payload"}) given += body.find(member) != nullptr;
  require(given == 1, fault_kind::invalid,
          "say what is to be sent, in one way: data (an object for the codec), bytes (hexadecimal) or payload (base64)",
          "data");
}

bool flag_in(json::value const& body, std::string_view member) {
  auto const* found = body.find(member);
  require(!found || found->is_bool(), fault_kind::invalid, std::string(member) + " is true or false", member);
  return found && found->as_bool();
}

std::optional<std::int64_t> number_in(json::value const& body, std::string_view member, std::int64_t least,
                                      std::int64_t most) {
  auto const* found = body.find(member);
  if (!found) return std::nullopt;
  require(found->is_int() && found->as_int() >= least && found->as_int() <= most, fault_kind::invalid,
          std::string(member) + " is a whole number from " + std::to_string(least) + " to " + std::to_string(most),
          member);
  return found->as_int();
}

std::string read_bytes(json::value const& body) {
  auto const* hex = body.find("bytes");
  auto const* const member = hex ? "bytes" : "payload";
  auto const& given = *body.find(member);
  require(given.is_string(), fault_kind::invalid, std::string(member) + " is a text", member);
  auto const bytes = hex ? text::from_hex(given.as_string()) : text::from_base64(given.as_string());
  require(bytes.has_value(), fault_kind::invalid,
          hex ? "bytes are hexadecimal digits, two for each byte" : "payload is base64", member);
  return *bytes;
}

// A UUID in lower case: the network server takes it for its own name of the command.
std::string read_id(json::value const& body) {
  auto const* found = body.find("id");
  if (!found) return new_uuid();
  auto const id = found->is_string() ? text::lower(found->as_string()) : std::string();
  auto digits = id;
  std::erase(digits, '-');
  require(id.size() == 36 && digits.size() == 32 && text::from_hex(digits) && id[8] == '-' && id[13] == '-' &&
              id[18] == '-' && id[23] == '-',
          fault_kind::invalid, "id is a UUID", "id");
  return id;
}

device_command read_command(command_tools const& with, session const& s, device const& d, json::value const& body) {
  require(body.is_object(), fault_kind::invalid, "a command is an object {data} or {bytes, fPort}");
  require_known_members(body, "a command", {"data", "bytes", "payload", "fPort", "confirmed", "validFor_s", "id"});
  require_one_way(body);
  auto c = device_command();
  c.id = read_id(body);
  c.confirmed = flag_in(body, "confirmed");
  c.by = s.who().name;
  auto port = number_in(body, "fPort", 1, 223);
  if (auto const* data = body.find("data")) {
    require(data->is_object() && json::to_string(*data).size() <= data_bytes_max, fault_kind::invalid,
            "data is an object of at most 4 KiB, as the codec of the device's profile takes it", "data");
    auto const p = with.profiles.find(s, d.profile);
    require(p && !p->codec.empty(), fault_kind::invalid,
            "profile " + d.profile + " has no codec: give the bytes themselves, and fPort", "data");
    auto const made = with.codecs.encode(p, *data,
                                         {.bytes = {},
                                          .f_port = int(port.value_or(0)),
                                          .received = with.clock.now(),
                                          .variables = d.variables});
    c.data = *data;
    c.bytes = made.bytes;
    if (!port && made.f_port) port = *made.f_port;
  } else {
    c.bytes = read_bytes(body);
  }
  require(port.has_value() && *port >= 1 && *port <= 223, fault_kind::invalid,
          "say the port: fPort, from 1 to 223 (this codec tells none)", "fPort");
  c.f_port = int(*port);
  require(!c.bytes.empty() && c.bytes.size() <= bytes_max, fault_kind::invalid,
          "a command has 1 to 242 bytes, not " + std::to_string(c.bytes.size()), "bytes");
  return c;
}

http::response shown(session const& s, std::string const& device, std::string const& id, int status) {
  auto all = read_commands(s.find_record(device_command_collection, device));
  auto const* c = all.find(id);
  require(c != nullptr, fault_kind::not_found, "device " + device + " has no command " + id);
  auto body = json::to_string(to_json(*c));
  return status == 201 ? http::created("commands/" + id, std::move(body)) : http::json(200, std::move(body));
}

}  // namespace

void list_commands::operator()(session s, http::request r, http::reply answer) const {
  auto const d = get_device(s, device_id_in_path(r.param("id")));
  auto const all = read_commands(s.find_record(device_command_collection, d.id)).all;
  auto items = json::array();
  for (auto c = all.rbegin(); c != all.rend(); ++c) items.push_back(to_json(*c));
  answer(list_response(std::move(items), read_list_page(r, list_items_max)));
}

void get_command::operator()(session s, http::request r, http::reply answer) const {
  answer(shown(s, device_id_in_path(r.param("id")), std::string(r.param("command")), 200));
}

void create_command::operator()(session s, http::request r, http::reply answer) const {
  auto const d = get_device(s, device_id_in_path(r.param("id")));
  auto const body = parse_body(r);
  auto c = read_command(*with_, s, d, body);
  require(d.state == device_state::active || d.state == device_state::maintenance, fault_kind::conflict,
          "the device is " + std::string(to_text(d.state)) + ": it takes no commands", "state");
  c.server = with_->ways.require_way(s, d);
  auto const lasts = number_in(body, "validFor_s", 1, valid_s_max).value_or(valid_s) * us_per_second;
  submit_and_reply(
      s,
      [c, lasts, device = d.id](transaction& t) {
        require(t.find_record(device_collection, device) != nullptr, fault_kind::not_found,
                "there is no device " + device);
        auto all = read_commands(t.find_record(device_command_collection, device));
        auto fresh = c;
        fresh.created_at = t.now();
        fresh.expires_at = t.now() + lasts;
        all.add(std::move(fresh));
        put_commands(t, device, all);
      },
      std::move(answer), [s, device = d.id, id = c.id](outcome const&) { return shown(s, device, id, 201); });
}

void cancel_command::operator()(session s, http::request r, http::reply answer) const {
  auto const device = device_id_in_path(r.param("id"));
  auto const id = std::string(r.param("command"));
  submit_and_reply(
      s,
      [device, id](transaction& t) {
        auto all = read_commands(t.find_record(device_command_collection, device));
        auto* c = all.find(id);
        require(c != nullptr, fault_kind::not_found, "device " + device + " has no command " + id);
        require(c->state == command_state::queued && c->handing_since == no_time, fault_kind::conflict,
                c->state == command_state::queued
                    ? "the command is just being handed to the network server"
                    : "the command is " + std::string(to_text(c->state)) + ": it can't be taken back");
        c->state = command_state::cancelled;
        put_commands(t, device, all);
      },
      std::move(answer), [s, device, id](outcome const&) { return shown(s, device, id, 200); });
}

}  // namespace dos::lorawan
