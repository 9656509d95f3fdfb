// Subscriptions handed on to context sources, and what the sources then tell. Which copies there have to be is compared with
// those that are known, again and again, so that neither a silent source nor the end of the program leaves one behind.
// ETSI GS CIM 009, 5.8.1.4, 5.8.5.4, 5.8.6
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/record_collection.h"
#include "standard/ngsi_ld/federation/federation.h"
#include "standard/ngsi_ld/subscriptions/notification.h"

namespace dos::ngsi_ld {

inline constexpr auto copy_collection = record_collection{"ngsi_ld_remote_subscription", "standard/ngsi_ld", "id of the copy"};
inline constexpr auto relayed_collection = record_collection{"ngsi_ld_relayed_notification", "standard/ngsi_ld", "a text that ascends with time"};
inline constexpr std::size_t relayed_notifications_max = 2'000;  // of a city; then sources are told to come again later
inline constexpr std::size_t relayed_entities_max = 1'000;        // of one notification
inline constexpr std::size_t relayed_bytes_max = 1 << 20;         // of one notification
inline constexpr std::size_t copies_max = 10'000;                 // of a city
inline constexpr std::size_t handovers_at_once_max = 32;          // requests to sources on their way
inline constexpr unsigned removals_tried_max = 20;                // then a copy is left to its source

class handover : public std::enable_shared_from_this<handover> {
 public:
  handover(service_ptr s, std::shared_ptr<notifier> n) : service_(std::move(s)), notifier_(std::move(n)) {}

  void await() { has_work_ = true; }  // a subscription or a registration was written
  void work();                        // every moment; compares now and then also without being asked
  // The sources a subscription is handed on to.
  source_list sources_for(city const& c, std::string_view key, record_ptr const& record) const;
  void hear(call_ptr c);  // a notification of a source

 private:
  struct progress {
    bool is_busy = false;
    unsigned failed = 0;
    timestamp next_try = no_time;
  };
  struct copy;
  std::shared_ptr<std::vector<subject> const> subjects_in(city const& c, std::string_view key, record_ptr const& record) const;
  void compare(std::shared_ptr<city> const& c);
  void make(std::shared_ptr<city> const& c, copy what);
  void remove(std::shared_ptr<city> const& c, std::string const& id, json::value const& record);
  void relay(std::shared_ptr<city> const& c);
  bool begin(std::string const& key);
  void end(std::string const& key, bool ok);
  unsigned failures_of(std::string const& key) const;
  void tell(std::shared_ptr<city> const& c, std::string const& key, record_ptr const& queued);
  call_ptr call_for(std::shared_ptr<city> const& c, json::value const& subscription, context_ptr names, http::reply answer) const;
  void with_names(std::shared_ptr<city> const& c, json::value const& subscription, std::function<void(context_ptr)> then) const;

  service_ptr service_;
  std::shared_ptr<notifier> notifier_;
  std::atomic<bool> has_work_ = true;
  std::atomic<std::size_t> on_their_way_ = 0;
  timestamp compared_ = no_time;
  mutable std::mutex lock_;
  std::map<std::string, progress, std::less<>> progress_;
  mutable std::map<std::string, std::pair<record_ptr, std::shared_ptr<std::vector<subject> const>>, std::less<>> subjects_;
};

}  // namespace dos::ngsi_ld
