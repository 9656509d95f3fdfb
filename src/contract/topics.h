// MQTT topics that a module serves: what a client publishes there goes to the module, what the module has to tell goes to
// the clients that subscribed. The listener (standard/mqtt) does the protocol; everything outside these spaces it carries
// from client to client by itself.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/fault.h"
#include "kernel/city/session.h"

namespace dos {

// A message of a module. `topic` as the client asked for it, below the city: "v1.1/Datastreams(7)/Observations".
struct topic_message {
  std::string topic;
  std::string payload;
  std::uint64_t position = 0;  // in the city's log, of the change it tells of
};

struct topic_space {
  // One or more whole levels: "v1.1" takes the topics "v1.1" and "v1.1/…", below a city ("dortmund/v1.1/…") as well as
  // bare ("v1.1/…": the city of the client's token, else the first). The functions get topics and filters without the
  // city and with the prefix, and a session in that city whose principal is the client: they check its rights.
  std::string prefix;

  // A client's message. `done` exactly once, from any thread: with nothing when the write is durable, else with the
  // reason. The client's acknowledgement (PUBACK, PUBREC) waits for it. Fault too_many means later, not never: the
  // listener holds the client back and calls again with the same message. Called on a network thread, one message of a
  // client after the other without waiting for `done` between them: parse, `submit`, return. What it throws counts as
  // given to `done`.
  std::function<void(session, std::string topic, std::string payload, std::function<void(std::optional<fault>)> done)>
      publish;

  // A client's subscription to a filter below the prefix, wildcards and all. Faults: invalid (no such topic, or the
  // module has no wildcards), forbidden. Tells of changes after `after`, a position in the city's log; none: from now on.
  // `send` may be called from any thread, also within subscribe, in the order of positions, while the returned handle
  // lives; it does not block. Dropping the handle ends it: no call begins afterwards, and dropping within `send` is
  // permitted.
  std::function<std::shared_ptr<void>(session, std::string filter, std::optional<std::uint64_t> after,
                                      std::function<void(topic_message)> send)>
      subscribe;
};

}  // namespace dos
