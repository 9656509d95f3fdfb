// A subscription as it is stored, checked and understood. ETSI GS CIM 009, 5.2.12 to 5.2.15 and 5.8.1
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/record_collection.h"
#include "kernel/events/subscriptions.h"
#include "standard/ngsi_ld/call.h"
#include "standard/ngsi_ld/entities/linked.h"
#include "standard/ngsi_ld/temporal/evolution.h"

namespace dos::ngsi_ld {

inline constexpr auto subscription_collection = record_collection{"ngsi_ld_subscription", "standard/ngsi_ld", "id"};
inline constexpr auto registration_subscription_collection = record_collection{"ngsi_ld_registration_subscription", "standard/ngsi_ld", "id"};

// A record is {"body": …, "terms": …, "context": …, "url": …, "who": …}: the body with types and attribute names expanded;
// the names in q with their IRIs; the context that notifications are written in, and the URL it has in a Link header.

// What notifierInfo says of a receiver behind an MQTT broker. 7.2
struct mqtt_rules {
  std::string topic;  // empty: the endpoint is no MQTT one
  bool is_version_5 = true;
  int qos = 0;
};

struct notification_rules {
  std::string uri;
  mqtt_rules mqtt;
  media accept = media::json;
  representation form = representation::normalized;
  bool sys_attrs = false;
  bool show_changes = false;
  std::string language;
  ngsi_ld::projection projection;
  join_form join = join_form::none;
  int join_level = 1;
  symbol geometry;
  std::vector<std::pair<std::string, std::string>> headers;  // receiverInfo
};

struct subscription {
  dos::watch watch;
  query::query query;          // the same conditions, for periodic ones
  std::optional<temporal_query> when;  // of registrations
  notification_rules notification;
  // q, where it asks about linked entities: it is answered when a notification goes out, by what they are then. 4.9
  std::string linked_q;
  context_ptr names;  // of what is in it
  std::int64_t interval_us = 0;  // timeInterval; 0: on change
};

// Expands the names in a body; collects those in q. Faults: invalid for everything that 5.8.1 refuses.
json::object make_subscription_body(json::value const& body, context const& names, json::object& terms);
// Faults: invalid. `now` decides about expiresAt: a new one in the past is refused.
subscription read_subscription(json::value const& record);
void require_valid_subscription(json::value const& record, timestamp now);
// The body with names as short as `names` makes them.
json::object show_subscription_body(json::value const& body, context const& names);
// "active", "paused", "expired"; with the right it was made with a subscription expires, too.
std::string_view subscription_state(city const& c, json::value const& record, timestamp now);

// linked_q as the subscriber sees the linked entities; null where there is none. Faults: invalid when too many would match.
query::node_ptr linked_condition(subscription const& s, session const& who);
// The headers for a receiver, [{"key": …, "value": …}]. Faults: invalid. 5.2.22
void require_receiver_info(json::value const& info, std::string_view member);

// Applies `map` to the names of a type selection ("(A;B),C") or a projection ("id,a{b}").
std::string map_names(std::string_view text, std::string_view separators, std::function<std::string(std::string_view)> const& map);

}  // namespace dos::ngsi_ld
