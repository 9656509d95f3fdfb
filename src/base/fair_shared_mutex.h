// A lock for many readers or one writer, in which a stream of readers does not keep the writer waiting: readers that
// come while it waits come after it. A thread must not take it twice.
#pragma once

#include <pthread.h>

#include "base/fault.h"

namespace dos {

class fair_shared_mutex {
 public:
  fair_shared_mutex() {
    auto kind = pthread_rwlockattr_t();
    pthread_rwlockattr_init(&kind);
    pthread_rwlockattr_setkind_np(&kind, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    DOS_CHECK(pthread_rwlock_init(&lock_, &kind) == 0);
    pthread_rwlockattr_destroy(&kind);
  }
  ~fair_shared_mutex() { pthread_rwlock_destroy(&lock_); }
  fair_shared_mutex(fair_shared_mutex const&) = delete;
  fair_shared_mutex& operator=(fair_shared_mutex const&) = delete;

  void lock() { DOS_CHECK(pthread_rwlock_wrlock(&lock_) == 0); }
  bool try_lock() { return pthread_rwlock_trywrlock(&lock_) == 0; }
  void unlock() { pthread_rwlock_unlock(&lock_); }
  void lock_shared() { DOS_CHECK(pthread_rwlock_rdlock(&lock_) == 0); }
  bool try_lock_shared() { return pthread_rwlock_tryrdlock(&lock_) == 0; }
  void unlock_shared() { pthread_rwlock_unlock(&lock_); }

 private:
  pthread_rwlock_t lock_;
};

}  // namespace dos
