// Who may use one of a few threads next: pure bookkeeping of the processor time that each has used of late.
//
// What was used is forgotten with a half-life of two seconds. Whoever has used least comes first. One address never has
// all threads, and, while others are there, no more than half of them once it has used more than a moment's worth of late:
// the first request of somebody else finds a thread at once, however long the others' requests are.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dos::app {

class shares {
 public:
  using time = std::chrono::nanoseconds;  // of processors, and the point in time that is given

  explicit shares(int threads) : threads_(threads) {}

  void begin(std::string const& who);            // a thread starts to work for it
  void end(std::string const& who);
  void charge(std::string const& who, time used, time now);
  // Of those that wait, the one whose turn it is; none when all of them have as many threads as they may.
  std::optional<std::string> next(std::vector<std::string_view> const& waiting, time now) const;

  time used_of_late(std::string const& who, time now) const;
  void forget_idle(time now);  // who has used next to nothing
  std::size_t size() const { return all_.size(); }

  static constexpr auto half_life = std::chrono::seconds(2);
  static constexpr auto moment = std::chrono::milliseconds(300);
  static constexpr auto presence = std::chrono::milliseconds(3);  // who has used less is not there

 private:
  struct share {
    double used_ns = 0;  // at `at`
    time at{};
    int threads = 0;
  };
  double used_ns(share const& s, time now) const;
  int threads_max(std::string_view who, time used, time now) const;

  int threads_;
  std::map<std::string, share, std::less<>> all_;
};

}  // namespace dos::app
