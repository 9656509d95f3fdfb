// What a write may do, decided in one place for every door: a decision sees this instead of the plain transaction, and what
// it may not do is a fault, which leaves no trace. Of devices see role::device in kernel/access/principal.h; of all, what
// models, grants and constraints say (model_guard.h).
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "kernel/city/model_guard.h"
#include "kernel/city/pending.h"

namespace dos {

inline constexpr std::int64_t brought_entities_max = 10'000;  // of one device

// A property of a value that its device measured out of the range that its type declares.
inline constexpr std::string_view quality_iri = "urn:dos2030:quality";
inline constexpr std::string_view doubtful = "doubtful";

bool is_brought_by(record_ptr const& brought, principal const& who);

class governed_write final : public transaction {
 public:
  struct rules {
    principal const& who;
    // Collections in which modules keep notes beside values; writes of those who are no editors may add to these.
    std::set<std::string, std::less<>> const& notes;
    std::function<bool(entity const&)> is_open;
    bool holds_timers = false;  // nothing falls due by itself
  };
  // `guard`: none where there are no models.
  governed_write(pending_write& of, rules r, std::unique_ptr<model_guard> guard = {}) : of_(of), rules_(std::move(r)), guard_(std::move(guard)) {}

  void expect(std::span<std::string_view const> ids) override { of_.expect(ids); }
  timestamp now() const override { return of_.now(); }
  timestamp believed_until() const override { return of_.believed_until(); }
  entity_ptr find(std::string_view id) const override;
  entity_ptr get(std::string_view id) const override;
  record_ptr find_record(std::string_view collection, std::string_view key) const override { return of_.find_record(collection, key); }
  std::vector<series_ref> series_of(std::string_view id) const override;
  std::uint64_t put(entity e, keep k) override;
  void erase(std::string_view id) override;
  void forget(std::string_view id) override;
  std::uint64_t observe(series_key const& series, observation o) override;
  std::uint64_t observe(std::uint64_t series, std::vector<observation> all) override;
  std::uint64_t start_series(series_key const& series) override;
  void change_observation(std::uint64_t series, std::uint64_t number, observation o) override;
  void remove_observation(std::uint64_t series, std::uint64_t number) override;
  void remove_series(std::string_view entity, std::uint64_t series) override;
  std::optional<fault> attempt(std::function<void()> const& part) override;
  entity_ptr act(std::string_view id, std::string_view action, json::object fields, acting const& how) override;
  void adopt(model::registry_ptr r) override;
  void put_record(std::string_view collection, std::string_view key, json::value v) override;
  void erase_record(std::string_view collection, std::string_view key) override;
  void count(std::string_view source, tally what, std::uint64_t n, std::string_view reason) override { of_.count(source, what, n, reason); }

  // At the end of the decision, before it is committed.
  void finish();
  // Does it in an attempt; what cannot be done is noted, and done with.
  void fire(timer const& t);
  std::vector<model_guard::timer_change> take_timer_changes() { return guard_ ? guard_->take_timer_changes() : std::vector<model_guard::timer_change>(); }

 private:
  bool brings(std::string_view entity) const;
  // Faults: forbidden, or not_found where it may not even know that the entity is there.
  void require_own(std::string_view entity) const;
  [[noreturn]] void refuse_removal(std::string_view entity) const;
  void take_in(std::string_view entity);
  void require_note(std::string_view collection) const;
  void judge_device(entity const& e, entity_ptr const& before);
  void mark_doubtful(entity& e, entity_ptr const& before) const;
  void require_history(std::uint64_t series) const;
  bool is_device() const { return rules_.who.is_governed(); }

  pending_write& of_;
  rules rules_;
  std::unique_ptr<model_guard> guard_;
};

}  // namespace dos
