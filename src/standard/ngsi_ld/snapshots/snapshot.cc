#include "standard/ngsi_ld/snapshots/snapshot.h"

#include <algorithm>
#include <future>
#include <set>
#include <variant>

#include "base/fault.h"
#include "base/id.h"
#include "base/log.h"
#include "kernel/city/city.h"
#include "standard/ngsi_ld/entities/entity_query.h"
#include "standard/ngsi_ld/federation/distributed.h"
#include "standard/ngsi_ld/federation/merge.h"
#include "standard/ngsi_ld/subscriptions/subscription.h"

namespace dos::ngsi_ld {
namespace {

std::string held_key(city const& c, std::string_view id) { return c.id() + '\n' + std::string(id); }

json::value to_part(std::vector<entity_ptr> const& all, std::size_t from, std::size_t to) {
  auto r = plain_rendering(*core_context());
  r.sys_attrs = true;
  auto text = std::string("[");
  for (auto i = from; i != to; ++i) {
    if (i != from) text += ',';
    write_entity(text, *all[i], r);
  }
  return json::object{{"entities", json::parse(text + "]")}};
}

std::shared_ptr<entity_store const> load_image(city const& c, std::string_view id, std::size_t parts) {
  auto image = std::make_shared<entity_store>();
  for (auto n = std::size_t(0); n != parts; ++n) {
    auto const record = c.find_record(snapshot_part_collection, part_key(id, n));
    if (!record) continue;
    for (auto const& v : record->find("entities")->as_array()) image->put(make_ref<entity>(parse_remote_entity(v, *core_context())));
  }
  return image;
}

std::size_t count_in_record(json::value const& record, std::string_view member) {
  auto const* n = record.find(member);
  return n != nullptr && n->is_int() ? std::size_t(n->as_int()) : 0;
}

bool is_preparing(json::value const& record) { return record.find("body")->text_or("snapshotStatus", "") == "preparing"; }

// What one query found, or why it could not.
struct query_result {
  found_page page;
  std::optional<json::value> problem;
};

std::optional<context_ptr> wait_for_context(service_ptr const& s, session const& who, json::value const& context) {
  if (context.is_null()) return s->contexts.usual_of(who.city()).names;
  auto found = std::promise<std::optional<context_ptr>>();
  s->contexts.resolve(who, context, [&](context_ptr names) { found.set_value(std::move(names)); }, [&](fault const&) { found.set_value(std::nullopt); });
  return found.get_future().get();
}

// 5.7.2.4, as if the maker of the snapshot asked it.
query_result ask(service_ptr const& s, session const& who, json::value const& q, json::value const& context, std::size_t most) {
  struct waiting {
    std::promise<query_result> result;
    std::atomic<bool> is_set = false;
    void set(query_result r) {
      if (!is_set.exchange(true)) result.set_value(std::move(r));
    }
  };
  auto const names = wait_for_context(s, who, context);
  if (!names) return {{}, json::object{{"title", "the context of the snapshot cannot be had"}}};
  auto const w = std::make_shared<waiting>();
  auto request = http::request();
  request.method = "POST";
  request.path = "/ngsi-ld/v1/entityOperations/query";
  auto const refused = [w](http::response r) { w->set({{}, json::parse(r.body)}); };
  auto const c = std::make_shared<call>(call{who, std::move(request), refused, s, q, *names, context});
  answer_faults(*c, [&] {
    auto const read = read_query_body(c->body, {*c->names, has_sources(*c)});
    query_everywhere(c, read.which, {.limit = most, .offset = 0, .count = false}, [w](found_page page) { w->set({std::move(page), {}}); });
  });
  return w->result.get_future().get();
}

json::object describe_result(query_result const& r) {
  if (r.problem) return {{"resultStatus", "failure"}, {"problemDetails", *r.problem}};
  auto out = json::object{{"resultStatus", r.page.entities.empty() ? "empty" : "success"}};
  if (r.page.missing.empty()) return out;
  auto text = std::string();
  for (auto const& warning : r.page.missing) text += (text.empty() ? "" : "; ") + warning;
  out.push("problemDetails", json::object{{"type", "about:blank"}, {"title", "Some sources gave nothing"}, {"detail", std::move(text)}});
  return out;
}

json::object unsupported_detail() {
  return {{"resultStatus", "failure"},
          {"problemDetails", json::object{{"type", "https://uri.etsi.org/ngsi-ld/errors/OperationNotSupported"},
                                          {"title", "History is not frozen"},
                                          {"detail", "what was can be asked for by its span of time at any moment"}}}};
}

// Runs the queries of one snapshot and writes what they found.
void fill(service_ptr const& s, std::shared_ptr<city> const& c, std::string const& id, record_ptr const& record) {
  auto const& body = *record->find("body");
  auto const who = session(c, read_principal(*record->find("who")));
  auto const own = s->program.as_source(c, "ngsi_ld");
  auto details = json::array(), temporal_details = json::array();
  auto found = std::map<std::string, entity_ptr, std::less<>>();
  auto here = std::set<std::string, std::less<>>();
  auto has_failed = false;
  if (auto const* queries = body.find("snapshotQueries"); queries != nullptr) {
    for (auto const& q : queries->as_array()) {
      auto r = ask(s, who, q, *record->find("context"), snapshot_entities_max);
      if (!r.problem && (r.page.has_more || found.size() + r.page.entities.size() > snapshot_entities_max)) {
        r.problem = json::object{{"type", "https://uri.etsi.org/ngsi-ld/errors/TooManyResults"},
                                 {"title", "A snapshot holds at most " + std::to_string(snapshot_entities_max) + " entities"}};
      }
      has_failed = has_failed || r.problem.has_value();
      details.push_back(describe_result(r));
      if (r.problem) continue;
      for (auto const& e : r.page.entities) {
        found.emplace(e->id, e);
        if (!r.page.held_by.contains(e->id)) here.insert(e->id);
      }
    }
  }
  if (auto const* queries = body.find("snapshotTemporalQueries"); queries != nullptr) {
    for (auto i = std::size_t(0); i != queries->as_array().size(); ++i) temporal_details.push_back(unsupported_detail());
    has_failed = true;
  }
  // What is here is taken again as of one position of the log: an image that has been true as a whole.
  auto const taken = own.apply([&](transaction& t) {
    for (auto& [key, e] : found) {
      if (!here.contains(key)) continue;
      auto const now = t.find(key);
      e = now && now->deleted_at == no_time ? now : nullptr;
    }
  });
  auto all = std::vector<entity_ptr>();
  for (auto const& [key, e] : found) {
    if (e) all.push_back(e);
  }
  auto parts = std::size_t(0);
  for (auto from = std::size_t(0); from < all.size(); from += snapshot_part_entities_max) {
    auto const part = to_part(all, from, std::min(all.size(), from + snapshot_part_entities_max));
    own.apply([&](transaction& t) { t.put_record(snapshot_part_collection, part_key(id, parts), part); });
    ++parts;
  }
  auto written = json::value();
  own.apply([&](transaction& t) {
    auto const now = t.find_record(snapshot_collection, id);
    if (!now || !is_preparing(*now)) return forget_snapshot(t, id);  // deleted while it was made
    auto next = now->as_object();
    auto& status = next["body"].as_object();
    status["snapshotStatus"] = has_failed ? "failure" : "success";
    if (!details.empty()) status["snapshotQueriesDetails"] = details;
    if (!temporal_details.empty()) status["snapshotTemporalQueriesDetails"] = temporal_details;
    status["modifiedAt"] = to_string(t.now());
    next["takenAt"] = to_string(taken.at);
    next["parts"] = parts;
    next["entities"] = all.size();
    written = json::value(std::move(next));
    t.put_record(snapshot_collection, id, written);
  });
  if (!written.is_null()) tell_of_snapshot(*s, written);
}

}  // namespace

bool is_over(json::value const& record, timestamp now) {
  auto const end = parse_timestamp(record.find("body")->text_or("expiresAt", ""));
  return end && *end <= now;
}

std::string part_key(std::string_view id, std::size_t number) {
  auto const digits = std::to_string(number);
  return std::string(id) + '\n' + std::string(6 - std::min<std::size_t>(6, digits.size()), '0') + digits;
}

void forget_snapshot(transaction& t, std::string_view id) {
  if (t.find_record(snapshot_collection, id)) t.erase_record(snapshot_collection, id);
  for (auto n = std::size_t(0); n * snapshot_part_entities_max < snapshot_entities_max; ++n) {
    if (!t.find_record(snapshot_part_collection, part_key(id, n))) return;
    t.erase_record(snapshot_part_collection, part_key(id, n));
  }
}

void tell_of_snapshot(service const& s, json::value const& record, bool is_gone) {
  auto const& body = *record.find("body");
  auto const* endpoint = body.find("endpoint");
  if (endpoint == nullptr) return;
  auto const now = to_string(s.program.clock.now());
  auto o = json::object{{"id", "urn:ngsi-ld:SnapshotNotification:" + new_uuid()},
                        {"type", "SnapshotNotification"},
                        {"snapshotId", body.text_or("id", "")},
                        {"notifiedAt", now},
                        {"snapshotStatus", body.text_or("snapshotStatus", "")},
                        {"expiresAt", is_gone ? now : std::string(body.text_or("expiresAt", ""))}};
  if (auto const* details = body.find("snapshotQueriesDetails"); details != nullptr) o.push("snapshotQueriesDetails", *details);
  if (auto const* details = body.find("snapshotTemporalQueriesDetails"); details != nullptr) o.push("temporalSnapshotQueriesDetails", *details);
  auto request = outbound_request();
  request.method = "POST";
  request.url = endpoint->is_string() ? std::string(endpoint->as_string()) : std::string(endpoint->text_or("uri", ""));
  request.headers.add("Content-Type", "application/json");
  if (auto const* info = body.find("receiverInfo"); info != nullptr) {
    for (auto const& pair : info->as_array()) request.headers.set(std::string(pair.text_or("key", "")), std::string(pair.text_or("value", "")));
  }
  request.body = json::to_string(std::move(o));
  s.program.outbound(std::move(request), [id = std::string(body.text_or("id", ""))](outbound_response r) {
    if (r.status < 200 || r.status > 299) log::warning("nobody heard how a snapshot fares", {{"snapshot", id}, {"reason", r.error}});
  });
}

std::shared_ptr<entity_store const> snapshots::image_of(city const& c, std::string_view id) {
  auto const now = program_.clock.now();
  auto const record = c.find_record(snapshot_collection, id);
  if (!record || is_over(*record, now)) {
    throw fault(fault_kind::not_found, "there is no snapshot " + std::string(id), "NGSILD-Snapshot", "ETSI GS CIM 009, 6.3.22");
  }
  if (is_preparing(*record)) throw fault(fault_kind::unavailable, "the snapshot is being prepared", "NGSILD-Snapshot", "ETSI GS CIM 009, 5.16.1");
  auto const held = std::lock_guard(lock_);
  auto& mine = held_[held_key(c, id)];
  mine.used = now;
  if (!mine.image) mine.image = load_image(c, id, count_in_record(*record, "parts"));
  return mine.image;
}

timestamp snapshots::last_use(city const& c, std::string_view id) const {
  auto const held = std::lock_guard(lock_);
  auto const it = held_.find(held_key(c, id));
  return it == held_.end() ? no_time : it->second.used;
}

void snapshots::forget(city const& c, std::string_view id) {
  auto const held = std::lock_guard(lock_);
  held_.erase(held_key(c, id));
}

void snapshots::prepare(service_ptr const& s) {
  if (!has_work_.exchange(false)) return;
  for (auto const& c : program_.cities) {
    auto due = std::vector<std::pair<std::string, record_ptr>>();
    c->for_each_record(snapshot_collection, "", [&](std::string_view key, record_ptr const& record) {
      if (is_preparing(*record)) due.emplace_back(key, record);
      return true;
    });
    for (auto const& [id, record] : due) {
      try {
        fill(s, c, id, record);
      } catch (std::exception const& e) {  // sweep() asks for it again
        log::warning("a snapshot could not be taken yet", {{"snapshot", id}, {"reason", e.what()}});
      }
    }
  }
}

void snapshots::sweep(service const& s) {
  auto const now = program_.clock.now();
  for (auto const& c : program_.cities) {
    if (c->record_count(snapshot_collection) == 0) continue;
    auto over = std::vector<std::pair<std::string, record_ptr>>();
    auto used = std::vector<std::pair<std::string, timestamp>>();
    c->for_each_record(snapshot_collection, "", [&](std::string_view key, record_ptr const& record) {
      auto const t = last_use(*c, key);
      auto const known = parse_timestamp(record->find("body")->text_or("lastUsedAt", ""));
      if (is_preparing(*record)) await();  // what could not be written then
      if (is_over(*record, now)) over.emplace_back(key, record);
      else if (t != no_time && (!known || *known < t)) used.emplace_back(key, t);
      return true;
    });
    if (over.empty() && used.empty()) continue;
    try {
      program_.as_source(c, "ngsi_ld").apply([&](transaction& t) {
      for (auto const& [id, record] : over) forget_snapshot(t, id);
      for (auto const& [id, when] : used) {
        auto const record = t.find_record(snapshot_collection, id);
        if (!record) continue;
        auto next = record->as_object();
        next["body"].as_object()["lastUsedAt"] = to_string(when);
        t.put_record(snapshot_collection, id, json::value(std::move(next)));
      }
    });
    } catch (fault const&) {
      continue;  // the next sweep; other cities are not held up by it
    }
    for (auto const& [id, record] : over) {
      forget(*c, id);
      tell_of_snapshot(s, *record, true);
    }
  }
}

}  // namespace dos::ngsi_ld
