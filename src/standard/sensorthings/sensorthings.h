// OGC SensorThings API 1.1 (18-088): the entity graph and its history as Things, Datastreams and Observations.
#pragma once

#include "contract/contract.h"

namespace dos::sensorthings {

dos::offer offer_sensorthings(node& n);

}  // namespace dos::sensorthings
