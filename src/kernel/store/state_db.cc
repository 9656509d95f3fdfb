#include "kernel/store/state_db.h"

#include <algorithm>
#include <mutex>
#include <set>
#include <shared_mutex>

#include "base/crc32c.h"
#include "base/fault.h"
#include "base/text.h"
#include "kernel/store/sqlite.h"

namespace dos::store {
namespace {

std::uint32_t record_checksum(std::string_view key, std::string_view value) { return crc32c(value, crc32c(key)); }

fault damaged(std::string_view collection, std::string_view key) {
  auto const readable = text::is_utf8(key) ? std::string(key) : text::to_hex(key);
  return fault(fault_kind::internal, "the record \"" + readable + "\" of " + std::string(collection) + " is damaged");
}

std::string table_of(std::string_view collection) {
  auto const good = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  DOS_CHECK(!collection.empty() && std::all_of(collection.begin(), collection.end(), good));
  return "record_" + std::string(collection);
}

}  // namespace

struct state_db::parts {
  parts(std::filesystem::path const& dir, options o)
      : file(dir / "state.db"), limits(o), readers(file, o.readers_kept_max) {}

  void open() {
    auto db = std::make_unique<connection>(file, connection::access::read_write);
    db->execute(("PRAGMA page_size=" + std::to_string(page_bytes)).c_str());
    db->execute("PRAGMA auto_vacuum=INCREMENTAL");  // files shrink when data leave; must come before the first table
    db->execute("PRAGMA journal_mode=WAL");
    db->execute(
        "PRAGMA synchronous=FULL");  // the log behind a checkpoint is removed, so the checkpoint must be durable
    db->execute("PRAGMA wal_autocheckpoint=2048");
    db->execute("PRAGMA journal_size_limit=67108864");
    db->execute("PRAGMA cache_size=-16384");
    if (limits.pages_max > 0) db->execute(("PRAGMA max_page_count=" + std::to_string(limits.pages_max)).c_str());
    auto const format = [&] {
      auto row = (*db)("PRAGMA user_version");
      return row.step() ? row.integer(0) : 0;
    }();
    require(format <= data_format, fault_kind::not_supported,
            "these data were written by a newer program (format " + std::to_string(format) + ", this program knows " +
                std::to_string(data_format) + ")");
    if (format == 0) {
      db->execute("CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID");
      db->execute(("PRAGMA user_version=" + std::to_string(data_format)).c_str());
    }
    auto names = std::set<std::string, std::less<>>();
    auto rows =
        (*db)("SELECT substr(name, 8) FROM sqlite_master WHERE type = 'table' AND name LIKE 'record\\_%' ESCAPE '\\'");
    while (rows.step()) names.emplace(rows.bytes(0));
    auto const lock = std::scoped_lock(collections_mutex);
    collections = std::move(names);
    writer = std::move(db);
  }

  bool knows(std::string_view collection) const {
    auto const lock = std::shared_lock(collections_mutex);
    return collections.contains(collection);
  }

  void each(std::string_view collection, connection& db, std::string const& tail, std::string_view from,
            std::function<bool(std::string_view key, std::string_view value, bool sound)> const& visit) const {
    auto rows = db("SELECT key, crc32c, value FROM " + table_of(collection) + tail);
    if (!tail.empty()) rows.with(from);
    while (rows.step()) {
      auto const key = rows.bytes(0);
      auto const value = rows.bytes(2);
      if (!visit(key, value, record_checksum(key, value) == rows.integer(1))) return;
    }
  }

  void each_sound(std::string_view collection, std::string const& tail, std::string_view from,
                  visitor const& visit) const {
    if (!knows(collection)) return;
    auto const reader = lease(readers);
    each(collection, *reader, tail, from, [&](std::string_view key, std::string_view value, bool sound) {
      if (!sound) throw damaged(collection, key);
      return visit(key, value);
    });
  }

  std::filesystem::path file;
  options limits;
  connection_pool readers;
  std::mutex writing;  // held by a transaction
  std::unique_ptr<connection> writer;
  mutable std::shared_mutex collections_mutex;
  std::set<std::string, std::less<>> collections;  // committed ones
};

struct state_db::transaction::parts {
  parts(state_db::parts& home) : home(home), lock(home.writing) {
    if (!home.writer) home.open();
    home.writer->execute("BEGIN IMMEDIATE");
  }
  ~parts() {
    if (!lock || !home.writer || !home.writer->in_transaction()) return;
    try {
      home.writer->execute("ROLLBACK");
    } catch (fault const&) {
      home.writer.reset();  // closing rolls back
    }
  }

  state_db::parts& home;
  std::unique_lock<std::mutex> lock;
  std::set<std::string, std::less<>> created;
};

state_db::state_db(std::filesystem::path const& dir) : state_db(dir, options()) {}

state_db::state_db(std::filesystem::path const& dir, options o) {
  if (!dir.empty()) std::filesystem::create_directories(dir);
  parts_ = std::make_unique<parts>(dir, o);
  parts_->open();
}

state_db::~state_db() = default;

state_db::transaction::transaction(std::unique_ptr<parts> p) : parts_(std::move(p)) {}
state_db::transaction::transaction(transaction&&) noexcept = default;
state_db::transaction::~transaction() = default;

state_db::transaction state_db::begin() { return transaction(std::make_unique<transaction::parts>(*parts_)); }

void state_db::transaction::put(std::string_view collection, std::string_view key, std::string_view value) {
  auto const table = table_of(collection);
  if (!parts_->home.knows(collection) && parts_->created.emplace(collection).second) {
    // An index beside the table, not a table ordered by key: bodies of some kilobytes would spill out of its pages.
    sql().execute(("CREATE TABLE IF NOT EXISTS " + table +
                   "(id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, crc32c INTEGER NOT NULL, value BLOB NOT NULL)")
                      .c_str());
  }
  sql()("INSERT INTO " + table +
        "(key, crc32c, value) VALUES(?, ?, ?) ON CONFLICT(key) DO UPDATE SET crc32c = "
        "excluded.crc32c, value = excluded.value")
      .with(key, record_checksum(key, value), value)
      .run();
}

void state_db::transaction::erase(std::string_view collection, std::string_view key) {
  if (!parts_->home.knows(collection) && !parts_->created.contains(collection)) return;
  sql()("DELETE FROM " + table_of(collection) + " WHERE key = ?").with(key).run();
}

void state_db::transaction::set_cursor(position p) {
  sql()("INSERT OR REPLACE INTO meta(name, value) VALUES('cursor', ?)").with(p).run();
}

void state_db::transaction::commit() {
  auto& home = parts_->home;
  try {
    sql().execute("COMMIT");
  } catch (fault const& f) {
    if (f.kind != fault_kind::storage_full)
      home.writer.reset();  // a failed sync: whoever reads the cursor reads it anew
    throw;
  }
  {
    auto const lock = std::scoped_lock(home.collections_mutex);
    home.collections.merge(parts_->created);
  }
  parts_->lock.unlock();  // the next one need not wait for this object to go
}

connection& state_db::transaction::sql() {
  require(parts_->lock && parts_->home.writer && parts_->home.writer->in_transaction(), fault_kind::unavailable,
          "the transaction is over");
  return *parts_->home.writer;
}

std::optional<std::string> state_db::find(std::string_view collection, std::string_view key) const {
  if (!parts_->knows(collection)) return std::nullopt;
  auto const reader = lease(parts_->readers);
  auto row = (*reader)("SELECT crc32c, value FROM " + table_of(collection) + " WHERE key = ?");
  if (!row.with(key).step()) return std::nullopt;
  auto const value = row.bytes(1);
  if (record_checksum(key, value) != row.integer(0)) throw damaged(collection, key);
  return std::string(value);
}

void state_db::scan(std::string_view collection, std::string_view from_key, visitor const& visit) const {
  parts_->each_sound(collection, " WHERE key >= ? ORDER BY key", from_key, visit);
}

void state_db::load(std::string_view collection, visitor const& visit) const {
  parts_->each_sound(collection, "", {}, visit);
}

position state_db::cursor() const {
  auto const reader = lease(parts_->readers);
  auto row = (*reader)("SELECT value FROM meta WHERE name = 'cursor'");
  return row.step() ? position(row.integer(0)) : 0;
}

state_db::snapshot::snapshot(state_db const& home, std::unique_ptr<connection> c)
    : home_(&home), connection_(std::move(c)) {}
state_db::snapshot::snapshot(snapshot&&) noexcept = default;

state_db::snapshot::~snapshot() {
  if (!connection_) return;
  try {
    (*connection_)("COMMIT").run();
    home_->parts_->readers.give_back(std::move(connection_));
  } catch (fault const&) {
    connection_.reset();  // a connection that cannot end its reading is not used again
  }
}

connection& state_db::snapshot::sql() { return *connection_; }

state_db::snapshot state_db::read() const {
  auto c = parts_->readers.take();
  (*c)("BEGIN").run();
  (*c)("SELECT value FROM meta LIMIT 1").step();  // the moment begins with the first statement: take it now
  return snapshot(*this, std::move(c));
}

void state_db::backup_to(std::filesystem::path const& dir) const { lease(parts_->readers)->copy_to(dir / "state.db"); }

void state_db::shrink(int pages) {
  auto const lock = std::scoped_lock(parts_->writing);
  if (!parts_->writer) parts_->open();
  (*parts_->writer)("PRAGMA incremental_vacuum(" + std::to_string(pages) + ")").run();
}

std::vector<std::string> state_db::damages() const {
  auto found = std::vector<std::string>();
  auto const reader = lease(parts_->readers);
  auto check = (*reader)("PRAGMA integrity_check");
  while (check.step()) {
    if (check.bytes(0) != "ok") found.emplace_back(check.bytes(0));
  }
  auto const collections = [&] {
    auto const lock = std::shared_lock(parts_->collections_mutex);
    return parts_->collections;
  }();
  for (auto const& collection : collections) {
    parts_->each(collection, *reader, "", {}, [&](std::string_view key, std::string_view, bool sound) {
      if (!sound) found.push_back(damaged(collection, key).detail);
      return true;
    });
  }
  return found;
}

void backup(commit_log& log, state_db const& state, std::filesystem::path const& to) {
  std::filesystem::create_directories(to);
  auto const hold = log.hold_truncation();
  state.backup_to(to);
  log.backup_to(to);
}

}  // namespace dos::store
