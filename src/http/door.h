// Who comes in: what is decided about a request when only its head is known, before a byte of its body is read.
#pragma once

#include <cstddef>
#include <functional>
#include <variant>

#include "http/request.h"
#include "http/response.h"

namespace dos::http {

// Headers that the door adds to whatever is answered to a request, refusals of the server included. May be empty.
using dressing = std::function<void(response&)>;

struct admission {
  std::size_t body_bytes_max = 0;  // beyond: 413
  handler handle;                  // gets the head that was admitted, with its body
  dressing dress = {};
};

struct refusal {
  response answer;
  dressing dress = {};
};

// Sees the head (its body is empty) on an input/output thread, and may fill in what it finds (request::params). A fault
// that it throws refuses as problem details.
using verdict = std::variant<admission, refusal>;
using door = std::function<verdict(request& head)>;

// Lets everybody in: for servers that have one purpose.
inline door open_door(std::size_t body_bytes_max, handler h) {
  return [body_bytes_max, h = std::move(h)](request&) { return admission{body_bytes_max, h}; };
}

}  // namespace dos::http
