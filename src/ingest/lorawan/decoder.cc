#include "ingest/lorawan/decoder.h"

#include <algorithm>
#include <cmath>

#include "base/fault.h"

namespace dos::lorawan {
namespace {

// A codec that fails after so long was stopped; one that ends well may have waited for the processor.
constexpr auto time_max = std::chrono::milliseconds(script::limits().time_ms_max);

std::string joined(std::vector<std::string> const& texts) {
  auto all = std::string();
  for (auto const& t : texts) all += (all.empty() ? "" : "; ") + t;
  return all;
}

// Encoding rounds, and some codecs write a value in another form than they take it: numbers may differ by a hundredth,
// values of different kinds are not compared.
bool may_be_same(json::value const& asked, json::value const& read) {
  if (asked.is_number() && read.is_number()) {
    auto const a = asked.as_double(), r = read.as_double();
    return std::abs(a - r) <= std::max(0.5, std::abs(a) / 100);
  }
  return asked.kind() != read.kind() || asked.is_object() || asked.is_array() || asked == read;
}

void require_same(json::value const& asked, json::value const& read) {
  if (!asked.is_object() || !read.is_object()) return;
  for (auto const& m : asked.as_object()) {
    auto const* back = read.find(m.key);
    require(!back || may_be_same(m.value, *back), fault_kind::invalid,
            "the codec would send something else: \"" + m.key + "\" is to be " + json::to_string(m.value) +
                ", and reads " + json::to_string(back ? *back : json::value()),
            "data");
  }
}

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

template <typename F>
auto decoder::with_codec(profile_ptr const& p, F const& f) {
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
  auto result = f(*b.codec);
  b.fails = false;
  return result;
}

script::decoded decoder::decode(profile_ptr const& p, script::frame const& f) {
  return with_codec(p, [&](script::codec& c) { return c.decode_uplink(f); });
}

script::encoded decoder::encode(profile_ptr const& p, json::value const& data, script::frame const& context) {
  return with_codec(p, [&](script::codec& c) {
    require(c.can_encode_downlink(), fault_kind::invalid,
            "the codec of profile " + p->id + " encodes nothing: give the bytes themselves, and fPort", "data");
    auto made = c.encode_downlink(data, context);
    require(made.errors.empty(), fault_kind::invalid, "the codec of profile " + p->id + " says: " + joined(made.errors),
            "data");
    if (!c.can_decode_downlink()) return made;
    auto back = context;
    back.bytes = made.bytes;
    if (made.f_port) back.f_port = *made.f_port;
    auto const read = c.decode_downlink(back);
    require(read.errors.empty(), fault_kind::invalid,
            "the codec of profile " + p->id + " can't read what it has made: " + joined(read.errors), "data");
    require_same(data, read.data);
    return made;
  });
}

}  // namespace dos::lorawan
