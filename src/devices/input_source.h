// Where messages come in: webhooks, clients of brokers, pulls. One record each, so that staff see in one list what
// delivers and what does not.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/record_collection.h"
#include "base/time.h"
#include "kernel/city/session.h"
#include "kernel/graph/entity.h"

namespace dos {

// Records by the source's id, which is also its line in the ledger.
inline constexpr auto input_source_collection = record_collection{"source", "devices", "id, which is also its line in the ledger"};
// Records of webhooks: {name, network, secret (SHA-256 as hex), provenance, createdAt, by}.
inline constexpr auto webhook_collection = record_collection{"webhook", "devices", "name"};

struct input_source {
  std::string id;     // "webhook:rathaus", "mqtt:chirpstack"
  std::string kind;   // "webhook", "mqtt", "http_pull" …
  std::string name;   // for people
  std::string state;  // "waiting" (nothing came yet), "ok", "error", "off"
  timestamp last_received = no_time;
  std::string url;    // where to send to, or where it is fetched from; never with a password
  std::string error;  // in plain words
};

json::value to_json(input_source const& s);
input_source read_input_source(json::value const& record);

// Within a write: a message has come. Does nothing when that was noted within the minute. `described`: how a source
// that has no record yet is to be entered.
void note_received(transaction& t, input_source const& described);

}  // namespace dos
