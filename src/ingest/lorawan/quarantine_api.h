// The quarantine as staff see it: what did not go in and why, and another try once the cause is repaired.
#pragma once

#include <memory>

#include "contract/contract.h"
#include "ingest/lorawan/intake.h"

namespace dos::lorawan {

// GET /platform/v1/quarantine?source=&reason=&device=&limit=&offset= – newest first
struct list_quarantine {
  void operator()(session s, http::request r, http::reply answer) const;
};
// POST /platform/v1/quarantine/{id}/replay → {ok, reason?, detail?}
struct replay_one {
  void operator()(session s, http::request r, http::reply answer) const;
  std::shared_ptr<intake> intake_;
};
// POST /platform/v1/quarantine/replay {filter: {source, reason, device}} → {ok, replayed, failed}
struct replay_many {
  void operator()(session s, http::request r, http::reply answer) const;
  std::shared_ptr<intake> intake_;
};
// DELETE /platform/v1/quarantine/{id}
struct delete_quarantined {
  void operator()(session s, http::request r, http::reply answer) const;
};

}  // namespace dos::lorawan
