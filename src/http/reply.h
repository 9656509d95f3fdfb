// Where the answer to a request goes.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include "http/response.h"

namespace dos::http {

// May be called from any thread, exactly once. Dropped without a call, the client gets a 500. Copies lead to the same
// place and cost next to nothing.
class reply {
 public:
  struct receiver {
    virtual ~receiver() = default;
    virtual void take(response r) = 0;
    virtual bool is_wanted() const { return true; }
  };

  reply() = default;
  reply(std::shared_ptr<receiver> to) : to_(std::move(to)) {}
  template <typename F>
    requires(std::is_invocable_v<F&, response> && !std::is_same_v<F, reply>)
  reply(F f) : to_(std::make_shared<function<F>>(std::move(f))) {}

  void operator()(response r) const { to_->take(std::move(r)); }
  // False once the client has gone: work for it may end.
  bool is_wanted() const { return to_->is_wanted(); }

 private:
  template <typename F>
  struct function final : receiver {
    explicit function(F f) : call(std::move(f)) {}
    void take(response r) override { call(std::move(r)); }
    F call;
  };

  std::shared_ptr<receiver> to_;
};

}  // namespace dos::http
