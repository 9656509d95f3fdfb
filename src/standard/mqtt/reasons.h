// Reason codes. MQTT 5.0, 2.4
#pragma once

#include <cstdint>

#include "base/fault.h"

namespace dos::broker {

enum reason : std::uint8_t {
  success = 0x00,
  no_subscription_existed = 0x11,
  disconnect_with_will = 0x04,
  unspecified_error = 0x80,
  protocol_error = 0x82,
  implementation_specific = 0x83,
  client_identifier_not_valid = 0x85,
  bad_user_or_password = 0x86,
  not_authorized = 0x87,
  server_unavailable = 0x88,
  bad_authentication_method = 0x8c,
  session_taken_over = 0x8e,
  topic_filter_invalid = 0x8f,
  topic_name_invalid = 0x90,
  packet_identifier_not_found = 0x92,
  receive_maximum_exceeded = 0x93,
  quota_exceeded = 0x97,
  payload_format_invalid = 0x99,
  shared_subscriptions_not_supported = 0x9e,
};

// Of a CONNACK. MQTT 3.1.1, table 3.1
inline std::uint8_t in_version_3(reason r) {
  switch (r) {
    case client_identifier_not_valid:
      return 2;
    case bad_user_or_password:
      return 4;
    case not_authorized:
    case bad_authentication_method:
      return 5;
    default:
      return 3;
  }
}

inline reason reason_of(fault const& f) {
  switch (f.kind) {
    case fault_kind::unauthenticated:
    case fault_kind::forbidden:
      return not_authorized;
    case fault_kind::malformed:
    case fault_kind::unsupported_media:
      return payload_format_invalid;
    case fault_kind::not_found:
    case fault_kind::not_allowed:
      return topic_name_invalid;
    case fault_kind::too_large:
    case fault_kind::too_many:
    case fault_kind::storage_full:
      return quota_exceeded;
    case fault_kind::unavailable:
    case fault_kind::internal:
    case fault_kind::bad_gateway:
      return unspecified_error;
    default:
      return implementation_specific;
  }
}

// It may work later: acknowledging it would lose it.
inline bool is_passing(fault const& f) {
  return f.kind == fault_kind::too_many || f.kind == fault_kind::unavailable || f.kind == fault_kind::storage_full ||
         f.kind == fault_kind::internal || f.kind == fault_kind::bad_gateway;
}

}  // namespace dos::broker
