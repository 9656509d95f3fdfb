// Finds the door for a method and a path: one hash look-up a segment, however many routes there are.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/fault.h"
#include "http/door.h"
#include "http/request.h"
#include "http/response.h"

namespace dos::http {

// How a standard says what went wrong.
using fault_form = std::function<response(fault const&)>;

// Filled once at the start, then read from many threads.
class router {
 public:
  router();
  ~router();
  router(router&&) noexcept;
  router& operator=(router&&) noexcept;

  // Pattern: "/a/{id}/b"; the last segment may be "{rest...}", which takes one or more segments. Text beats {id} beats
  // {rest...}; where a beaten one turns out to be the only match, it is found. A second door for the same method and
  // pattern is a broken promise.
  void add(std::string_view method, std::string_view pattern, door d);
  // Faults below this prefix ("/{city}/ngsi-ld", a pattern without rest) take this form, not found and not allowed as
  // well; the longest prefix that matches wins. Elsewhere they are problem details.
  void set_fault_form(std::string_view prefix, fault_form form);

  struct match {
    http::door const* door = nullptr;  // none: 404, or, with `allow`, 405
    std::string allow;                 // "GET, HEAD, OPTIONS"; only when there is no door
    param_map params;
  };
  // Segments as in `request`.
  match find(std::string_view method, std::vector<std::string> const& segments) const;

  // A fault in the form that holds at this path: for handlers that reply later.
  response render(std::vector<std::string> const& segments, fault const& f) const;

  // Finds the door and asks it. HEAD goes to that of GET (the server leaves the body out) where there is none of its own,
  // OPTIONS is answered with Allow, methods that nobody knows with 501. A fault thrown by a door is rendered here.
  verdict operator()(request& head) const;

 private:
  struct node;
  fault_form const* find_form(std::vector<std::string> const& segments) const;
  std::unique_ptr<node> root_;
};

}  // namespace dos::http
