// "Did I miss anything?" Per source and hour: received, accepted, stored, repeated, rejected with reason, delivered.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/time.h"
#include "kernel/city/session.h"

namespace dos {

struct ledger_line {
  timestamp hour;  // its beginning, UTC
  std::string source;
  tally what = tally::received;
  std::string reason;
  std::uint64_t n = 0;
};

inline constexpr std::int64_t ledger_days_max = 400;
// Of one hour; what comes under further names is counted together as "other".
inline constexpr std::size_t ledger_lines_max = 2'000;

class ledger {
 public:
  void add(timestamp at, std::string_view source, tally what, std::string_view reason, std::uint64_t n);
  std::vector<ledger_line> lines(timestamp from, timestamp to) const;  // hours that begin in [from, to)

  // For the checkpoint: lines that changed since the last call. Those of hours more than `ledger_days_max` back go, and are
  // told with n = 0.
  std::vector<ledger_line> take_changed();
  void restore(ledger_line line);

 private:
  struct entry {
    std::uint64_t n = 0;
    bool changed = false;
  };
  using key = std::tuple<std::int64_t, std::string, tally, std::string>;

  mutable std::mutex mutex_;
  void prune(std::int64_t before_us, std::vector<ledger_line>& gone);

  std::map<key, entry> entries_;
  std::int64_t hour_ = 0;             // the newest,
  std::size_t lines_of_hour_ = 0;     // and how many lines it has
};

std::string_view to_text(tally t);

}  // namespace dos
