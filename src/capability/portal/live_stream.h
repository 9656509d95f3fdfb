// Changes of a city as Server-Sent Events (WHATWG HTML, 9.2): resumable by Last-Event-ID, at the pace of the reader.
#pragma once

#include "contract/contract.h"
#include "http/response.h"

namespace dos::portal {

// ?types=IRI or term,…  Events: `change` {id, type, changed, entity}, with the log position as id; `gap` when changes
// were missed and the page has to load anew.
http::response open_live_stream(node const& n, session s, http::request const& r);

}  // namespace dos::portal
