#include "kernel/store/sqlite.h"

#include <sqlite3.h>

#include "base/fault.h"

namespace dos::store {
namespace {

[[noreturn]] void fail(sqlite3* db, int code) {
  auto const file = db != nullptr && sqlite3_db_filename(db, "main") != nullptr
                        ? std::filesystem::path(sqlite3_db_filename(db, "main")).filename().string()
                        : std::string("database");
  auto const text = file + ": " + (db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(code));
  // A write-ahead index that cannot grow is a full disk as well.
  if ((code & 0xff) == SQLITE_FULL || code == SQLITE_IOERR_SHMSIZE) {
    throw fault(fault_kind::storage_full, "the disk is full (" + text + ")");
  }
  switch (code & 0xff) {
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_NOMEM:
      throw fault(fault_kind::unavailable, "the store cannot be used now (" + text + ")");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      throw fault(fault_kind::internal, "the store is damaged (" + text + ")");
    default:
      throw fault(fault_kind::internal, "the store failed (" + text + ")");
  }
}

[[noreturn]] void fail(sqlite3_stmt* s) {
  auto* const db = sqlite3_db_handle(s);
  fail(db, sqlite3_extended_errcode(db));
}

}  // namespace

statement::~statement() {
  if (handle_ == nullptr) return;
  if (lent_ == nullptr) {
    sqlite3_finalize(handle_);
    return;
  }
  sqlite3_reset(handle_);
  sqlite3_clear_bindings(handle_);
  *lent_ = false;
}

bool statement::step() {
  auto const code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) fail(handle_);
  return false;
}

void statement::run() {
  while (step()) {
  }
  sqlite3_reset(handle_);
}

bool statement::is_null(int column) const { return sqlite3_column_type(handle_, column) == SQLITE_NULL; }
std::int64_t statement::integer(int column) const { return sqlite3_column_int64(handle_, column); }
double statement::real(int column) const { return sqlite3_column_double(handle_, column); }

std::string_view statement::bytes(int column) const {
  auto const* const data = static_cast<char const*>(sqlite3_column_blob(handle_, column));
  return {data, std::size_t(sqlite3_column_bytes(handle_, column))};
}

void statement::bind_null(int index) {
  if (sqlite3_bind_null(handle_, index + 1) != SQLITE_OK) fail(handle_);
}
void statement::bind_integer(int index, std::int64_t i) {
  if (sqlite3_bind_int64(handle_, index + 1, i) != SQLITE_OK) fail(handle_);
}
void statement::bind_real(int index, double d) {
  if (sqlite3_bind_double(handle_, index + 1, d) != SQLITE_OK) fail(handle_);
}
void statement::bind_bytes(int index, std::string_view bytes) {
  auto const* const data = bytes.data() == nullptr ? "" : bytes.data();  // a null pointer would bind NULL
  if (sqlite3_bind_blob64(handle_, index + 1, data, bytes.size(), SQLITE_STATIC) != SQLITE_OK) fail(handle_);
}

connection::connection(std::filesystem::path const& file, access a) {
  auto const flags = SQLITE_OPEN_NOMUTEX |
                     (a == access::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  auto const code = sqlite3_open_v2(file.c_str(), &handle_, flags, nullptr);
  try {
    if (code != SQLITE_OK) fail(handle_, code);
    sqlite3_extended_result_codes(handle_, 1);
    sqlite3_busy_timeout(handle_, 5000);
  } catch (...) {
    sqlite3_close(handle_);
    throw;
  }
}

connection::~connection() {
  for (auto const& [sql, kept] : statements_) sqlite3_finalize(kept.handle);
  sqlite3_close(handle_);
}

sqlite3_stmt* connection::prepare(std::string_view sql, unsigned flags) {
  sqlite3_stmt* handle = nullptr;
  auto const code = sqlite3_prepare_v3(handle_, sql.data(), int(sql.size()), flags, &handle, nullptr);
  if (code != SQLITE_OK) fail(handle_, code);
  return handle;
}

statement connection::operator()(std::string_view sql) {
  auto at = statements_.find(sql);
  if (at == statements_.end()) {
    at = statements_.emplace(sql, kept{prepare(sql, SQLITE_PREPARE_PERSISTENT)}).first;
  } else if (at->second.lent) {
    return statement(prepare(sql, 0), nullptr);
  }
  at->second.lent = true;
  return statement(at->second.handle, &at->second.lent);
}

void connection::execute(char const* sql) {
  auto const code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(handle_, code);
}

int connection::error_code() const { return sqlite3_extended_errcode(handle_) & 0xff; }
bool connection::in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }

bool connection::fold(folding f) {
  auto in_log = 0;
  auto folded = 0;
  auto const mode = f == folding::passive ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_TRUNCATE;
  auto const code = sqlite3_wal_checkpoint_v2(handle_, nullptr, mode, &in_log, &folded);
  if ((code & 0xff) == SQLITE_BUSY) return false;
  if (code != SQLITE_OK) fail(handle_, code);
  return in_log == folded;
}

void connection::copy_to(std::filesystem::path const& file) const {
  require(!std::filesystem::exists(file), fault_kind::conflict, "there is a file already: " + file.string());
  auto target = connection(file, access::read_write);
  auto* const copy = sqlite3_backup_init(target.handle_, "main", handle_, "main");
  if (copy == nullptr) fail(target.handle_, sqlite3_extended_errcode(target.handle_));
  // All in one step: a reading transaction, which the writer does not wait for and which needs no restart.
  sqlite3_backup_step(copy, -1);
  auto const code = sqlite3_backup_finish(copy);
  if (code != SQLITE_OK) fail(target.handle_, code);
}

std::unique_ptr<connection> connection_pool::take() const {
  {
    auto const lock = std::scoped_lock(mutex_);
    if (!idle_.empty()) {
      auto c = std::move(idle_.back());
      idle_.pop_back();
      return c;
    }
  }
  return std::make_unique<connection>(file_, connection::access::read_only);
}

void connection_pool::give_back(std::unique_ptr<connection> c) const {
  auto const lock = std::scoped_lock(mutex_);
  if (idle_.size() < kept_max_) idle_.push_back(std::move(c));
}

void connection_pool::close_idle() {
  auto const lock = std::scoped_lock(mutex_);
  idle_.clear();
}

}  // namespace dos::store
