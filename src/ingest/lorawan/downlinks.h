// Hands the commands of devices to their network servers: each once, in order, also over a crash.
//
//   queued ─► ask the server's queue ─► mark as being handed (durable) ─► hand over ─► sent
//                  │ no answer: later            │ we die, or no answer
//                  ▼                             ▼
//               queued                look into the queue: there → sent, not there → failed (handover_unknown)
//
// What nobody can know is told, not tried again: a gate that opens twice is worse than one that stays shut.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "contract/contract.h"
#include "devices/device.h"
#include "devices/device_command.h"
#include "ingest/lorawan/brokers.h"
#include "ingest/lorawan/network_server.h"
#include "net/http_client.h"

namespace dos::lorawan {

class downlinks {
 public:
  downlinks(node const& n, brokers const& b);  // faults: invalid, naming the entry of lorawan_servers
  ~downlinks();

  // Who would be told: a configured server or the broker that the device was heard through. Faults: conflict when there
  // is none.
  std::string require_way(session const& s, device const& d) const;

  // Takes the next step with every command that waits. A job's.
  void look_after();
  void stop();  // nothing is begun afterwards; what runs is waited for

 private:
  struct way;
  struct step;

  std::optional<way> find_way(session const& s, device const& d) const;
  void look_after(std::shared_ptr<city> const& c, std::string const& device);
  void hand_over(std::shared_ptr<step> const& s);
  void look_into_queue(std::shared_ptr<step> const& s);
  void take_list(std::shared_ptr<step> const& s, net::outbound_result const& answer);
  void take_push(std::shared_ptr<step> const& s, net::outbound_result const& answer);
  void send(std::shared_ptr<step> const& s, server_request r, void (downlinks::*then)(std::shared_ptr<step> const&,
                                                                                     net::outbound_result const&));
  void change(std::shared_ptr<step> const& s, std::function<void(device_commands&, device_command&, timestamp)> what,
              std::function<void()> then = {});
  void end(std::shared_ptr<step> const& s);
  void rest(std::string const& server, bool is_well);
  bool rests(std::string const& server);

  node const& node_;
  brokers const& brokers_;
  std::vector<network_server> servers_;
  std::unique_ptr<net::io_threads> threads_;
  std::map<std::string, std::unique_ptr<net::http_client>> clients_;  // by certificate file

  std::mutex mutex_;
  std::set<std::string> busy_;  // devices for which something is on its way: "city/device"
  bool stopped_ = false;
  struct trouble {
    int failures = 0;
    std::chrono::steady_clock::time_point until;
  };
  std::map<std::string, trouble> troubles_;  // by server
};

}  // namespace dos::lorawan
