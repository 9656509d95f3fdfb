// The state of a city in memory: every entity, and the indexes that make queries fast. One writer (the session's
// publishing thread); any number of readers, which never hold the writer up for long: an answer is put together from
// entities taken in slices, each entity whole and as of some moment of the query.
//
// An attribute that queries compare again and again over more than about 2,000 entities gets an index of its values (the
// 16 used last are kept), and so does text search at its first use; the query that asks for it waits until it is built.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "kernel/graph/entity.h"
#include "kernel/graph/query.h"

namespace dos {

// An attribute's history, also when the attribute or the whole entity is gone.
struct series_ref {
  std::uint64_t series = 0;
  symbol attribute;
  symbol dataset;
  attribute_kind kind = attribute_kind::property;
};

// The attribute of a series that holds nothing but the number by which an entity is known.
inline constexpr std::string_view entity_number_iri = "urn:dos2030:number";

class entity_store {
 public:
  entity_store();
  ~entity_store();

  // --- the writer ---
  void put(entity_ptr e);  // inserts or replaces by id; an entity with deleted_at is kept for its history
  void forget(std::string_view id);  // entity and history references
  // An attribute that carries a series need not have it added, and it stays known when the attribute goes. An entity that
  // is not known is left alone: once put, its attributes carry theirs.
  void add_series(std::string_view id, series_ref s);
  void remove_series(std::string_view id, std::uint64_t series);
  // Asks for the memory of entities that are about to be looked at, all at once instead of one after the other. Some tens
  // of ids at a time stay in the processor's cache.
  void fetch_ahead(std::span<std::string_view const> ids) const;

  // --- readers ---
  // The entity, also when only its history is left (deleted_at is set then); nothing when it never was.
  entity_ptr find(std::string_view id) const;
  std::vector<series_ref> series_of(std::string_view id) const;
  // Whose series that is, from the number alone.
  struct owned_series {
    entity_ptr entity;
    series_ref series;
  };
  std::optional<owned_series> find_series(std::uint64_t number) const;
  // The same without asking the entity, which may have lost the series since: for walks over many numbers.
  entity_ptr likely_owner(std::uint64_t number) const;
  std::uint64_t series_end() const;  // behind the greatest number of a series

  struct page {
    std::vector<entity_ptr> entities;
    std::optional<std::size_t> total;  // when asked for
  };
  page find(query::query const& q) const;
  // Every entity that matches, in order of creation, without limit and order; stops when `visit` says false. Called
  // without any lock held.
  void for_each(query::query const& q, std::function<bool(entity_ptr const&)> const& visit) const;

  std::size_t size() const;  // living entities
  // Types with the number of their living entities; attributes of a type with the number that have them.
  std::vector<std::pair<symbol, std::size_t>> types() const;
  std::vector<std::pair<symbol, std::size_t>> attributes_of(symbol type) const;
  // Some entities of that type have other types, too.
  bool is_mixed(symbol type) const;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace dos
