// Times as they stand in a file, record after record, as moments.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/notation.h"
#include "base/time.h"
#include "ingest/files/mapping.h"

namespace dos::files {

// What is known of a record's series from elsewhere. All may be absent.
struct known_past {
  std::function<std::size_t(timestamp at)> equal_values;  // of the record that are stored of that moment
  std::function<timestamp()> last_observed;               // of its series; no_time: never
  timestamp now = no_time;
};

struct clock_answer {
  std::optional<timestamp> at;  // nothing: no clock showed that
  std::string remark = {};      // what a person should know: why not, or what was taken for granted
};

// In the hour that exists twice the passes are told apart by what the clock of a series showed before: files ascend or
// descend, and between the passes the clock goes the other way, or shows the same for another record. Where a file begins
// within that hour, what is stored already counts. Clocks that were put forward showed nothing in between.
class wall_clock {
 public:
  explicit wall_clock(time_zone const& zone) : zone_(zone) {}

  // Every record's reading, in the order of the file.
  void learn(clock_reading const& reading);
  bool knows_order() const { return order_ != order::unknown; }
  bool is_doubtful(clock_reading const& reading, time_rule const& rule) const;

  // `series` is whose times ascend or descend; `record` a digest that equal records share.
  clock_answer to_utc(clock_reading const& reading, time_rule const& rule, std::string const& series, std::size_t record,
                      known_past const& past = {});

 private:
  struct last_doubt {
    std::int64_t local_us;
    std::size_t record;
    bool is_second;
  };
  struct guess {
    bool is_second;
    bool is_sure;
  };
  static constexpr std::size_t series_max = 100'000;

  enum class order { unknown, ascending, descending };
  // Steps against the order that make it the other one: between the passes of an hour a clock makes one.
  static constexpr int steps_back_max = 10;

  bool descends() const { return order_ == order::descending; }
  bool exists(std::int64_t local_us) const;
  guess first_seen(std::int64_t local_us, std::int64_t period_us, known_past const& past) const;

  time_zone const& zone_;
  order order_ = order::unknown;
  int steps_back_ = 0;                        // more than steps in the order
  std::optional<std::int64_t> learnt_us_;    // what was learnt last
  std::optional<std::int64_t> undoubted_us_;  // what was shown last without doubt
  std::unordered_map<std::string, last_doubt> last_;
};

}  // namespace dos::files
