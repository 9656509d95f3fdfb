// Context sources: registrations compiled, so that a request finds those it concerns. ETSI GS CIM 009, 4.3.6, 4.20, 5.2.9, 5.12
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "kernel/graph/query.h"

namespace dos::ngsi_ld {

// 4.20
enum class source_op : std::uint8_t {
  create_entity, update_entity, append_attrs, update_attrs, delete_attrs, delete_entity, create_batch, upsert_batch, update_batch,
  delete_batch, merge_entity, replace_entity, replace_attrs, merge_batch, purge_entity, retrieve_entity, query_entity, query_batch,
  retrieve_temporal, query_temporal, retrieve_types, retrieve_type_details, retrieve_type_info, retrieve_attrs, retrieve_attr_details,
  retrieve_attr_info, create_subscription, other
};
using operation_set = std::uint64_t;
constexpr operation_set op_bit(source_op o) { return operation_set(1) << unsigned(o); }
// Names of operations and of groups; null: federationOps. Faults: invalid for a name that the standard does not have.
operation_set parse_operations(json::value const* names);

enum class source_mode : std::uint8_t { inclusive, exclusive, redirect, auxiliary };
inline bool is_proxied(source_mode m) { return m == source_mode::exclusive || m == source_mode::redirect; }

struct source {
  // 5.2.8 and 5.2.10
  struct entities_info {
    std::string id;
    std::string pattern_text;
    std::shared_ptr<query::pattern const> pattern;
    std::vector<symbol> types;  // any of them; empty: every type
  };
  struct information {
    std::vector<entities_info> entities;  // any of them; empty: every entity
    std::vector<symbol> attributes;       // empty: all
  };

  std::string id;
  std::string endpoint;  // without "/ngsi-ld/v1" and without a slash at the end
  source_mode mode = source_mode::inclusive;
  operation_set operations = 0;
  std::vector<source::information> registered;
  std::string tenant;
  std::string alias;                                         // contextSourceAlias
  std::vector<std::pair<std::string, std::string>> headers;  // contextSourceInfo, but for what follows
  std::string accept = "application/json";
  std::string context_url;                                   // jsonldContext
  bool takes_ld_json = false;                                // contentType: the context stands in the body
  bool local_only = false;
  std::chrono::milliseconds timeout{0};   // 0: the node's own
  std::chrono::milliseconds cooldown{0};  // 0: the node's own back-off
  timestamp expires_at = no_time;
  bool has_history = false;  // says for which span of time: it is asked for the evolution of entities, not for their state
  std::shared_ptr<json::value const> record;

  bool supports(source_op o) const { return (operations & op_bit(o)) != 0; }
};
using source_ptr = std::shared_ptr<source const>;
using source_list = std::vector<source_ptr>;

// From a registration's body as it is stored. Faults: invalid.
source compile_source(json::value const& body);

// What a request is about; each part empty = any.
struct subject {
  std::vector<std::string> ids;
  std::string pattern_text;
  std::shared_ptr<query::pattern const> pattern;
  query::type_selection types;
  std::vector<symbol> attributes;
};

// What of a source a request concerns, in questions that each respect what was registered. 4.3.6.1
struct question {
  std::vector<std::string> ids;
  std::string pattern;
  query::type_selection types;
  std::vector<symbol> attributes;  // only these; empty: all
};
std::vector<question> questions_for(source const& s, subject const& about);  // empty: it does not match

// Which of these attributes of an entity the source has registered; nothing when it does not match. With no attribute asked
// for: an empty list when it matches.
struct coverage {
  bool whole = false;               // everything there is of the entity
  std::vector<symbol> attributes;   // those asked for that are registered
};
std::optional<coverage> coverage_of(source const& s, std::string_view id, std::vector<symbol> const& types, std::vector<symbol> const& attributes);

}  // namespace dos::ngsi_ld
