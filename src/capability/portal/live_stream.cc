#include "capability/portal/live_stream.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>

#include "base/text.h"
#include "capability/portal/names.h"
#include "kernel/city/city.h"

namespace dos::portal {
namespace {

std::set<std::string, std::less<>> open_types_of(city const& c) {
  auto types = std::set<std::string, std::less<>>();
  c.for_each_record(open_types_collection, {}, [&](std::string_view type, record_ptr const&) {
    types.emplace(type);
    return true;
  });
  return types;
}

}  // namespace

class live_streams::stream final : public http::body_source, public std::enable_shared_from_this<live_streams::stream> {
 public:
  stream(node const& n, session s, std::set<std::string, std::less<>> types, std::optional<std::uint64_t> after, bool reads_log)
      : node_(n), session_(std::move(s)), types_(std::move(types)), reader_(session_.city().read_live(after)), reads_log_(reads_log) {
    // Tells the reader where it stands, and proxies that the stream is alive.
    ready_ = "retry: 2000\nid: " + std::to_string(reader_->position()) + "\nevent: open\ndata: {}\n\n";
  }

  state read(std::string& piece) override {
    if (is_over()) return state::end;
    auto const lock = std::lock_guard(mutex_);
    if (is_broken_) return state::end;
    piece.swap(ready_);
    ready_.clear();
    if (types_changed_.exchange(false)) piece += "event: types\ndata: {}\n\n";
    if (piece.empty()) return state::wait;
    return state::more;
  }

  // The next piece is put together when the one before has been taken: a slow reader holds one.
  void on_ready(std::function<void()> wake) override {
    {
      auto const lock = std::lock_guard(mutex_);
      wake_ = std::move(wake);
      if (std::exchange(is_being_filled_, true)) return;
    }
    want_filling();
  }

  // A stream may last longer than the right to it.
  bool is_over() const { return session_.is_over(node_.clock.now()); }
  bool reads_log() const { return reads_log_; }
  std::string const& source() const { return session_.who().source; }

  // Other types are open now than when the page loaded what it shows.
  void tell_types(dos::city const& c) {
    if (&session_.city() != &c) return;
    types_changed_ = true;
    wake();
  }

  void wake() {
    auto woken = std::function<void()>();
    {
      auto const lock = std::lock_guard(mutex_);
      woken.swap(wake_);
    }
    if (woken) woken();
  }

 private:
  void want_filling() {
    reader_->on_ready([weak = weak_from_this()] {
      auto const self = weak.lock();
      if (!self) return;
      try {
        self->node_.on_worker({}, self->source(), [weak] {
          if (auto const mine = weak.lock()) mine->fill();
        });
      } catch (fault const&) {  // too much of this caller waits, or the server stops
        self->end();
      }
    });
  }

  void fill() {
    constexpr auto piece_bytes = std::size_t(256) << 10;
    auto piece = std::string();
    auto changes = std::vector<change>();
    try {
      for (auto is_more = true; is_more && piece.size() < piece_bytes;) {
        changes.clear();
        auto const before = reader_->position();
        auto const gap = reader_->read(changes);
        is_more = gap || !changes.empty() || reader_->position() > before;
        if (gap) piece += "id: " + std::to_string(reader_->position()) + "\nevent: gap\ndata: {}\n\n";
        for (auto i = std::size_t(0); i < changes.size(); ++i) {
          // Who goes on behind an id must miss nothing of its log entry.
          auto const is_last = i + 1 == changes.size() || position_of(changes[i + 1]) != position_of(changes[i]);
          std::visit([&](auto const& c) { write(piece, c, is_last); }, changes[i]);
        }
      }
    } catch (fault const&) {  // of the store: whoever reads comes again
      return end();
    }
    reads_log_ = !session_.city().is_at_hand(reader_->position());
    if (piece.empty()) return want_filling();
    {
      auto const lock = std::lock_guard(mutex_);
      ready_ = std::move(piece);
      is_being_filled_ = false;
    }
    wake();
  }

  void end() {
    {
      auto const lock = std::lock_guard(mutex_);
      is_broken_ = true;
    }
    wake();
  }

  bool wanted(entity const& e) const {
    if (types_.empty()) return true;
    return std::any_of(e.types.begin(), e.types.end(), [&](symbol t) {
      return types_.contains(t.text()) || types_.contains(short_name(t.text()));
    });
  }

  static void write_head(std::string& out, std::string_view event, std::uint64_t position, bool is_last, entity const& e) {
    if (is_last) out += "id: " + std::to_string(position) + "\n";
    out.append("event: ").append(event).append("\ndata: {\"id\":");
    json::write_string(out, e.id);
    out += ",\"type\":";
    json::write_string(out, e.types.empty() ? "" : short_name(e.types.front().text()));
    out += ",\"changed\":[";
  }

  void write(std::string& out, entity_change const& c, bool is_last) const {
    if (!wanted(c.image())) return;
    auto const shown = session_.shown(c);
    if (!shown) return;
    write_head(out, "change", c.position, is_last, shown->image());
    for (auto i = std::size_t(0); i < shown->attributes.size(); ++i) {
      if (i) out += ',';
      json::write_string(out, short_name(shown->attributes[i].name.text()));
    }
    out += shown->is_deletion() ? "],\"deleted\":true" : "],\"entity\":";
    if (!shown->is_deletion()) node_.render_entity(out, session_.city(), *shown->after);
    out += "}\n\n";
  }

  void write(std::string& out, history_change const& c, bool is_last) const {
    auto const owner = c.name ? session_.find_series(c.series) : std::nullopt;
    if (!owner || !wanted(*owner->entity)) return;
    write_head(out, "history", c.position, is_last, *owner->entity);
    json::write_string(out, short_name(c.name.text()));
    out += "]}\n\n";
  }

  void write(std::string&, record_change const&, bool) const {}  // the platform's own

  node const& node_;
  session session_;
  std::set<std::string, std::less<>> types_;
  std::unique_ptr<live_reader> reader_;  // of one thread at a time
  std::atomic<bool> reads_log_{false};
  std::atomic<bool> types_changed_ = false;
  std::mutex mutex_;
  std::string ready_;
  bool is_being_filled_ = false, is_broken_ = false;
  std::function<void()> wake_;
};

http::response live_streams::open(session s, http::request const& r) {
  auto types = std::set<std::string, std::less<>>();
  if (auto const list = r.query.find("types"); list && !list->empty()) {
    for (auto const type : text::split(*list, ',')) types.emplace(type);
  }
  auto after = std::optional<std::uint64_t>();
  auto const resume = r.headers.find("Last-Event-ID");
  if (auto const text = resume ? resume : r.query.find("after"); text && !text->empty()) {
    auto const position = text::to_int(*text);
    require(position && *position >= 0, fault_kind::invalid, "the position to go on from is a whole number", "Last-Event-ID");
    after = std::uint64_t(*position);
  }
  auto const reads_log = after && !s.city().is_at_hand(*after);
  auto answer = http::response();
  answer.headers.set("Content-Type", "text/event-stream");
  answer.headers.set("Cache-Control", "no-store");
  answer.headers.set("X-Accel-Buffering", "no");
  auto const lock = std::lock_guard(mutex_);
  std::erase_if(open_, [](auto const& one) { return one.expired(); });
  auto mine = std::size_t(0), from_log = std::size_t(0);
  for (auto const& one : open_) {
    auto const other = one.lock();
    if (!other || other->source() != s.who().source) continue;
    ++mine;
    from_log += other->reads_log();
  }
  require(open_.size() < streams_max && mine < of_caller_max, fault_kind::too_many,
          "more live streams than this server keeps are open; close some");
  require(!reads_log || from_log < from_log_max, fault_kind::too_many,
          "at most " + std::to_string(from_log_max) + " of your live streams may read old changes at once; wait for one to catch up");
  auto const opened = std::make_shared<stream>(node_, std::move(s), std::move(types), after, reads_log);
  answer.source = opened;
  open_.push_back(opened);
  return answer;
}

std::vector<std::shared_ptr<live_streams::stream>> live_streams::alive() {
  auto all = std::vector<std::shared_ptr<stream>>();
  auto const lock = std::lock_guard(mutex_);
  for (auto const& one : open_) {
    if (auto found = one.lock()) all.push_back(std::move(found));
  }
  return all;
}

void live_streams::end_what_is_over() {
  for (auto const& one : alive()) {
    if (one->is_over()) one->wake();
  }
}

void live_streams::tell_opened_and_withdrawn() {
  for (auto const& c : node_.cities) {
    auto open = open_types_of(*c);
    {
      auto const lock = std::lock_guard(mutex_);
      auto const [known, is_new] = open_types_.try_emplace(c->id(), open);
      if (is_new || known->second == open) continue;
      known->second = std::move(open);
    }
    for (auto const& one : alive()) one->tell_types(*c);
  }
}

}  // namespace dos::portal
