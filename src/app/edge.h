// Where requests enter: finds city and caller and decides, from the head of a request, who may go on to a module's handler
// and with how large a body; then calls it on the right thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/name_allowances.h"
#include "app/workers.h"
#include "base/work_budget.h"
#include "contract/contract.h"
#include "http/router.h"
#include "kernel/access/token.h"

namespace dos::app {

struct edge_options {
  std::string token_key;
  dos::role anonymous = role::anonymous;     // of callers without a token
  std::size_t body_bytes_max = largest_body;  // of any route
  std::uint32_t names_per_source_max = 200'000;
  work_budget::limits budget = {};  // of each request
};

inline constexpr std::string_view session_cookie = "dos_session";

class edge {
 public:
  edge(node const& n, workers& w, edge_options o)
      : node_(n), workers_(w), options_(std::move(o)), names_(options_.names_per_source_max) {}

  void add(offer const& o);
  // The door of the server.
  http::verdict admit(http::request& head) const { return router_(head); }
  // A request of the program itself, whole as it is.
  void operator()(http::request r, http::reply answer) const;

  // Who asks, by bearer token or session cookie. Faults: unauthenticated for a token that is not valid, forbidden for a
  // changing request by cookie that does not carry X-DOS-Request (another site may have sent it).
  std::optional<token> caller(http::request const& r) const;
  // At a route of the node: nobody in particular where a token is not valid or was revoked.
  principal who(http::request const& r) const;
  // In every city it is for.
  bool is_revoked(token const& t) const;
  // See node::identify.
  dos::caller identify(std::string_view text, std::string const& door, std::string const& peer) const;

 private:
  principal nobody(std::string source) const;
  std::optional<principal> signed_in(std::shared_ptr<city> const& c, http::request const& head, need needs) const;
  std::optional<token> caller_or_nobody(http::request const& head, need needs) const;
  std::shared_ptr<city> find_city(http::request const& head, bool at_root) const;
  std::size_t body_limit(principal const& who, std::size_t of_route) const;
  void add(city_route const& route, http::fault_form const& form, std::string const& prefix);
  void add(node_route const& route, http::fault_form const& form);
  // `form` lives as long as the routes do.
  struct asker {
    principal who;
    std::string peer;
    std::size_t body_bytes = 0;
  };
  template <typename Work>
  void run(thread_use use, asker const& from, http::reply answer, http::fault_form const& form, Work work) const;

  node const& node_;
  workers& workers_;
  edge_options options_;
  mutable name_allowances names_;
  http::router router_;
};

}  // namespace dos::app
