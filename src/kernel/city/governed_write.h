// What a device's write may do, decided in one place for every door: see role::device in kernel/access/principal.h.
// A decision sees this instead of the plain transaction; what it may not do is a fault, which leaves no trace.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "kernel/city/pending.h"

namespace dos {

inline constexpr std::int64_t brought_entities_max = 10'000;  // of one device

bool is_brought_by(record_ptr const& brought, principal const& who);

class governed_write final : public transaction {
 public:
  struct rules {
    principal const& who;
    // Collections in which modules keep notes beside values; a device's writes may add to these.
    std::set<std::string, std::less<>> const& notes;
    std::function<bool(entity const&)> is_open;
  };
  governed_write(pending_write& of, rules r) : of_(of), rules_(std::move(r)) {}

  void expect(std::span<std::string_view const> ids) override { of_.expect(ids); }
  timestamp now() const override { return of_.now(); }
  timestamp believed_until() const override { return of_.believed_until(); }
  entity_ptr find(std::string_view id) const override { return of_.find(id); }
  entity_ptr get(std::string_view id) const override;
  record_ptr find_record(std::string_view collection, std::string_view key) const override { return of_.find_record(collection, key); }
  std::vector<series_ref> series_of(std::string_view id) const override { return of_.series_of(id); }
  std::uint64_t put(entity e, keep k) override;
  void erase(std::string_view id) override;
  void forget(std::string_view id) override;
  std::uint64_t observe(series_key const& series, observation o) override;
  std::uint64_t observe(std::uint64_t series, std::vector<observation> all) override;
  std::uint64_t start_series(series_key const& series) override;
  void change_observation(std::uint64_t series, std::uint64_t number, observation o) override;
  void remove_observation(std::uint64_t series, std::uint64_t number) override;
  void remove_series(std::string_view entity, std::uint64_t series) override;
  std::optional<fault> attempt(std::function<void()> const& part) override { return of_.attempt(part); }
  void put_record(std::string_view collection, std::string_view key, json::value v) override;
  void erase_record(std::string_view collection, std::string_view key) override;
  void count(std::string_view source, tally what, std::uint64_t n, std::string_view reason) override { of_.count(source, what, n, reason); }

 private:
  bool brings(std::string_view entity) const;
  // Faults: forbidden, or not_found where it may not even know that the entity is there.
  void require_own(std::string_view entity) const;
  [[noreturn]] void refuse_removal(std::string_view entity) const;
  void take_in(std::string_view entity);
  void require_note(std::string_view collection) const;

  pending_write& of_;
  rules rules_;
};

}  // namespace dos
