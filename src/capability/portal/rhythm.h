// How often values usually come, as their own series say: what a page needs to call a value stale.
#pragma once

#include <optional>
#include <vector>

#include "base/time.h"
#include "http/request.h"
#include "http/response.h"
#include "kernel/city/session.h"

namespace dos::portal {

// Of the newest values of a series, newest first: seconds of the longest distance but one, so that a single outage does not
// count. Nothing where there are too few to tell.
std::optional<double> usual_distance_s(std::vector<timestamp> const& newest_first);

// GET …/rhythms?id=  {"items": {entity: {attribute: seconds}}} of the numbers that the asker may see, attributes by the last
// part of their name; without `id` of the city's first 2,000 objects.
http::response rhythms(session const& s, http::request const& r);

}  // namespace dos::portal
