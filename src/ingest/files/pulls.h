// Fetches what mappings name by address, at their intervals, once they are enabled.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "contract/contract.h"
#include "devices/input_source.h"
#include "ingest/files/import_api.h"

namespace dos::files {

class pulls {
 public:
  explicit pulls(std::shared_ptr<workshop const> shop) : shop_(std::move(shop)) {}

  // Every second, on a worker thread: takes what has arrived, asks for what is due.
  void look_after();

 private:
  using key = std::pair<std::string, std::string>;  // city, mapping
  struct pull {
    timestamp due = timestamp_min;
    bool is_under_way = false;
    std::string etag;
    std::string state;  // as told last
  };
  struct answer {
    pulls::key key;
    outbound_response response;
  };
  // Answers come on other threads, perhaps when this object is gone.
  struct inbox {
    std::mutex mutex;
    std::vector<answer> answers;
  };

  void look_after(session const& s, key const& k, json::value const& declaration, timestamp now);
  void ask(key const& k, pull& p, mapping const& m);
  void take(answer const& a);
  void tell(session const& s, pull& p, mapping const& m, std::string state, std::string error);

  std::shared_ptr<workshop const> shop_;
  std::shared_ptr<inbox> inbox_ = std::make_shared<inbox>();
  std::map<key, pull> pulls_;
};

}  // namespace dos::files
