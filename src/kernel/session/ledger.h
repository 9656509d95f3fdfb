// "Did I miss anything?" Per source and hour: received, accepted, stored, repeated, rejected with reason, delivered.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/time.h"
#include "kernel/session/session.h"

namespace dos {

struct ledger_line {
  timestamp hour;  // its beginning, UTC
  std::string source;
  tally what = tally::received;
  std::string reason;
  std::uint64_t n = 0;
};

class ledger {
 public:
  void add(timestamp at, std::string_view source, tally what, std::string_view reason, std::uint64_t n);
  std::vector<ledger_line> lines(timestamp from, timestamp to) const;  // hours that begin in [from, to)

  // For the checkpoint: lines that changed since the last call.
  std::vector<ledger_line> take_changed();
  void restore(ledger_line line);

 private:
  struct entry {
    std::uint64_t n = 0;
    bool changed = false;
  };
  using key = std::tuple<std::int64_t, std::string, tally, std::string>;

  mutable std::mutex mutex_;
  std::map<key, entry> entries_;
};

std::string_view to_text(tally t);

}  // namespace dos
