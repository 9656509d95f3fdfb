// What the web pages stand on: cities, live stream, ledger, status and the pages themselves.
#pragma once

namespace dos {
struct node;
struct offer;
}

namespace dos::portal {
offer offer_portal(node const& n);
}
