#include "ingest/lorawan/network_event.h"

#include <gtest/gtest.h>

#include "base/fault.h"
#include "base/text.h"

namespace dos::lorawan {
namespace {

constexpr auto chirpstack_4 = R"({
  "deduplicationId": "3ac7e3c4-4401-4b8d-9386-a5c902f9202d", "time": "2026-07-18T09:34:15.775023242+00:00",
  "deviceInfo": {"tenantName": "City", "deviceName": "Gully 7", "devEui": "0101010101010101", "tags": {}},
  "devAddr": "00189440", "dr": 1, "fCnt": 7, "fPort": 85, "data": "qg==", "object": {"level": 3},
  "rxInfo": [{"gatewayId": "0016c001f153a14c", "rssi": -110, "snr": -3.5, "location": {"latitude": 51.51, "longitude": 7.46}},
             {"gatewayId": "0016c001f153a14d", "rssi": -48, "snr": 9.0, "location": {"latitude": 0, "longitude": 0}}],
  "txInfo": {"frequency": 867100000, "modulation": {"lora": {"bandwidth": 125000, "spreadingFactor": 11}}}})";

TEST(an_uplink, of_chirpstack_4_is_read_whole) {
  auto const e = parse_event(network::chirpstack, "up", json::parse(chirpstack_4));
  EXPECT_EQ(event_kind::uplink, e.kind);
  EXPECT_EQ("0101010101010101", e.dev_eui);
  EXPECT_EQ("00189440", e.session);
  EXPECT_EQ(7u, e.f_cnt);
  EXPECT_EQ(85, e.f_port);
  EXPECT_EQ("aa", text::to_hex(e.payload));
  EXPECT_EQ("2026-07-18T09:34:15.775023Z", to_string(*e.time));
  EXPECT_EQ(11, e.spreading_factor);
  EXPECT_EQ(867100000, e.frequency_hz);
  EXPECT_EQ("0016c001f153a14d", e.best_reception()->gateway);
  EXPECT_EQ(9, e.best_reception()->snr);
  EXPECT_TRUE(e.receptions[0].place.has_value());
  EXPECT_FALSE(e.receptions[1].place.has_value()) << "0, 0 means that the gateway does not know";
  EXPECT_EQ(json::parse(R"({"level": 3})"), e.decoded);
}

TEST(an_uplink, of_chirpstack_3_has_its_eui_in_base64_and_its_time_at_the_gateway) {
  auto const e = parse_event(network::chirpstack, "up", json::parse(R"({
      "applicationID": "123", "deviceName": "garden", "devEUI": "AgICAgICAgI=",
      "rxInfo": [{"gatewayID": "AwMDAwMDAwM=", "time": "2019-11-08T13:59:25.048445Z", "rssi": -48, "loRaSNR": 9}],
      "txInfo": {"frequency": 868100000, "modulation": "LORA", "loRaModulationInfo": {"bandwidth": 125, "spreadingFactor": 12}},
      "fCnt": 10, "fPort": 5, "data": "AQ==", "objectJSON": "{\"temperature\": 25}"})"));
  EXPECT_EQ("0202020202020202", e.dev_eui);
  EXPECT_EQ("0303030303030303", e.best_reception()->gateway);
  EXPECT_EQ(9, e.best_reception()->snr);
  EXPECT_EQ(12, e.spreading_factor);
  EXPECT_EQ("2019-11-08T13:59:25.048445Z", to_string(*e.time));
  EXPECT_EQ(json::parse(R"({"temperature": 25})"), e.decoded);
}

TEST(an_uplink, of_the_things_stack_may_leave_zeros_out) {
  auto const e = parse_event(network::things_stack, "up", json::parse(R"({
      "end_device_ids": {"device_id": "x", "dev_eui": "70B3D57BA0000BCE", "dev_addr": "27000020"},
      "correlation_ids": ["gs:uplink:01E0"], "received_at": "2026-02-06T09:46:05.447941836Z", "simulated": true,
      "uplink_message": {"session_key_id": "AXAW", "f_port": 1, "frm_payload": "AgI=",
        "rx_metadata": [{"gateway_ids": {"gateway_id": "eui-1"}, "channel_rssi": -16, "snr": 8.5}],
        "settings": {"data_rate": {"lora": {"spreading_factor": 9}}, "frequency": "867700000"},
        "received_at": "2026-02-06T09:46:05.234172599Z"}})"));
  EXPECT_EQ("70b3d57ba0000bce", e.dev_eui);
  EXPECT_EQ("AXAW", e.session);
  EXPECT_EQ(0u, e.f_cnt);
  EXPECT_EQ(867700000, e.frequency_hz);
  EXPECT_EQ(-16, e.best_reception()->rssi);
  EXPECT_EQ("2026-02-06T09:46:05.234172Z", to_string(*e.time));
  EXPECT_TRUE(e.simulated);
}

TEST(every_event_of_chirpstack, is_known_by_its_name_and_by_its_shape) {
  auto const device = std::string(R"("deviceInfo": {"devEui": "0101010101010101"}, "time": "2026-01-01T00:00:00Z")");
  for (auto const& [name, members, kind] :
       {std::tuple{"up", R"("fCnt": 1, "fPort": 2, "data": "AQ==")", event_kind::uplink},
        {"join", R"("devAddr": "00189440")", event_kind::join},
        {"ack", R"("acknowledged": true, "fCntDown": 4)", event_kind::ack},
        {"txack", R"("downlinkId": 3, "fCntDown": 4, "txInfo": {"frequency": 1})", event_kind::tx_ack},
        {"status", R"("margin": 8, "externalPowerSource": false, "batteryLevel": 75.5)", event_kind::status},
        {"location", R"("location": {"latitude": 51.5, "longitude": 7.4})", event_kind::location},
        {"log", R"("level": "ERROR", "code": "UPLINK_CODEC", "description": "x")", event_kind::log},
        {"integration", R"("integrationName": "loracloud", "eventType": "up", "object": {})",
         event_kind::integration}}) {
    SCOPED_TRACE(name);
    auto const body = json::parse("{" + device + ", " + members + "}");
    EXPECT_EQ(kind, parse_event(network::chirpstack, name, body).kind);
    EXPECT_EQ(kind, parse_event(network::chirpstack, "", body).kind);
  }
}

TEST(every_message_of_the_things_stack, is_known_by_its_member) {
  for (auto const& [member, kind] : {std::pair{"join_accept", event_kind::join},
                                     {"downlink_ack", event_kind::ack},
                                     {"downlink_nack", event_kind::ack},
                                     {"downlink_sent", event_kind::tx_ack},
                                     {"downlink_failed", event_kind::log},
                                     {"location_solved", event_kind::location},
                                     {"service_data", event_kind::integration},
                                     {"uplink_normalized", event_kind::uplink}}) {
    SCOPED_TRACE(member);
    auto const body = std::string(R"({"end_device_ids": {"dev_eui": "0101010101010101"}, ")") + member + R"(": {}})";
    EXPECT_EQ(kind, parse_event(network::things_stack, "", json::parse(body)).kind);
  }
}

TEST(a_status, tells_battery_only_when_the_device_knows_it) {
  auto const status = [](char const* members) {
    auto const body = std::string(R"({"deviceInfo": {"devEui": "0101010101010101"}, )") + members + "}";
    return parse_event(network::chirpstack, "status", json::parse(body));
  };
  EXPECT_EQ(75.5, status(R"("margin": 8, "batteryLevel": 75.5)").battery_percent);
  EXPECT_FALSE(status(R"("batteryLevelUnavailable": true, "batteryLevel": 0)").battery_percent);
  EXPECT_FALSE(status(R"("externalPowerSource": true, "batteryLevel": 0)").battery_percent);
}

TEST(a_broken_envelope, is_refused_with_the_member_that_is_wrong) {
  for (auto const& [body, member] : {std::pair{R"({"deviceInfo": {"devEui": "01"}, "fPort": 1})", "deviceInfo.devEui"},
                                     {R"({"deviceInfo": {}, "fPort": 1})", "deviceInfo.devEui"},
                                     {R"({"devEUI": "0101010101010101", "data": "%%%"})", "data"},
                                     {R"({"devEUI": "0101010101010101", "fCnt": -1})", "fCnt"},
                                     {R"({"devEUI": "0101010101010101", "fCnt": 1.5})", "fCnt"},
                                     {R"({"devEUI": "0101010101010101", "fCnt": 4294967296})", "fCnt"},
                                     {R"({"devEUI": "0101010101010101", "fPort": 300})", "fPort"},
                                     {R"({"hello": 1})", "event"}}) {
    SCOPED_TRACE(body);
    try {
      parse_event(network::chirpstack, "", json::parse(body));
      ADD_FAILURE() << "was taken";
    } catch (fault const& f) {
      EXPECT_EQ(fault_kind::malformed, f.kind);
      EXPECT_EQ(member, f.member);
    }
  }
  EXPECT_THROW(parse_event(network::things_stack, "up", json::parse("[]")), fault);
  EXPECT_THROW(parse_event(network::things_stack, "up", json::parse(R"({"uplink_message": 3})")), fault);
}

}  // namespace
}  // namespace dos::lorawan
