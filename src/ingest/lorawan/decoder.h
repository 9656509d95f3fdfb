// Runs the codecs of device profiles: compiled once, kept while they are in use.
#pragma once

#include <chrono>
#include <list>
#include <map>
#include <memory>
#include <mutex>

#include "devices/device_profile.h"
#include "engine/script/codec.h"

namespace dos::lorawan {

// Any thread; each call works with a codec of its own.
class decoder {
 public:
  // Faults: invalid, for staff, when the codec can't be compiled, throws or goes over a limit. One that was stopped for
  // its time several times in a row rests for a while, so that it does not take the processor from others.
  script::decoded decode(profile_ptr const& p, script::frame const& f);
  // What is sent to a device: by encodeDownlink, checked with decodeDownlink where the codec has it. Faults as above, and
  // invalid with member `data` when the codec refuses what is asked, or reads something else in what it has made of it.
  script::encoded encode(profile_ptr const& p, json::value const& data, script::frame const& context);

  static constexpr std::size_t idle_max = 32;  // compiled codecs that wait, the longest unused goes first
  static constexpr int stops_max = 3;          // in a row
  static constexpr auto rest = std::chrono::seconds(60);

 private:
  struct compiled {
    profile_ptr profile;  // holds the address that it is found by
    std::unique_ptr<script::codec> codec;
  };
  template <typename F>
  auto with_codec(profile_ptr const& p, F const& f);
  std::unique_ptr<script::codec> take(profile_ptr const& p);
  void give_back(profile_ptr const& p, std::unique_ptr<script::codec> c);
  void require_rested(profile_ptr const& p);
  void note_end(profile_ptr const& p, bool was_stopped);

  std::mutex mutex_;
  std::list<compiled> idle_;  // last used first
  struct slow_codec {
    int stops = 0;
    std::chrono::steady_clock::time_point rests_until;
  };
  std::map<profile_ptr, slow_codec> slow_;  // those that were stopped at their last message
};

}  // namespace dos::lorawan
