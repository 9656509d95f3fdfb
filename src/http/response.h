// What the client is answered, as a value.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "http/text_map.h"

namespace dos::http {

// A body that comes piece by piece: live streams, large downloads. The server asks for a piece only when the client has
// taken the last one, so that a slow reader holds one piece of memory. Destroyed when the client is gone or served.
// `read` is never called twice at a time.
struct body_source {
  enum class state {
    more,  // `piece` is filled; ask again
    wait,  // nothing now, `piece` is ignored; the server calls on_ready next
    end    // `piece` is the last one and may be empty
  };
  virtual state read(std::string& piece) = 0;
  // `wake` may be called from any thread, within on_ready as well, and more than once; calls after the first do
  // nothing.
  virtual void on_ready(std::function<void()> wake) = 0;
  virtual ~body_source() = default;
};

struct websocket_upgrade;

struct response {
  int status = 200;
  http::headers headers;  // Date, Content-Length, Transfer-Encoding and Connection are the server's business
  std::string body;
  std::shared_ptr<body_source> source;  // instead of `body`
  std::shared_ptr<websocket_upgrade> upgrade = {};  // with 101: see http/websocket.h
};

// "Not Found"; for unknown codes a text for their class.
std::string_view reason(int status);

response json(int status, std::string body);  // application/json
response text(int status, std::string body);  // text/plain; charset=utf-8
response with_body(int status, std::string_view content_type, std::string body);
response no_content();  // 204
response redirect(std::string location, int status = 303);
response created(std::string location, std::string body = {});  // 201, body is application/json if any

}  // namespace dos::http
