// What a client asked, as a value: no socket, no thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "http/reply.h"
#include "http/text_map.h"

namespace dos::http {

struct request {
  std::string method;                 // as received, upper case by convention: "GET", "PATCH", also unknown ones
  std::string target;                 // as received: "/a%20b/c?x=1"
  std::string path;                   // the part before '?', not decoded
  std::vector<std::string> segments;  // of the path, decoded; one trailing '/' adds no empty segment
  std::string raw_query;              // behind '?', not decoded
  query_map query;                    // decoded, in order; "?a&b=" are two names with empty text
  http::headers headers;
  std::string body;
  std::string peer;     // address of the client as text, behind trusted proxies the client's own
  bool secure = false;  // came over TLS, here or at a trusted proxy
  param_map params;     // filled by the router: "{id}" -> text, "{rest...}" -> the decoded segments joined with '/'

  // A parameter of the route's own pattern.
  std::string_view param(std::string_view name) const { return params.text_or(name, {}); }
};

// Sets target, path, segments, raw_query and query. Faults: malformed for bad percent-encoding, NUL or other control
// characters, invalid UTF-8; not_found for "." and ".." as segments, so that no path climbs. A decoded segment may contain
// '/'. Absolute form ("http://host/path") is read as well; "*" leaves no segments. RFC 9112, 3.2
void set_target(request& r, std::string target);

// Called on an input/output thread: must not block; may reply later from elsewhere. A fault that it throws becomes the
// answer, so it throws only before it has replied.
using handler = std::function<void(request, reply)>;

}  // namespace dos::http
