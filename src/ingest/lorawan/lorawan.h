// LoRaWAN: what network servers bring in by webhook and by broker, and what they brought that did not fit.
#pragma once

#include "contract/contract.h"

namespace dos::lorawan {

offer offer_lorawan(node const& n);

}  // namespace dos::lorawan
