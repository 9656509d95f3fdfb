// The themes of the interface, each adding its routes to the module's offer.
#pragma once

#include "contract/contract.h"
#include "standard/ngsi_ld/call.h"

namespace dos::ngsi_ld {

void add_entities(offer& o, service_ptr s);       // create, retrieve, merge, replace, delete, purge
void add_attributes(offer& o, service_ptr s);     // append, update, partial update, replace, delete
void add_query(offer& o, service_ptr s);          // query entities by URL and by body
void add_entity_maps(offer& o, service_ptr s);    // sets of entities, fixed for their pages
void add_snapshots(offer& o, service_ptr s);      // frozen answers
void add_batch(offer& o, service_ptr s);          // entityOperations
void add_discovery(offer& o, service_ptr s);      // types, attributes
void add_contexts(offer& o, service_ptr s);       // jsonldContexts, the default context
void add_temporal(offer& o, service_ptr s);       // temporal evolution: writing
void add_temporal_query(offer& o, service_ptr s); // temporal evolution: reading
class notifier;
class handover;
std::shared_ptr<handover> add_subscriptions(offer& o, service_ptr s, std::shared_ptr<notifier> n);  // to entities and to registrations
void add_registrations(offer& o, service_ptr s, std::shared_ptr<notifier> n, std::shared_ptr<handover> h);

// In bytes: an entity may hold the shape of a district.
inline constexpr std::size_t entity_body = 8 << 20;

inline void add_route(offer& o, std::string method, std::string pattern, need needs, thread_use use, city_handler h,
                      std::size_t body_bytes_max = default_body) {
  o.city_routes.push_back({.method = std::move(method),
                           .pattern = "/ngsi-ld/v1" + std::move(pattern),
                           .needs = needs,
                           .handle = std::move(h),
                           .use = use,
                           .at_root = true,
                           .body_bytes_max = body_bytes_max});
}

// The address of something below this interface, as the client reached it: "/dortmund/ngsi-ld/v1/entities/urn:…".
std::string address_of(http::request const& r, std::string_view collection, std::string_view id);
// What `then` says after the write is durable, and its end is noted; refusals in NGSI-LD's form.
void write(call_ptr const& c, session::decide d, std::function<http::response(outcome const&)> then, ending e = {});
// An address that lacks its id is a request with wrong content, not an unknown resource.
void add_missing_id(offer& o, std::string method, std::string pattern);
// 204.
void write_and_say_nothing(call_ptr const& c, session::decide d, ending e = {});

}  // namespace dos::ngsi_ld
