// How operators and their tools look at the program: /healthz, /metrics, /openapi.json.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "app/edge.h"
#include "app/workers.h"
#include "contract/contract.h"
#include "net/http_server.h"

namespace dos::app {

// `all`: the other modules; their OpenAPI paths and metrics are merged.
offer offer_diagnostics(node const& n, edge const& door, std::vector<offer> const& all, workers const& pool,
                        std::shared_ptr<std::function<net::http_server_counts()>> counts);

}  // namespace dos::app
