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

  // To subscribers of registrations: those that match, when a subscription begins; and what a write changed, null where
  // there was or is none. At most once: these are not kept over a restart. 5.11.7
  void tell_registrations(std::shared_ptr<city> const& c, std::string const& key, json::value const& record);
  void registration_changed(std::shared_ptr<city> const& c, json::value const& before, json::value const& after);

  // How a subscription fares, from the kernel or, for periodic ones, from here.
  subscription_status status(city& c, std::string_view key, bool is_periodic) const;

 private:
  struct message;
  void deliver(std::shared_ptr<message> m);
  void carry(std::shared_ptr<message> const& m, http::headers headers, std::string body);
  void send_registrations(std::shared_ptr<city> const& c, std::string_view key, record_ptr record, std::vector<json::value> bodies,
                          std::string_view reason);
  std::function<void(sent)> note_result(std::string name);
  bool is_due(std::string const& city, std::string_view key, std::int64_t interval_us);

  service_ptr service_;
  mutable std::mutex lock_;
  std::map<std::string, subscription_status> periodic_;  // by city and key; since the start
  std::map<std::string, timestamp> due_;
};

}  // namespace dos::ngsi_ld
