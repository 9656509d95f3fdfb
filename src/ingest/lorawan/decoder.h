// Runs the codecs of device profiles: compiled once, kept while they are in use.
#pragma once

#include <list>
#include <memory>
#include <mutex>

#include "contract/device_profile.h"
#include "engine/script/codec.h"

namespace dos::lorawan {

// Any thread; each call works with a codec of its own.
class decoder {
 public:
  // Faults: invalid, for staff, when the codec can't be compiled, throws or goes over a limit.
  script::decoded decode(profile_ptr const& p, script::frame const& f);

  static constexpr std::size_t idle_max = 32;  // compiled codecs that wait, the longest unused goes first

 private:
  struct compiled {
    profile_ptr profile;  // holds the address that it is found by
    std::unique_ptr<script::codec> codec;
  };
  std::unique_ptr<script::codec> take(profile_ptr const& p);
  void give_back(profile_ptr const& p, std::unique_ptr<script::codec> c);

  std::mutex mutex_;
  std::list<compiled> idle_;  // last used first
};

}  // namespace dos::lorawan
