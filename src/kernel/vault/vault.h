// Keys of people. What is personal is stored sealed, by a key that lies here and nowhere else: who destroys the key erases
// every copy, in log, state, history, outboxes and back-ups. A key for each (subject, entity, retention class), wrapped by
// the subject's key, that by the node's. The folder lies outside the data directory: node.key, vault.db, erased.jsonl.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace dos {

// What is sealed by one key: of whom, in which entity (or record), kept for which purpose.
struct seal_scope {
  std::string city;
  std::string subject;    // "urn:ngsi-ld:Person:…": random, says nothing about the person
  std::string entity;     // its id; empty: of the subject as such, as an account is
  std::string retention;  // purposes apart: "receipt" is kept while "report" is forgotten

  auto operator<=>(seal_scope const&) const = default;
};

// Why keys must not be destroyed for now: a dispute, an audit. Until somebody lifts it or it ends.
struct legal_hold {
  std::string city, subject;
  std::string entity;  // empty: all of the subject
  std::string reason;
  timestamp until;

  bool covers(seal_scope const& s) const { return s.city == city && s.subject == subject && (entity.empty() || entity == s.entity); }
};

// One act of destroying keys.
struct erasure {
  std::uint64_t number = 0;  // counts up, never twice
  timestamp at;
  std::size_t keys = 0;
};

// Any thread. Faults: unavailable, storage_full, internal of the medium.
class vault {
 public:
  // Makes what is missing, for the owner alone (0700). Faults: unavailable; forbidden for a folder that others can read;
  // conflict for a copy of keys (see restore), and when erased.jsonl ends before what
  // vault.db has erased.
  explicit vault(std::filesystem::path const& folder);
  ~vault();
  vault(vault const&) = delete;

  std::string id() const;  // of node.key, which it does not tell

  // "sealed:1:KEY:…", ASCII without quotes and blanks. A key is made where there is none; it is durable after sync(), which has to come
  // before what was sealed is written anywhere.
  std::string seal(seal_scope const& of, std::string_view plain);
  void sync();
  // Nothing: the key is destroyed, or it was never sealed here.
  std::optional<std::string> unseal(std::string_view sealed) const;
  std::optional<seal_scope> scope_of(std::string_view sealed) const;
  static bool is_sealed(std::string_view text) { return text.starts_with("sealed:1:"); }

  // Secrets of the platform itself (keys of receivers, second factors): by the node's key, bound to a name. "secret:1:…"
  std::string seal_secret(std::string_view name, std::string_view plain) const;
  std::optional<std::string> unseal_secret(std::string_view name, std::string_view sealed) const;
  static bool is_secret(std::string_view text) { return text.starts_with("secret:1:"); }

  // Finding people by what is sealed: only here, as HMAC, gone with the subject. `kind`: "mail", "name". Durable at once.
  void note(std::string_view city, std::string_view subject, std::string_view kind, std::string_view value);
  void forget_notes(std::string_view city, std::string_view subject, std::string_view kind);
  std::vector<std::string> find(std::string_view city, std::string_view kind, std::string_view value) const;

  // What is sealed for somebody: an export goes through these.
  std::vector<seal_scope> scopes_of(std::string_view city, std::string_view subject) const;

  // Destroys the keys of all of these scopes that no hold covers, durably, and says so in erased.jsonl. The subject's own key and its
  // notes go with the last one. What is kept is told.
  struct outcome {
    erasure done;
    std::vector<seal_scope> kept;
  };
  outcome destroy(std::vector<seal_scope> const& scopes, timestamp at);
  erasure last_erasure() const;
  // Lines of another erased.jsonl, as it was kept elsewhere: what is in it is destroyed here as well. Faults: malformed.
  std::size_t destroy_as_listed(std::filesystem::path const& list);

  void hold(legal_hold const& h);
  bool lift(std::string_view city, std::string_view subject, std::string_view entity);
  std::vector<legal_hold> holds(std::string_view city) const;

  // Copies node.key, vault.db and erased.jsonl to a folder of its own, which says when it was made (made_at). Kept apart
  // from copies of the data, and no longer than key_backup_days_max.
  void copy_to(std::filesystem::path const& folder, timestamp now) const;
  static constexpr int key_backup_days_max = 30;
  // Puts such a copy in place, without what `list`, the newest erased.jsonl, says was erased since. Faults: conflict for a copy that is too
  // old, a list older than the copy, and a folder that has keys; invalid for what is no copy and where there is no list.
  static void restore(std::filesystem::path const& copy, std::filesystem::path const& list, std::filesystem::path const& to, timestamp now);

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace dos
