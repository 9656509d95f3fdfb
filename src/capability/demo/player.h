// Loads the demonstration piece by piece and then plays it.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "capability/demo/network_door.h"
#include "capability/demo/past.h"
#include "capability/demo/sensor.h"
#include "capability/demo/week.h"
#include "contract/city_names.h"
#include "contract/contract.h"

namespace dos::demo {

class player {
 public:
  explicit player(node const& n) : node_(n), door_(n), names_(n) {}

  void prepare();  // reads the files and says what is to be done; after the start of the node
  void step();     // a job: a piece of the load, or what has come due
  // Stops playing in this session's city and takes away what was brought. Answers the number of objects.
  std::size_t remove(session const& s);

 private:
  struct stage;  // a city
  struct told_object {
    recorded_week const* week;
    recorded_object const* object;
    timestamp told_until;
  };
  struct posted_sensor {
    demo::sensor const* sensor;
    std::int64_t last_frame;
  };

  void read_city(stage& on, std::string const& folder);
  void plan(stage& on);
  void open_webhook(stage& on);
  void load_entities(stage& on, json::value const& entities);
  void open_types(stage& on);
  void register_device(stage& on, demo::sensor const& s);
  void tell_past(stage& on, told_object& o);
  void measure_past(stage& on, posted_sensor& p);
  void begin(stage& on);
  void play(stage& on);
  void tell(stage& on, timestamp now);
  void post(stage& on, timestamp now);
  session session_for(stage const& on) const;
  terms const& words_of(stage const& on) const;
  std::vector<past_value> past_of(terms const& words, told_object const& o, timestamp from, timestamp to) const;

  node const& node_;
  network_door door_;
  city_names names_;
  time_zone zone_{"Europe/Berlin"};
  std::map<std::string, std::map<std::string, std::string>> units_;  // by profile and attribute
  std::map<std::string, std::string> types_;                         // of measuring points, by profile
  sensor_network network_;
  std::mutex mutex_;
  std::deque<std::function<void()>> todo_;
  std::deque<stage> stages_;
};

}  // namespace dos::demo
