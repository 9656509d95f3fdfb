#include "http/etag.h"

#include <algorithm>

#include "base/fault.h"

namespace dos::http {
namespace {

std::string_view without_weakness(std::string_view etag) { return etag.starts_with("W/") ? etag.substr(2) : etag; }

}  // namespace

std::string make_etag(std::string_view opaque) { return '"' + std::string(opaque) + '"'; }

bool names_etag_strongly(std::string_view list, std::string_view etag) {
  if (text::trim(list) == "*") return true;
  auto const tags = list_elements(list);
  return !etag.starts_with("W/") && std::find(tags.begin(), tags.end(), etag) != tags.end();
}

bool names_etag_weakly(std::string_view list, std::string_view etag) {
  if (text::trim(list) == "*") return true;
  auto const tags = list_elements(list);
  return std::any_of(tags.begin(), tags.end(),
                     [&](std::string_view tag) { return without_weakness(tag) == without_weakness(etag); });
}

void require_if_match(request const& r, std::string_view etag) {
  auto const list = joined(r.headers, "If-Match");
  if (list.empty()) return;
  require(!etag.empty() && names_etag_strongly(list, etag), fault_kind::precondition_failed,
          "it has changed since you read it: read it again and repeat your change", "If-Match");
}

bool is_not_modified(request const& r, std::string_view etag) {
  auto const list = joined(r.headers, "If-None-Match");
  return !list.empty() && !etag.empty() && names_etag_weakly(list, etag);
}

}  // namespace dos::http
