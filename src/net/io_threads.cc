#include "net/io_threads.h"

#include "base/fault.h"
#include "base/thread_name.h"
#include "net/asio.h"

namespace dos::net {

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
}

}  // namespace dos::net
