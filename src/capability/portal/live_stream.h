// Changes of a city as Server-Sent Events (WHATWG HTML, 9.2): resumable by Last-Event-ID, at the pace of the reader.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "contract/contract.h"
#include "http/response.h"

namespace dos::portal {

class live_streams {
 public:
  explicit live_streams(node const& n) : node_(n) {}

  // ?types=IRI or term,…  Events: `change` {id, type, changed, entity}, and `history` {id, type, changed} where what was
  // changed and the state did not; the last of a log entry has its position as id. `gap` when changes were missed, or the
  // position to go on from lies beyond what there is; `types` when a type was opened or withdrawn: the page has to load anew.
  // Shown is what may be shown today. A stream
  // ends when the token it was opened with expires or is revoked.
  // Old changes are read from the log and rendered on worker threads, in the turn of who asks. Faults: too_many.
  http::response open(session s, http::request const& r);
  // A stream that waits for changes would not notice by itself.
  void end_what_is_over();
  // Sends `types` where another set of types is open than before: at once after a write that changes it, and now and then
  // for what the demonstration and commands do.
  void tell_opened_and_withdrawn();

  static constexpr std::size_t from_log_max = 4;   // streams of one caller that read the log
  static constexpr std::size_t of_caller_max = 256;
  static constexpr std::size_t streams_max = 10'000;

 private:
  class stream;
  std::vector<std::shared_ptr<stream>> alive();

  node const& node_;
  std::mutex mutex_;
  std::vector<std::weak_ptr<stream>> open_;
  std::map<std::string, std::set<std::string, std::less<>>> open_types_;  // as told last, by city
};

}  // namespace dos::portal
