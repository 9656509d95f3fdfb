// What a city knows, durably: records by key in named collections, and the cursor that says up to which batch of the
// log they reach. Tables of its own keep kernel/history in the same file, so that everything shares one transaction.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/store/commit_log.h"

namespace dos::store {

class connection;

// Thread-safe: one transaction at a time, any number of readers, none of which waits for the other. Keys and values are
// bytes; each value carries a checksum, and a damaged one is fault internal, naming collection and key.
class state_db {
 public:
  static constexpr int data_format = 1;

  struct options {
    std::int64_t pages_max = 0;         // of page_bytes; 0: as much as the disk has
    std::size_t readers_kept_max = 16;  // connections; more readers than that open and close their own
  };
  static constexpr int page_bytes = 8192;

  // Opens or creates `dir`/state.db. Fault not_supported when the data were written by a newer program.
  explicit state_db(std::filesystem::path const& dir);
  state_db(std::filesystem::path const& dir, options);
  ~state_db();
  state_db(state_db const&) = delete;

  // Everything or nothing. Belongs to one thread. Destroyed without commit it leaves no trace. After any fault the
  // transaction is dead: destroy it, read cursor() for the truth and start again. storage_full: the disk is full.
  class transaction {
   public:
    ~transaction();
    transaction(transaction&&) noexcept;

    // `collection`: lower-case letters and underscores. An existing value is replaced.
    void put(std::string_view collection, std::string_view key, std::string_view value);
    void erase(std::string_view collection, std::string_view key);
    void set_cursor(position);
    void commit();  // durable when it returns

    connection& sql();  // for modules of the kernel with tables of their own (kernel/store/sqlite.h)

   private:
    friend class state_db;
    struct parts;
    explicit transaction(std::unique_ptr<parts>);
    std::unique_ptr<parts> parts_;
  };
  transaction begin();

  std::optional<std::string> find(std::string_view collection, std::string_view key) const;

  // Both stop when `visit` returns false; the views are valid during the call only. All of one scan is one moment.
  using visitor = std::function<bool(std::string_view key, std::string_view value)>;
  void scan(std::string_view collection, std::string_view from_key, visitor const& visit) const;  // in order of key
  void load(std::string_view collection, visitor const& visit) const;  // in no order, and fastest: for the start

  position cursor() const;  // 0 when nothing was ever checkpointed

  // A leased connection that sees one moment until it is destroyed. Keep it short: it keeps SQLite from folding its
  // log.
  class snapshot {
   public:
    ~snapshot();
    snapshot(snapshot&&) noexcept;
    connection& sql();

   private:
    friend class state_db;
    snapshot(state_db const&, std::unique_ptr<connection>);
    state_db const* home_;
    std::unique_ptr<connection> connection_;
  };
  snapshot read() const;

  void backup_to(
      std::filesystem::path const& dir) const;  // `dir`/state.db, a consistent copy taken while writing goes on
  void shrink(int pages);                       // gives up to that many free pages back to the disk
  std::vector<std::string> damages() const;     // reads everything; one line for each record that fails its checksum

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

// Copies log and state of a running city into the directory `to`, consistently.
void backup(commit_log& log, state_db const& state, std::filesystem::path const& to);

}  // namespace dos::store
