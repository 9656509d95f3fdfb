#include "ingest/files/draft_writer.h"

#include <algorithm>
#include <chrono>

#include "base/fault.h"
#include "kernel/history/history.h"
#include "kernel/session/instance.h"

namespace dos::files {
namespace {

constexpr std::size_t entities_remembered_max = 10'000;

struct prepared_draft {
  std::string id;
  symbol type;
  symbol scope;
  std::vector<attribute> attributes;
  std::size_t repeated = 0;  // values found in the history
};

bool is_same(attribute const& known, attribute const& a) {
  return known.observed_at == a.observed_at && known.unit == a.unit && known.kind == a.kind && known.value == a.value;
}

// On the sequencer's thread. Answers how many values were stored and how many known.
std::pair<std::size_t, std::size_t> decide(transaction& t, prepared_draft const& d, std::string const& source) {
  auto const stored = t.find(d.id);
  auto const is_alive = stored && stored->deleted_at == no_time;
  auto e = is_alive ? entity(*stored) : entity();
  if (!is_alive) {
    e.id = d.id;
    e.types = {d.type};
  }
  auto changes = std::size_t(0);
  auto repeated = d.repeated;
  auto late = std::vector<attribute>();
  for (auto const& a : d.attributes) {
    auto const known = e.find(a.name);
    if (known && is_same(*known, a)) {
      ++repeated;
    } else if (known && known->observed_at != no_time && a.observed_at != no_time &&
               a.observed_at < known->observed_at) {
      late.push_back(a);  // belongs to the history; what is known of a later time stays what is known now
    } else {
      e.set(make_attribute(a));
      ++changes;
    }
  }
  if (d.scope && std::find(e.scopes.begin(), e.scopes.end(), d.scope) == e.scopes.end()) e.scopes.push_back(d.scope);
  t.count(source, tally::received);
  t.count(source, tally::accepted);
  if (changes + late.size() == 0) {
    t.count(source, tally::repeated);
    return {0, repeated};
  }
  if (changes > 0 || !is_alive) t.put(std::move(e));
  for (auto& a : late) {
    a.modified_at = t.now();
    t.observe({.entity = d.id, .attribute = a.name, .dataset = {}, .kind = a.kind}, to_observation(a, 0));
  }
  t.count(source, tally::stored);
  return {changes + late.size(), repeated};
}

}  // namespace

draft_writer::draft_writer(session s, terms const& words, std::string source)
    : session_(std::move(s)), words_(words), source_(std::move(source)) {}

draft_writer::~draft_writer() { wait_for_room(0); }

void draft_writer::wait_for_room(std::size_t under_way) {
  auto lock = std::unique_lock(mutex_);
  changed_.wait(lock, [&] { return under_way_ <= under_way; });
}

draft_writer::series_by_name const& draft_writer::series_of(std::string const& id) {
  if (auto const found = series_.find(id); found != series_.end()) return found->second;
  if (series_.size() >= entities_remembered_max) series_.clear();
  auto& known = series_[id];
  for (auto const& s : session_.series_of(id)) {
    auto const statistics = session_.history().statistics_of(s.series);
    if (statistics) known.emplace(s.attribute, known_series{s.series, statistics->last.time});
  }
  return known;
}

// A file that is imported again, or overlaps with the one before, brings what is there already.
bool draft_writer::is_known(series_by_name const& series, attribute const& a) const {
  auto const found = series.find(a.name);
  if (a.observed_at == no_time || found == series.end() || a.observed_at > found->second.last) return false;
  auto at = range_query();
  at.from = a.observed_at;
  at.to = a.observed_at + 1;
  auto is_there = false;
  session_.history().for_each(found->second.id, at, [&](observation const& o) {
    is_there = o.value == a.value;
    return !is_there;
  });
  return is_there;
}

void draft_writer::write(entity_draft d) {
  auto const iri = [&](std::string const& term) {
    auto& name = names_[term];
    if (!name) name = symbol(words_.iri(term));
    return name;
  };
  auto p = std::make_shared<prepared_draft>();
  p->id = std::move(d.id);
  p->type = iri(d.type);
  p->scope = symbol(d.scope);
  auto const& series = series_of(p->id);
  for (auto& from : d.attributes) {
    auto a = attribute();
    a.name = iri(from.name);
    a.kind = from.kind;
    a.unit = symbol(from.unit);
    a.value = std::move(from.value);
    a.observed_at = from.observed_at;
    a.provenance = from.provenance;
    if (is_known(series, a))
      ++p->repeated;
    else
      p->attributes.push_back(std::move(a));
  }

  auto const result = std::make_shared<std::pair<std::size_t, std::size_t>>();
  auto const work = [p, result, source = source_](transaction& t) { *result = decide(t, *p, source); };
  auto const done = [this, result](outcome const& o) {
    auto const lock = std::lock_guard(mutex_);
    if (o.refused) {
      if (counts_.refused++ == 0) counts_.refusal = o.refused->detail;
    } else {
      counts_.entities += result->first > 0;
      counts_.values += result->first;
      counts_.repeated += result->second;
    }
    --under_way_;
    changed_.notify_all();
  };
  for (;;) {
    {
      auto lock = std::unique_lock(mutex_);
      changed_.wait(lock, [&] { return under_way_ < under_way_max; });
      ++under_way_;
    }
    try {
      return session_.submit(work, done);
    } catch (fault const& f) {
      auto lock = std::unique_lock(mutex_);
      --under_way_;
      if (f.kind != fault_kind::too_many) throw;
      changed_.wait_for(lock, std::chrono::milliseconds(20));  // others fill this queue as well
    }
  }
}

write_counts draft_writer::finish() {
  wait_for_room(0);
  return counts_;
}

}  // namespace dos::files
