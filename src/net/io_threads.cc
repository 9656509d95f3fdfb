#include "net/io_threads.h"

#include "base/fault.h"
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

void lane::open_parcels() {
  auto all = std::vector<std::shared_ptr<parcel>>();
  {
    auto const lock = std::lock_guard(parcels_mutex_);
    all.swap(parcels_);
  }
  for (auto const& p : all) p->open();
}

void lane::drop_parcels() {
  auto const lock = std::lock_guard(parcels_mutex_);
  parcels_.clear();
}

io_threads::io_threads(int count) : impl_(std::make_unique<impl>()) {
  DOS_CHECK(count > 0);
  for (auto i = 0; i < count; ++i) {
    auto const l = impl_->lanes.emplace_back(std::make_shared<lane>());
    l->thread = std::thread([context = &l->context, i] {
      name_thread("net " + std::to_string(i));
      context->run();
    });
  }
}

io_threads::~io_threads() {
  for (auto const& l : impl_->lanes) l->context.stop();
  for (auto const& l : impl_->lanes) l->thread.join();
  for (auto const& l : impl_->lanes) l->drop_parcels();
}

}  // namespace dos::net
