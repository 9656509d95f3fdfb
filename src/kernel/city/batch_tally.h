// What the writes of a batch add to the ledger. Inside kernel/city only.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/fault.h"
#include "kernel/city/pending.h"

namespace dos {

// The line of the ledger that a queue belongs to: "http/10.0.0.7" counts as "http".
inline std::string_view ledger_name(std::string_view source) { return source.substr(0, source.find('/')); }

inline std::string_view reason_of(fault_kind k) {
  return k == fault_kind::not_found ? "not found" : k == fault_kind::conflict ? "conflict" : "invalid";
}

// What the writes of a batch add to the ledger: few lines, again and again.
class batch_tally {
 public:
  void add(std::string_view source, tally what, std::string_view reason, std::uint64_t n) {
    if (n == 0) return;
    auto const it = std::find_if(lines_.begin(), lines_.end(), [&](effect::counted_in_ledger const& l) {
      return l.what == what && l.source == source && l.reason == reason;
    });
    if (it != lines_.end()) it->n += n;
    else lines_.push_back({std::string(source), what, std::string(reason), n});
  }
  // A write that said nothing itself.
  void count(std::string_view source, pending_write const& t) {
    auto const& failed = t.failed_parts();
    auto const good = t.good_parts() == 0 && failed.empty() ? 1 : t.good_parts();
    add(source, tally::received, {}, good + failed.size());
    for (auto const what : {tally::accepted, tally::stored}) add(source, what, {}, good);
    for (auto const kind : failed) add(source, tally::rejected, reason_of(kind), 1);
  }
  std::vector<effect::counted_in_ledger> const& lines() const { return lines_; }

 private:
  std::vector<effect::counted_in_ledger> lines_;
};

}  // namespace dos
