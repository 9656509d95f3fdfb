#include "http/request.h"

#include <algorithm>

#include "base/fault.h"
#include "http/percent.h"

namespace dos::http {
namespace {

std::string segment(std::string_view raw) {
  auto result = percent_decoded(raw);
  require(std::none_of(result.begin(), result.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }),
          fault_kind::malformed, "the path contains a control character");
  require(result != "." && result != "..", fault_kind::not_found, "nothing is at a path with a '.' or '..' segment");
  return result;
}

// "http://host/path" -> "/path": clients of proxies send it so.
std::string_view without_authority(std::string_view target) {
  auto const start = target.find("://");
  if (target.starts_with('/') || start == std::string_view::npos) return target;
  auto const path = target.find_first_of("/?", start + 3);
  return path == std::string_view::npos ? "/" : target.substr(path);
}

}  // namespace

void set_target(request& r, std::string whole) {
  r.target = std::move(whole);
  r.segments.clear();
  r.query.clear();
  r.raw_query.clear();
  auto target = without_authority(r.target);
  if (target == "*") {
    r.path = target;
    return;
  }
  // A fragment is never sent; who sends one anyway means the thing before it.
  target = target.substr(0, target.find('#'));
  auto const question = target.find('?');
  auto path = target.substr(0, question);
  require(path.starts_with('/') || (path.empty() && question != std::string_view::npos), fault_kind::malformed,
          "the request target must start with '/'");
  r.path = path.empty() ? "/" : path;
  if (!path.empty()) path.remove_prefix(1);
  if (!path.empty()) r.segments.reserve(1 + std::size_t(std::count(path.begin(), path.end(), '/')));
  while (!path.empty()) {
    auto const slash = path.find('/');
    r.segments.push_back(segment(path.substr(0, slash)));
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  }
  if (question != std::string_view::npos) {
    r.raw_query = target.substr(question + 1);
    r.query = parse_query(r.raw_query);
  }
}

}  // namespace dos::http
