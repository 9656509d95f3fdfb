#include "http/problem.h"

#include <array>

#include "base/json.h"

namespace dos::http {
namespace {

using enum fault_kind;

// In the order of fault_kind.
constexpr auto problem_kinds = std::array{
    problem_kind{malformed, 400, "malformed", "The request cannot be read", "/problems/malformed"},
    problem_kind{invalid, 400, "invalid", "The request breaks a rule", "/problems/invalid"},
    problem_kind{unauthenticated, 401, "unauthenticated", "Say who you are", "/problems/unauthenticated"},
    problem_kind{forbidden, 403, "forbidden", "You are not entitled to this", "/problems/forbidden"},
    problem_kind{not_found, 404, "not-found", "This does not exist", "/problems/not-found"},
    problem_kind{not_allowed, 405, "not-allowed", "This method does not exist here", "/problems/not-allowed"},
    problem_kind{conflict, 409, "conflict", "The present state does not permit this", "/problems/conflict"},
    problem_kind{precondition_failed, 412, "precondition-failed", "A condition of the request does not hold",
                 "/problems/precondition-failed"},
    problem_kind{not_acceptable, 406, "not-acceptable", "None of the wanted forms is offered",
                 "/problems/not-acceptable"},
    problem_kind{unsupported_media, 415, "unsupported-media", "This kind of content is not read here",
                 "/problems/unsupported-media"},
    problem_kind{too_large, 413, "too-large", "The request is over a limit", "/problems/too-large"},
    problem_kind{too_many, 429, "too-many", "Too many requests", "/problems/too-many"},
    problem_kind{not_supported, 501, "not-supported", "This server does not offer that", "/problems/not-supported"},
    problem_kind{bad_gateway, 502, "bad-gateway", "Another server failed", "/problems/bad-gateway"},
    problem_kind{unavailable, 503, "unavailable", "This is not available now", "/problems/unavailable"},
    problem_kind{storage_full, 507, "storage-full", "The disk is full", "/problems/storage-full"},
    problem_kind{internal, 500, "internal", "The server made a mistake", "/problems/internal"},
};

constexpr bool is_in_order() {
  for (auto i = std::size_t{0}; i < problem_kinds.size(); ++i) {
    if (problem_kinds[i].kind != fault_kind(i)) return false;
  }
  return problem_kinds.size() == std::size_t(internal) + 1;
}
static_assert(is_in_order());

void add_member(std::string& out, std::string_view name, std::string_view text) {
  out += ",\"";
  out += name;
  out += "\":";
  json::write_string(out, text);
}

response render(int status, std::string_view type, std::string_view title, std::string_view detail) {
  auto body = std::string("{\"type\":");
  json::write_string(body, type);
  add_member(body, "title", title);
  body += ",\"status\":" + std::to_string(status);
  add_member(body, "detail", detail);
  body += '}';
  return with_body(status, "application/problem+json", std::move(body));
}

}  // namespace

problem_kind const& get_problem_kind(fault_kind kind) { return problem_kinds[std::size_t(kind)]; }

response problem(fault const& f) {
  auto const& kind = get_problem_kind(f.kind);
  auto r = render(kind.status, kind.type, kind.title, f.detail);
  r.body.pop_back();
  if (!f.member.empty()) add_member(r.body, "member", f.member);
  if (!f.clause.empty()) add_member(r.body, "clause", f.clause);
  r.body += '}';
  if (f.kind == unauthenticated) r.headers.add("WWW-Authenticate", "Bearer");
  if (f.kind == too_many || f.kind == unavailable) r.headers.add("Retry-After", "1");
  return r;
}

response problem(int status, std::string_view detail) { return render(status, "about:blank", reason(status), detail); }

}  // namespace dos::http
