#include "capability/portal/portal.h"

#include "capability/portal/facts.h"
#include "capability/portal/live_stream.h"
#include "capability/portal/rhythm.h"
#include "capability/portal/static_files.h"
#include "contract/contract.h"
#include "contract/list.h"
#include "contract/rights.h"
#include "http/problem.h"
#include "kernel/city/city.h"

namespace dos::portal {
namespace {

constexpr std::int64_t us_per_day = 86'400 * us_per_second;

http::response cities(node const& n) {
  return http::json(200, json::to_string(city_facts(n)));
}

json::value to_json(city const& c) {
  auto const s = c.status();
  return json::object({{"id", c.id()},
                       {"position", s.position},
                       {"checkpoint", s.checkpoint},
                       {"log_first", s.log_first},
                       {"lag_bytes", s.lag_bytes},
                       {"entities", s.entities},
                       {"series", s.series},
                       {"observations", s.observations},
                       {"records", s.records},
                       {"queued", s.queued},
                       {"disk_free_bytes", s.disk_free_bytes},
                       {"writable", s.writable},
                       {"trouble", s.trouble}});
}

http::response status(node const& n) {
  auto list = json::array();
  for (auto const& c : n.cities) list.push_back(to_json(*c));
  return http::json(200, json::to_string(json::object({{"version", n.version}, {"cities", std::move(list)}})));
}

timestamp time_parameter(http::request const& r, std::string_view name, timestamp otherwise) {
  auto const text = r.query.find(name);
  if (!text) return otherwise;
  auto const t = parse_timestamp(*text);
  require(t.has_value(), fault_kind::invalid, "a time looks like 2026-11-21T20:00:00Z", name);
  return *t;
}

// Lines of one hour and source become one object: {hour, source, received, …, rejected: {reason: n}}.
http::response ledger(session const& s, http::request const& r, timestamp now) {
  auto const from = time_parameter(r, "from", now - us_per_day);
  auto const to = time_parameter(r, "to", now + 1);
  auto const source = r.query.text_or("source", {});
  auto hours = json::array();
  auto rows = std::map<std::pair<timestamp, std::string>, json::object>();
  for (auto const& l : s.city().ledger(from, to)) {
    if (!source.empty() && l.source != source) continue;
    auto& row = rows[{l.hour, l.source}];
    if (row.empty()) {
      row = {{"hour", to_string(l.hour)}, {"source", l.source}};
      for (auto const* const column : {"received", "accepted", "stored", "repeated", "delivered"}) row.push(column, 0);
      row.push("rejected", json::object());
      row.push("failed", json::object());
    }
    if (l.what == tally::rejected || l.what == tally::failed) {
      row[to_text(l.what)].as_object()[l.reason.empty() ? "unspecified" : l.reason] = l.n;
    } else {
      row[to_text(l.what)] = l.n;
    }
  }
  for (auto& [key, row] : rows) hours.push_back(std::move(row));
  return http::json(200, json::to_string(json::object({{"hours", std::move(hours)}})));
}

http::response open_types(session const& s, http::request const& r) {
  auto list = json::array();
  s.for_each_record(open_types_collection, {}, [&](std::string_view key, record_ptr const&) {
    list.push_back(key);
    return true;
  });
  return list_response(std::move(list), read_list_page(r, list_items_max));
}

void set_open(session const& s, http::request const& r, http::reply answer, std::shared_ptr<live_streams> streams, bool open) {
  auto const type = std::string(r.param("type"));
  require(!type.empty(), fault_kind::invalid, "name a type by its full IRI", "type");
  submit_and_reply(
      s,
      [type, open](transaction& t) {
        if (open) t.put_record(open_types_collection, type, json::object({{"type", type}, {"since", to_string(t.now())}}));
        else t.erase_record(open_types_collection, type);
      },
      std::move(answer),
      [streams = std::move(streams)](outcome const&) {
        streams->tell_opened_and_withdrawn();
        return http::no_content();
      });
}

}  // namespace

offer offer_portal(node const& n) {
  auto o = offer();
  o.name = "portal";
  o.node_routes.push_back({"GET", "/platform/v1/cities", need::nothing,
                           [&n](http::request, http::reply answer) { answer(cities(n)); }, thread_use::quick});
  o.node_routes.push_back({"GET", "/platform/v1/status", need::reader,
                           [&n](http::request, http::reply answer) { answer(status(n)); }, thread_use::slow});
  o.city_routes.push_back({"GET", "/platform/v1/ledger", need::reader,
                           [&n](session s, http::request r, http::reply answer) { answer(ledger(s, r, n.clock.now())); },
                           thread_use::slow});
  auto const streams = std::make_shared<live_streams>(n);
  o.city_routes.push_back({"GET", "/platform/v1/live", need::nothing,
                           [streams](session s, http::request r, http::reply answer) { answer(streams->open(std::move(s), r)); },
                           thread_use::quick});
  o.jobs.push_back({"live streams", std::chrono::seconds(1), [streams] {
                      streams->end_what_is_over();
                      streams->tell_opened_and_withdrawn();
                    }});
  o.city_routes.push_back({"GET", "/platform/v1/rhythms", need::nothing,
                           [](session s, http::request r, http::reply answer) { answer(rhythms(s, r)); }, thread_use::slow});
  o.city_routes.push_back({"GET", "/platform/v1/open-types", need::nothing,
                           [](session s, http::request r, http::reply answer) { answer(open_types(s, r)); }, thread_use::quick});
  o.city_routes.push_back({"PUT", "/platform/v1/open-types/{type}", need::admin,
                           [streams](session s, http::request r, http::reply answer) { set_open(s, r, std::move(answer), streams, true); },
                           thread_use::quick});
  o.city_routes.push_back({"DELETE", "/platform/v1/open-types/{type}", need::admin,
                           [streams](session s, http::request r, http::reply answer) { set_open(s, r, std::move(answer), streams, false); },
                           thread_use::quick});
  offer_static_files(n, o);
  return o;
}

}  // namespace dos::portal
