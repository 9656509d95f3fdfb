#include "kernel/vault/vault.h"

#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <set>

#include "base/fault.h"
#include "base/file.h"
#include "base/id.h"
#include "base/json.h"
#include "base/text.h"
#include "kernel/store/sqlite.h"
#include "kernel/vault/seal.h"

namespace dos {
namespace {

namespace fs = std::filesystem;
using store::connection;

constexpr auto sealed_prefix = std::string_view("sealed:1:");
constexpr auto secret_prefix = std::string_view("secret:1:");
constexpr std::size_t cached_keys_max = 65'536;
constexpr int format = 1;

constexpr auto tables = R"(
CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS subject_key(city BLOB, subject BLOB, id BLOB NOT NULL, wrapped BLOB NOT NULL, PRIMARY KEY(city, subject)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS data_key(id BLOB PRIMARY KEY, city BLOB NOT NULL, subject BLOB NOT NULL, entity BLOB NOT NULL, retention BLOB NOT NULL,
  wrapped BLOB NOT NULL, UNIQUE(city, subject, entity, retention)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS note(city BLOB, kind BLOB, hmac BLOB, subject BLOB, PRIMARY KEY(city, kind, hmac, subject)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS note_of ON note(city, subject);
CREATE TABLE IF NOT EXISTS hold(city BLOB, subject BLOB, entity BLOB, reason BLOB NOT NULL, until INTEGER NOT NULL,
  PRIMARY KEY(city, subject, entity)) WITHOUT ROWID;
)";

// "sealed:1:KEY:CLOSED" → KEY and CLOSED; nothing for other text.
struct sealed_parts {
  std::string_view key;
  std::string closed;
};
std::optional<sealed_parts> take_apart(std::string_view sealed) {
  if (!sealed.starts_with(sealed_prefix)) return std::nullopt;
  auto const rest = sealed.substr(sealed_prefix.size());
  auto const colon = rest.find(':');
  if (colon == rest.npos) return std::nullopt;
  auto closed = text::from_base64(rest.substr(colon + 1));
  if (!closed) return std::nullopt;
  return sealed_parts{rest.substr(0, colon), std::move(*closed)};
}

seal::key node_key(fs::path const& folder) {
  auto const file = folder / "node.key";
  if (!fs::exists(file)) {
    require(!fs::exists(folder / "vault.db"), fault_kind::unavailable, file.string() + " is missing: without it nothing that is sealed can be read");
    write_file(file, text::to_hex(random_bytes(seal::key_bytes)), 0600);
  }
  auto const bytes = text::from_hex(text::trim(read_file(file)));
  require(bytes && bytes->size() == seal::key_bytes, fault_kind::unavailable, file.string() + " holds no key of 32 bytes");
  return seal::key(*bytes);
}

void prepare_folder(fs::path const& folder) {
  auto error = std::error_code();
  if (fs::create_directories(folder, error)) ::chmod(folder.c_str(), 0700);
  require(!error, fault_kind::unavailable, "cannot create the folder of keys " + folder.string() + ": " + error.message());
  struct stat seen = {};
  require(::stat(folder.c_str(), &seen) == 0 && (seen.st_mode & 0077) == 0, fault_kind::forbidden,
          "the folder of keys " + folder.string() + " is open to others: chmod 700 " + folder.string());
}

// A copy may hold what was erased since: it is put in place by restore(), which erases that again.
void require_no_copy(fs::path const& folder) {
  require(!fs::exists(folder / "made_at"), fault_kind::conflict,
          folder.string() + " is a copy of keys: put it in place with dos restore-keys, which erases again what has been erased since");
}

// {"number": 7, "at": …, "keys": [id, …], "subjects": [id, …]}
struct listed_erasure {
  erasure what;
  std::vector<std::string> ids;
};
std::vector<listed_erasure> read_list(fs::path const& file) {
  auto all = std::vector<listed_erasure>();
  auto const text = read_file(file);
  for (auto const line : text::split(text, '\n')) {
    if (text::trim(line).empty()) continue;
    auto const v = json::parse(line);
    auto const* const number = v.find("number");
    auto const* const keys = v.find("keys");
    auto const at = parse_timestamp(v.text_or("at", ""));
    require(number && number->is_int() && keys && keys->is_array() && at, fault_kind::malformed,
            file.string() + ": this is no line of erasures: " + std::string(line.substr(0, 100)));
    auto one = listed_erasure{{std::uint64_t(number->as_int()), *at, keys->as_array().size()}, {}};
    for (auto const& id : keys->as_array()) one.ids.push_back(std::string(id.is_string() ? id.as_string() : ""));
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace

struct vault::parts {
  struct data_key {
    std::string id;
    seal::key key;
  };
  struct new_key {
    std::string id;
    seal_scope of;
    std::string wrapped;
  };

  explicit parts(fs::path f)
      : folder((prepare_folder(f), require_no_copy(f), std::move(f))), root(node_key(folder)), db(folder / "vault.db", connection::access::read_write) {
    for (auto const* const pragma : {"PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA secure_delete=ON"}) db.execute(pragma);
    auto const found = [&] {
      auto row = db("PRAGMA user_version");
      return row.step() ? row.integer(0) : 0;
    }();
    require(found <= format, fault_kind::not_supported, (folder / "vault.db").string() + " was written by a newer version of this program");
    db.execute(tables);
    if (found == 0) db.execute(("PRAGMA user_version=" + std::to_string(format)).c_str());
    ::chmod((folder / "vault.db").c_str(), 0600);
    auto const list = read_list(list_file());
    auto const done = number_done();
    auto const listed = list.empty() ? 0 : list.back().what.number;
    require(listed >= done, fault_kind::conflict,
            list_file().string() + " ends with erasure " + std::to_string(listed) + " and vault.db knows " + std::to_string(done) +
                ": put the newest list beside it");
    for (auto const& one : list) {
      if (one.what.number > done) destroy_ids(one.ids, one.what.number);  // the keys are of an older back-up
    }
    last = list.empty() ? erasure() : list.back().what;
  }

  fs::path list_file() const { return folder / "erased.jsonl"; }
  std::uint64_t number_done() {
    auto row = db("SELECT value FROM meta WHERE name = 'erasures'");
    return row.step() ? std::uint64_t(row.integer(0)) : 0;
  }

  // All of it or nothing.
  template <typename Work>
  void write(Work const& work) {
    try {
      db.execute("BEGIN IMMEDIATE");
      work();
      db.execute("COMMIT");
    } catch (fault const&) {
      if (db.in_transaction()) db.execute("ROLLBACK");
      throw;
    }
  }

  // Keys that were made since the last time. What failed is tried again by whoever comes next: several cities seal here, and none
  // may take another's keys for durable.
  void save() {
    if (new_subjects.empty() && new_keys.empty()) return;
    write([&] {
      for (auto const& [of, k] : new_subjects) {
        db("INSERT INTO subject_key VALUES(?, ?, ?, ?)").with(of.first, of.second, k.id, seal::close(root, k.key.bytes(), k.id)).run();
      }
      for (auto const& k : new_keys) {
        auto const& s = k.of;
        db("INSERT INTO data_key VALUES(?, ?, ?, ?, ?, ?)").with(k.id, s.city, s.subject, s.entity, s.retention, k.wrapped).run();
      }
    });
    new_subjects.clear();
    new_keys.clear();
  }

  seal::key unwrap(std::string_view id, std::string_view wrapped, seal::key const& by) {
    auto bytes = seal::open(by, wrapped, id);
    require(bytes.has_value(), fault_kind::internal, "a key in vault.db does not belong to this node.key or is damaged");
    return seal::key(std::move(*bytes));
  }

  seal::key subject_key(std::string_view city, std::string_view subject, bool make) {
    auto const of = std::pair(std::string(city), std::string(subject));
    if (auto const it = new_subjects.find(of); it != new_subjects.end()) return it->second.key;
    {
      auto row = db("SELECT id, wrapped FROM subject_key WHERE city = ? AND subject = ?");
      row.with(city, subject);
      if (row.step()) return unwrap(std::string(row.bytes(0)), row.bytes(1), root);
    }
    require(make, fault_kind::internal, "a key in vault.db has no subject");
    return new_subjects.emplace(of, data_key{new_secret(), seal::key::make()}).first->second.key;
  }

  data_key const& key_for(seal_scope const& s) {
    if (auto const it = by_scope.find(s); it != by_scope.end()) return it->second;
    if (by_scope.size() >= cached_keys_max && new_keys.empty()) by_scope.clear();
    auto found = std::optional<std::pair<std::string, std::string>>();
    {
      auto row = db("SELECT id, wrapped FROM data_key WHERE city = ? AND subject = ? AND entity = ? AND retention = ?");
      row.with(s.city, s.subject, s.entity, s.retention);
      if (row.step()) found.emplace(row.bytes(0), row.bytes(1));
    }
    auto const of_subject = subject_key(s.city, s.subject, true);
    if (found) return by_scope.emplace(s, data_key{found->first, unwrap(found->first, found->second, of_subject)}).first->second;
    auto made = data_key{new_secret(), seal::key::make()};
    new_keys.push_back({made.id, s, seal::close(of_subject, made.key.bytes(), made.id)});
    by_id.insert_or_assign(made.id, made.key);
    return by_scope.emplace(s, std::move(made)).first->second;
  }

  std::optional<seal::key> key_of(std::string_view id) {
    if (auto const it = by_id.find(id); it != by_id.end()) return it->second;
    auto row = db("SELECT city, subject, wrapped FROM data_key WHERE id = ?");
    row.with(id);
    if (!row.step()) return std::nullopt;
    auto const city = std::string(row.bytes(0)), subject = std::string(row.bytes(1)), wrapped = std::string(row.bytes(2));
    auto k = unwrap(id, wrapped, subject_key(city, subject, false));
    if (by_id.size() >= cached_keys_max && new_keys.empty()) by_id.clear();
    by_id.emplace(id, k);
    return k;
  }

  void list(erasure const& what, std::vector<std::string> const& ids) {
    auto const keys = json::array(ids.begin(), ids.end());
    auto const line = json::object{{"number", what.number}, {"at", to_string(what.at)}, {"keys", keys}};
    append_to_file(list_file(), json::to_string(line) + '\n', 0600);
    last = what;
  }

  void destroy_ids(std::vector<std::string> const& ids, std::uint64_t number) {
    write([&] {
      for (auto const& id : ids) {
        db("DELETE FROM data_key WHERE id = ?").with(id).run();
        db("DELETE FROM subject_key WHERE id = ?").with(id).run();
      }
      db("DELETE FROM note WHERE NOT EXISTS (SELECT 1 FROM subject_key s WHERE s.city = note.city AND s.subject = note.subject)").run();
      db("INSERT INTO meta VALUES('erasures', ?1) ON CONFLICT(name) DO UPDATE SET value = ?1").with(number).run();
    });
    db.fold(connection::folding::truncate);  // nor in the write-ahead log
    by_scope.clear();
    by_id.clear();
  }

  std::string note_of(std::string_view city, std::string_view kind, std::string_view value) const {
    return seal::hmac(root.for_purpose("notes"), std::string(city) + '\0' + std::string(kind) + '\0' + std::string(value));
  }

  fs::path folder;
  seal::key root;
  connection db;
  std::mutex mutex;
  erasure last;
  std::map<std::pair<std::string, std::string>, data_key> new_subjects;  // not saved yet, by city and subject; likewise
  std::vector<new_key> new_keys;
  std::map<seal_scope, data_key> by_scope;
  std::map<std::string, seal::key, std::less<>> by_id;
};

vault::vault(fs::path const& folder) : parts_(std::make_unique<parts>(folder)) {}
vault::~vault() = default;

std::string vault::id() const { return text::to_hex(parts_->root.for_purpose("id").bytes()); }

std::string vault::seal(seal_scope const& of, std::string_view plain) {
  auto const lock = std::lock_guard(parts_->mutex);
  auto const& k = parts_->key_for(of);
  auto out = std::string(sealed_prefix);
  out += k.id;
  out += ':';
  out += text::to_base64url(seal::close(k.key, plain, k.id));
  return out;
}

void vault::sync() {
  auto const lock = std::lock_guard(parts_->mutex);
  parts_->save();
}

std::optional<std::string> vault::unseal(std::string_view sealed) const {
  auto const taken = take_apart(sealed);
  if (!taken) return std::nullopt;
  auto const lock = std::lock_guard(parts_->mutex);
  auto const k = parts_->key_of(taken->key);
  return k ? seal::open(*k, taken->closed, taken->key) : std::nullopt;
}

std::optional<seal_scope> vault::scope_of(std::string_view sealed) const {
  auto const taken = take_apart(sealed);
  if (!taken) return std::nullopt;
  auto const lock = std::lock_guard(parts_->mutex);
  for (auto const& k : parts_->new_keys) {
    if (k.id == taken->key) return k.of;
  }
  auto row = parts_->db("SELECT city, subject, entity, retention FROM data_key WHERE id = ?");
  row.with(taken->key);
  if (!row.step()) return std::nullopt;
  return seal_scope{std::string(row.bytes(0)), std::string(row.bytes(1)), std::string(row.bytes(2)), std::string(row.bytes(3))};
}

std::string vault::seal_secret(std::string_view name, std::string_view plain) const {
  return std::string(secret_prefix) + text::to_base64url(seal::close(parts_->root.for_purpose("secrets"), plain, name));
}

std::optional<std::string> vault::unseal_secret(std::string_view name, std::string_view sealed) const {
  if (!is_secret(sealed)) return std::nullopt;
  auto const closed = text::from_base64(sealed.substr(secret_prefix.size()));
  return closed ? seal::open(parts_->root.for_purpose("secrets"), *closed, name) : std::nullopt;
}

void vault::note(std::string_view city, std::string_view subject, std::string_view kind, std::string_view value) {
  auto const lock = std::lock_guard(parts_->mutex);
  parts_->subject_key(city, subject, true);
  parts_->save();
  auto const text = parts_->note_of(city, kind, value);
  parts_->write([&] { parts_->db("INSERT OR IGNORE INTO note VALUES(?, ?, ?, ?)").with(city, kind, text, subject).run(); });
}

void vault::forget_notes(std::string_view city, std::string_view subject, std::string_view kind) {
  auto const lock = std::lock_guard(parts_->mutex);
  parts_->write([&] { parts_->db("DELETE FROM note WHERE city = ? AND subject = ? AND kind = ?").with(city, subject, kind).run(); });
}

std::vector<std::string> vault::find(std::string_view city, std::string_view kind, std::string_view value) const {
  auto const lock = std::lock_guard(parts_->mutex);
  auto const wanted = parts_->note_of(city, kind, value);
  auto rows = parts_->db("SELECT subject FROM note WHERE city = ? AND kind = ? AND hmac = ? ORDER BY subject");
  rows.with(city, kind, wanted);
  auto found = std::vector<std::string>();
  while (rows.step()) found.emplace_back(rows.bytes(0));
  return found;
}

std::vector<seal_scope> vault::scopes_of(std::string_view city, std::string_view subject) const {
  auto const lock = std::lock_guard(parts_->mutex);
  parts_->save();
  auto rows = parts_->db("SELECT entity, retention FROM data_key WHERE city = ? AND subject = ? ORDER BY entity, retention");
  rows.with(city, subject);
  auto found = std::vector<seal_scope>();
  while (rows.step()) found.push_back({std::string(city), std::string(subject), std::string(rows.bytes(0)), std::string(rows.bytes(1))});
  return found;
}

vault::outcome vault::destroy(std::vector<seal_scope> const& scopes, timestamp at) {
  auto const held = [&] {
    auto all = std::vector<legal_hold>();
    auto cities = std::set<std::string>();
    for (auto const& s : scopes) cities.insert(s.city);
    for (auto const& c : cities) std::ranges::copy(holds(c), std::back_inserter(all));
    std::erase_if(all, [&](legal_hold const& h) { return h.until <= at; });
    return all;
  }();
  auto const lock = std::lock_guard(parts_->mutex);
  auto& p = *parts_;
  p.save();
  auto out = outcome();
  auto gone = std::vector<std::string>();
  auto subjects = std::set<std::pair<std::string, std::string>>();
  for (auto const& s : scopes) {
    if (std::ranges::any_of(held, [&](legal_hold const& h) { return h.covers(s); })) {
      out.kept.push_back(s);
      continue;
    }
    auto row = p.db("SELECT id FROM data_key WHERE city = ? AND subject = ? AND entity = ? AND retention = ?");
    row.with(s.city, s.subject, s.entity, s.retention);
    if (!row.step()) continue;
    gone.emplace_back(row.bytes(0));
    subjects.emplace(s.city, s.subject);
  }
  out.done.keys = gone.size();
  // With the last of a subject's keys its own goes, and all notes about it.
  for (auto const& [city, subject] : subjects) {
    auto rows = p.db("SELECT id FROM data_key WHERE city = ? AND subject = ?");
    rows.with(city, subject);
    auto left = false;
    while (rows.step()) left = left || std::ranges::find(gone, rows.bytes(0)) == gone.end();
    if (left) continue;
    auto own = p.db("SELECT id FROM subject_key WHERE city = ? AND subject = ?");
    own.with(city, subject);
    if (own.step()) gone.emplace_back(own.bytes(0));
  }
  if (gone.empty()) return out;
  out.done.number = p.last.number + 1;
  out.done.at = at;
  p.list(out.done, gone);  // first: what it says is done at the next start, should this one not come to it
  p.destroy_ids(gone, out.done.number);
  return out;
}

erasure vault::last_erasure() const {
  auto const lock = std::lock_guard(parts_->mutex);
  return parts_->last;
}

std::size_t vault::destroy_as_listed(fs::path const& list) {
  require(fs::exists(list), fault_kind::not_found, "there is no list of erasures at " + list.string());
  auto const all = read_list(list);
  auto const lock = std::lock_guard(parts_->mutex);
  auto& p = *parts_;
  p.save();
  auto n = std::size_t(0);
  for (auto const& one : all) {
    if (one.what.number > p.last.number) p.list(one.what, one.ids);
    p.destroy_ids(one.ids, p.last.number);
    n += one.ids.size();
  }
  return n;
}

void vault::hold(legal_hold const& h) {
  auto const lock = std::lock_guard(parts_->mutex);
  parts_->write([&] { parts_->db("INSERT OR REPLACE INTO hold VALUES(?, ?, ?, ?, ?)").with(h.city, h.subject, h.entity, h.reason, h.until.us).run(); });
}

bool vault::lift(std::string_view city, std::string_view subject, std::string_view entity) {
  auto const lock = std::lock_guard(parts_->mutex);
  auto const there = [&] {
    auto row = parts_->db("SELECT 1 FROM hold WHERE city = ? AND subject = ? AND entity = ?");
    row.with(city, subject, entity);
    return row.step();
  }();
  parts_->write([&] { parts_->db("DELETE FROM hold WHERE city = ? AND subject = ? AND entity = ?").with(city, subject, entity).run(); });
  return there;
}

std::vector<legal_hold> vault::holds(std::string_view city) const {
  auto const lock = std::lock_guard(parts_->mutex);
  auto rows = parts_->db("SELECT subject, entity, reason, until FROM hold WHERE city = ? ORDER BY subject, entity");
  rows.with(city);
  auto all = std::vector<legal_hold>();
  while (rows.step()) all.push_back({std::string(city), std::string(rows.bytes(0)), std::string(rows.bytes(1)), std::string(rows.bytes(2)), {rows.integer(3)}});
  return all;
}

void vault::copy_to(fs::path const& folder, timestamp now) const {
  prepare_folder(folder);
  auto const lock = std::lock_guard(parts_->mutex);
  parts_->save();
  for (auto const* const name : {"node.key", "erased.jsonl"}) {
    if (fs::exists(parts_->folder / name)) write_file(folder / name, read_file(parts_->folder / name), 0600);
  }
  fs::remove(folder / "vault.db");
  parts_->db.copy_to(folder / "vault.db");
  ::chmod((folder / "vault.db").c_str(), 0600);
  write_file(folder / "made_at", to_string(now) + '\n', 0600);
}

void vault::restore(fs::path const& copy, fs::path const& list, fs::path const& to, timestamp now) {
  auto const made = parse_timestamp(text::trim(read_file(copy / "made_at")));
  require(made.has_value(), fault_kind::invalid, copy.string() + " is no copy that dos backup-keys made");
  require(now - *made <= key_backup_days_max * 86'400 * us_per_second, fault_kind::conflict,
          "this copy of keys is of " + to_string(*made) + ": older than " + std::to_string(key_backup_days_max) + " days, it has to be destroyed");
  require(fs::exists(list), fault_kind::invalid, "there is no list of erasures at " + list.string() + ": the newest erased.jsonl says what must not come back");
  auto const newest = read_list(list), then = read_list(copy / "erased.jsonl");
  auto const number = [](auto const& all) { return all.empty() ? 0 : all.back().what.number; };
  require(number(newest) >= number(then), fault_kind::conflict, list.string() + " is older than the copy of the keys");
  require(!fs::exists(to / "vault.db"), fault_kind::conflict, "there are keys in " + to.string() + " already: move them away first");
  prepare_folder(to);
  for (auto const* const name : {"node.key", "vault.db"}) write_file(to / name, read_existing_file(copy / name), 0600);
  write_file(to / "erased.jsonl", read_file(list), 0600);
  vault{to};  // erases what the list says
}

}  // namespace dos
