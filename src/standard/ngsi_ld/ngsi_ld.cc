#include "standard/ngsi_ld/ngsi_ld.h"

#include "standard/ngsi_ld/openapi.h"
#include "standard/ngsi_ld/routes.h"
#include "standard/ngsi_ld/subscriptions/notification.h"

namespace dos::ngsi_ld {

offer offer_ngsi_ld(node& n) {
  auto o = offer();
  o.name = "ngsi_ld";
  auto const s = std::make_shared<service>(n);
  add_entities(o, s);
  add_attributes(o, s);
  add_query(o, s);
  add_entity_maps(o, s);
  add_snapshots(o, s);
  add_batch(o, s);
  add_discovery(o, s);
  add_contexts(o, s);
  add_temporal(o, s);
  add_temporal_query(o, s);
  auto const told = std::make_shared<notifier>(s);
  add_registrations(o, s, told, add_subscriptions(o, s, told));
  o.jobs.push_back({.name = "ngsi_ld what has come to its end", .every = std::chrono::seconds(1), .run = [s] { s->ends.sweep(); }});
  o.openapi = openapi();
  o.fault_forms["/ngsi-ld/v1"] = problem_response;
  o.for_other_origins = {"/ngsi-ld/v1"};
  o.read_by_post = {"/ngsi-ld/v1/entityOperations/query", "/ngsi-ld/v1/temporal/entityOperations/query"};
  if (!n.render_entity) {
    n.render_entity = [s](std::string& out, city const& c, entity const& e) {
      write_entity(out, e, plain_rendering(*s->contexts.usual_of(c).names));
    };
  }
  return o;
}

}  // namespace dos::ngsi_ld
