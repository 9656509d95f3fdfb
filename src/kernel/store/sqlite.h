// SQLite behind two small types, for the kernel only: kernel/history keeps its tables through them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace dos::store {

// A prepared statement on loan from its connection; given back, reset, when destroyed. Columns and parameters count
// from 0. Views of columns are valid until the next step.
class statement {
 public:
  statement(sqlite3_stmt* handle, bool* lent) : handle_(handle), lent_(lent) {}
  statement(statement&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)), lent_(other.lent_) {}
  ~statement();

  template <typename... Arguments>
  statement& with(Arguments const&... arguments) {
    auto index = 0;
    (bind(index++, arguments), ...);
    return *this;
  }
  bool step();  // true: there is a row
  void run();

  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string_view bytes(int column) const;

 private:
  template <typename T>
  void bind(int index, T const& argument) {
    if constexpr (std::is_same_v<T, std::nullptr_t>) {
      bind_null(index);
    } else if constexpr (std::is_integral_v<T>) {
      bind_integer(index, static_cast<std::int64_t>(argument));
    } else if constexpr (std::is_floating_point_v<T>) {
      bind_real(index, argument);
    } else {
      bind_bytes(index, argument);
    }
  }
  void bind_null(int index);
  void bind_integer(int index, std::int64_t);
  void bind_real(int index, double);
  void bind_bytes(int index, std::string_view);  // must outlive the statement's run; stored as BLOB

  sqlite3_stmt* handle_;
  bool* lent_;  // nothing when the statement is not kept by its connection
};

// One connection, used by one thread at a time. Faults: storage_full; unavailable (input or output failed, locked);
// internal (damaged file, wrong SQL).
class connection {
 public:
  enum class access { read_only, read_write };
  connection(std::filesystem::path const& file, access);
  ~connection();
  connection(connection const&) = delete;

  statement operator()(std::string_view sql);  // prepared once for each text
  void execute(char const* sql);
  int error_code() const;  // SQLite's primary code of the last call
  bool in_transaction() const;
  // Folds the write-ahead log into the file: `passive` as far as nobody has to wait, `truncate` to its end.
  enum class folding { passive, truncate };
  bool fold(folding);                                     // false: not all of it
  void copy_to(std::filesystem::path const& file) const;  // online backup of one moment

 private:
  struct kept {
    sqlite3_stmt* handle = nullptr;
    bool lent = false;
  };
  sqlite3_stmt* prepare(std::string_view sql, unsigned flags);

  sqlite3* handle_ = nullptr;
  std::map<std::string, kept, std::less<>> statements_;
};

// Reading connections of one file. Never waits: beyond `kept_max` they are opened and closed again.
class connection_pool {
 public:
  connection_pool(std::filesystem::path file, std::size_t kept_max) : file_(std::move(file)), kept_max_(kept_max) {}

  std::unique_ptr<connection> take() const;
  void give_back(std::unique_ptr<connection>) const;
  void close_idle();

 private:
  std::filesystem::path file_;
  std::size_t kept_max_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<connection>> idle_;
};

// A connection of the pool, for a scope.
class lease {
 public:
  explicit lease(connection_pool const& pool) : pool_(pool), connection_(pool.take()) {}
  ~lease() { pool_.give_back(std::move(connection_)); }
  lease(lease const&) = delete;
  connection& operator*() const { return *connection_; }
  connection* operator->() const { return connection_.get(); }

 private:
  connection_pool const& pool_;
  std::unique_ptr<connection> connection_;
};

}  // namespace dos::store
