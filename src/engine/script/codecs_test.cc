// Our own codecs in modules/lorawan-devices/: their examples, their descriptions, and the vectors that vendors and platforms publish.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>

#include "base/fault.h"
#include "base/text.h"
#include "base/units.h"
#include "base/yaml.h"
#include "engine/script/codec.h"

namespace dos::script {
namespace {

std::string content_of(std::filesystem::path const& file) {
  std::ifstream in(file);
  std::stringstream s;
  s << in.rdbuf();
  return s.str();
}

struct device {
  std::string id;
  json::value description;  // device.yaml
  json::value examples;     // examples.json
  std::unique_ptr<codec> compiled;
};

std::vector<device> all_devices() {
  std::vector<device> out;
  for (auto const& folder : std::filesystem::directory_iterator(DOS_SOURCE_DIR "/modules/lorawan-devices/devices")) {
    if (!folder.is_directory()) continue;
    out.push_back({folder.path().filename(), parse_yaml(content_of(folder.path() / "device.yaml")),
                   json::parse(content_of(folder.path() / "examples.json")),
                   std::make_unique<codec>(content_of(folder.path() / "codec.js"))});
  }
  std::sort(out.begin(), out.end(), [](device const& a, device const& b) { return a.id < b.id; });
  return out;
}

json::value texts(std::vector<std::string> const& list) { return json::array(list.begin(), list.end()); }

json::value numbers(std::string const& bytes) {
  json::array out;
  for (auto const b : bytes) out.emplace_back(int(static_cast<unsigned char>(b)));
  return out;
}

// What a codec says, in the shape of published vectors.
json::value answer(codec& c, frame const& f, std::string_view kind) {
  auto const d = kind == "uplinkDecoder" ? c.decode_uplink(f) : c.decode_downlink(f);
  return json::object{{"data", d.data}, {"warnings", texts(d.warnings)}, {"errors", texts(d.errors)}};
}

json::value answer_down(codec& c, json::value const& data) {
  auto const e = c.encode_downlink(data, {.bytes = {}, .f_port = 0, .received = {}});
  json::object out{{"bytes", numbers(e.bytes)}, {"warnings", texts(e.warnings)}, {"errors", texts(e.errors)}};
  if (e.f_port) out["fPort"] = *e.f_port;
  return out;
}

// Whether `got` has all that `expected` has; an object may have more, everything else must be the same.
bool has_all(json::value const& got, json::value const& expected) {
  if (!expected.is_object()) return got == expected;
  return std::all_of(expected.as_object().begin(), expected.as_object().end(), [&](json::member const& m) {
    auto const* const g = got.find(m.key);
    return g == nullptr ? m.value.is_null() : has_all(*g, m.value);
  });
}

json::value const* at_path(json::value const& data, std::string_view path) {
  auto const* v = &data;
  for (auto const part : text::split(path, '.')) {
    if (v != nullptr) v = v->find(part);
  }
  return v;
}

TEST(our_codecs, decode_and_encode_their_examples) {
  auto const devices = all_devices();
  EXPECT_GE(devices.size(), 12U);
  for (auto const& d : devices) {
    for (auto const& e : d.examples.find("examples")->as_array()) {
      SCOPED_TRACE(d.id + ": " + std::string(e.text_or("description", "")));
      auto const* const down = e.find("downlink");
      frame f;
      if (down == nullptr) {
        f.bytes = *text::from_hex(e.text_or("bytes", ""));
        f.f_port = int(e.find("fPort")->as_int());
        if (auto const* const v = e.find("variables")) f.variables = *v;
      }
      auto const got = down == nullptr ? answer(*d.compiled, f, "uplinkDecoder") : answer_down(*d.compiled, *down);
      auto const& expected = *e.find("expected");
      EXPECT_TRUE(has_all(got, expected))
          << "got      " << json::to_string(got) << "\nexpected " << json::to_string(expected);
      EXPECT_EQ(got.find("errors")->as_array().empty(), expected.find("errors") == nullptr);
      EXPECT_EQ(got.find("warnings")->as_array().empty(), expected.find("warnings") == nullptr);
    }
  }
}

TEST(our_codecs, never_stumble_over_a_message_that_is_cut_off_or_garbled) {
  for (auto const& d : all_devices()) {
    for (auto const& e : d.examples.find("examples")->as_array()) {
      if (e.find("bytes") == nullptr) continue;
      auto const bytes = *text::from_hex(e.text_or("bytes", ""));
      for (auto n = 0U; n < bytes.size(); ++n) {
        SCOPED_TRACE(d.id + " " + std::to_string(n));
        auto const port = int(e.find("fPort")->as_int());
        auto garbled = bytes;
        garbled[n] = char(~garbled[n]);
        EXPECT_NO_THROW(d.compiled->decode_uplink({.bytes = bytes.substr(0, n), .f_port = port, .received = {}}));
        EXPECT_NO_THROW(d.compiled->decode_uplink({.bytes = garbled, .f_port = port, .received = {}}));
      }
    }
  }
}

TEST(our_codecs, describe_a_mapping_whose_fields_the_examples_show_and_whose_units_exist) {
  std::vector<std::string_view> const kinds{
      "parking",        "bin_level", "water_level", "room_climate", "weather", "air_quality", "soil_moisture",
      "people_counter", "meter",     "door_motion", "street_light", "noise",   "traffic"};
  for (auto const& d : all_devices()) {
    SCOPED_TRACE(d.id);
    auto const& y = d.description;
    EXPECT_EQ(y.text_or("id", ""), d.id);
    for (auto const* const path : {"name.de", "name.en", "vendor", "model", "entity.type"}) {
      ASSERT_NE(at_path(y, path), nullptr) << path;
      EXPECT_FALSE(at_path(y, path)->as_string().empty());
    }
    EXPECT_NE(std::find(kinds.begin(), kinds.end(), y.text_or("kind", "")), kinds.end());
    EXPECT_GT(y.find("interval_s")->as_int(), 0);
    for (auto const& a : y.find("attributes")->as_array()) {
      SCOPED_TRACE(a.text_or("attribute", "?"));
      auto from = std::string(a.text_or("from", ""));
      if (auto const open = from.find('{'), colon = from.find(':'), close = from.find('}'); open != from.npos) {
        from = from.substr(0, open) + from.substr(colon + 1, close - colon - 1) + from.substr(close + 1);  // the default
      }
      auto const& examples = d.examples.find("examples")->as_array();
      auto const shown = std::any_of(examples.begin(), examples.end(), [&](json::value const& e) {
        auto const* const data = at_path(e, "expected.data");
        auto const* const v = data == nullptr ? nullptr : at_path(*data, from);
        if (v == nullptr) return false;
        auto const key = v->is_string() ? std::string(v->as_string()) : json::to_string(*v);
        return a.find("values") == nullptr || a.find("values")->find(key) != nullptr;
      });
      EXPECT_TRUE(shown) << "no example decodes " << from;
      auto const* const unit = a.find("unit");
      EXPECT_TRUE(unit == nullptr || find_unit_by_code(unit->as_string()) != nullptr) << unit->as_string();
      auto const target = a.text_or("target", "");
      EXPECT_TRUE(target.empty() || target == "device") << target;
    }
  }
}

// The lines of a compressed file below the folder that DOS_SHARED_DATA names; nothing when there is none.
std::vector<json::value> lines_of_shared(std::string const& name) {
  auto const* const folder = std::getenv("DOS_SHARED_DATA");
  if (folder == nullptr) return {};
  auto const file = std::string(folder) + "/lorawan/" + name;
  if (!std::filesystem::exists(file)) return {};
  auto const pipe = std::unique_ptr<FILE, int (*)(FILE*)>(popen(("zstd -dcq '" + file + "'").c_str(), "r"), pclose);
  std::string all;
  for (char buffer[65536]; auto const n = fread(buffer, 1, sizeof buffer, pipe.get());) all.append(buffer, n);
  std::vector<json::value> out;
  for (auto const line : text::split(all, '\n')) {
    if (!line.empty()) out.push_back(json::parse(line));
  }
  return out;
}

TEST(our_codecs, agree_with_every_vector_that_the_vendors_published) {
  auto const vectors = lines_of_shared("codec_test_vectors.jsonl.zst");
  if (vectors.empty()) GTEST_SKIP() << "DOS_SHARED_DATA names no folder with lorawan/codec_test_vectors.jsonl.zst";
  auto checked = 0;
  for (auto const& d : all_devices()) {
    auto const* const published = d.examples.find("published");
    for (auto const& v : vectors) {
      if (published == nullptr || v.text_or("vendor", "") != published->text_or("vendor", "-") ||
          v.text_or("codec", "") != published->text_or("codec", "-")) {
        continue;
      }
      // Where we know better, examples.json says why.
      if (auto const* const differs = published->find("differs")) {
        if (differs->find(v.text_or("description", "")) != nullptr) continue;
      }
      auto const kind = v.text_or("kind", "");
      if (kind == "downlinkDecoder" && !d.compiled->can_decode_downlink()) continue;
      if (kind == "downlinkEncoder" && !d.compiled->can_encode_downlink()) continue;
      SCOPED_TRACE(d.id + ": " + std::string(v.text_or("description", "")));
      auto const& input = *v.find("input");
      frame f;
      if (auto const* const bytes = input.find("bytes")) {
        for (auto const& b : bytes->as_array()) f.bytes.push_back(char(b.as_int()));
      }
      if (auto const* const port = input.find("fPort")) f.f_port = int(port->as_int());
      auto const got =
          kind == "downlinkEncoder" ? answer_down(*d.compiled, *input.find("data")) : answer(*d.compiled, f, kind);
      EXPECT_TRUE(has_all(got, *v.find("output")))
          << "got      " << json::to_string(got) << "\nexpected " << json::to_string(*v.find("output"));
      ++checked;
    }
  }
  EXPECT_GE(checked, 60);
  std::printf("%d vectors of vendors\n", checked);
}

// The device's bytes in the envelopes of five network servers.
frame frame_of(json::value const& uplink) {
  auto const* const ttn = uplink.find("uplink_message");
  auto const* const thing_park = uplink.find("DevEUI_uplink");
  auto const& body = ttn != nullptr ? *ttn : thing_park != nullptr ? *thing_park : uplink;
  frame f;
  for (auto const* const name : {"f_port", "FPort", "fPort", "port"}) {
    if (auto const* const port = body.find(name)) f.f_port = int(port->as_int());
  }
  if (thing_park != nullptr) {
    f.bytes = *text::from_hex(body.text_or("payload_hex", ""));
  } else if (ttn != nullptr) {
    f.bytes = *text::from_base64(body.text_or("frm_payload", ""));
  } else {
    auto const data = body.text_or("data", "");
    f.bytes = uplink.find("cmd") != nullptr ? *text::from_hex(data) : *text::from_base64(data);
  }
  return f;
}

TEST(our_codecs, agree_with_what_another_platform_makes_of_real_uplinks) {
  auto const uplinks = lines_of_shared("network_server_uplinks.jsonl.zst");
  if (uplinks.empty()) GTEST_SKIP() << "DOS_SHARED_DATA names no folder with lorawan/network_server_uplinks.jsonl.zst";
  auto checked = 0, values = 0;
  for (auto const& d : all_devices()) {
    for (auto const& u : uplinks) {
      if (u.text_or("device", "") != d.examples.text_or("network_server_device", "-")) continue;
      auto const* const telemetry = at_path(u, "expected.telemetry");
      if (telemetry == nullptr || !telemetry->is_array()) continue;
      SCOPED_TRACE(d.id + ": " + std::string(u.text_or("source", "")));
      auto const got = d.compiled->decode_uplink(frame_of(*u.find("uplink")));
      EXPECT_TRUE(got.errors.empty());
      ++checked;
      for (auto const& point : telemetry->as_array()) {
        for (auto const& [name, expected] : point.find("values")->as_object()) {
          // What the network says about the transmission is not the codec's.
          if (name.starts_with("lora_") || name == "fPort" || name == "fCnt" || name == "dr" || name == "rssi" ||
              name == "snr") {
            continue;
          }
          auto ours = name;
          if (auto const dot = ours.find(".0_"); dot != ours.npos) ours.erase(dot, 2);
          auto const* v = got.data.find(ours);
          if (v != nullptr && v->is_object()) v = v->find("value");
          ASSERT_NE(v, nullptr) << name;
          EXPECT_TRUE(*v == expected) << name << ": " << json::to_string(*v) << " and " << json::to_string(expected);
          ++values;
        }
      }
    }
  }
  EXPECT_GE(checked, 60);
  std::printf("%d values in %d uplinks\n", values, checked);
}

}  // namespace
}  // namespace dos::script
