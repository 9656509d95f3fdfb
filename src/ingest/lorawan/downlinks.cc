#include "ingest/lorawan/downlinks.h"

#include <algorithm>

#include "base/fault.h"
#include "base/log.h"
#include "devices/device.h"
#include "devices/radio_state.h"
#include "kernel/city/city.h"

namespace dos::lorawan {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t busy_max = 256;  // devices for which something is on its way at a time; others wait their turn
constexpr auto answer_time_max = std::chrono::milliseconds(15'000);
constexpr auto rest_max = std::chrono::seconds(60);
constexpr auto source = std::string_view("downlinks");  // its queue of writes, and its line in the ledger

// "webhook:rathaus" → "rathaus"
std::string_view name_of(std::string_view source) {
  auto const colon = source.find(':');
  return colon == source.npos ? source : source.substr(colon + 1);
}

int status_of(net::outbound_result const& answer) {
  auto const* response = std::get_if<http::response>(&answer);
  return response ? response->status : 0;
}

std::string told_by(net::outbound_result const& answer) {
  if (auto const* f = std::get_if<fault>(&answer)) return f->detail;
  auto const& response = std::get<http::response>(answer);
  auto const reason = reason_in_answer(response.body);
  return "the network server answers " + std::to_string(response.status) + (reason.empty() ? "" : ": " + reason);
}

// It may come back: overload, a proxy whose server is away.
bool is_passing(int status) { return status == 0 || status == 429 || status >= 500; }

void fail(device_command& c, std::string reason, std::string detail) {
  c.state = command_state::failed;
  c.handing_since = no_time;
  c.reason = std::move(reason);
  c.detail = std::move(detail);
}

void count(transaction& t, device_command const& c) {
  if (c.state == command_state::queued) return;
  auto const went = c.state == command_state::sent || c.state == command_state::acknowledged;
  if (went) t.count(source, tally::delivered);
  else t.count(source, tally::failed, 1, c.state == command_state::expired ? "expired" : c.reason);
}

constexpr auto doubt =
    "the handover was interrupted, and the network server's queue does not show this command: it may have been sent "
    "already, or never have arrived; look at the device before you send it again";

}  // namespace

// How a device is told something: over a server's HTTP interface, or through the broker it was heard by.
struct downlinks::way {
  network_server const* server = nullptr;
  std::string broker = {};  // the source, when it is one
  lorawan::network network = network::chirpstack;
  network_route route = {};

  std::string name() const { return server ? server->name : std::string(name_of(broker)); }
};

// One command of one device on its way.
struct downlinks::step {
  std::shared_ptr<dos::city> city;
  std::string device;
  std::string command;
  downlinks::way way;
  device_commands before;  // as they were when it began
  bool was_in_doubt = false;
};

downlinks::downlinks(node const& n, brokers const& b) : node_(n), brokers_(b) {
  auto const* entries = n.configuration.find("lorawan_servers");
  if (!entries || !entries->is_array()) return;
  for (auto const& entry : entries->as_array()) servers_.push_back(read_network_server(entry));
  if (servers_.empty()) return;
  threads_ = std::make_unique<net::io_threads>(1);
  for (auto const& s : servers_) {
    require(n.find_city(s.city) != nullptr, fault_kind::invalid, "lorawan_servers: there is no city " + s.city, "city");
    auto& client = clients_[s.ca_file];
    if (client) continue;
    // The operator has named these servers; most stand in the city's own network.
    auto options = net::http_client_options();
    options.allow_private_addresses = true;
    options.ca_file = s.ca_file;
    client = std::make_unique<net::http_client>(*threads_, options);
  }
}

downlinks::~downlinks() { stop(); }

void downlinks::stop() {
  auto ending = decltype(clients_)();
  {
    auto const lock = std::lock_guard(mutex_);
    stopped_ = true;
    ending.swap(clients_);
  }
  ending.clear();  // ends what runs, with an answer
  threads_.reset();
}

// The server that is called as the source of the device's messages; else the only one of the city for that network.
std::optional<downlinks::way> downlinks::find_way(session const& s, device const& d) const {
  auto const record = s.find_record(radio_state_collection, d.id);
  auto const route = record ? read_radio_state(*record).route : network_route();
  auto const source = route.source.empty() ? d.source : route.source;
  auto const city = std::string_view(s.city().id());
  auto const fits = [&](network_server const& n) {
    return n.city == city && (route.network.empty() || route.network == to_text(n.network));
  };
  auto const to = [&](network_server const& n) { return way{.server = &n, .network = n.network, .route = route}; };
  for (auto const& n : servers_) {
    if (fits(n) && !source.empty() && n.name == name_of(source)) return to(n);
  }
  if (brokers_.has(city, route.source)) {
    return way{.broker = route.source,
               .network = parse_network(route.network).value_or(network::chirpstack),
               .route = route};
  }
  if (std::count_if(servers_.begin(), servers_.end(), fits) != 1) return std::nullopt;
  return to(*std::find_if(servers_.begin(), servers_.end(), fits));
}

std::string downlinks::require_way(session const& s, device const& d) const {
  auto const found = find_way(s, d);
  require(found.has_value(), fault_kind::conflict,
          "nobody knows how to reach this device: the configuration's lorawan_servers names no server that is called as "
          "the source of its messages, and it was heard through no broker");
  return found->name();
}

void downlinks::look_after() {
  for (auto const& c : node_.cities) {
    auto waiting = std::vector<std::string>();
    node_.as_source(c, std::string(source))
        .for_each_record(device_command_waiting_collection, "", [&](std::string_view device, record_ptr const&) {
          waiting.emplace_back(device);
          return true;
        });
    for (auto const& device : waiting) look_after(c, device);
  }
}

void downlinks::look_after(std::shared_ptr<city> const& c, std::string const& device) {
  {
    auto const lock = std::lock_guard(mutex_);
    if (stopped_ || busy_.size() >= busy_max || !busy_.insert(c->id() + "/" + device).second) return;
  }
  auto const s = std::make_shared<step>();
  s->city = c;
  s->device = device;
  auto const in = node_.as_source(c, std::string(source));
  s->before = read_commands(in.find_record(device_command_collection, device));
  auto const next = std::find_if(s->before.all.begin(), s->before.all.end(),
                                 [](auto const& command) { return command.state == command_state::queued; });
  if (next == s->before.all.end()) return end(s);
  s->command = next->id;
  s->was_in_doubt = next->handing_since != no_time;
  auto const known = in.find_record(device_collection, device);
  if (!known) {
    return change(s, [](device_commands&, device_command& command, timestamp) {
      fail(command, "device_gone", "the device is not registered any more");
    });
  }
  auto const found = find_way(in, read_device(*known));
  if (!found && !s->was_in_doubt) {
    return change(s, [](device_commands&, device_command& command, timestamp) {
      fail(command, "no_server", "no network server is configured for this device any more");
    });
  }
  auto const is_late = next->expires_at <= node_.clock.now();
  auto const is_resting = found && rests(c->id() + "/" + found->name());
  // Of a broker nothing can be asked, and a server that stays silent is not waited for for ever.
  if (s->was_in_doubt && (!found || !found->server || (is_late && is_resting))) {
    return change(s, [](device_commands&, device_command& command, timestamp) {
      fail(command, "handover_unknown", doubt);
    });
  }
  if (is_late && !s->was_in_doubt) {
    return change(s, [](device_commands&, device_command& command, timestamp) {
      command.state = command_state::expired;
    });
  }
  s->way = *found;
  if (is_resting) return end(s);
  if (s->way.server) return look_into_queue(s);
  if (!brokers_.is_connected(c->id(), s->way.broker)) return end(s);
  hand_over(s);
}

void downlinks::look_into_queue(std::shared_ptr<step> const& s) {
  try {
    send(s, list_request(*s->way.server, s->device, s->way.route), &downlinks::take_list);
  } catch (fault const& f) {
    change(s, [why = f.detail](device_commands&, device_command& c, timestamp) { fail(c, "no_server", why); });
  }
}

void downlinks::take_list(std::shared_ptr<step> const& s, net::outbound_result const& answer) {
  auto const status = status_of(answer);
  rest(s->city->id() + "/" + s->way.name(), !is_passing(status));
  if (is_passing(status)) {
    return change(s, [why = told_by(answer)](device_commands&, device_command& c, timestamp) { c.detail = why; });
  }
  if (s->was_in_doubt) {
    auto known = std::vector<std::string>();
    for (auto const& c : s->before.all) {
      if (!c.network_id.empty()) known.push_back(c.network_id);
    }
    auto const* command = s->before.find(s->command);
    auto const there = status == 200 ? find_in_list(s->way.network, std::get<http::response>(answer).body, *command, known)
                                     : std::nullopt;
    return change(s, [there](device_commands& all, device_command& c, timestamp now) {
      if (there) return all.note_sent(c, *there, now);
      fail(c, "handover_unknown", doubt);
    });
  }
  // A key that may not read the queue may still write to it.
  if (status >= 400 && status != 403) {
    return change(s, [why = told_by(answer)](device_commands&, device_command& c, timestamp) { fail(c, "refused", why); });
  }
  hand_over(s);
}

// First the mark, then the deed: after a crash between the two we know that we do not know.
void downlinks::hand_over(std::shared_ptr<step> const& s) {
  change(
      s,
      [name = s->way.name()](device_commands&, device_command& c, timestamp now) {
        c.handing_since = now;
        c.server = name;
      },
      [this, s] {
        auto const* command = s->before.find(s->command);
        try {
          if (s->way.server) {
            return send(s, push_request(*s->way.server, s->device, s->way.route, *command), &downlinks::take_push);
          }
          brokers_.publish(s->city->id(), s->way.broker,
                           push_message(s->way.network, s->device, s->way.route, *command),
                           [this, s](std::optional<fault> const& refused) {
                             change(s, [refused](device_commands& all, device_command& c, timestamp now) {
                               if (!refused) return all.note_sent(c, c.id, now);
                               fail(c, "handover_unknown", refused->detail + "; " + doubt);
                             });
                           });
        } catch (fault const& f) {
          change(s, [why = f.detail](device_commands&, device_command& c, timestamp) { fail(c, "no_server", why); });
        }
      });
}

void downlinks::take_push(std::shared_ptr<step> const& s, net::outbound_result const& answer) {
  auto const status = status_of(answer);
  if (status >= 200 && status < 300) {
    auto const id = id_in_answer(s->way.network, std::get<http::response>(answer).body);
    return change(s, [id](device_commands& all, device_command& c, timestamp now) { all.note_sent(c, id, now); });
  }
  auto const why = told_by(answer);
  rest(s->city->id() + "/" + s->way.name(), !is_passing(status));
  // These say that it was not taken. After anything else of the kind the queue has to be looked into.
  if (status == 429 || status == 503) {
    return change(s, [why](device_commands&, device_command& c, timestamp) {
      c.handing_since = no_time;
      c.detail = why;
    });
  }
  if (is_passing(status)) {
    return change(s, [why](device_commands&, device_command& c, timestamp) { c.detail = why; });
  }
  change(s, [why](device_commands&, device_command& c, timestamp) { fail(c, "refused", why); });
}

void downlinks::send(std::shared_ptr<step> const& s, server_request r,
                     void (downlinks::*then)(std::shared_ptr<step> const&, net::outbound_result const&)) {
  auto request = net::outbound_request();
  request.method = std::move(r.method);
  request.url = std::move(r.url);
  for (auto& [name, value] : r.headers) request.headers.add(std::move(name), std::move(value));
  request.body = std::move(r.body);
  request.timeout = answer_time_max;
  request.response_bytes_max = 1 << 20;
  auto lock = std::unique_lock(mutex_);
  if (stopped_) {
    lock.unlock();
    return end(s);
  }
  clients_.at(s->way.server->ca_file)->send(std::move(request), [this, s, then](net::outbound_result answer) {
    (this->*then)(s, answer);
  });
}

// The step ends with this write, unless something follows it.
void downlinks::change(std::shared_ptr<step> const& s,
                       std::function<void(device_commands&, device_command&, timestamp)> what,
                       std::function<void()> then) {
  try {
    auto const done = std::make_shared<bool>(false);
    node_.as_source(s->city, std::string(source))
        .submit(
            [s, what = std::move(what), done](transaction& t) {
              auto all = read_commands(t.find_record(device_command_collection, s->device));
              auto* command = all.find(s->command);
              // Cancelled meanwhile, or the network has told more than we know here.
              if (!command || command->state != command_state::queued) return;
              what(all, *command, t.now());
              count(t, *command);
              put_commands(t, s->device, all);
              *done = true;
            },
            [this, s, done, then = std::move(then)](outcome const& o) {
              if (o.refused || !*done || !then) return end(s);
              then();
            });
  } catch (fault const& f) {
    log::warning("a command could not be noted", {{"device", s->device}, {"reason", f.detail}});
    end(s);
  }
}

void downlinks::end(std::shared_ptr<step> const& s) {
  auto const lock = std::lock_guard(mutex_);
  busy_.erase(s->city->id() + "/" + s->device);
}

// A server in trouble is asked less and less often.
void downlinks::rest(std::string const& server, bool is_well) {
  auto const lock = std::lock_guard(mutex_);
  if (is_well) {
    troubles_.erase(server);
    return;
  }
  auto& t = troubles_[server];
  auto const pause = std::min<std::chrono::seconds>(1s * (1 << std::min(t.failures++, 6)), rest_max);
  t.until = std::chrono::steady_clock::now() + pause;
}

bool downlinks::rests(std::string const& server) {
  auto const lock = std::lock_guard(mutex_);
  auto const found = troubles_.find(server);
  return found != troubles_.end() && std::chrono::steady_clock::now() < found->second.until;
}

}  // namespace dos::lorawan
