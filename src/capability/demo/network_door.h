// What a network of devices does: it has a webhook, registers devices and sends their messages, by the doors that real ones
// use, so that the demonstration shows the way of a real message. Everything else is written like any other program's data.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>

#include "base/json.h"
#include "contract/contract.h"

namespace dos::demo {

class network_door {
 public:
  explicit network_door(node const& n) : node_(n) {}

  struct answer {
    int status = 0;
    json::value body;  // null when there is none
  };
  // Waits. Faults: unavailable when no answer comes within half a minute.
  answer ask(std::string method, std::string const& target, json::value const& body = {}) const;
  // The same; anything but success is a fault that says what was answered.
  json::value get_success(std::string method, std::string const& target, json::value const& body = {}) const;

  // Does not wait; refusals are counted and the first of them is logged.
  void send(std::string const& target, json::value const& body, std::string const& secret = {});
  // Until what was sent is answered; at most ten seconds.
  void wait() const;

 private:
  struct sent {
    std::mutex mutex;
    std::condition_variable answered;
    int open = 0;
    bool has_complained = false;
  };
  node const& node_;
  std::shared_ptr<sent> sent_ = std::make_shared<sent>();
};

}  // namespace dos::demo
