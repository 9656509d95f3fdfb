// Reads the log with the images of entities as they were, before and after each change. Inside kernel/city only.
//
// An effect tells the difference to what was there. From batch::images_from on, the first change of an entity holds what
// was there before it as a whole: whoever begins at that position and applies effect after effect knows every image
// exactly, without asking what is there today. A new such stretch begins when the one before has grown
// (images_stretch), so that its images fit into memory and the way to any position is short.
#pragma once

#include <functional>
#include <string>
#include <unordered_map>

#include "kernel/city/checkpoint.h"
#include "kernel/events/live.h"
#include "kernel/store/commit_log.h"

namespace dos {

// Decides where stretches begin. The sequencer's.
class images_stretch {
 public:
  std::uint64_t from() const { return from_; }
  // Before the batch at `position` is decided.
  void begin_if_due(std::uint64_t position) {
    if (from_ != 0 && bytes_ < bytes_max && image_bytes_ < bytes_max) return;
    from_ = position;
    bytes_ = image_bytes_ = 0;
  }
  void add(std::size_t bytes, std::size_t image_bytes) {
    bytes_ += bytes - image_bytes;
    image_bytes_ += image_bytes;
  }

 private:
  static constexpr std::size_t bytes_max = 32 << 20;  // of effects, and of images as well
  std::uint64_t from_ = 0;
  std::size_t bytes_ = 0, image_bytes_ = 0;
};

class log_images final : public log_cursor {
 public:
  struct parts {
    store::commit_log const& log;
    shared_names& names;
    entity_store const& entities;           // today's: whose series one is, and what images may share
    std::function<std::uint64_t()> end;     // the last position that is committed
  };
  log_images(parts p, std::uint64_t from) : parts_(std::move(p)), next_(from) {}

  std::optional<log_gap> read(std::vector<change>& out) override;
  std::uint64_t next() const override { return next_; }

 private:
  void take(store::log_batch const& b, std::vector<change>* out);
  entity_ptr before(effect::entity_changed const& e, std::uint64_t stretch);
  void come_to(std::uint64_t stretch);
  std::uint64_t end_of_damage(std::uint64_t at) const;
  std::optional<log_gap> pass_over(std::uint64_t to);

  parts parts_;
  std::uint64_t next_;
  std::uint64_t stretch_ = 0;    // that `images_` belong to
  std::uint64_t known_to_ = 0;   // up to here, excluded, `images_` hold every change since `stretch_`; 0: they hold nothing
  std::unordered_map<std::string, entity_ptr> images_;  // nothing: there is no such entity
};

}  // namespace dos
