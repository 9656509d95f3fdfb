#include "ingest/lorawan/quarantine_api.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "base/fault.h"
#include "base/text.h"
#include "base/text_cut.h"
#include "contract/list.h"
#include "contract/rights.h"
#include "devices/quarantine.h"

namespace dos::lorawan {
namespace {

constexpr std::size_t payload_shown_max = 64 << 10;  // of a longer one its beginning, and how long it is
constexpr std::size_t replays_at_once_max = 500;

struct filter {
  std::string source, reason, device;

  bool holds(json::value const& record) const {
    auto const fits = [&](std::string const& wanted, std::string_view member) {
      return wanted.empty() || record.text_or(member, "") == wanted;
    };
    return fits(source, "source") && fits(reason, "reason") && fits(device, "device");
  }
};

struct entry {
  std::string key;
  record_ptr record;
};

std::vector<entry> find_entries(session const& s, filter const& f) {
  auto found = std::vector<entry>();
  s.for_each_record(quarantine_collection, "", [&](std::string_view key, record_ptr const& record) {
    if (f.holds(*record)) found.push_back({std::string(key), record});
    return true;
  });
  return found;
}

json::value shown(entry const& e) {
  auto o = json::object{{"id", e.key}};
  for (auto const member : {"time", "source", "network", "device", "event", "reason", "detail", "cut"}) {
    if (auto const* found = e.record->find(member)) o.push(member, *found);
  }
  auto const* body = e.record->find("body");
  if (!body) body = e.record->find("bodyBase64");
  if (body) o.push("payload", text::cut(body->as_string(), payload_shown_max));
  if (body && body->as_string().size() > payload_shown_max) o.push("payloadBytes", body->as_string().size());
  return o;
}

// Waits until every replay that was begun has ended.
class tries {
 public:
  void begin() {
    auto lock = std::unique_lock(mutex_);
    change_.wait(lock, [this] { return running_ < replays_at_once_max; });
    ++running_;
  }
  void end(fate const& f) {
    auto const lock = std::lock_guard(mutex_);
    --running_;
    auto const ok = f.what == fate::kind::stored || f.what == fate::kind::repeated;
    ++(ok ? replayed_ : failed_);
    last_ = f;
    change_.notify_all();
  }
  void wait() {
    auto lock = std::unique_lock(mutex_);
    change_.wait(lock, [this] { return running_ == 0; });
  }
  std::size_t replayed() const { return replayed_; }
  std::size_t failed() const { return failed_; }
  fate const& last() const { return last_; }

 private:
  std::mutex mutex_;
  std::condition_variable change_;
  std::size_t running_ = 0, replayed_ = 0, failed_ = 0;
  fate last_;
};

void replay(intake& in, session const& s, std::string const& key, tries& all) {
  all.begin();
  try {
    in.replay(s.shared_city(), key, [&all](fate f) { all.end(f); });
  } catch (fault const& f) {
    all.end({.what = fate::kind::refused, .reason = {}, .detail = {}, .refused = f});
  }
}

}  // namespace

void list_quarantine::operator()(session s, http::request r, http::reply answer) const {
  auto const text = [&](std::string_view name) { return std::string(r.query.text_or(name, "")); };
  auto entries = find_entries(s, {text("source"), text("reason"), text("device")});
  auto const newest_first = [&](std::size_t i) { return shown(entries[entries.size() - 1 - i]); };
  answer(list_response(entries.size(), newest_first, read_list_page(r)));
}

void replay_one::operator()(session s, http::request r, http::reply answer) const {
  auto all = tries();
  replay(*intake_, s, std::string(r.param("id")), all);
  all.wait();
  if (all.last().refused) throw *all.last().refused;
  auto o = json::object{{"ok", all.failed() == 0}};
  if (!all.last().reason.empty()) {
    o.push("reason", all.last().reason);
    o.push("detail", all.last().detail);
  }
  answer(http::json(200, json::to_string(o)));
}

void replay_many::operator()(session s, http::request r, http::reply answer) const {
  auto const body = r.body.empty() ? json::value(json::object()) : parse_body(r);
  auto const* wanted = body.find("filter");
  // A filter in another place would silently mean: everything.
  auto const is_understood = body.is_object() && (wanted ? body.as_object().size() == 1 : body.as_object().empty());
  require(is_understood && r.query.begin() == r.query.end(), fault_kind::invalid,
          "say which in the body: {\"filter\": {\"reason\": …}}; an empty body means all", "filter");
  auto const text = [&](std::string_view name) { return std::string(wanted ? wanted->text_or(name, "") : ""); };
  auto all = tries();
  for (auto const& e : find_entries(s, {text("source"), text("reason"), text("device")}))
    replay(*intake_, s, e.key, all);
  all.wait();
  auto const told = json::object{{"ok", all.failed() == 0}, {"replayed", all.replayed()}, {"failed", all.failed()}};
  answer(http::json(200, json::to_string(told)));
}

void delete_quarantined::operator()(session s, http::request r, http::reply answer) const {
  auto const key = std::string(r.param("id"));
  submit_and_reply(
      s,
      [key](transaction& t) {
        require(take_from_quarantine(t, key), fault_kind::not_found, "there is no entry " + key + " in the quarantine");
      },
      std::move(answer), [](outcome const&) { return http::no_content(); });
}

}  // namespace dos::lorawan
