#include "app/wiring.h"

#include "capability/portal/portal.h"

namespace dos::app {

std::vector<offer> offers(node& n) {
  auto all = std::vector<offer>();
  all.push_back(portal::offer_portal(n));
  return all;
}

}  // namespace dos::app
