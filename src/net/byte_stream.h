// One connection as a stream of bytes, whatever carries it, and what waits to be written to it. For the .cc files of net/
// only.
#pragma once

#include <functional>
#include <mutex>

#include "net/asio.h"

namespace dos::net {

// Lives on one lane: calls and answers are made there.
class byte_stream {
 public:
  using then = std::function<void(error_code, std::size_t)>;

  virtual ~byte_stream() = default;
  virtual void read_some(asio::mutable_buffer buffer, then done) = 0;
  virtual void write_some(asio::const_buffer buffer, then done) = 0;
  virtual void close() = 0;
  virtual asio::io_context& context() = 0;
};

// Takes bytes from any thread and writes them in order.
class stream_writer : public std::enable_shared_from_this<stream_writer> {
 public:
  explicit stream_writer(std::shared_ptr<byte_stream> to) : to_(std::move(to)) {}

  // Called on the lane: `drained` whenever all was written, `failed` once. Before the first send.
  void begin(std::function<void()> drained, std::function<void(error_code)> failed) {
    drained_ = std::move(drained);
    failed_ = std::move(failed);
  }
  // On the lane. Nothing is called or written afterwards.
  void end() {
    auto const lock = std::lock_guard(mutex_);
    ended_ = true;
    waiting_.clear();
    drained_ = nullptr;
    failed_ = nullptr;
  }

  // `append` adds to what waits.
  template <typename Append>
  void send(Append append) {
    auto const lock = std::lock_guard(mutex_);
    if (ended_) return;
    append(waiting_);
    if (active_ || waiting_.empty()) return;
    active_ = true;
    progress_ = std::chrono::steady_clock::now().time_since_epoch().count();
    asio::post(to_->context(), [self = shared_from_this()] { self->pump(); });
  }
  std::size_t unsent_bytes() const {
    auto const lock = std::lock_guard(mutex_);
    return waiting_.size() + writing_.size() - written_;
  }
  // Since when the peer has taken nothing; nothing when nothing waits for it.
  std::optional<steady_time> stalled_since() const {
    auto const lock = std::lock_guard(mutex_);
    if (!active_) return std::nullopt;
    return steady_time(steady_time::duration(progress_));
  }

 private:
  void pump() {
    auto const drained = [&]() -> std::function<void()> {
      auto const lock = std::lock_guard(mutex_);
      if (ended_) return [] {};
      if (written_ == writing_.size()) {
        writing_.clear();
        written_ = 0;
        std::swap(writing_, waiting_);
      }
      active_ = !writing_.empty();
      if (active_) return nullptr;
      if (writing_.capacity() > kept_bytes_max) std::string().swap(writing_);
      return drained_;
    }();
    if (drained) return drained();
    to_->write_some(asio::buffer(writing_) + written_, [self = shared_from_this()](error_code error, std::size_t n) {
      {
        auto const lock = std::lock_guard(self->mutex_);
        if (self->ended_) return;
        self->written_ += n;
        self->progress_ = std::chrono::steady_clock::now().time_since_epoch().count();
      }
      if (error) return std::function(self->failed_)(error);
      self->pump();
    });
  }

  static constexpr std::size_t kept_bytes_max = 256 * 1024;  // of a buffer that has nothing to hold

  std::shared_ptr<byte_stream> const to_;
  std::function<void()> drained_;
  std::function<void(error_code)> failed_;
  mutable std::mutex mutex_;
  std::string waiting_;
  std::string writing_;
  std::size_t written_ = 0;
  steady_time::duration::rep progress_ = 0;
  bool active_ = false;
  bool ended_ = false;
};

}  // namespace dos::net
