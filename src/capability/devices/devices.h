// The register of devices: what stands where, of which kind, since when, and how it fares.
#pragma once

namespace dos {
struct node;
struct offer;
}  // namespace dos

namespace dos::devices {
offer offer_devices(node const& n);
}
