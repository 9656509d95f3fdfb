// Requests to context sources: which there are, how they fare, the way there and back. ETSI GS CIM 009, 4.3.6, 6.3.17, 6.3.18
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_ld.h"
#include "base/record_collection.h"
#include "contract/contract.h"
#include "standard/ngsi_ld/federation/context_source.h"

namespace dos::ngsi_ld {

struct call;
using call_ptr = std::shared_ptr<call>;

inline constexpr std::size_t source_requests_max = 256;                // of one request; sources beyond are named as missing
inline constexpr std::size_t source_response_bytes_max = 8 << 20;      // of one source
inline constexpr std::size_t via_hops_max = 16;                        // brokers that a request has come through
inline constexpr unsigned failures_before_pause = 3;                   // in a row, without an answer
inline constexpr std::chrono::milliseconds source_pause_max{60'000};   // begins with 1 s and doubles

// One request to one source.
struct forwarded {
  source_ptr to;
  std::string method;
  std::string target;  // behind "/ngsi-ld/v1": "/entities?type=Vehicle"
  std::string body;    // JSON
};
struct heard {
  source_ptr from;
  int status = 0;  // 0: no answer
  std::string body;
  std::string error;      // why there is none
  bool is_too_large = false;
  http::headers headers;  // its warnings among them
};

// How a source fares; since the start. 5.2.9
struct source_status {
  std::uint64_t times_sent = 0, times_failed = 0;
  unsigned failed_in_a_row = 0;
  timestamp last_success = no_time, last_failure = no_time;
  timestamp paused_until = no_time;
};

// The names in which we speak to a source, and the context that says so.
struct wire {
  context_ptr names;
  std::string link;  // its URL; empty: the core context
};

class federation {
 public:
  explicit federation(node& n);

  // Sources of the city that have not expired; empty costs one look at a counter.
  std::shared_ptr<source_list const> sources_of(city const& c);
  void changed(city const& c);  // a registration was written

  // What identifies this city of this node among all brokers; made once and kept with the city's data. 5.2.40
  static std::string alias_of(city const& c);
  static void keep_alias(transaction& t, std::string_view city);  // makes it when there is none

  // The names for each source, by its context_url; fetches those contexts that are not at hand.
  using wires = std::map<std::string, wire, std::less<>>;
  void find_wires(call_ptr const& c, source_list const& sources, std::function<void(wires)> then);

  // All at once; `then` when the last one has answered or its time is over, on whatever thread, in the order asked.
  void ask(call const& c, std::vector<forwarded> requests, wires const& names, std::function<void(std::vector<heard>)> then);

  bool splits_entities() const { return splits_; }  // where a query does not say

  source_status status_of(city const& c, std::string_view id) const;

 private:
  struct directory {
    bool is_stale = true;
    timestamp expires = timestamp_max;  // the first of its sources
    std::shared_ptr<source_list const> sources;
  };
  outbound_request make_request(call const& c, forwarded const& f, wires const& names) const;
  bool is_paused(std::string const& key) const;
  void note(std::string const& key, source const& s, bool answered);

  node& node_;
  std::chrono::milliseconds timeout_{5'000};
  bool splits_ = false;
  mutable std::mutex lock_;
  std::map<std::string, directory, std::less<>> directories_;  // by city
  std::map<std::string, source_status, std::less<>> states_;   // by city and registration
};

inline constexpr auto identity_collection = record_collection{"ngsi_ld_identity", "standard/ngsi_ld", "alias"};

// Whether the request has been here before, and whether it has been at this source. 6.3.18
struct travelled {
  std::vector<std::string> aliases;
  bool names(std::string_view alias) const;
};
travelled read_via(http::request const& r);

// The sources that a request may be handed on to: none with local=true or when it has come round; `loops` says the latter.
struct reachable {
  source_list sources;
  bool loops = false;
};
reachable reachable_sources(call const& c);

// The one URL that a context consists of beside the core context; empty when it is more than that.
std::string single_context_url(json::value const& context);
wire const& wire_of(federation::wires const& all, source const& s);
// Texts of a query and of a path segment; ':' and ',' stay readable.
std::string query_encoded(std::string_view text);
std::string path_encoded(std::string_view text);
// Names of types as a type selection, in the names of the source.
std::string to_text(query::type_selection const& types, context const& names);
std::string to_text(std::vector<symbol> const& attributes, context const& names);
// The same JSON with the names of members, types and sub-attributes those of another context; values stay.
json::value translated_entity(json::value const& body, context const& from, context const& to);
json::value translated_attribute(json::value const& v, context const& from, context const& to);

// 6.3.17: what a reader is told of a source that gave nothing: nothing for a good answer.
std::string warning_about(heard const& h, std::string_view alias);
json::value problem_of(heard const& h);                  // problem details, with the status that we answer for it
json::value unsupported_problem(source const& s);        // a proxied source that lacks the operation: Conflict
http::response loop_response();

}  // namespace dos::ngsi_ld
