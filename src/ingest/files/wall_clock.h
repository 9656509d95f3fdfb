// Times as they stand in a file, record after record, as moments.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>

#include "base/notation.h"
#include "base/time.h"
#include "ingest/files/mapping.h"

namespace dos::files {

// Remembers for each series what the clock showed last in the hour that exists twice, so that the second pass through
// that hour is told from the first: the clock goes back, or shows the same for another record.
class wall_clock {
 public:
  explicit wall_clock(time_zone const& zone) : zone_(zone) {}

  // `series` is whose times ascend; `record` a digest that equal records share.
  timestamp to_utc(clock_reading const& reading, time_rule const& rule, std::string const& series, std::size_t record);

 private:
  struct last_doubt {
    std::int64_t local_us;
    std::size_t record;
    bool is_second;
  };
  static constexpr std::size_t series_max = 100'000;

  time_zone const& zone_;
  std::unordered_map<std::string, last_doubt> last_;
};

}  // namespace dos::files
