#include "ingest/lorawan/decoder.h"

#include <algorithm>

namespace dos::lorawan {

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

script::decoded decoder::decode(profile_ptr const& p, script::frame const& f) {
  // A codec that threw is as good as new for the next message, so it goes back in either case.
  struct borrowed {
    decoder& owner;
    profile_ptr const& profile;
    std::unique_ptr<script::codec> codec;
    ~borrowed() { owner.give_back(profile, std::move(codec)); }
  };
  auto const b = borrowed{*this, p, take(p)};
  return b.codec->decode_uplink(f);
}

}  // namespace dos::lorawan
