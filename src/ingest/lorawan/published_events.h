// Network servers that publish their events to our own MQTT listener, with a token of ours.
#pragma once

#include <memory>
#include <vector>

#include "contract/contract.h"
#include "ingest/lorawan/intake.h"

namespace dos::lorawan {

// "application/…" as ChirpStack and "v3/…" as The Things Stack name their topics. An event is acknowledged when it is
// committed, stored or in quarantine; there is nothing to subscribe to.
std::vector<topic_space> published_events(node const& n, std::shared_ptr<intake> in);

}  // namespace dos::lorawan
