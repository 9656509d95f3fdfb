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
  EXPECT_EQ("0101010101010101", e.device);
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
  EXPECT_EQ("0202020202020202", e.device);
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
  EXPECT_EQ("70b3d57ba0000bce", e.device);
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

TEST(a_body_of_chirpstack_with_every_member, is_an_uplink_by_what_only_uplinks_have) {
  auto const e = parse_event(network::chirpstack, "", json::parse(R"({
      "deviceInfo": {"devEui": "0101010101010101"}, "time": "2026-01-01T00:00:00Z", "devAddr": "00189440", "fCnt": 5,
      "fPort": 85, "data": "AQ==", "object": null, "rxInfo": [], "acknowledged": false, "margin": null, "level": null,
      "batteryLevel": null, "location": null, "integrationName": null, "joinServerContext": null})"));
  EXPECT_EQ(event_kind::uplink, e.kind);
  EXPECT_FALSE(e.encrypted);
}

TEST(a_payload_that_the_network_server_can_not_read, says_so) {
  auto const chirpstack = parse_event(network::chirpstack, "up", json::parse(R"({
      "deviceInfo": {"devEui": "0101010101010101"}, "fCnt": 1, "fPort": 1, "data": "3q2+7w==",
      "joinServerContext": {"sessionKeyId": "01"}})"));
  EXPECT_TRUE(chirpstack.encrypted);
  auto const stack = parse_event(network::things_stack, "up", json::parse(R"({
      "end_device_ids": {"dev_eui": "0101010101010101"},
      "uplink_message": {"f_port": 1, "frm_payload": "3q2+7w==", "app_s_key": {"encrypted_key": "AA=="}}})"));
  EXPECT_TRUE(stack.encrypted);
  auto const loriot =
      parse_event(network::loriot, "", json::parse(R"({"cmd": "rx", "EUI": "0101010101010101", "encdata": "deadbeef"})"));
  EXPECT_TRUE(loriot.encrypted);
}

TEST(a_broken_object_of_chirpstack_3, takes_nothing_from_the_payload) {
  auto const e = parse_event(network::chirpstack, "up", json::parse(R"({
      "devEUI": "0202020202020202", "fCnt": 10, "fPort": 5, "data": "AQ==", "objectJSON": "{\"temperature\": NaN}"})"));
  EXPECT_EQ("01", text::to_hex(e.payload));
  EXPECT_TRUE(e.decoded.is_null());
  EXPECT_NE(std::string::npos, e.decoded_problem.find("objectJSON"));
}

TEST(normalized_measurements, come_as_a_list_or_one_by_one) {
  auto const whole = parse_event(network::things_stack, "up", json::parse(R"({
      "end_device_ids": {"dev_eui": "0101010101010101"}, "uplink_message": {"f_port": 1, "f_cnt": 4,
        "frm_payload": "AQ==", "normalized_payload": [{"air": {"temperature": 20}}, {"air": {"temperature": 21}}]}})"));
  EXPECT_EQ(2u, whole.normalized.size());
  EXPECT_FALSE(whole.is_part);
  auto const part = parse_event(network::things_stack, "normalized", json::parse(R"({
      "end_device_ids": {"dev_eui": "0101010101010101"}, "uplink_normalized": {"f_port": 1, "f_cnt": 4,
        "frm_payload": "AQ==", "normalized_payload": {"air": {"temperature": 20}}}})"));
  EXPECT_EQ(1u, part.normalized.size());
  EXPECT_TRUE(part.is_part);
}

TEST(a_device_of_the_things_stack_without_deveui, goes_by_its_device_id) {
  auto const of = [](char const* ids) {
    return parse_event(network::things_stack, "up",
                       json::parse(std::string(R"({"end_device_ids": )") + ids + R"(, "uplink_message": {"f_port": 1}})"))
        .device;
  };
  EXPECT_EQ("lamp-7", of(R"({"device_id": "lamp-7", "application_ids": {"application_id": "lights"}})"));
  EXPECT_EQ("0101010101010101", of(R"({"device_id": "lamp-7", "dev_eui": "0101010101010101"})"));
  EXPECT_THROW(of("{}"), fault);
}

TEST(an_uplink, of_loriot_has_hexadecimal_data_and_the_battery_of_the_status_answer) {
  auto const e = parse_event(network::loriot, "", json::parse(R"({
      "cmd": "gw", "seqno": 4, "EUI": "0102030405060708", "ts": 1690901260493, "fcnt": 3, "port": 8, "freq": 868300000,
      "dr": "SF12 BW125 4/5", "ack": false, "bat": 127, "devaddr": "306580F2", "data": "01756402", "gws": [
        {"rssi": -38, "snr": 8.5, "gweui": "1020304080706050", "lat": 46.8, "lon": 7.1}, {"rssi": -42, "gweui": "10"}]})"));
  EXPECT_EQ(event_kind::uplink, e.kind);
  EXPECT_EQ("0102030405060708", e.device);
  EXPECT_EQ("306580f2", e.session);
  EXPECT_EQ(3u, e.f_cnt);
  EXPECT_EQ(8, e.f_port);
  EXPECT_EQ("01756402", text::to_hex(e.payload));
  EXPECT_EQ("2023-08-01T14:47:40.493Z", to_string(*e.time));
  EXPECT_EQ(12, e.spreading_factor);
  EXPECT_EQ(50, e.battery_percent);
  EXPECT_EQ("1020304080706050", e.best_reception()->gateway);
  EXPECT_EQ(7.1, e.best_reception()->place->longitude);
}

TEST(a_battery, tells_a_level_or_external_power_or_nothing) {
  auto const with = [](char const* bat) {
    auto const body = std::string(R"({"cmd": "rx", "EUI": "0102030405060708", "bat": )") + bat + "}";
    return parse_event(network::loriot, "", json::parse(body));
  };
  EXPECT_EQ(100, with("254").battery_percent);
  EXPECT_EQ(true, with("0").external_power);
  EXPECT_FALSE(with("0").battery_percent);
  EXPECT_FALSE(with("255").battery_percent);
  EXPECT_FALSE(with("-1").battery_percent);
  for (auto const* level : {"254", "255", "-1", "100.5"}) {
    auto const body = std::string(R"({"deviceInfo": {"devEui": "0101010101010101"}, "batteryLevel": )") + level + "}";
    EXPECT_FALSE(parse_event(network::chirpstack, "status", json::parse(body)).battery_percent) << level;
  }
}

TEST(an_uplink, of_thingpark_may_write_its_numbers_as_text) {
  auto const e = parse_event(network::actility, "", json::parse(R"({"DevEUI_uplink": {
      "Time": "2024-11-28T21:08:22.138+00:00", "DevEUI": "70B3D57BA000156B", "FPort": "1", "FCntUp": "26",
      "payload_hex": "02023b", "LrrRSSI": "-114.0", "LrrSNR": 4.75, "SpFact": "9", "Lrrid": "100019D4",
      "LrrLAT": "51.5", "LrrLON": "7.4", "Lrrs": {"Lrr": [{"Lrrid": "100019D4", "LrrRSSI": "-114.0", "LrrSNR": "4.75"}]},
      "CustomerID": "100045194", "DevAddr": "00FDA112", "Frequency": 868.1}})"));
  EXPECT_EQ("70b3d57ba000156b", e.device);
  EXPECT_EQ("00fda112", e.session);
  EXPECT_EQ(26u, e.f_cnt);
  EXPECT_EQ(1, e.f_port);
  EXPECT_EQ("02023b", text::to_hex(e.payload));
  EXPECT_EQ(-114, e.best_reception()->rssi);
  EXPECT_EQ(51.5, e.best_reception()->place->latitude);
  EXPECT_EQ(868'100'000, e.frequency_hz);
  EXPECT_EQ(9, e.spreading_factor);
}

TEST(every_report_of_thingpark, is_known_by_its_member) {
  auto const kind_of = [](char const* name, char const* members) {
    auto const body = std::string("{\"") + name + R"(": {"DevEUI": "70B3D57BA000156B")" + members + "}}";
    return parse_event(network::actility, "", json::parse(body)).kind;
  };
  EXPECT_EQ(event_kind::join, kind_of("DevEUI_notification", R"(, "Type": "join")"));
  EXPECT_EQ(event_kind::status, kind_of("DevEUI_notification", R"(, "Type": "devstatusans", "Var1": "200")"));
  EXPECT_EQ(event_kind::location, kind_of("DevEUI_location", R"(, "DevLAT": "51.5", "DevLON": "7.4")"));
  EXPECT_EQ(event_kind::tx_ack, kind_of("DevEUI_downlink_Sent", R"(, "DeliveryStatus": 1)"));
  EXPECT_EQ(event_kind::log, kind_of("DevEUI_downlink_Sent", R"(, "DeliveryStatus": "0", "DeliveryFailedCause1": "A3")"));
  EXPECT_EQ(event_kind::integration, kind_of("DevEUI_multicast_summary", ""));
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
  EXPECT_THROW(parse_event(network::loriot, "", json::parse(R"({"cmd": "dance", "EUI": "0102030405060708"})")), fault);
  EXPECT_THROW(parse_event(network::actility, "", json::parse(R"({"DevEUI_uplink": 1})")), fault);
  EXPECT_THROW(parse_event(network::things_stack, "up", json::parse(R"({"uplink_message": 3})")), fault);
}

}  // namespace
}  // namespace dos::lorawan
