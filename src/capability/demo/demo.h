// The demonstration: a recorded week told again at the same weekday and minute, and simulated sensors, both through the
// program's own doors; and its removal.
#pragma once

namespace dos {
struct node;
struct offer;
}

namespace dos::demo {

// Loads and plays only where node.demo is set; DELETE /{city}/platform/v1/demo is always there (role admin).
offer offer_demo(node const& n);

}  // namespace dos::demo
