#include "capability/portal/live_stream.h"

#include <algorithm>
#include <mutex>
#include <set>

#include "base/text.h"
#include "kernel/session/city.h"

namespace dos::portal {
namespace {

// The last part of an IRI, as pages show it.
std::string_view short_name(std::string_view iri) {
  auto const at = iri.find_last_of("/#:");
  return at == iri.npos ? iri : iri.substr(at + 1);
}

}  // namespace

class live_streams::stream final : public http::body_source {
 public:
  stream(node const& n, session s, std::set<std::string, std::less<>> types, std::optional<std::uint64_t> after)
      : node_(n), session_(std::move(s)), types_(std::move(types)), reader_(session_.city().read_live(after)) {}

  state read(std::string& piece) override {
    if (is_over()) return state::end;
    if (!std::exchange(greeted_, true)) {
      // Tells the reader where it stands, and proxies that the stream is alive.
      piece = "retry: 2000\nid: " + std::to_string(reader_->position()) + "\nevent: open\ndata: {}\n\n";
      return state::more;
    }
    auto changes = std::vector<entity_change>();
    if (!reader_->read(changes)) piece += "id: " + std::to_string(reader_->position()) + "\nevent: gap\ndata: {}\n\n";
    for (auto const& c : changes) write(piece, c);
    if (piece.empty() && changes.empty()) return state::wait;
    if (piece.empty()) piece = ":\n\n";
    return state::more;
  }

  void on_ready(std::function<void()> wake) override {
    {
      auto const lock = std::lock_guard(mutex_);
      wake_ = wake;
    }
    reader_->on_ready(std::move(wake));
  }

  // A stream may last longer than the right to it.
  bool is_over() const { return session_.is_over(node_.clock.now()); }

  void wake() {
    auto const lock = std::lock_guard(mutex_);
    if (wake_) std::exchange(wake_, {})();
  }

 private:
  bool wanted(entity const& e) const {
    if (types_.empty()) return true;
    return std::any_of(e.types.begin(), e.types.end(), [&](symbol t) {
      return types_.contains(t.text()) || types_.contains(short_name(t.text()));
    });
  }

  void write(std::string& out, entity_change const& c) const {
    auto const deleted = c.after->deleted_at != no_time;
    auto const& image = deleted && c.before ? *c.before : *c.after;
    if (!wanted(image) || !session_.find_with_history(image.id)) return;
    auto changed = std::vector<std::string_view>();
    for (auto const& a : c.attributes) changed.push_back(short_name(a.name.text()));
    out += "id: " + std::to_string(c.position) + "\nevent: change\ndata: {\"id\":";
    json::write_string(out, image.id);
    out += ",\"type\":";
    json::write_string(out, image.types.empty() ? "" : short_name(image.types.front().text()));
    out += ",\"changed\":[";
    for (auto i = std::size_t(0); i < changed.size(); ++i) {
      if (i) out += ',';
      json::write_string(out, changed[i]);
    }
    out += deleted ? "],\"deleted\":true" : "],\"entity\":";
    if (!deleted) node_.render_entity(out, session_.city(), *c.after);
    out += "}\n\n";
  }

  node const& node_;
  session session_;
  std::set<std::string, std::less<>> types_;
  std::unique_ptr<live_reader> reader_;
  bool greeted_ = false;
  std::mutex mutex_;
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
  auto answer = http::response();
  answer.headers.set("Content-Type", "text/event-stream");
  answer.headers.set("Cache-Control", "no-store");
  answer.headers.set("X-Accel-Buffering", "no");
  auto const opened = std::make_shared<stream>(node_, std::move(s), std::move(types), after);
  answer.source = opened;
  auto const lock = std::lock_guard(mutex_);
  std::erase_if(open_, [](auto const& one) { return one.expired(); });
  open_.push_back(opened);
  return answer;
}

void live_streams::end_what_is_over() {
  auto over = std::vector<std::shared_ptr<stream>>();
  {
    auto const lock = std::lock_guard(mutex_);
    for (auto const& one : open_) {
      if (auto alive = one.lock(); alive && alive->is_over()) over.push_back(std::move(alive));
    }
  }
  for (auto const& one : over) one->wake();
}

}  // namespace dos::portal
