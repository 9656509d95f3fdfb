#include "kernel/city/city.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <set>
#include <thread>

#include "base/log.h"
#include "base/thread_name.h"
#include "kernel/access/token.h"
#include "kernel/city/batch_tally.h"
#include "kernel/city/follower.h"
#include "kernel/city/governed_write.h"
#include "kernel/city/granted_write.h"
#include "kernel/city/log_images.h"
#include "kernel/city/model_keeper.h"
#include "kernel/city/pending.h"
#include "kernel/city/publish.h"
#include "kernel/city/replay.h"
#include "kernel/city/shown.h"
#include "kernel/city/write_queues.h"
#include "kernel/store/space_reserve.h"

namespace dos {
namespace {

// A batch is answered as a whole, so a short write waits for all of it: for not much longer than a sync takes.
constexpr std::size_t batch_effects_max = 5'000;
// Left free, so that a checkpoint can still be written and the log be shortened when the disk has filled up.
constexpr std::uint64_t disk_reserve_bytes = 32 << 20;
constexpr auto disk_is_full = "the disk is full";

struct decided_write {
  committed_write result;
  std::function<void(outcome)> done;
  std::size_t set_aside = 0;
};

class city_impl final : public city {
 public:
  city_impl(std::string id, std::string directory, clock const& c, city_options options)
      : id_(std::move(id)), directory_(std::move(directory)), clock_(c), options_(options), reserve_(directory_),
        queues_({options.source_queue_max, options.source_queue_bytes_max}) {
    reserve_.release_if_needed();
    log_ = store::open_log(directory_);
    state_ = std::make_unique<store::state_db>(directory_);
    history_ = std::make_unique<dos::history>(*state_);
    hub_ = std::make_shared<live_hub>([this](std::uint64_t from) -> std::unique_ptr<log_cursor> {
      return std::make_unique<log_images>(log_images::parts{*log_, names_, entities_, [this] { return position_.load(); }}, from);
    });
    matcher_ = std::make_unique<matcher>(matcher::surroundings{
        clock_,
        [this](std::shared_ptr<principal const> const& who, entity_change const& c) {
          return is_over(*who, clock_.now()) ? std::nullopt : shown(who, c);
        },
        [this](std::shared_ptr<principal const> const& who, entity_change const& c) -> std::optional<entity_change> {
          auto const view = view_of(who, false);
          return masked(c, *view);
        },
        [this](principal const& who, entity_change const& c) { return may_be_hidden(who, c); },
        [this](std::string_view collection, bool ok, std::uint64_t n) {
          ledger_.add(clock_.now(), collection, ok ? tally::delivered : tally::failed, {}, n);
        },
        [this](std::uint64_t after) { return hub_->open(after); }, [this] { return log_->first(); }});
    auto const checkpoint = read_checkpoint(*state_, {entities_, records_, ledger_, *matcher_, names_, numbers_});
    checkpointed_records_ = records_.copy();
    records_.for_each(open_types_collection, {}, [&](std::string_view key, record_ptr const& r) {
      open_types_.note(key, r);
      return true;
    });
    hub_->start_at(checkpoint);
    matcher_->begin_at(checkpoint);
    follower_ = std::make_unique<follower>(
        follower::parts{id_, *log_, *state_, *history_, entities_, *matcher_, *hub_, ledger_, names_, clock_, options_,
                        [this](timestamp now) { return expiring(now); }},
        checkpoint, numbers_);
    position_ = checkpoint;
    next_observation_ = numbers_.next_observation;
    next_series_ = numbers_.next_series;
    erased_at_ = checkpoint;  // or before: nobody knows any more
    if (auto const f = catch_up_with_log()) set_trouble(f->detail);
    reserve_.take();
    sequencing_ = std::thread([this] { sequence(); });
  }

  ~city_impl() override { close(); }

  std::string const& id() const override { return id_; }

  void register_kind(subscription_kind k) override {
    auto const collection = k.collection;
    matcher_->add_kind(std::move(k));
    // As of the checkpoint: what came later is compiled in its turn.
    auto const it = checkpointed_records_.find(collection);
    if (it == checkpointed_records_.end()) return;
    for (auto const& [key, r] : it->second) matcher_->on_record(collection, key, r.get());
  }

  void start_sending() override {
    checkpointed_records_.clear();
    follower_->start();
    matcher_->start(weak_from_this(), id_);
    following_ = true;
  }

  void close() override {
    if (closed_.exchange(true)) return;
    queues_.close();
    if (sequencing_.joinable()) sequencing_.join();
    matcher_->stop();
    if (following_) follower_->stop();
  }

  city_status status() const override {
    auto s = city_status();
    s.position = position_;
    s.checkpoint = follower_->checkpointed();
    auto failing = std::string();
    try {
      s.log_first = log_->first();
    } catch (fault const& f) {  // of the medium
      failing = f.detail;
    }
    s.lag_bytes = follower_->lag_bytes();
    s.entities = entities_.size();
    s.series = next_series_ - 1;
    s.observations = next_observation_ - 1;
    s.records = records_.size();
    s.queued = queues_.size();
    s.disk_free_bytes = store::free_bytes(directory_);
    auto const lock = std::lock_guard(trouble_mutex_);
    s.trouble = trouble_.empty() ? failing : trouble_;
    if (s.trouble.empty() && s.disk_free_bytes < disk_reserve_bytes) s.trouble = disk_is_full;  // before anyone wrote
    s.writable = s.trouble.empty();
    if (s.writable) s.trouble = follower_->trouble();
    if (s.trouble.empty() && keeper_.watch().has_jumped()) s.trouble = "the clock has jumped: nothing falls due by itself until it is back or trusted";
    if (s.trouble.empty()) s.trouble = history_->trouble();
    return s;
  }

  std::vector<ledger_line> ledger(timestamp from, timestamp to) const override { return ledger_.lines(from, to); }
  dos::subscriptions& subscriptions() override { return *matcher_; }
  std::unique_ptr<live_reader> read_live(std::optional<std::uint64_t> position) override {
    auto const now = position_.load();
    return hub_->open(std::min(position.value_or(now), now), position > now);
  }
  bool is_at_hand(std::uint64_t position) const override { return hub_->is_at_hand(position); }
  std::uint64_t position_at(timestamp t) const override { return log_->first_after({t.us - 1}); }

  void backup_to(std::string const& directory) override { store::backup(*log_, *state_, directory); }
  void checkpoint() override {
    require(following_, fault_kind::unavailable, "the city has not been started yet");
    follower_->checkpoint_now();
  }

  bool is_open(symbol type) const override { return open_types_.contains(type); }
  timestamp now() const override { return clock_.now(); }
  timestamp believed_until(std::string_view source) const override { return clock_.now() + future_us_max(source); }

  std::optional<entity_change> shown(std::shared_ptr<principal const> const& who, entity_change const& c) const override {
    return shown_today(c, {entities_, *history_, *view_of(who, false), c.position <= erased_at_});
  }
  model::registry_ptr models() const override { return models_.load(); }
  void begin_with(model::registry_ptr r) override {
    keeper_.begin_with(r);
    models_ = std::move(r);
  }
  std::optional<timestamp> next_due() const override { return keeper_.next_due(); }
  void trust_clock() override { keeper_.watch().trust(clock_.now()); }
  resource_times times_of(symbol type, std::string const& resource, timestamp from, timestamp to) const override {
    return keeper_.times_of(type, resource, from, to);
  }
  void settle_timers() override {
    keeper_.settle(clock_.now(), [this](session::decide d, std::function<void(outcome)> done) {
      static auto const program = std::make_shared<principal const>(principal{.name = "timers", .role = role::admin, .source = "timers"});
      submit(program, std::move(d), [this, done = std::move(done)](outcome o) {
        done(o);
        if (!o.refused) settle_timers();  // the next slice, when others have had their turn
      }, {});
    });
  }
  model::policy_ptr policy_of(principal const& who) const override { return policies_.of(models_.load(), who); }
  model::view_ptr view_of(std::shared_ptr<principal const> who, bool regardless_of_openness) const override {
    auto rules = model::plain_rules();
    rules.is_all_open = regardless_of_openness;
    rules.is_open = [this](symbol type) { return is_open(type); };
    rules.is_brought = [this, by = who.get()](entity const& e) {
      return by->is_governed() && by->is_at_home_in(id_) &&
             (by->brings_as_told(e.id) || is_brought_by(records_.find(brought_collection, e.id), *by));
    };
    auto policy = policy_of(*who);
    return std::make_shared<model::view const>(std::move(policy), std::move(who), clock_.now(), std::move(rules));
  }
  bool is_over(principal const& who, timestamp now) const override {
    return now >= who.until || std::any_of(who.tokens.begin(), who.tokens.end(), [&](std::string const& id) {
             return records_.find(revoked_tokens_collection, id) != nullptr;
           });
  }
  void let_devices_note(std::string_view collection) override { notes_.emplace(collection); }

  entity_store const& entities() const override { return entities_; }
  dos::history const& history() const override { return *history_; }

  void submit(std::shared_ptr<principal const> const& who, session::decide d, std::function<void(outcome)> done, write_size size) override {
    queues_.push({who->source, std::move(d), std::move(done), size.weight, size.bytes, who->names, who});
  }

  record_ptr find_record(std::string_view collection, std::string_view key) const override {
    return records_.find(collection, key);
  }
  void for_each_record(std::string_view collection, std::string_view from,
                       std::function<bool(std::string_view key, record_ptr const&)> const& visit) const override {
    records_.for_each(collection, from, visit);
  }
  std::size_t record_count(std::string_view collection) const override { return records_.count(collection); }

 private:
  // Whether it has to be looked at: quick, for what is hidden from nobody.
  bool may_be_hidden(principal const& who, entity_change const& c) const {
    if (who.may_administer()) return false;
    if (!who.may_read_all()) return true;
    auto const models = models_.load();
    auto const has_granted = [&](entity_ptr const& e) {
      return e && std::any_of(e->types.begin(), e->types.end(), [&](symbol t) { return models->is_granted(t); });
    };
    return models && models->has_grants() && (has_granted(c.before) || has_granted(c.after));
  }

  bool is_open(entity const& e) const {
    return std::any_of(e.types.begin(), e.types.end(), [&](symbol t) { return is_open(t); });
  }

  std::int64_t future_us_max(std::string_view source) const {
    auto const& of = options_.future_us_max_of;
    if (of.empty()) return options_.future_us_max;
    auto it = of.find(source);
    if (it == of.end()) it = of.find(ledger_name(source));
    return it == of.end() ? options_.future_us_max : it->second;
  }

  // --- retention ---

  // How long the history of an entity is kept: by its types' policy (the longest of several), else by the city's.
  std::int64_t retention_us(entity const& e) const {
    auto longest = std::optional<std::int64_t>();
    for (auto const t : e.types) {
      auto const policy = records_.find(retention_collection, t.text());
      auto const* const days = policy ? policy->find("days") : nullptr;
      if (days && days->is_int()) longest = std::max(longest.value_or(0), days->as_int() * 86'400 * us_per_second);
    }
    return longest.value_or(options_.history_retention_us);
  }

  std::vector<std::pair<series_id, timestamp>> expiring(timestamp now) {
    auto due = std::vector<std::pair<series_id, timestamp>>();
    if (!options_.history_retention_us && !records_.count(retention_collection)) return due;
    auto everything = query::query();
    everything.with_deleted = true;
    entities_.for_each(everything, [&](entity_ptr const& e) {
      auto const kept = retention_us(*e);
      if (kept == 0) return true;
      for (auto const& s : entities_.series_of(e->id)) due.emplace_back(s.series, now - kept);
      return true;
    });
    if (!due.empty()) erased_at_ = position_.load();
    return due;
  }

  // --- the start ---

  void replay_from(std::uint64_t from) {
    constexpr std::size_t read_bytes_max = 16 << 20;
    auto replayed = std::uint64_t(0);
    while (from <= log_->last()) {
      from = log_->read(from, read_bytes_max, [&](store::log_batch const& b) {
        replay(b);
        ++replayed;
        return true;
      });
    }
    if (replayed) log::info("replayed the log", {{"city", id_}, {"batches", replayed}, {"position", position_.load()}});
  }

  void replay(store::log_batch const& b) { publish(dos::replay(b, names_, entities_, numbers_)); }

  // What the log has is state, whoever wrote it. A fault: some of it cannot be had now, and nothing may be decided on what
  // is left.
  std::optional<fault> catch_up_with_log() {
    try {
      if (log_->last() > position_) replay_from(position_ + 1);
      return std::nullopt;
    } catch (fault const& f) {
      return f;
    } catch (std::exception const& e) {
      return fault(fault_kind::internal, std::string("the commit log cannot be read: ") + e.what());
    }
  }

  // --- the sequencer's thread ---

  void sequence() {
    name_thread("order " + id_);
    for (;;) {
      auto writes = queues_.take(options_.batch_writes_max);
      if (writes.empty()) return;
      for (auto i = std::size_t(0); i < writes.size();) {
        auto why = hindrance();
        if (!why) {
          try {
            i = commit(writes, i);
            continue;
          } catch (std::exception const& e) {
            why = fault(fault_kind::unavailable, std::string("this city cannot write now: ") + e.what());
          }
        }
        set_trouble(why->detail);
        for (; i < writes.size(); ++i) answer(writes[i].done, {position_, numbers_.last_write, *why, 0});
      }
    }
  }

  // Why nothing can be written now. Waits while a restart would have to read too much of the log.
  std::optional<fault> hindrance() {
    while (following_ && !closed_ && follower_->lag_bytes() > options_.lag_bytes_max) {
      if (auto const why = follower_->hindrance(); !why.empty()) {
        return fault(fault_kind::unavailable, "nothing is written until what was written can be saved: " + why);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    auto f = catch_up_with_log();
    if (f) f->kind = fault_kind::unavailable;
    return f;
  }

  static void answer(std::function<void(outcome)> const& done, outcome o) {
    if (!done) return;  // it has been answered
    try {
      done(std::move(o));
    } catch (std::exception const& e) {
      log::error("whoever wrote could not be answered", {{"reason", e.what()}});
    }
  }

  // Decides from `first` on until the batch is full, commits, answers; returns where to go on.
  std::size_t commit(std::vector<queued_write>& writes, std::size_t first) {
    auto const position = log_->last() + 1;
    stretch_.begin_if_due(position);
    keeper_.begin_batch(clock_.now());
    auto pending = overlay();
    auto numbers = numbers_;
    auto decided = std::vector<decided_write>();
    decided.reserve(writes.size() - first);
    auto refused = std::vector<std::pair<std::function<void(outcome)>, fault>>();
    auto tallies = batch_tally();
    auto effects = std::size_t(0);
    auto const known = names_known();
    auto encoded = batch_encoder(names_.table, stretch_.from());
    auto i = first;
    for (; effects < batch_effects_max && encoded.size() < options_.batch_bytes_max; ++i) {
      // What has come while these were decided shares their sync.
      if (i == writes.size() && !queues_.take_more(writes, options_.batch_writes_max)) break;
      auto& w = writes[i];
      numbers.last_write = std::max(clock_.now(), numbers.last_write + 1);
      auto const until = numbers.last_write + future_us_max(w.source);
      auto t = pending_write({entities_, records_}, pending, numbers, {numbers.last_write, until, position, stretch_.from()});
      auto const paying = pays_for_names(w.names.get());
      auto result = committed_write();
      auto const mark = keeper_.mark();
      try {
        decide(w, t);
        if (t.adopted()) keeper_.adopt(t.adopted(), pending, t.images());
        result = {t.take_effects(), t.take_images()};
        encode(result.effects, encoded);
      } catch (fault const& f) {
        keeper_.undo_to(mark);
        refuse(w, f, refused, tallies);
        continue;
      } catch (std::exception const& e) {
        keeper_.undo_to(mark);
        log::error("a write could not be decided", {{"city", id_}, {"source", w.source}, {"reason", e.what()}});
        refuse(w, fault(fault_kind::internal, "the write could not be decided"), refused, tallies);
        continue;
      }
      if (!t.has_counted()) tallies.count(ledger_name(w.source), t);
      numbers = t.numbers();
      effects += result.effects.effects.size();
      merge(pending, t.take_overlay());
      decided.push_back({std::move(result), std::move(w.done), t.set_aside()});
      if (t.adopted()) {  // what comes next is decided when everybody can read what holds
        ++i;
        break;
      }
    }
    store_and_publish({position, known, numbers}, encoded, std::move(pending), std::move(decided), tallies);
    for (auto& [done, f] : refused) answer(done, {position_, numbers.last_write, std::move(f), 0});
    return i;
  }

  // Who writes sees what they may see, devices bring what is theirs, and what the models say holds for everybody.
  void decide(queued_write const& w, pending_write& t) {
    auto const& models = keeper_.models();
    if (!models && !w.by->is_governed()) return decide_by_grants(w, t, t);
    auto rules = governed_write::rules{*w.by, notes_, [this](entity const& e) { return is_open(e); }, keeper_.watch().has_jumped()};
    auto policy = model::policy_ptr();
    auto guard = std::unique_ptr<model_guard>();
    if (models) {
      policy = policies_.of(models, *w.by);
      auto const due = keeper_.next_due();
      auto seen = [this, &w](entity_ptr const& e) { return view_of(w.by, false)->masked(e); };
      guard = std::make_unique<model_guard>(
          model_guard::parts{t, *w.by, *models, *policy, keeper_.constraints(), id_, std::move(seen), due && *due <= t.now()});
    }
    auto governed = governed_write(t, std::move(rules), std::move(guard));
    decide_by_grants(w, governed, t);
    governed.finish();
    keeper_.note(governed.take_timer_changes());
  }

  void decide_by_grants(queued_write const& w, transaction& t, pending_write const& pending) const {
    auto const& models = keeper_.models();
    if (w.by->may_administer() || (w.by->may_write() && !(models && models->has_grants()))) return w.decide(t);
    auto const policy = policy_of(*w.by);
    auto const view = view_of(w.by, false);
    auto granted = granted_write(t, pending, {*view, *policy, *w.by, notes_});
    w.decide(granted);
  }

  static void refuse(queued_write& w, fault f, std::vector<std::pair<std::function<void(outcome)>, fault>>& refused,
                     batch_tally& tallies) {
    auto const name = ledger_name(w.source);
    tallies.add(name, tally::received, {}, 1);
    tallies.add(name, tally::rejected, reason_of(f.kind), 1);
    refused.emplace_back(std::move(w.done), std::move(f));
  }

  // Where a batch stands in the log, and what is known of it before and after.
  struct batch_place {
    std::uint64_t position;
    std::uint32_t names_before;
    counters numbers;
  };

  void store_and_publish(batch_place place, batch_encoder& encoded, overlay pending, std::vector<decided_write> decided,
                         batch_tally const& tallies) {
    auto const& numbers = place.numbers;
    auto committed = committed_batch();
    committed.position = place.position;
    for (auto& d : decided) committed.writes.push_back(std::move(d.result));
    if (!tallies.lines().empty()) {
      auto w = committed_write();
      w.effects.at = numbers.last_write;
      w.effects.effects.assign(tallies.lines().begin(), tallies.lines().end());
      encode(w.effects, encoded);
      committed.writes.push_back(std::move(w));
    }
    auto const answer_all = [&](std::optional<fault> const& f) {
      for (auto& d : decided) answer(d.done, {position_, numbers.last_write, f, d.set_aside});
    };
    if (auto f = append(committed, place, encoded)) {
      keeper_.batch_failed(position_ >= place.position);
      models_ = keeper_.models();
      set_trouble(f->kind == fault_kind::storage_full ? std::string(disk_is_full) : f->detail);
      return answer_all(f);
    }
    try {
      set_trouble({});
      committed.after = std::move(pending.entities);
      numbers_ = numbers;
      publish(std::move(committed));
      keeper_.batch_stands();
      models_ = keeper_.models();
    } catch (std::exception const& e) {  // it is durable, and read from the log before the next write
      keeper_.batch_failed(true);
      models_ = keeper_.models();
      auto const f = fault(fault_kind::unavailable, std::string("this was stored, but cannot be shown yet: ") + e.what());
      set_trouble(f.detail);
      return answer_all(f);
    }
    answer_all(std::nullopt);
  }

  std::uint32_t names_known() {
    auto const lock = std::lock_guard(names_.mutex);
    return names_.table.size();
  }

  void encode(write_effects const& w, batch_encoder& into) {
    auto const lock = std::lock_guard(names_.mutex);
    into.add(w);
  }

  std::string finish(batch_encoder const& encoded, committed_batch& b) {
    auto const lock = std::lock_guard(names_.mutex);
    auto bytes = encoded.finish();
    b.names = names_.table.size();
    b.bytes = bytes.size();
    return bytes;
  }

  // Nothing when the batch is durable.
  std::optional<fault> append(committed_batch& b, batch_place const& place, batch_encoder const& encoded) {
    auto problem = std::optional<fault>();
    try {
      auto const bytes = finish(encoded, b);
      auto const free = store::free_bytes(directory_);
      if (free < disk_reserve_bytes + bytes.size()) {
        throw fault(fault_kind::storage_full, "the disk of this server is full; nothing was stored");
      }
      if (!reserve_.is_whole() && free >= disk_reserve_bytes + bytes.size() + reserve_.bytes()) reserve_.take();
      switch (log_->append(b.position, place.numbers.last_write, bytes)) {
        case store::appended::ok:
          stretch_.add(bytes.size(), encoded.image_bytes());
          return std::nullopt;
        case store::appended::conflict:
          problem = fault(fault_kind::unavailable, "another program writes to this city's log");
          break;
        case store::appended::unknown:
          problem = fault(fault_kind::unavailable, "it is not known whether this was stored; read before you repeat it");
          break;
      }
    } catch (fault const& f) {
      problem = f;
    } catch (std::exception const& e) {
      problem = fault(fault_kind::internal, std::string("the write could not be stored: ") + e.what());
    }
    {
      auto const lock = std::lock_guard(names_.mutex);
      names_.table.rollback_to(place.names_before);
    }
    catch_up_with_log();  // if it cannot be read now, then before the next write
    return problem;
  }

  // --- both ---

  void publish(committed_batch b) {
    dos::publish(b, {entities_, records_, open_types_, *history_, erased_at_});
    next_observation_ = numbers_.next_observation;
    next_series_ = numbers_.next_series;
    position_ = b.position;
    b.numbers = numbers_;
    follower_->push(std::move(b));
  }

  void set_trouble(std::string t) {
    auto const lock = std::lock_guard(trouble_mutex_);
    if (t == trouble_) return;
    if (t.empty()) log::info("writing works again", {{"city", id_}});
    else log::error("writes are refused", {{"city", id_}, {"reason", t}});
    trouble_ = std::move(t);
  }

  std::string const id_;
  std::string const directory_;
  dos::clock const& clock_;
  city_options const options_;
  store::space_reserve reserve_;  // the sequencer's, once it runs
  std::unique_ptr<store::commit_log> log_;
  std::unique_ptr<store::state_db> state_;
  std::unique_ptr<dos::history> history_;
  entity_store entities_;
  record_table records_;
  dos::ledger ledger_;
  shared_names names_;
  counters numbers_;        // the sequencer's
  images_stretch stretch_;  // the sequencer's
  std::atomic<std::uint64_t> erased_at_{0};  // position of the last change before which something was taken out of the history
  std::atomic<std::uint64_t> next_observation_{1}, next_series_{1};
  std::atomic<std::uint64_t> position_{0};
  std::shared_ptr<live_hub> hub_;
  std::unique_ptr<matcher> matcher_;
  std::map<std::string, record_table::collection_map, std::less<>> checkpointed_records_;
  open_types open_types_;
  model_keeper keeper_{entities_, records_, options_.clock_is_set_by_hand};  // the sequencer's
  std::atomic<model::registry_ptr> models_;        // the keeper's, for readers
  model::policies policies_;
  mutable std::mutex trouble_mutex_;
  std::string trouble_;
  std::set<std::string, std::less<>> notes_;  // collections, see let_devices_note()
  write_queues queues_;
  std::atomic<bool> closed_{false}, following_{false};
  std::unique_ptr<follower> follower_;
  std::thread sequencing_;
};

}  // namespace

std::shared_ptr<city> city::open(std::string id, std::string directory, clock const& c, city_options options) {
  std::filesystem::create_directories(directory);
  return std::make_shared<city_impl>(std::move(id), std::move(directory), c, options);
}

}  // namespace dos
