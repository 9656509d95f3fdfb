#include "kernel/store/commit_log.h"

#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <mutex>

#include "base/crc32c.h"
#include "base/fault.h"
#include "kernel/store/sqlite.h"

namespace dos::store {
namespace {

constexpr int log_format = 1;
constexpr std::int64_t batch_format = 1;

// `bytes_total` counts all bytes from the first batch ever, so that a distance is one subtraction.
constexpr auto log_schema = R"(
  CREATE TABLE IF NOT EXISTS log(
    position INTEGER PRIMARY KEY, time INTEGER NOT NULL, format INTEGER NOT NULL, key_id INTEGER NOT NULL,
    crc32c INTEGER NOT NULL, bytes_total INTEGER NOT NULL, batch BLOB NOT NULL))";

// The header is summed as well: a batch must not turn up at another place or time.
std::uint32_t batch_checksum(position at, timestamp time, std::int64_t format, std::int64_t key_id,
                             std::string_view bytes) {
  std::int64_t const header[] = {std::int64_t(at), time.us, format, key_id};
  return crc32c(bytes, crc32c({reinterpret_cast<char const*>(header), sizeof header}));
}

fault damaged(position at) {
  return fault(fault_kind::internal, "the commit log is damaged at position " + std::to_string(at));
}

class sqlite_log final : public commit_log {
 public:
  sqlite_log(std::filesystem::path const& dir, log_options options)
      : file_(dir / "log.db"), options_(options), readers_(file_, 4) {
    open();
  }

  appended append(position expected, timestamp time, std::string_view batch) override {
    require(batch.size() <= batch_bytes_max, fault_kind::too_large,
            "a batch of the log may have " + std::to_string(batch_bytes_max) + " bytes");
    auto const lock = std::scoped_lock(mutex_);
    ensure_open();
    if (expected != last_ + 1) return appended::conflict;
    auto const total = bytes_total_ + batch.size();
    try {
      (*writer_)(
          "INSERT INTO log(position, time, format, key_id, crc32c, bytes_total, batch) VALUES(?, ?, ?, 0, ?, ?, ?)")
          .with(expected, time.us, batch_format, batch_checksum(expected, time, batch_format, 0, batch), total, batch)
          .run();
    } catch (fault const& f) {
      // SQLite has rolled the statement back. A full disk shows before the commit record is complete, so that not even
      // a crash now could bring the batch to life; any other failure may come from the sync itself.
      if (f.kind == fault_kind::storage_full) throw;
      auto const taken = writer_->error_code() == SQLITE_CONSTRAINT;
      close();
      if (taken) ensure_open();
      return taken ? appended::conflict : appended::unknown;
    }
    bytes_total_ = total;
    last_ = expected;
    return appended::ok;
  }

  position read(position from, std::size_t bytes_max, visitor const& visit) const override {
    auto const reader = lease(readers_);
    auto rows = (*reader)(
        "SELECT position, time, format, key_id, crc32c, batch FROM log WHERE position >= ? ORDER BY position");
    rows.with(from);
    auto next = from;
    auto bytes = std::size_t(0);
    while (bytes < bytes_max && rows.step()) {
      auto const at = position(rows.integer(0));
      if (at != next) {
        if (next != from) throw damaged(next);
        throw fault(fault_kind::not_found, "the commit log begins at position " + std::to_string(at));
      }
      auto const time = timestamp{rows.integer(1)};
      auto const batch = rows.bytes(5);
      if (batch_checksum(at, time, rows.integer(2), rows.integer(3), batch) != rows.integer(4)) throw damaged(at);
      require(rows.integer(2) <= batch_format, fault_kind::not_supported,
              "the commit log was written by a newer program");
      next = at + 1;
      bytes += batch.size();
      if (!visit({.at = at, .time = time, .key_id = std::uint32_t(rows.integer(3)), .bytes = batch})) break;
    }
    return next;
  }

  void truncate(position before) override {
    while (truncate_step(before)) {
    }
    // Folding on a connection of its own, while appends go on: when the writer's own turn comes, little is left.
    connection(file_, connection::access::read_write).fold(connection::folding::passive);
  }

  void redact(position at, std::string_view replacement) override {
    auto const lock = std::scoped_lock(mutex_);
    ensure_open();
    auto& db = *writer_;
    auto time = timestamp();
    auto key_id = std::int64_t(0);
    {
      auto row = db("SELECT time, key_id FROM log WHERE position = ?");
      if (!row.with(at).step()) throw fault(fault_kind::not_found, "no batch at position " + std::to_string(at));
      time = {row.integer(0)};
      key_id = row.integer(1);
    }
    db.execute("PRAGMA secure_delete=ON");
    db("UPDATE log SET format = ?, crc32c = ?, batch = ? WHERE position = ?")
        .with(batch_format, batch_checksum(at, time, batch_format, key_id, replacement), replacement, at)
        .run();
    db.execute("PRAGMA secure_delete=OFF");
    require(db.fold(connection::folding::truncate), fault_kind::unavailable,
            "redacted, but a reader keeps the old bytes in the write-ahead log; redact again");
  }

  position first() const override {
    ensure_open_locked();
    return first_;
  }
  position last() const override {
    ensure_open_locked();
    return last_;
  }

  position first_after(timestamp t) const override {
    auto low = first();
    auto high = last() + 1;
    auto const reader = lease(readers_);
    while (low < high) {
      auto const middle = low + (high - low) / 2;
      auto row = (*reader)("SELECT position, time FROM log WHERE position >= ? ORDER BY position LIMIT 1");
      if (!row.with(middle).step()) return high;
      if (row.integer(1) > t.us) high = middle;
      else low = std::max<position>(middle, position(row.integer(0))) + 1;
    }
    return low;
  }

  void backup_to(std::filesystem::path const& dir) const override { lease(readers_)->copy_to(dir / "log.db"); }

  hold hold_truncation() override {
    auto const lock = std::scoped_lock(mutex_);
    ++holds_;
    return hold(this, [](sqlite_log* log) {
      auto const lock = std::scoped_lock(log->mutex_);
      --log->holds_;
    });
  }

 private:
  void open() {
    auto const folder = file_.parent_path();
    if (!folder.empty()) std::filesystem::create_directories(folder);
    auto db = std::make_unique<connection>(file_, connection::access::read_write);
    db->execute("PRAGMA journal_mode=WAL");
    db->execute("PRAGMA synchronous=FULL");
    db->execute("PRAGMA wal_autocheckpoint=4096");  // 16 MiB; truncate() folds earlier, without stopping appends
    db->execute("PRAGMA journal_size_limit=67108864");
    if (options_.pages_max > 0) db->execute(("PRAGMA max_page_count=" + std::to_string(options_.pages_max)).c_str());
    auto const format = [&] {
      auto row = (*db)("PRAGMA user_version");
      return row.step() ? row.integer(0) : 0;
    }();
    require(format <= log_format, fault_kind::not_supported,
            "the commit log was written by a newer program (format " + std::to_string(format) +
                ", this program knows " + std::to_string(log_format) + ")");
    if (format == 0) {
      db->execute(log_schema);
      db->execute(("PRAGMA user_version=" + std::to_string(log_format)).c_str());
    }
    // What a failed sync left behind is written and synced once more, so that what is readable is durable.
    db->fold(connection::folding::truncate);
    auto row = (*db)(
        "SELECT min(position), max(position), (SELECT bytes_total FROM log ORDER BY position DESC LIMIT 1) FROM log");
    row.step();
    first_ = row.is_null(0) ? 1 : position(row.integer(0));
    last_ = position(row.integer(1));
    bytes_total_ = std::uint64_t(row.integer(2));
    writer_ = std::move(db);
    open_ = true;
  }

  void close() {
    open_ = false;
    writer_.reset();
    readers_.close_idle();
  }

  void ensure_open() {
    if (!writer_) open();
  }
  void ensure_open_locked() const {
    if (open_) return;
    auto* const self = const_cast<sqlite_log*>(this);
    auto const lock = std::scoped_lock(mutex_);
    self->ensure_open();
  }

  // Removes up to 256 batches or 16 MiB. True when there is more to do.
  bool truncate_step(position before) {
    auto const lock = std::scoped_lock(mutex_);
    ensure_open();
    before = std::min<position>(before, last_);
    if (holds_ > 0 || first_ >= before) return false;
    auto& db = *writer_;
    auto const until = [&] {
      auto row = db(
          "SELECT max(position) FROM (SELECT position, bytes_total FROM log WHERE position < ? ORDER BY position LIMIT "
          "256) WHERE bytes_total < 16777216 + (SELECT bytes_total FROM log ORDER BY position LIMIT 1)");
      row.with(before).step();
      return position(row.integer(0));
    }();
    // Lost in a power cut it is simply done again; the next append syncs it along.
    db.execute("PRAGMA synchronous=NORMAL");
    try {
      db("DELETE FROM log WHERE position <= ?").with(until).run();
    } catch (...) {
      close();
      throw;
    }
    db.execute("PRAGMA synchronous=FULL");
    first_ = until + 1;
    return first_ < before;
  }

  std::filesystem::path file_;
  log_options options_;
  connection_pool readers_;
  mutable std::mutex mutex_;  // of everything below
  std::unique_ptr<connection> writer_;
  std::uint64_t bytes_total_ = 0;
  int holds_ = 0;
  std::atomic<bool> open_ = false;
  std::atomic<position> first_ = 1;
  std::atomic<position> last_ = 0;
};

}  // namespace

std::unique_ptr<commit_log> open_log(std::filesystem::path const& dir, log_options options) {
  return std::make_unique<sqlite_log>(dir, options);
}

}  // namespace dos::store
