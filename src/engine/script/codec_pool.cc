#include "engine/script/codec_pool.h"

#include <algorithm>

#include "base/fault.h"
#include "base/id.h"
#include "base/text.h"

namespace dos::script {

class codec_pool::lease {
 public:
  lease(codec_pool& p, codec_id const& id) : pool_(p), instance_(p.take(id)) {}
  ~lease() { pool_.give_back(std::move(instance_)); }
  lease(lease const&) = delete;
  codec* operator->() { return instance_.compiled.get(); }

 private:
  codec_pool& pool_;
  instance instance_;
};

codec_id codec_pool::add(std::string_view source) {
  auto id = text::to_hex(sha256(source));
  {
    auto const lock = std::lock_guard(mutex_);
    if (sources_.contains(id)) return id;
  }
  codec(source, limits_.codec);  // throws here, not with the first message
  auto const lock = std::lock_guard(mutex_);
  require(sources_bytes_ + source.size() <= limits_.sources_bytes_max, fault_kind::too_large,
          "no room for another codec: all sources together may have " + std::to_string(limits_.sources_bytes_max) +
              " bytes");
  if (sources_.emplace(id, std::make_shared<std::string const>(source)).second) sources_bytes_ += source.size();
  return id;
}

void codec_pool::remove(codec_id const& id) {
  auto const lock = std::lock_guard(mutex_);
  auto const it = sources_.find(id);
  if (it == sources_.end()) return;
  sources_bytes_ -= it->second->size();
  sources_.erase(it);
  instances_ -= std::erase_if(idle_, [&](instance const& i) { return i.id == id; });
  returned_.notify_all();
}

codec_pool::instance codec_pool::take(codec_id const& id) {
  source_ptr source;
  {
    auto lock = std::unique_lock(mutex_);
    for (;;) {
      auto const it = sources_.find(id);
      require(it != sources_.end(), fault_kind::not_found, "no such codec: " + id);
      auto const found = std::find_if(idle_.begin(), idle_.end(), [&](instance const& i) { return i.id == id; });
      if (found != idle_.end()) {
        auto taken = std::move(*found);
        idle_.erase(found);
        return taken;
      }
      source = it->second;
      if (instances_ < limits_.instances_max) break;
      if (!idle_.empty()) {
        idle_.pop_back();
        --instances_;
        break;
      }
      returned_.wait(lock);
    }
    ++instances_;
  }
  try {
    return {id, std::make_unique<codec>(*source, limits_.codec)};
  } catch (...) {
    give_back({id, nullptr});
    throw;
  }
}

void codec_pool::give_back(instance i) {
  {
    auto const lock = std::lock_guard(mutex_);
    if (i.compiled != nullptr && sources_.contains(i.id)) {
      idle_.push_front(std::move(i));
    } else {
      --instances_;
    }
  }
  returned_.notify_all();
}

decoded codec_pool::decode_uplink(codec_id const& id, frame const& f) { return lease(*this, id)->decode_uplink(f); }

decoded codec_pool::decode_downlink(codec_id const& id, frame const& f) { return lease(*this, id)->decode_downlink(f); }

encoded codec_pool::encode_downlink(codec_id const& id, json::value const& data, frame const& context) {
  return lease(*this, id)->encode_downlink(data, context);
}

}  // namespace dos::script
