// The properties of MQTT 5.0 by number. For the .cc files of net/ only.
#pragma once

#include <cstdint>

namespace dos::net::mqtt {

// MQTT 5.0, table 2-4
enum property : std::uint8_t {
  payload_format = 0x01,
  message_expiry = 0x02,
  content_type = 0x03,
  response_topic = 0x08,
  correlation_data = 0x09,
  subscription_identifier = 0x0b,
  session_expiry = 0x11,
  assigned_client_identifier = 0x12,
  server_keep_alive = 0x13,
  authentication_method = 0x15,
  authentication_data = 0x16,
  request_problem_information = 0x17,
  will_delay = 0x18,
  request_response_information = 0x19,
  response_information = 0x1a,
  server_reference = 0x1c,
  reason_string = 0x1f,
  receive_maximum = 0x21,
  topic_alias_maximum = 0x22,
  topic_alias = 0x23,
  maximum_qos = 0x24,
  retain_available = 0x25,
  user_property = 0x26,
  maximum_packet_size = 0x27,
  wildcards_available = 0x28,
  subscription_identifiers_available = 0x29,
  shared_subscriptions_available = 0x2a,
};

}  // namespace dos::net::mqtt
