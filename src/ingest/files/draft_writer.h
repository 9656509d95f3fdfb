// Drafts into the city: one write each, in order, with a bounded number under way.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <unordered_set>

#include "base/terms.h"
#include "ingest/files/draft_reader.h"
#include "ingest/files/known_history.h"
#include "kernel/city/session.h"

namespace dos::files {

struct write_counts {
  std::size_t entities = 0;  // drafts that changed something
  std::size_t values = 0;    // stored
  std::size_t corrected = 0;  // of these in place of another value of the same moment
  std::size_t repeated = 0;  // values that were known already
  std::size_t refused = 0;   // drafts
  std::string refusal;       // the first reason
};

class draft_writer {
 public:
  static constexpr std::size_t under_way_max = 1'000;

  // `source` is the line of the ledger.
  draft_writer(session s, terms const& words, std::string source);
  ~draft_writer();  // waits for what is under way

  // Waits while too many are under way. Not on an input/output thread.
  void write(entity_draft d);
  write_counts finish();  // waits for all

  known_history& known() { return known_; }

 private:
  void wait_for_room(std::size_t under_way);
  void submit(std::function<void(transaction&)> work, std::function<void(outcome)> done);

  // Moments that this import has written since all was stored last: a later row of the same moment is a correction.
  static constexpr std::size_t written_max = 100'000;

  session session_;
  terms const& words_;
  std::string source_;
  known_history known_;
  std::unordered_set<std::size_t> written_;  // digests

  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t under_way_ = 0;
  write_counts counts_;
};

}  // namespace dos::files
