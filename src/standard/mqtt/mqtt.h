// MQTT 3.1.1 and 5.0 for devices and programs of a city: own ports, or a WebSocket at /mqtt.
#pragma once

#include "contract/contract.h"

namespace dos::broker {

// `others`: whose topic spaces are served.
offer offer_mqtt(node const& n, std::vector<offer> const& others);

}  // namespace dos::broker
