// What the commit log holds: the effects of writes, not the commands. Names are expanded, ids and times assigned, so
// that replay decides nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/visit.h"
#include "kernel/city/records.h"
#include "kernel/city/session.h"
#include "kernel/graph/codec.h"
#include "kernel/graph/entity.h"
#include "kernel/graph/entity_store.h"
#include "kernel/history/observation.h"

namespace dos::effect {

// The entity after a write, told as the difference to what was there before.
struct entity_changed {
  struct removal {
    symbol name;
    symbol dataset;
    std::uint64_t series = 0;
  };
  std::string id;
  bool head = false;  // types, scopes, more and deleted_at are given; otherwise they stay
  std::vector<symbol> types;
  std::vector<symbol> scopes;
  json::value more;
  timestamp deleted_at = no_time;
  bool created = false;       // there was no entity, or only its history
  std::vector<attribute_ptr> set;
  std::vector<removal> removed;
  // Of the observations that `set` and then `removed` become, one each in this order; 0: history is left alone.
  std::uint64_t first_number = 0;
  // What was there, in the first change of the entity since batch::images_from, so that a reader of the log need not know
  // what came before it: see log_images.h. Nothing else reads it.
  entity_ptr before;
};
struct entity_forgotten {
  std::string id;
};
struct series_started {
  std::string entity;
  series_ref series;
};
struct series_removed {
  std::string entity;
  std::uint64_t series = 0;
};
struct observed {
  std::uint64_t series = 0;
  dos::observation observation;
};
struct observation_changed {
  std::uint64_t series = 0;
  dos::observation observation;
};
struct observation_removed {
  std::uint64_t series = 0;
  std::uint64_t number = 0;
};
struct record_written {
  std::string collection;
  std::string key;
  record_ptr record;  // nothing: erased
};
struct counted_in_ledger {
  std::string source;
  tally what = tally::received;
  std::string reason;
  std::uint64_t n = 1;
};

// Many of one series, numbered one after the other as the first says.
struct observed_many {
  std::uint64_t series = 0;
  std::vector<dos::observation> observations;
};

using any = std::variant<entity_changed, entity_forgotten, series_started, series_removed, observed, observation_changed,
                         observation_removed, record_written, counted_in_ledger, observed_many>;

}  // namespace dos::effect

namespace dos {

// One write: everything it did, at one moment.
struct write_effects {
  timestamp at;
  std::vector<effect::any> effects;
};

// One entry of the log.
struct batch {
  // From this position on the log holds what entities were before they were first changed; 0: written by a program that
  // kept no images.
  std::uint64_t images_from = 0;
  std::vector<write_effects> writes;
};

// Puts a batch into bytes write by write, so that its size is known while it is made up. Names that it is the first to
// use are told in it; `names` learns them, and is the caller's to roll back.
class batch_encoder {
 public:
  batch_encoder(name_table& names, std::uint64_t images_from) : names_(names), images_from_(images_from), known_(names.size()) {}

  // A fault (a value nested too deeply) leaves the batch as it was.
  void add(write_effects const& w);
  std::size_t size() const { return body_.size(); }
  std::size_t image_bytes() const { return image_bytes_; }  // of them: images of what was before
  std::string finish() const;

 private:
  name_table& names_;
  std::uint64_t const images_from_;
  std::uint32_t const known_;
  std::size_t writes_ = 0;
  std::size_t image_bytes_ = 0;
  std::string body_;
};

std::string encode_batch(batch const& b, name_table& names);
// Fault malformed when the bytes are no batch. All formats ever written are read.
batch decode_batch(std::string_view bytes, name_table& names);
std::uint64_t images_from(std::string_view bytes);  // of a batch, without reading the rest

// The entity after the effect, as readers see it: the one place where effects become state. `before`: a copy of what was
// there, or empty.
entity_ptr apply(entity before, effect::entity_changed const& e, timestamp at, std::uint64_t position);

}  // namespace dos
