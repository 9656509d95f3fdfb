// The doors for network servers, and who may knock: each webhook has a secret of its own, kept as a hash.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "contract/contract.h"
#include "ingest/lorawan/intake.h"

namespace dos::lorawan {

// POST /lorawan/chirpstack?event=up and POST /lorawan/ttn. The secret comes as "Authorization: Bearer SECRET", as
// password of Basic, or in X-Webhook-Secret, X-API-Key or X-Downlink-Apikey; a token of the platform with the role
// device will do, too. 200 with what became of the message, after the commit; 400 when it is no JSON of that network
// (it is in quarantine, too); 401, 413, 429, 503.
struct receive_webhook {
  void operator()(session s, http::request r, http::reply answer) const;

  node const& node_;
  std::shared_ptr<intake> intake_;
  lorawan::network network;
};

// What of that can be seen from the head: whoever sends it may. Faults: unauthenticated.
void check_sender(session const& s, http::request const& r, network n);

// GET, POST, DELETE /platform/v1/webhooks
struct list_webhooks {
  void operator()(session s, http::request r, http::reply answer) const;
  node const& node_;
};
struct create_webhook {
  void operator()(session s, http::request r, http::reply answer) const;
  node const& node_;
};
struct delete_webhook {
  void operator()(session s, http::request r, http::reply answer) const;
};

}  // namespace dos::lorawan
