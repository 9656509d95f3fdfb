// Drafts into the city: one write each, in order, with a bounded number under way.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/terms.h"
#include "ingest/files/draft_reader.h"
#include "kernel/session/session.h"

namespace dos::files {

struct write_counts {
  std::size_t entities = 0;  // drafts that changed something
  std::size_t values = 0;    // stored
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

 private:
  struct known_series {
    std::uint64_t id = 0;
    timestamp last;
  };
  using series_by_name = std::unordered_map<symbol, known_series>;

  series_by_name const& series_of(std::string const& id);
  bool is_known(series_by_name const& series, attribute const& a) const;
  void wait_for_room(std::size_t under_way);

  session session_;
  terms const& words_;
  std::string source_;
  std::unordered_map<std::string, series_by_name> series_;
  std::unordered_map<std::string, symbol> names_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t under_way_ = 0;
  write_counts counts_;
};

}  // namespace dos::files
