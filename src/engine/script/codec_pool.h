// Compiled codecs for many threads: found by content, used by one thread at a time, the longest unused given up first.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "engine/script/codec.h"

namespace dos::script {

// What a codec is known by: the same source always gets the same.
using codec_id = std::string;

struct pool_limits {
  script::limits codec;
  std::size_t instances_max = 32;                         // compiled; each takes 1 MiB, 12 at worst
  std::size_t sources_bytes_max = std::size_t(32) << 20;  // of all registered sources
};

// All of it may be called from any thread.
class codec_pool {
 public:
  explicit codec_pool(pool_limits l = {}) : limits_(l) {}

  // Registers a source; again is nothing. Throws what compiling throws; too_large when all sources together are.
  codec_id add(std::string_view source);
  void remove(codec_id const&);

  // Each throws what `codec` throws, and not_found for an id that is not registered. Waits while all instances are
  // busy.
  decoded decode_uplink(codec_id const&, frame const&);
  decoded decode_downlink(codec_id const&, frame const&);
  encoded encode_downlink(codec_id const&, json::value const& data, frame const& context);

 private:
  using source_ptr = std::shared_ptr<std::string const>;
  struct instance {
    codec_id id;
    std::unique_ptr<codec> compiled;
  };
  class lease;

  instance take(codec_id const&);
  void give_back(instance);

  pool_limits const limits_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::unordered_map<codec_id, source_ptr> sources_;
  std::size_t sources_bytes_ = 0;
  std::list<instance> idle_;   // last used first
  std::size_t instances_ = 0;  // idle and busy
};

}  // namespace dos::script
