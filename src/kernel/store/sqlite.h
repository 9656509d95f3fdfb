// SQLite behind two small types, for the kernel only: kernel/history keeps its tables through them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

struct sqlite3;
struct sqlite3_stmt;

namespace dos::store {

// A prepared statement on loan from its connection; given back, reset, when destroyed. Two loans of the same text may not
// live at once. Columns and parameters count from 0. Views of columns are valid until the next step.
class statement {
 public:
  explicit statement(sqlite3_stmt* handle) : handle_(handle) {}
  statement(statement&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  ~statement();

  template <typename... Arguments>
  statement& with(Arguments const&... arguments) {
    auto index = 0;
    (bind(index++, arguments), ...);
    return *this;
  }
  bool step();         // true: there is a row
  void run() {
    while (step()) {
    }
  }

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
  std::int64_t changes() const;
  int error_code() const;  // extended code of the last failed call, 0 after success
  bool in_transaction() const;
  void checkpoint(bool truncate);  // folds the write-ahead log as far as nobody waits for it
  void copy_to(std::filesystem::path const& file) const;  // online backup of one moment

 private:
  sqlite3* handle_;
  std::map<std::string, sqlite3_stmt*, std::less<>> statements_;
};

}  // namespace dos::store
