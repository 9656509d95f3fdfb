// Where requests enter: finds city and caller, calls the module's handler on the right thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/workers.h"
#include "contract/contract.h"
#include "http/router.h"
#include "kernel/access/token.h"

namespace dos::app {

struct edge_options {
  std::string token_key;
  dos::role anonymous = role::anonymous;  // of callers without a token
};

inline constexpr std::string_view session_cookie = "dos_session";

class edge {
 public:
  edge(node const& n, workers& w, edge_options o) : node_(n), workers_(w), options_(std::move(o)) {}

  void add(offer const& o);
  void operator()(http::request r, http::reply answer) const { router_(std::move(r), std::move(answer)); }

  // Who asks, by bearer token or session cookie. Faults: unauthenticated for a token that is not valid, forbidden for a
  // changing request by cookie that does not carry X-DOS-Request (another site may have sent it).
  std::optional<token> caller(http::request const& r) const;
  // In every city it is for.
  bool is_revoked(token const& t) const;
  // See node::identify.
  dos::caller identify(std::string_view text, std::string const& door, std::string const& peer) const;

 private:
  session open_session(std::shared_ptr<city> c, http::request const& r, bool for_everyone) const;
  void add(city_route const& route, http::fault_form const& form, std::string const& prefix);
  // `form` lives as long as the routes do.
  template <typename Work>
  void run(thread_use use, std::string const& caller, http::reply answer, http::fault_form const& form,
           Work work) const;

  node const& node_;
  workers& workers_;
  edge_options options_;
  http::router router_;
};

}  // namespace dos::app
