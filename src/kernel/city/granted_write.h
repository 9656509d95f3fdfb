// A write by somebody whom grants concern. What they do not see is not there for the decision, and stays as it is when an
// entity is put back, so that no answer tells of it, whatever door it comes through; what no grant permits is a fault.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "kernel/city/pending.h"
#include "kernel/model/view.h"

namespace dos {

class granted_write final : public transaction {
 public:
  struct rules {
    model::view const& view;
    model::policy const& policy;
    principal const& who;
    // Collections in which modules keep notes beside values; whoever may write anything may add to these.
    std::set<std::string, std::less<>> const& notes;
  };
  // `of` wraps `pending`, or is it.
  granted_write(transaction& of, pending_write const& pending, rules r) : of_(of), pending_(pending), rules_(std::move(r)) {}

  void expect(std::span<std::string_view const> ids) override { of_.expect(ids); }
  timestamp now() const override { return of_.now(); }
  timestamp believed_until() const override { return of_.believed_until(); }
  entity_ptr find(std::string_view id) const override { return rules_.view.masked(of_.find(id)); }
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
  std::optional<fault> attempt(std::function<void()> const& part) override { return of_.attempt(part); }
  // Asked by what actions say of who does them.
  entity_ptr act(std::string_view id, std::string_view action, json::object fields, acting const& how) override {
    return rules_.view.masked(of_.act(id, action, std::move(fields), how));
  }
  void adopt(model::registry_ptr r) override { of_.adopt(std::move(r)); }
  void put_record(std::string_view collection, std::string_view key, json::value v) override;
  void erase_record(std::string_view collection, std::string_view key) override;
  void count(std::string_view source, tally what, std::uint64_t n, std::string_view reason) override { of_.count(source, what, n, reason); }

 private:
  model::writer writer() const { return {rules_.policy, rules_.who, of_.now()}; }
  entity_ptr get_seen(std::string_view id) const;  // as it is, if anything of it is seen; fault not_found
  void require_removable(std::string_view id) const;
  void require_history(std::string_view id, symbol attribute) const;
  void require_history(std::string_view id, std::uint64_t series) const;
  void require_note(std::string_view collection) const;

  transaction& of_;
  pending_write const& pending_;
  rules rules_;
};

}  // namespace dos
