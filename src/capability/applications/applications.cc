#include "capability/applications/applications.h"

#include "capability/applications/acting.h"
#include "capability/applications/free.h"
#include "capability/applications/models.h"
#include "capability/applications/timeline.h"
#include "kernel/city/city.h"

namespace dos::applications {

offer offer_applications(node& n) {
  auto const with = std::make_shared<shared_tools const>(n);
  auto const quick = thread_use::quick, slow = thread_use::slow;
  auto const base = std::string("/platform/v1/");
  for (auto const& c : n.cities) c->let_devices_note(answer_collection);  // it is kept with whatever a caller may write
  auto o = offer();
  o.name = "applications";
  // Grants say who may do what, and to whom an entity is not there: no plain role is asked for at the door.
  o.city_routes = {
      {"GET", base + "me", need::nothing, tell_me(), quick},
      {"GET", base + "models", need::nothing, list_models(), slow},
      {"GET", base + "models/{type}", need::nothing, get_model(), slow},
      {.method = "POST", .pattern = base + "models/{type}/entities", .needs = need::nothing, .handle = make_entities{with}, .use = slow,
       .ask = require_may_create},
      {"GET", base + "entities/{id}/actions", need::nothing, list_actions{with}, slow},
      {.method = "POST", .pattern = base + "entities/{id}/actions/{name}", .needs = need::nothing, .handle = perform_action{with}, .use = slow,
       .ask = require_seen},
      {"POST", base + "actions/{name}", need::nothing, perform_on_many{with}, slow},
      {"GET", base + "entities/{id}/timeline", need::nothing, tell_timeline{with}, slow},
      {"GET", base + "entities/{id}/free", need::nothing, tell_free{with}, slow},
  };
  for (auto const* const prefix : {"models", "entities", "actions"}) {
    o.fault_forms[base + prefix] = refusal;
  }
  o.jobs.push_back({"forget old idempotency keys", std::chrono::minutes(10), [with, &n] {
                      for (auto const& c : n.cities) {
                        // The platform's own record of what it answered: nobody else's to take away.
                        auto const s = n.as_source(c, "idempotency-keys");
                        with->answers_of(s).forget_old(s, n.clock.now());
                      }
                    }});
  return o;
}

}  // namespace dos::applications
