#include "app/clock_door.h"

#include <thread>

#include "base/fault.h"
#include "kernel/city/city.h"

namespace dos::app {
namespace {

constexpr auto settling_max = std::chrono::seconds(120);
constexpr auto looks_every = std::chrono::milliseconds(100);

bool is_due(city const& c, timestamp now) {
  auto const next = c.next_due();
  return next && *next <= now;
}

void settle(node const& n) {
  auto const end = std::chrono::steady_clock::now() + settling_max;
  auto const now = n.clock.now();
  for (auto const& c : n.cities) {
    while (is_due(*c, now)) {
      c->settle_timers();
      require(std::chrono::steady_clock::now() < end, fault_kind::unavailable, c->id() + " has not settled all that fell due");
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
}

// {"now": "2026-11-30T10:00:00Z"} or {"advance": "P1D"}, which may also be told of months, as people count them.
timestamp asked_for(json::value const& body, timestamp now) {
  auto const* const at = body.find("now");
  auto const* const by = body.find("advance");
  require(body.is_object() && body.as_object().size() == 1 && (at || by), fault_kind::invalid, R"(say {"now": a moment} or {"advance": a duration})");
  if (at) {
    auto const t = at->is_string() ? parse_timestamp(at->as_string()) : std::nullopt;
    require(t.has_value(), fault_kind::invalid, "now is a moment like 2026-11-30T10:00:00Z", "now");
    return *t;
  }
  auto const given = by->is_string() ? parse_duration(by->as_string()) : std::nullopt;
  require(given.has_value(), fault_kind::invalid, "advance is a duration like P1D or PT2H", "advance");
  static auto const zone = time_zone("Europe/Berlin");
  auto const d = given.value_or(duration());
  auto const t = (d.months ? zone.add_months(now, d.months) : now) + d.us;
  require(t >= now && t <= timestamp_max, fault_kind::invalid, "advance leads ahead, to no later than the year 9999", "advance");
  return t;
}

constexpr auto described = R"({"paths": {"/test/clock": {"post": {
  "tags": ["operation"], "summary": "The clock is turned; answers when all that fell due is settled",
  "description": "Only with --test-clock, which is for tests.",
  "requestBody": {"required": true, "content": {"application/json": {
    "schema": {"type": "object", "properties": {"now": {"type": "string", "format": "date-time"}, "advance": {"type": "string", "format": "duration"}}},
    "example": {"advance": "P1D"}}}},
  "responses": {"200": {"description": "what time it is", "content": {"application/json": {
    "schema": {"type": "object", "properties": {"now": {"type": "string", "format": "date-time"}}, "required": ["now"]},
    "example": {"now": "2026-11-30T10:00:00Z"}}}}}}}}})";

}  // namespace

offer offer_clock(node const& n, test_clock* by_hand) {
  auto o = offer();
  o.name = "clock";
  o.jobs.push_back({"deadlines", looks_every, [&n] {
                      for (auto const& c : n.cities) c->settle_timers();
                    }});
  o.city_routes.push_back({.method = "POST",
                           .pattern = "/platform/v1/clock/trust",
                           .needs = need::admin,
                           .handle =
                               [](session s, http::request, http::reply answer) {
                                 s.city().trust_clock();
                                 answer(http::no_content());
                               },
                           .use = thread_use::quick});
  if (!by_hand) return o;
  o.openapi = json::parse(described);
  o.node_routes.push_back({"POST", "/test/clock", need::nothing,
                           [&n, by_hand](http::request r, http::reply answer) {
                             by_hand->set(asked_for(parse_body(r), by_hand->now()));
                             settle(n);
                             answer(http::json(200, json::to_string(json::object{{"now", to_string(n.clock.now())}})));
                           },
                           thread_use::slow});
  return o;
}

}  // namespace dos::app
