// How entities were: the observations of their attributes in a span of time, paged, and their representations.
// ETSI GS CIM 009, 4.5.6 to 4.5.8, 4.5.19, 4.11, 6.3.10
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/city/session.h"
#include "kernel/history/history.h"
#include "linked_data/selection_parser.h"
#include "standard/ngsi_ld/call.h"
#include "standard/ngsi_ld/vocabulary.h"

namespace dos::ngsi_ld {

enum class time_property { observed_at, created_at, modified_at, deleted_at };

// 4.11
struct temporal_query {
  enum class relation { any, before, after, between };
  relation timerel = relation::any;
  timestamp at = no_time;
  timestamp end = no_time;
  time_property property = time_property::observed_at;
  std::optional<std::size_t> last_n;

  bool contains(timestamp t) const;
};
temporal_query read_temporal_query(call const& c);                 // of the URL; faults: invalid
temporal_query read_temporal_query(json::value const& temporal_q);  // of a body's "temporalQ"

// What the index of the history can tell of the span; from its end with lastN.
range_query range_of(temporal_query const& q);
// The time of an instance that a query asks about; nothing when it has none.
std::optional<timestamp> time_of(observation const& o, time_property p);

// Extra of a deletion that was observed by the client: it is an instance with observedAt like others. 5.6.11
inline constexpr std::string_view observed_end = "observed";

struct series_evolution {
  series_ref series;
  std::vector<observation> instances;  // oldest first; newest first with lastN
};
struct aggregates;  // of an entity's series, by periods: see `aggregate`
struct entity_evolution {
  entity_ptr entity;  // its state may be gone
  std::vector<series_evolution> series;  // those with instances in the span
  std::shared_ptr<aggregates const> aggregated = nullptr;
};

// The attributes shown by `p`; of each series at most `instances_max` + 1 instances.
entity_evolution read_evolution(session const& who, entity_ptr e, temporal_query const& q, projection const& p,
                                std::size_t instances_max);
// How many attributes shown by `p` the span would hold if they had been written with observedAt, by which it goes.
std::size_t count_unobserved(entity_evolution const& e, temporal_query const& q, projection const& p);
// When the entity had scopes that fit, half open. 4.18 and 5.7.4
struct scope_span {
  timestamp from, to;
  std::vector<symbol> scopes;
};
std::vector<scope_span> scope_spans(session const& who, entity const& e, scope_selection const& wanted);
bool overlaps(scope_span const& s, temporal_query const& q);
void keep_within(entity_evolution& e, std::vector<scope_span> const& spans, temporal_query const& q);
// The entity with every instance in the span as an attribute: what a query over time looks at.
entity as_entity(entity_evolution const& e);

// Leaves the instances_max nearest the beginning (the end, with lastN) over all of them and says which span of time is
// left, as a Content-Range header; nothing when there were no more. 6.3.10
std::optional<std::string> cut_to_page(std::vector<entity_evolution>& all, temporal_query const& q, std::size_t instances_max);

enum class temporal_form { normalized, values, aggregated };

// 4.5.19
struct aggregation {
  std::vector<std::string_view> methods;
  // Of one period; nothing at all: one for everything. A day of the zone has 23, 24 or 25 hours, PT24H always 24.
  int months = 0, days = 0;
  std::int64_t us = 0;
  std::optional<time_zone> zone = std::nullopt;  // whose days and months are meant; none: those of UTC, as the standard counts

  bool is_one_period() const { return months == 0 && days == 0 && us == 0; }
};
inline constexpr std::size_t periods_max = 100'000;
struct aggregation_text {
  std::vector<std::string_view> methods;
  std::string_view period;  // "P1D"
  std::string_view zone;    // "Europe/Berlin", beyond the standard
};
aggregation parse_aggregation(aggregation_text text);  // faults: invalid
// The attributes shown by `p`, where their instances lie, with lastN the last of them; nothing when there are none in the span.
std::shared_ptr<aggregates const> aggregate(session const& who, entity const& e, temporal_query const& q, aggregation const& a,
                                            projection const& p);
// Of instances that are at hand.
std::shared_ptr<aggregates const> aggregate(entity_evolution const& e, temporal_query const& q, aggregation const& a);

void write_evolution(std::string& out, entity_evolution const& e, temporal_query const& q, temporal_form form, rendering const& r);
void write_aggregated(std::string& out, entity_evolution const& e, temporal_query const& q, aggregation const& a, rendering const& r);
void write_evolution_csv(std::string& out, std::vector<entity_evolution> const& all, rendering const& r);

std::string instance_id(std::uint64_t number);                            // "urn:ngsi-ld:Instance:17"
std::optional<std::uint64_t> parse_instance_id(std::string_view id);

}  // namespace dos::ngsi_ld
