#include "app/answer_headers.h"

namespace dos::app {
namespace {

void dress_plain(http::response& r) {
  auto const type = r.headers.find("Content-Type");
  if (type && type->starts_with("text/html") && !r.headers.contains("Content-Security-Policy")) {
    r.headers.add("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  }
}

}  // namespace

http::dressing answer_headers(http::dressing of_route, http::dressing more, bool is_secure) {
  if (!of_route && !more && !is_secure) return dress_plain;  // most requests; costs no allocation
  return [of_route = std::move(of_route), more = std::move(more), is_secure](http::response& r) {
    if (of_route) of_route(r);
    if (more) more(r);
    if (is_secure) r.headers.set("Strict-Transport-Security", "max-age=31536000");
    dress_plain(r);
  };
}

}  // namespace dos::app
