// What happens to a message of a network server: read, decoded, mapped, and stored in one write – or kept in quarantine
// with the reason. Webhooks, brokers and replays all end here.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "contract/city_names.h"
#include "contract/contract.h"
#include "devices/device_profile.h"
#include "ingest/lorawan/decoder.h"
#include "ingest/lorawan/fair_workers.h"
#include "ingest/lorawan/prepared.h"

namespace dos::lorawan {

class intake {
 public:
  intake(node const& n, device_profiles const& profiles, city_names const& names);

  // `done` is called once, on another thread, after the commit; it must be quick. Faults at once: too_many when this
  // source's queue is full.
  void take(std::shared_ptr<city> c, message m, std::function<void(fate)> done);

  // The same on the calling thread up to the write, for an entry of the quarantine: stored, the entry is gone;
  // otherwise it stays with its new reason. Faults: not_found; conflict when the message was cut.
  void replay(std::shared_ptr<city> c, std::string const& key, std::function<void(fate)> done);

  // Messages that a full queue refused, per city and source, since the last call.
  struct refusal {
    std::shared_ptr<dos::city> city;
    std::string source;
    std::uint64_t n = 0;
  };
  std::vector<refusal> take_refusals();
  void give_back(refusal const& r);
  std::size_t waiting() const { return workers_.waiting(); }
  void stop() { workers_.stop(); }

 private:
  void process(std::shared_ptr<city> const& c, std::shared_ptr<prepared> p, std::function<void(fate)> done);

  node const& node_;
  city_names const& names_;
  decoder decoder_;
  preparation prepare_;
  std::mutex refusals_mutex_;
  std::vector<refusal> refusals_;
  fair_workers workers_;  // last, so that its threads end first
};

}  // namespace dos::lorawan
