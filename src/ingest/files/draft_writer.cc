#include "ingest/files/draft_writer.h"

#include <algorithm>
#include <chrono>

#include "base/fault.h"
#include "kernel/city/instance.h"

namespace dos::files {
namespace {

struct correction {
  std::uint64_t series = 0;
  std::uint64_t number = 0;
  attribute to;
};

struct prepared_draft {
  std::string id;
  symbol type;
  symbol scope;
  std::vector<attribute> attributes;
  std::vector<correction> corrections;
  std::size_t repeated = 0;  // values found in the history
};

struct decision {
  std::size_t stored = 0;
  std::size_t corrected = 0;
  std::size_t repeated = 0;
};

bool is_same(attribute const& known, attribute const& a) {
  return known.observed_at == a.observed_at && known.unit == a.unit && known.kind == a.kind && known.value == a.value;
}

// What was told of a moment before is told otherwise: the observation changes, and the state where it is that moment's.
void correct(transaction& t, std::string const& id, std::vector<correction> const& all) {
  auto const stored = t.find(id);
  auto e = entity(*stored);
  auto is_current = false;
  for (auto const& c : all) {
    auto a = c.to;
    a.modified_at = t.now();
    t.change_observation(c.series, c.number, to_observation(a, c.number));
    auto const known = e.find(a.name);
    if (!known || known->observed_at != a.observed_at) continue;
    e.set(make_attribute(std::move(a)));
    is_current = true;
  }
  if (is_current) t.put(std::move(e), transaction::keep::nothing);
}

// On the sequencer's thread.
decision decide(transaction& t, prepared_draft const& d, std::string const& source) {
  auto const stored = t.find(d.id);
  auto const is_alive = stored && stored->deleted_at == no_time;
  auto e = is_alive ? entity(*stored) : entity();
  if (!is_alive) {
    e.id = d.id;
    e.types = {d.type};
  }
  auto changes = std::size_t(0);
  auto result = decision{.repeated = d.repeated};
  auto late = std::vector<attribute>();
  for (auto const& a : d.attributes) {
    auto const known = e.find(a.name);
    if (known && is_same(*known, a)) {
      ++result.repeated;
    } else if (known && known->observed_at != no_time && a.observed_at != no_time &&
               a.observed_at < known->observed_at) {
      late.push_back(a);  // belongs to the history; what is known of a later time stays what is known now
    } else {
      e.set(make_attribute(a));
      ++changes;
    }
  }
  if (d.scope && std::find(e.scopes.begin(), e.scopes.end(), d.scope) == e.scopes.end()) e.scopes.push_back(d.scope);
  result.corrected = stored ? d.corrections.size() : 0;
  result.stored = changes + late.size() + result.corrected;
  t.count(source, tally::received);
  t.count(source, tally::accepted);
  if (result.stored == 0) {
    t.count(source, tally::repeated);
    return result;
  }
  if (changes > 0 || !is_alive) t.put(std::move(e));
  for (auto& a : late) {
    a.modified_at = t.now();
    t.observe({.entity = d.id, .attribute = a.name, .dataset = {}, .kind = a.kind}, to_observation(a, 0));
  }
  if (result.corrected > 0) correct(t, d.id, d.corrections);
  t.count(source, tally::stored);
  return result;
}

}  // namespace

draft_writer::draft_writer(session s, terms const& words, std::string source)
    : session_(s), words_(words), source_(std::move(source)), known_(std::move(s), words) {}

draft_writer::~draft_writer() { wait_for_room(0); }

void draft_writer::wait_for_room(std::size_t under_way) {
  auto lock = std::unique_lock(mutex_);
  changed_.wait(lock, [&] { return under_way_ <= under_way; });
}

void draft_writer::write(entity_draft d) {
  auto p = std::make_shared<prepared_draft>();
  p->id = std::move(d.id);
  p->type = symbol(words_.iri(d.type));
  p->scope = symbol(d.scope);
  auto const is_again = [&](attribute_draft const& a) {
    return a.observed_at != no_time && !written_.insert(std::hash<std::string>()(p->id + '\n' + a.name + '\n' + std::to_string(a.observed_at.us))).second;
  };
  auto const comes_again = std::count_if(d.attributes.begin(), d.attributes.end(), is_again) > 0;
  if (comes_again || written_.size() > written_max) {
    wait_for_room(0);
    written_.clear();
    known_.forget();
    std::for_each(d.attributes.begin(), d.attributes.end(), is_again);
  }
  for (auto& from : d.attributes) {
    auto const known = known_.find(p->id, from);
    if (known && known->is_equal) {
      ++p->repeated;
      continue;
    }
    auto a = attribute();
    a.name = known_.name_of(from.name);
    a.kind = from.kind;
    a.unit = symbol(from.unit);
    a.value = std::move(from.value);
    a.observed_at = from.observed_at;
    a.provenance = from.provenance;
    if (known)
      p->corrections.push_back({known->series, known->number, std::move(a)});
    else
      p->attributes.push_back(std::move(a));
  }

  auto const result = std::make_shared<decision>();
  submit([p, result, source = source_](transaction& t) { *result = decide(t, *p, source); },
         [this, result](outcome const& o) {
           auto const lock = std::lock_guard(mutex_);
           if (o.refused) {
             if (counts_.refused++ == 0) counts_.refusal = o.refused->detail;
           } else {
             counts_.entities += result->stored > 0;
             counts_.values += result->stored;
             counts_.corrected += result->corrected;
             counts_.repeated += result->repeated;
           }
           --under_way_;
           changed_.notify_all();
         });
}

// Waits while too many are under way, or the queue is full.
void draft_writer::submit(std::function<void(transaction&)> work, std::function<void(outcome)> done) {
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
