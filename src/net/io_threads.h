// The threads that wait for the network. Servers and clients share them; they must be destroyed before.
#pragma once

#include <memory>

namespace dos::net {

class io_threads {
 public:
  explicit io_threads(int count = 2);
  ~io_threads();
  io_threads(io_threads const&) = delete;
  io_threads& operator=(io_threads const&) = delete;

  struct impl;
  impl& get() const { return *impl_; }

 private:
  std::unique_ptr<impl> impl_;
};

}  // namespace dos::net
