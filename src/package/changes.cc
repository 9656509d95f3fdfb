#include "package/changes.h"

#include <algorithm>

#include "base/fault.h"
#include "base/id.h"
#include "base/log.h"
#include "base/thread_name.h"
#include "package/migration.h"

namespace dos::package {
namespace {

json::value to_json(wish const& w, std::string const& digest) {
  auto o = json::object{{"id", w.id}, {"off", w.is_off}};
  if (!digest.empty()) o.push("digest", digest);
  if (w.values) o.push("values", *w.values);
  if (w.allows_modules) o.push("modules", true);
  return o;
}

bool flag(json::value const& o, std::string_view key) {
  auto const* const v = o.find(key);
  return v && v->is_bool() && v->as_bool();
}

wish wish_from(json::value const& v, city const& c) {
  auto w = wish{.id = std::string(v.text_or("id", "")), .is_off = flag(v, "off"), .allows_modules = flag(v, "modules")};
  if (auto const* const values = v.find("values")) w.values = *values;
  if (auto const digest = v.text_or("digest", ""); !digest.empty()) {
    auto const content = c.find_record(content_collection, digest);
    require(content != nullptr, fault_kind::internal, "the content of the package is lost: " + std::string(digest));
    w.content = folder_from(*content->find("files"));
  }
  return w;
}

}  // namespace

changes::changes(node const& n, std::vector<std::shared_ptr<city_packages>> cities) : node_(n), cities_(std::move(cities)) {}

changes::~changes() { stop(); }

void changes::start() {
  for (auto const& c : cities_) {
    auto open = std::vector<std::pair<std::string, std::string>>();
    c->where().for_each_record(job_collection, "", [&](std::string_view id, record_ptr const& r) {
      auto const state = r->text_or("state", "");
      if (state == "waiting" || state == "running") open.emplace_back(r->text_or("at", ""), id);
      return true;
    });
    std::sort(open.begin(), open.end());
    for (auto const& [at, id] : open) {
      waiting_.push_back({c, id});
      accept_both_again(*c, id);
    }
  }
  thread_ = std::thread([this] { run(); });
}

// Some entities have their new names already: until the others have, too, both versions hold.
void changes::accept_both_again(city_packages const& where, std::string const& id) const {
  auto const record = where.where().find_record(job_collection, id);
  if (!flag(*record, "both")) return;
  try {
    auto const p = where.make_plan({wish_from(*record->find("wish"), where.where())}, std::string(record->text_or("by", "")));
    if (!p.wrong.empty()) return;  // the job will tell
    auto const both = where.of_both(p);
    node_.as_source(where.shared_city(), "packages").apply([&](transaction& t) { t.adopt(both); });
  } catch (fault const& f) {
    log::error("a change of packages cannot go on", {{"city", where.where().id()}, {"job", id}, {"why", f.detail}});
  }
}

void changes::stop() {
  {
    auto const held = std::lock_guard(lock_);
    ends_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void changes::run() {
  name_thread("packages");
  for (;;) {
    auto next = task();
    {
      auto held = std::unique_lock(lock_);
      wake_.wait(held, [this] { return ends_ || !waiting_.empty(); });
      if (ends_) return;
      next = waiting_.front();
    }
    try {
      carry_out(*next.where, next.id);
    } catch (fault const& f) {
      log::error("a change of packages failed", {{"city", next.where->where().id()}, {"job", next.id}, {"why", f.detail}});
    }
    auto const held = std::lock_guard(lock_);
    waiting_.pop_front();
  }
}

void changes::note(city_packages const& where, std::string const& id, json::object added) const {
  node_.as_source(where.shared_city(), "packages").apply([&](transaction& t) {
    auto const old = t.find_record(job_collection, id);
    auto record = old ? old->as_object() : json::object();
    for (auto const& m : added) record[m.key] = m.value;
    t.put_record(job_collection, id, std::move(record));
  });
}

std::string changes::request(city_packages const& where, wish w, std::string const& by, problems& wrong) {
  auto const p = where.make_plan({w}, by);
  if (!p.wrong.empty()) {
    wrong = with_homes(p.wrong, p.members);
    return {};
  }
  {
    auto const held = std::lock_guard(lock_);
    require(waiting_.size() < jobs_waiting_max, fault_kind::too_many, "several changes of packages are under way; wait for them");
  }
  where.keep_contents(p);
  auto const id = new_uuid();
  auto const digest = w.content ? w.content->digest() : std::string();
  auto old = std::vector<std::pair<std::string, std::string>>();
  where.where().for_each_record(job_collection, "", [&](std::string_view key, record_ptr const& r) {
    auto const state = r->text_or("state", "");
    if (state != "waiting" && state != "running") old.emplace_back(r->text_or("at", ""), key);
    return true;
  });
  std::sort(old.begin(), old.end());
  node_.as_source(where.shared_city(), "packages").apply([&](transaction& t) {
    t.put_record(job_collection, id, json::object{{"id", id}, {"package", w.id}, {"wish", to_json(w, digest)}, {"state", "waiting"},
                                                  {"at", to_string(t.now())}, {"by", by}});
    for (auto i = std::size_t(0); old.size() >= jobs_kept && i <= old.size() - jobs_kept; ++i) t.erase_record(job_collection, old[i].second);
  });
  {
    auto const held = std::lock_guard(lock_);
    for (auto const& c : cities_) {
      if (c.get() == &where) waiting_.push_back({c, id});
    }
  }
  wake_.notify_all();
  return id;
}

void changes::carry_out(city_packages const& where, std::string const& id) const {
  auto const record = where.where().find_record(job_collection, id);
  if (!record) return;
  auto const ended = [&](std::string_view state, json::object more) {
    more.push("state", state);
    more.push("ended_at", to_string(node_.clock.now()));
    note(where, id, std::move(more));
  };
  auto const was = where.where().models();
  auto accepted_both = false;
  try {
    note(where, id, {{"state", "running"}});
    auto const by = std::string(record->text_or("by", ""));
    auto p = where.make_plan({wish_from(*record->find("wish"), where.where())}, by);
    if (!p.wrong.empty()) return ended("failed", {{"problems", package::to_json(with_homes(p.wrong, p.members))}});
    where.keep_contents(p);
    auto const seen = look_at(where.where(), p);
    if (seen.does_not_fit != 0) {
      auto examples = json::array();
      for (auto const& b : seen.examples) examples.push_back(json::object{{"entity", b.entity}, {"member", b.member}, {"detail", b.rule}});
      return ended("failed", {{"detail", std::to_string(seen.does_not_fit) + " of " + std::to_string(seen.checked) + " entities do not fit the new version"},
                              {"checked", seen.checked}, {"entities", std::move(examples)}});
    }
    auto moved = std::size_t(0);
    auto const writer = node_.as_source(where.shared_city(), "packages");
    auto const goes_on = [&] {
      auto const held = std::lock_guard(lock_);
      return !ends_;
    };
    if (!p.made.renamed.empty()) {
      note(where, id, {{"both", true}});
      auto const both = where.of_both(p);
      writer.apply([&](transaction& t) { t.adopt(both); });
      accepted_both = true;
      auto const tell = [&](std::size_t n) {
        note(where, id, {{"checked", seen.checked}, {"moved", n}});
        return goes_on();
      };
      // Until nothing with an old name is left; what comes meanwhile may still have one.
      for (auto n = std::size_t(1); n != 0; moved += n) {
        n = move_entities(writer, p, tell);
        if (!goes_on()) return;  // after the next start
      }
    }
    where.put_in_force(p);
    if (!p.made.renamed.empty()) moved += move_entities(writer, p, [](std::size_t) { return true; });
    auto told = json::object{{"checked", seen.checked}, {"moved", moved}, {"version", p.after}};
    if (auto const left_out = where.plant(p); !left_out.empty()) told.push("problems", package::to_json(left_out));
    ended("done", std::move(told));
  } catch (fault const& f) {
    // The way back: what holds is what the records say.
    if (accepted_both) node_.as_source(where.shared_city(), "packages").apply([&](transaction& t) { t.adopt(was); });
    ended("failed", {{"detail", f.detail}});
  }
}

void changes::settle(city_packages const& where, std::vector<wish> const& wishes) const {
  if (wishes.empty()) return;
  auto const p = where.make_plan(wishes, "cities/" + where.where().id() + ".yaml");
  for (auto const& problem : with_homes(p.wrong, p.members)) throw fault(fault_kind::invalid, to_text(problem));
  auto const seen = look_at(where.where(), p);
  if (seen.does_not_fit != 0) {
    throw fault(fault_kind::invalid, seen.examples[0].entity + ", " + seen.examples[0].member + ": " + seen.examples[0].rule);
  }
  where.keep_contents(p);
  where.put_in_force(p);
  for (auto const& problem : where.plant(p)) log::warning("an entity that a package brings was not made", {{"problem", to_text(problem)}});
}

}  // namespace dos::package
