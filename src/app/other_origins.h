// What browsers show of our answers to pages of other origins: those of the doors that modules offer for it, to read them.
// Cookies are never part of it. (Fetch Standard, 3.2: CORS protocol)
#pragma once

#include <string>
#include <vector>

#include "contract/contract.h"

namespace dos::app {

class other_origins {
 public:
  // Configuration: read_origins (["*"]: any) and write_origins (none).
  other_origins(json::value const& configuration, std::vector<offer> const& all);

  // What the browser wants to know beside the answer to this request, preflights included; none: it asks nothing.
  http::dressing dressing(http::request const& r) const;

 private:
  bool is_offered(std::string_view path) const;
  bool is_read_by_post(std::string_view path) const;

  std::vector<std::string> readers_, writers_;
  std::vector<std::string> prefixes_;
  std::vector<std::string> questions_;
};

}  // namespace dos::app
