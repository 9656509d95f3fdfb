#include "kernel/city/checkpoint.h"

#include <algorithm>
#include <tuple>

#include "base/bytes.h"

namespace dos {
namespace {

// Collections of the state.
constexpr std::string_view entities_at = "entity";
constexpr std::string_view records_at = "record";      // key: collection 0 key
constexpr std::string_view series_at = "series";
constexpr std::string_view names_at = "name";
constexpr std::string_view ledger_at = "ledger";
constexpr std::string_view outbox_at = "outbox";       // key: collection 0 key 0 number
constexpr std::string_view status_at = "subscription_status";
constexpr std::string_view counters_at = "counters";

std::string big_endian(std::uint64_t n) {
  auto bytes = std::string(8, '\0');
  for (auto i = 7; i >= 0; --i, n >>= 8) bytes[std::size_t(i)] = char(n & 0xff);
  return bytes;
}

std::uint64_t from_big_endian(std::string_view bytes) {
  auto n = std::uint64_t(0);
  for (auto const b : bytes) n = n << 8 | static_cast<unsigned char>(b);
  return n;
}

std::string joined(std::string_view a, std::string_view b) { return std::string(a) + '\0' + std::string(b); }

std::pair<std::string_view, std::string_view> parted(std::string_view key) {
  auto const at = key.find('\0');
  if (at == key.npos) throw fault(fault_kind::internal, "the state holds a key without a collection");
  return {key.substr(0, at), key.substr(at + 1)};
}

void write_time(byte_writer& out, timestamp t) { out.zigzag(t.us); }
timestamp read_time(byte_reader& in) { return {in.zigzag()}; }

std::string encode_entry(outbox::entry const& e, name_table& names) {
  auto bytes = std::string();
  auto out = byte_writer(bytes);
  auto const& c = e.what.change;
  out.varint(c.position);
  write_time(out, c.at);
  out.varint(e.what.coalesced);
  out.byte(bool(c.before));
  if (c.before) encode(out, *c.before, names);
  encode(out, *c.after, names);
  out.varint(c.attributes.size());
  for (auto const& a : c.attributes) {
    out.varint(names.number_of(a.name));
    out.varint(names.number_of(a.dataset));
    out.byte(a.what);
  }
  return bytes;
}

outbox::entry decode_entry(std::string_view bytes, name_table const& names) {
  auto in = byte_reader(bytes);
  auto e = outbox::entry();
  auto& c = e.what.change;
  c.position = in.varint();
  c.at = read_time(in);
  e.what.coalesced = in.varint();
  if (in.byte()) c.before = make_ref<entity>(decode_entity(in, names));
  c.after = make_ref<entity>(decode_entity(in, names));
  for (auto n = in.count(); n > 0; --n) {
    auto a = attribute_change();
    a.name = names.symbol_of(in.varint());
    a.dataset = names.symbol_of(in.varint());
    a.what = trigger(in.byte());
    c.attributes.push_back(a);
  }
  return e;
}

std::string encode_status(subscription_status const& s) {
  auto bytes = std::string();
  auto out = byte_writer(bytes);
  for (auto const n : {s.times_sent, s.times_failed, s.failed_in_a_row, s.coalesced, s.behind}) out.varint(n);
  for (auto const t : {s.last_notification, s.last_success, s.last_failure, s.gap_since}) write_time(out, t);
  out.text(s.last_error);
  out.varint(s.gap_from);
  out.varint(s.gap_to);
  out.varint(s.behind_at);
  return bytes;
}

subscription_status decode_status(std::string_view bytes) {
  auto in = byte_reader(bytes);
  auto s = subscription_status();
  for (auto* const n : {&s.times_sent, &s.times_failed, &s.failed_in_a_row, &s.coalesced, &s.behind}) *n = in.varint();
  for (auto* const t : {&s.last_notification, &s.last_success, &s.last_failure, &s.gap_since}) *t = read_time(in);
  s.last_error = in.text();
  if (in.at_end()) return s;  // written before gaps had a name
  s.gap_from = in.varint();
  s.gap_to = in.varint();
  if (!in.at_end()) s.behind_at = in.varint();
  return s;
}

// Names are held while one thing is encoded, never while the disk is waited for: the sequencer needs them for each batch.
template <typename Use>
auto with_names(shared_names& names, Use const& use) {
  auto const lock = std::lock_guard(names.mutex);
  return use(names.table);
}

// About as they lie in the database: a page of it is changed once, not again and again.
std::vector<entity_images::entry const*> in_order_of_creation(entity_images const& images) {
  auto order = std::vector<std::pair<timestamp, entity_images::entry const*>>();
  order.reserve(images.size());
  auto const all = images.begin();
  for (auto i = std::size_t(0); i < images.size(); ++i) {
    fetch(*all[std::min(i + 16, images.size() - 1)].held);
    order.emplace_back(all[i].held->created_at, &all[i]);
  }
  std::sort(order.begin(), order.end());
  auto sorted = std::vector<entity_images::entry const*>();
  sorted.reserve(order.size());
  for (auto const& [at, e] : order) sorted.push_back(e);
  return sorted;
}

void fetch_ahead(std::vector<entity_images::entry const*> const& list, std::size_t i) {
  auto const at = [&](std::size_t ahead) { return list[std::min(i + ahead, list.size() - 1)]; };
  __builtin_prefetch(at(16));
  fetch(*at(12)->held);
  fetch_lists(*at(8)->held);
  fetch_attributes(*at(4)->held);
}

void write_subscriptions(store::state_db& db, store::state_db::transaction& t, dirty_state const& d, shared_names& names) {
  for (auto const& s : d.subscriptions) {
    auto const prefix = joined(s.collection, s.key);
    if (s.gone) {
      t.erase(status_at, prefix);
      auto const from = prefix + '\0';
      db.scan(outbox_at, from, [&](std::string_view key, std::string_view) {
        if (!key.starts_with(from)) return false;
        t.erase(outbox_at, key);
        return true;
      });
      continue;
    }
    for (auto const n : s.entries.removed) t.erase(outbox_at, prefix + '\0' + big_endian(n));
    for (auto const& e : s.entries.added) {
      auto const bytes = with_names(names, [&](name_table& table) { return encode_entry(e, table); });
      t.put(outbox_at, prefix + '\0' + big_endian(e.number), bytes);
    }
    t.put(status_at, prefix, encode_status(s.status));
  }
}

}  // namespace

void dirty_state::note(write_effects const& w) {
  auto const gather = each_of{
      [&](effect::record_written const& e) { records.insert_or_assign({e.collection, e.key}, e.record); },
      [&](effect::series_started const& e) { series.insert_or_assign(e.series.series, owned_series{e.entity, e.series}); },
      [&](effect::series_removed const& e) { series.insert_or_assign(e.series, owned_series{e.entity, std::nullopt}); },
      // Images of entities are gathered as a batch left them; history and ledger gather what is theirs themselves.
      ignoring<effect::entity_changed, effect::entity_forgotten, effect::observed, effect::observed_many,
               effect::observation_changed, effect::observation_removed, effect::counted_in_ledger>()};
  for (auto const& any : w.effects) std::visit(gather, any);
}

void merge(dirty_state& older, dirty_state later) {
  if (older.empty()) {
    older = std::move(later);
    return;
  }
  older.entities.merge(std::move(later.entities));
  for (auto& [key, r] : later.records) older.records.insert_or_assign(key, std::move(r));
  for (auto& [id, s] : later.series) older.series.insert_or_assign(id, std::move(s));
  older.ledger.insert(older.ledger.end(), later.ledger.begin(), later.ledger.end());
  for (auto& s : later.subscriptions) older.subscriptions.push_back(std::move(s));
  if (later.position) {
    older.numbers = later.numbers;
    older.names = later.names;
    older.position = later.position;
  }
  older.bytes += later.bytes;
}

void write_checkpoint(store::state_db& db, dirty_state const& d, history& h, shared_names& names) {
  auto t = db.begin();
  auto bytes = std::string();
  auto const entities = in_order_of_creation(d.entities);
  for (auto i = std::size_t(0); i < entities.size(); ++i) {
    fetch_ahead(entities, i);
    auto const& e = *entities[i];
    if (e.forgotten) {
      t.erase(entities_at, e.id());
      continue;
    }
    bytes.clear();
    auto out = byte_writer(bytes);
    with_names(names, [&](name_table& table) { encode(out, *e.held, table); });
    t.put(entities_at, e.id(), bytes);
  }
  for (auto const& [number, s] : d.series) {
    auto const key = big_endian(number);
    if (!s.series) {
      t.erase(series_at, key);
      continue;
    }
    bytes.clear();
    auto out = byte_writer(bytes);
    out.text(s.entity);
    with_names(names, [&, &s = s](name_table& table) {
      out.varint(table.number_of(s.series->attribute));
      out.varint(table.number_of(s.series->dataset));
    });
    out.byte(std::uint8_t(s.series->kind));
    t.put(series_at, key, bytes);
  }
  write_subscriptions(db, t, d, names);
  auto stored = std::uint32_t(0);
  if (auto const n = db.find(counters_at, "names")) stored = std::uint32_t(from_big_endian(*n));
  if (d.names > stored) {
    auto const added = with_names(names, [&](name_table& table) {
      auto const since = table.names_since(stored).first(d.names - stored);
      return std::vector<symbol>(since.begin(), since.end());
    });
    for (auto number = stored; auto const name : added) t.put(names_at, big_endian(++number), name.text());
    t.put(counters_at, "names", big_endian(d.names));
  }
  for (auto const& [key, r] : d.records) {
    auto const whole = joined(key.first, key.second);
    if (!r) {
      t.erase(records_at, whole);
      continue;
    }
    bytes.clear();
    auto out = byte_writer(bytes);
    encode(out, *r);
    t.put(records_at, whole, bytes);
  }
  for (auto const& l : d.ledger) {
    bytes.clear();
    auto out = byte_writer(bytes);
    write_time(out, l.hour);
    out.text(l.source);
    out.byte(std::uint8_t(l.what));
    out.text(l.reason);
    auto const key = bytes;
    if (l.n == 0) t.erase(ledger_at, key);
    else t.put(ledger_at, key, big_endian(l.n));
  }
  t.put(counters_at, "observation", big_endian(d.numbers.next_observation));
  t.put(counters_at, "series", big_endian(d.numbers.next_series));
  t.put(counters_at, "time", big_endian(std::uint64_t(d.numbers.last_write.us)));
  h.flush(t, d.position);
  t.set_cursor(d.position);
  t.commit();
  h.flushed();
}

std::uint64_t read_checkpoint(store::state_db const& db, restored_state into) {
  auto& names = into.names.table;
  db.scan(names_at, {}, [&](std::string_view, std::string_view name) {
    names.number_of(symbol(name));
    return true;
  });
  auto entities = std::vector<entity_ptr>();
  db.load(entities_at, [&](std::string_view, std::string_view bytes) {
    auto in = byte_reader(bytes);
    entities.push_back(make_ref<entity>(decode_entity(in, names)));
    return true;
  });
  // The order of creation is the order of lists without one.
  std::sort(entities.begin(), entities.end(), [](auto const& a, auto const& b) {
    return std::tie(a->created_at, a->id) < std::tie(b->created_at, b->id);
  });
  for (auto& e : entities) into.entities.put(std::move(e));
  db.load(series_at, [&](std::string_view key, std::string_view bytes) {
    auto in = byte_reader(bytes);
    auto const entity = in.text();
    auto s = series_ref();
    s.series = from_big_endian(key);
    s.attribute = names.symbol_of(in.varint());
    s.dataset = names.symbol_of(in.varint());
    s.kind = attribute_kind(in.byte());
    into.entities.add_series(entity, s);
    return true;
  });
  db.scan(records_at, {}, [&](std::string_view key, std::string_view bytes) {
    auto const [collection, name] = parted(key);
    auto in = byte_reader(bytes);
    into.records.put(collection, name, std::make_shared<json::value const>(decode_json(in)));
    return true;
  });
  db.load(ledger_at, [&](std::string_view key, std::string_view n) {
    auto in = byte_reader(key);
    auto l = ledger_line();
    l.hour = read_time(in);
    l.source = in.text();
    l.what = tally(in.byte());
    l.reason = in.text();
    l.n = from_big_endian(n);
    into.ledger.restore(std::move(l));
    return true;
  });
  db.load(status_at, [&](std::string_view key, std::string_view bytes) {
    auto const [collection, name] = parted(key);
    into.matcher.restore(collection, name, decode_status(bytes));
    return true;
  });
  db.scan(outbox_at, {}, [&](std::string_view key, std::string_view bytes) {
    auto const [collection, rest] = parted(key);
    auto e = decode_entry(bytes, names);
    e.number = from_big_endian(rest.substr(rest.size() - 8));
    into.matcher.restore(collection, rest.substr(0, rest.size() - 9), std::move(e));
    return true;
  });
  auto const number = [&](std::string_view key, std::uint64_t otherwise) {
    auto const bytes = db.find(counters_at, key);
    return bytes ? from_big_endian(*bytes) : otherwise;
  };
  into.numbers.next_observation = number("observation", 1);
  into.numbers.next_series = number("series", 1);
  into.numbers.last_write = {std::int64_t(number("time", std::uint64_t(timestamp_min.us)))};
  return db.cursor();
}

}  // namespace dos
