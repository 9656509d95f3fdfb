#include "ingest/lorawan/decoder.h"

#include <algorithm>

#include "base/fault.h"

namespace dos::lorawan {
namespace {

// A codec that fails after so long was stopped; one that ends well may have waited for the processor.
constexpr auto time_max = std::chrono::milliseconds(script::limits().time_ms_max);

}  // namespace

std::unique_ptr<script::codec> decoder::take(profile_ptr const& p) {
  {
    auto const lock = std::lock_guard(mutex_);
    auto const found = std::find_if(idle_.begin(), idle_.end(), [&](compiled const& c) { return c.profile == p; });
    if (found != idle_.end()) {
      auto codec = std::move(found->codec);
      idle_.erase(found);
      return codec;
    }
  }
  return std::make_unique<script::codec>(p->codec);
}

void decoder::give_back(profile_ptr const& p, std::unique_ptr<script::codec> c) {
  auto dropped = compiled();  // destroyed without the lock
  auto const lock = std::lock_guard(mutex_);
  idle_.push_front({p, std::move(c)});
  if (idle_.size() <= idle_max) return;
  dropped = std::move(idle_.back());
  idle_.pop_back();
}

void decoder::require_rested(profile_ptr const& p) {
  auto const lock = std::lock_guard(mutex_);
  auto const found = slow_.find(p);
  require(found == slow_.end() || found->second.rests_until <= std::chrono::steady_clock::now(), fault_kind::invalid,
          "it took too long three times in a row and rests for a minute; messages wait here to be replayed");
}

void decoder::note_end(profile_ptr const& p, bool was_stopped) {
  auto const lock = std::lock_guard(mutex_);
  if (!was_stopped) {
    slow_.erase(p);
    return;
  }
  auto& slow = slow_[p];
  if (++slow.stops < stops_max) return;
  slow = {.stops = 0, .rests_until = std::chrono::steady_clock::now() + rest};
}

script::decoded decoder::decode(profile_ptr const& p, script::frame const& f) {
  // A codec that threw is as good as new for the next message, so it goes back in either case.
  struct borrowed {
    decoder& owner;
    profile_ptr const& profile;
    std::unique_ptr<script::codec> codec;
    std::chrono::steady_clock::time_point since = std::chrono::steady_clock::now();
    bool fails = true;
    ~borrowed() {
      owner.note_end(profile, fails && std::chrono::steady_clock::now() - since >= time_max);
      owner.give_back(profile, std::move(codec));
    }
  };
  require_rested(p);
  auto b = borrowed{*this, p, take(p)};
  auto decoded = b.codec->decode_uplink(f);
  b.fails = false;
  return decoded;
}

}  // namespace dos::lorawan
