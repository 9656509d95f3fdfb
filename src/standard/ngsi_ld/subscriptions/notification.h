// Notifications on their way to subscribers. ETSI GS CIM 009, 5.8.6, 5.11.7 and 6.3.8
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/record_collection.h"
#include "kernel/events/subscriptions.h"
#include "standard/ngsi_ld/subscriptions/subscription.h"

namespace dos::ngsi_ld {

inline constexpr auto registration_change_collection = record_collection{"ngsi_ld_registration_change", "standard/ngsi_ld", "time and id of the registration"};
inline constexpr auto notification_state_collection =
    record_collection{"ngsi_ld_notification_state", "standard/ngsi_ld", "collection and id of the subscription"};
inline constexpr std::size_t registration_changes_max = 10'000;  // kept for subscribers; then the oldest go

class notifier : public std::enable_shared_from_this<notifier> {
 public:
  explicit notifier(service_ptr s) : service_(std::move(s)) {}

  // What the kernel calls when something matched.
  void send(std::shared_ptr<city> const& c, std::string const& key, std::vector<delivery> entries, std::function<void(sent)> done);

  // Entities that a source has told of.
  void pass_on(std::shared_ptr<city> const& c, std::string key, record_ptr record, subscription s, std::vector<entity_ptr> entities,
               std::function<void(sent)> done);

  // Subscriptions to registrations and those with timeInterval. What there is to tell and what has been told are records, so
  // that neither the end of the process nor a dead receiver loses any of it: at least once, in order. 5.11.7
  void send_due();                                 // every second
  void send_changes(std::shared_ptr<city> const& c);  // now: a registration or such a subscription was written
  // With the write itself: what a write to a registration changed, null where there was or is none.
  static void keep_change(transaction& t, json::value const& before, json::value const& after);
  static void forget(transaction& t, std::string_view collection, std::string_view key);  // a subscription is gone

  // How a subscription fares, from the kernel or, for periodic ones, from here.
  subscription_status status(city& c, std::string_view collection, std::string_view key, bool is_periodic) const;

 private:
  struct message;
  void deliver(std::shared_ptr<message> m);
  void carry(std::shared_ptr<message> const& m, http::headers headers, std::string body);
  // What is not kept: whether one is on its way, and when the next try after a failure is.
  struct progress {
    bool is_sending = false;
    unsigned failed_in_a_row = 0;
    timestamp next_try = no_time;
    std::string looked_at;  // changes up to here do not concern it
    json::value kept;       // what has become of the last one, while that is on its way to the disk
  };
  struct due_subscription {
    std::shared_ptr<dos::city> city;
    std::string_view collection;
    std::string key;
    record_ptr record;
  };
  void tell_changes(due_subscription const& d);
  void tell_interval(due_subscription const& d);
  bool begin(due_subscription const& d);
  void end(due_subscription const& d, sent const& result);
  void send_and_note(due_subscription const& d, std::shared_ptr<message> m, json::object state);
  void remove_told(std::shared_ptr<city> const& c);
  progress& progress_of(due_subscription const& d);  // under lock_

  service_ptr service_;
  mutable std::mutex lock_;
  std::map<std::string, progress> progress_;  // by city, collection and key
};

}  // namespace dos::ngsi_ld
