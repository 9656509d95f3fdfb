// A notification on its way: to whom, and what it tells.
#pragma once

#include "standard/ngsi_ld/subscriptions/notification.h"

namespace dos::ngsi_ld {

struct shown_change {
  entity_ptr entity;
  entity_ptr before;  // keeps alive what `changes` looks at
  changes_shown changes;
};

struct notifier::message {
  std::shared_ptr<dos::city> city;
  std::string key;
  record_ptr record;
  subscription what;
  std::vector<shown_change> entities;
  std::vector<json::value> registrations;  // instead of entities, with the reason
  std::string trigger_reason;
  std::function<void(sent)> done;
};

}  // namespace dos::ngsi_ld
