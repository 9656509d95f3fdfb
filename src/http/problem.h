// The one table from kinds of fault to HTTP, and RFC 9457 problem details.
#pragma once

#include <string>
#include <string_view>

#include "base/fault.h"
#include "http/response.h"

namespace dos::http {

struct problem_kind {
  fault_kind kind;
  int status;
  std::string_view name;   // "not-found"
  std::string_view title;  // "This does not exist"
  std::string_view type;   // URI reference of the page in the manual: "/problems/not-found"
};

problem_kind const& get_problem_kind(fault_kind kind);
inline int status_of(fault_kind kind) { return get_problem_kind(kind).status; }

// application/problem+json: type, title, status, detail and, where known, member and clause. 401 asks for a bearer
// token, 429 and 503 name a time to retry.
response problem(fault const& f);
// For what HTTP itself refuses and no fault names (408, 414, 431 …): type is about:blank, title the reason phrase.
response problem(int status, std::string_view detail);

}  // namespace dos::http
