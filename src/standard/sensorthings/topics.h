// SensorThings over MQTT: creating by publishing (OGC 18-088, 14.1), and being told of what comes and changes (14.2).
#pragma once

#include <condition_variable>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "contract/topics.h"
#include "kernel/events/live.h"
#include "standard/sensorthings/service.h"

namespace dos::sensorthings {

// Tells subscribers what was committed. Observations are found by their numbers, whatever door they came through;
// entities by the city's live stream; datastreams, which are no entities, by `note`. One thread does it all, from the
// first subscription on.
class topic_feed {
 public:
  explicit topic_feed(service const& s) : service_(s) {}
  ~topic_feed() { stop(); }

  std::shared_ptr<void> subscribe(session who, std::string filter, std::optional<std::uint64_t> after,
                                  std::function<void(topic_message)> send);
  // Something was written through this module. Any thread.
  void note(dos::city& c, std::vector<std::pair<kind, std::uint64_t>> datastreams);
  void stop();

 private:
  struct subscription;
  struct city_feed {
    std::shared_ptr<dos::city> home;
    std::unique_ptr<live_reader> changes;
    std::uint64_t next_number = 1;  // of observations
    std::vector<std::shared_ptr<subscription>> fresh;
    std::list<std::weak_ptr<subscription>> subscriptions;  // the thread's own
    std::vector<std::pair<kind, std::uint64_t>> noted;
    bool is_ready = true;
  };
  struct event {
    enum class reason { changed, came, noted };  // in the live stream, by its number, told by this module

    kind what;
    std::uint64_t id;
    std::uint64_t position;
    event::reason why = reason::changed;
  };

  void run();
  bool read_or_wait(live_reader& from, std::vector<change>& out);
  void serve(city_feed& f);
  void tell(city_feed& f, std::vector<change> const& changes, std::vector<event> const& others, reader const& r);
  void tell(subscription& s, std::vector<event> const& events);
  void refresh(subscription& s, reader const& now) const;
  std::string base_of(dos::city const& c) const;
  std::vector<event> events_of(entity_change const& c, reader const& r) const;

  service const& service_;
  std::mutex mutex_;
  std::condition_variable woken_;
  std::map<std::string, city_feed> cities_;
  std::thread thread_;
  bool stopping_ = false;
};

topic_space make_topic_space(service_ptr s, std::shared_ptr<topic_feed> feed);

}  // namespace dos::sensorthings
