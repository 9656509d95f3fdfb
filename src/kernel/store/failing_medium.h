// A medium that fails on demand, for tests: SQLite's file layer is replaced by one that refuses.
#pragma once

#include <sqlite3.h>

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace dos::store {

// Passes everything on to the system's file layer until told to fail.
class failing_medium {
 public:
  failing_medium() {
    layer_ = *sqlite3_vfs_find("unix");
    open_ = layer_.xOpen;
    layer_.zName = "failing";
    layer_.xOpen = [](sqlite3_vfs* v, char const* name, sqlite3_file* file, int flags, int* out) {
      auto const code = open_(v, name, file, flags, out);
      auto const is_meant = of_file.empty() || (name && std::string_view(name).find(of_file) != std::string_view::npos);
      if (code == SQLITE_OK && file->pMethods && is_meant) file->pMethods = patched(file->pMethods);
      return code;
    };
    writes_left = syncs_left = never;
    sqlite3_vfs_register(&layer_, 1);
  }
  ~failing_medium() {
    of_file.clear();
    sqlite3_vfs_unregister(&layer_);
    sqlite3_vfs_register(sqlite3_vfs_find("unix"), 1);
  }

  static constexpr int never = 1'000'000'000;
  static inline std::atomic<int> writes_left = never;  // then the disk is full
  static inline std::atomic<int> syncs_left = never;   // then syncing fails
  static inline std::string of_file;                   // whose name contains this alone; set before files are opened

 private:
  static sqlite3_io_methods const* patched(sqlite3_io_methods const* original) {
    auto const lock = std::lock_guard(mutex_);
    auto const [it, is_new] = methods_.try_emplace(original, *original);
    auto& copy = it->second;
    if (!is_new) return &copy;
    copy.xWrite = [](sqlite3_file* file, void const* bytes, int n, sqlite3_int64 at) {
      return --writes_left < 0 ? SQLITE_FULL : original_of(file)->xWrite(file, bytes, n, at);
    };
    copy.xSync = [](sqlite3_file* file, int flags) {
      return --syncs_left < 0 ? SQLITE_IOERR_FSYNC : original_of(file)->xSync(file, flags);
    };
    return &copy;
  }
  static sqlite3_io_methods const* original_of(sqlite3_file* file) {
    auto const lock = std::lock_guard(mutex_);
    for (auto const& [original, copy] : methods_) {
      if (&copy == file->pMethods) return original;
    }
    return nullptr;
  }
  static inline std::mutex mutex_;
  static inline std::map<sqlite3_io_methods const*, sqlite3_io_methods> methods_;
  static inline decltype(sqlite3_vfs::xOpen) open_ = nullptr;
  static inline sqlite3_vfs layer_;
};

}  // namespace dos::store
