#include "net/io_threads.h"

#include <utility>

#include "base/fault.h"
#include "base/log.h"
#include "base/thread_name.h"
#include "net/asio.h"

namespace dos::net {

void lane::hand_over(std::shared_ptr<parcel> p) {
  auto was_empty = false;
  {
    auto const lock = std::lock_guard(parcels_mutex_);
    was_empty = parcels_.empty();
    parcels_.push_back(std::move(p));
  }
  if (was_empty) asio::post(context, [this] { open_parcels(); });
}

std::vector<std::shared_ptr<lane::parcel>> lane::take_parcels() {
  auto const lock = std::lock_guard(parcels_mutex_);
  return std::exchange(parcels_, {});
}

void lane::open_parcels() {
  for (auto const& p : take_parcels()) p->open();
}

// What goes may hand over more.
void lane::drop_parcels() {
  while (!take_parcels().empty()) {
  }
}

io_threads::io_threads(int count) : impl_(std::make_unique<impl>()) {
  DOS_CHECK(count > 0);
  for (auto i = 0; i < count; ++i) {
    auto const l = impl_->lanes.emplace_back(std::make_shared<lane>());
    l->thread = std::thread([context = &l->context, i] {
      name_thread("net " + std::to_string(i));
      for (auto is_over = false; !is_over;) {
        try {
          context->run();
          is_over = true;
        } catch (std::exception const& e) {  // of one handler: the others are served on
          log::error("a network thread met a fault", {{"reason", e.what()}});
        }
      }
    });
  }
}

io_threads::~io_threads() {
  for (auto const& l : impl_->lanes) l->context.stop();
  for (auto const& l : impl_->lanes) l->thread.join();
  for (auto const& l : impl_->lanes) l->drop_parcels();
}

}  // namespace dos::net
