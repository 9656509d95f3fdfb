// Notifications on their way to subscribers. ETSI GS CIM 009, 5.8.6 and 6.3.8
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "kernel/events/subscriptions.h"
#include "standard/ngsi_ld/subscription.h"

namespace dos::ngsi_ld {

class notifier : public std::enable_shared_from_this<notifier> {
 public:
  explicit notifier(service_ptr s) : service_(std::move(s)) {}

  // What the kernel calls when something matched.
  void send(std::shared_ptr<city> const& c, std::string const& key, std::vector<delivery> entries, std::function<void(sent)> done);
  // Those with timeInterval whose time has come.
  void send_periodic();
  // How a subscription fares, from the kernel or, for periodic ones, from here.
  subscription_status status(city& c, std::string_view key, bool is_periodic) const;

 private:
  struct message;
  void deliver(std::shared_ptr<message> m);

  service_ptr service_;
  mutable std::mutex lock_;
  std::map<std::string, subscription_status> periodic_;  // by city and key; since the start
  std::map<std::string, timestamp> due_;
};

}  // namespace dos::ngsi_ld
