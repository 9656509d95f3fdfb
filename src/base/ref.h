// A counted reference to an object that counts itself (derive from `counted`): eight bytes, cheap to share between
// threads, const objects included.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace dos {

class counted {
 public:
  counted() = default;
  counted(counted const&) {}
  counted& operator=(counted const&) { return *this; }

 private:
  template <typename T>
  friend class ref;
  mutable std::atomic<std::uint32_t> count_{0};
};

template <typename T>
class ref {
 public:
  ref() = default;
  ref(std::nullptr_t) {}
  explicit ref(T* object) : object_(object) {
    if (object_) object_->count_.fetch_add(1, std::memory_order_relaxed);
  }
  ref(ref const& other) : ref(other.object_) {}
  ref(ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  ref& operator=(ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~ref() {
    if (object_ && object_->count_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete object_;
  }

  T* get() const { return object_; }
  T& operator*() const { return *object_; }
  T* operator->() const { return object_; }
  explicit operator bool() const { return object_ != nullptr; }
  bool operator==(ref const& other) const { return object_ == other.object_; }
  // Nobody else holds the object.
  bool is_only() const { return object_ && object_->count_.load(std::memory_order_acquire) == 1; }

 private:
  T* object_ = nullptr;
};

template <typename T, typename... Arguments>
ref<T const> make_ref(Arguments&&... arguments) {
  return ref<T const>(new T(std::forward<Arguments>(arguments)...));
}

}  // namespace dos
