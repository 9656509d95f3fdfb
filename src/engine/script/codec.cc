#include "engine/script/codec.h"

#include <algorithm>

#include "base/fault.h"
#include "base/text.h"
#include "engine/script/prelude.h"

namespace dos::script {
namespace {

std::string const names_of_decoders =
    "decodeUplink(input), Decoder(bytes, port) or Decode(fPort, bytes, variables) for what a device sends";

std::string_view checked_source(std::string_view source, std::size_t bytes_max) {
  require(source.size() <= bytes_max, fault_kind::too_large,
          "the codec's source has " + std::to_string(source.size()) + " bytes, at most " + std::to_string(bytes_max) +
              " are allowed");
  return source;
}

std::vector<std::string> texts(json::value const& rest, std::string_view key) {
  std::vector<std::string> out;
  if (auto const* const list = rest.find(key); list != nullptr && list->is_array()) {
    for (auto const& x : list->as_array()) {
      if (x.is_string()) out.emplace_back(x.as_string());
    }
  }
  return out;
}

json::array numbers(std::string_view bytes) {
  json::array out;
  out.reserve(bytes.size());
  for (auto const b : bytes) out.emplace_back(int(static_cast<unsigned char>(b)));
  return out;
}

json::value take(json::value& v, std::string_view key) {
  auto* const member = v.find(key);
  return member == nullptr ? json::value() : std::move(*member);
}

}  // namespace

codec::codec(std::string_view source, script::limits l) : limits_(l), engine_(l) {
  checked_source(source, l.source_bytes_max);
  driver_ = engine_.evaluate(prelude, "prelude.js");
  evaluate(source);
  auto const names = engine_.apply(driver_, engine_.evaluate(find_functions, "find_functions.js"));
  for (auto const name : text::split(names, ' ')) functions_.emplace_back(name);
  require(!names.empty(), fault_kind::invalid,
          "the source has no function that a codec consists of: " + names_of_decoders);
  engine_.freeze();
}

// A script, or an ES module: what `export` or `import` begins is neither a word of a script nor run by it.
void codec::evaluate(std::string_view source) {
  try {
    engine_.evaluate(source, "codec.js");
  } catch (fault const&) {
    if (source.find("export") == source.npos && source.find("import") == source.npos) throw;
    auto const exported = engine_.evaluate_module(source, "codec.js");
    engine_.apply(engine_.evaluate(take_exports, "take_exports.js"), exported);
  }
}

bool codec::has(std::string_view function) const {
  return std::find(functions_.begin(), functions_.end(), function) != functions_.end();
}

json::value codec::call(json::object input, frame const& context) {
  input["fPort"] = context.f_port;
  input["recvTime"] = context.received.us / 1000;
  input["variables"] = context.variables;
  auto const text = engine_.call(driver_, json::to_string(json::value(std::move(input))), context.received);
  require(text.size() <= limits_.output_bytes_max, fault_kind::invalid,
          "the codec's result has " + std::to_string(text.size()) + " bytes, at most " +
              std::to_string(limits_.output_bytes_max) + " are allowed");
  try {
    return json::parse(text);
  } catch (fault const& f) {
    throw fault(fault_kind::invalid, "the codec's result is no JSON: " + f.detail);
  }
}

decoded codec::decode(std::string_view function, frame const& f) {
  json::object input;
  input["call"] = function;
  input["bytes"] = numbers(f.bytes);
  auto result = call(std::move(input), f);
  auto const rest = take(result, "rest");
  return {take(result, "data"), texts(rest, "warnings"), texts(rest, "errors"), texts(rest, "log")};
}

decoded codec::decode_uplink(frame const& f) {
  require(can_decode_uplink(), fault_kind::invalid, "the codec does not decode: it has no " + names_of_decoders);
  return decode("decode_uplink", f);
}

decoded codec::decode_downlink(frame const& f) {
  require(can_decode_downlink(), fault_kind::invalid, "the codec has no decodeDownlink(input)");
  return decode("decode_downlink", f);
}

encoded codec::encode_downlink(json::value const& data, frame const& context) {
  require(can_encode_downlink(), fault_kind::invalid, "the codec has no encodeDownlink(input)");
  json::object input;
  input["call"] = "encode_downlink";
  input["data"] = data;
  auto result = call(std::move(input), context);
  auto const rest = take(result, "rest");
  encoded out{{}, {}, texts(rest, "warnings"), texts(rest, "errors"), texts(rest, "log")};
  if (auto const* const bytes = rest.find("bytes"); bytes != nullptr && bytes->is_array()) {
    for (auto const& b : bytes->as_array()) {
      // The driver promises numbers, but it lives in the codec's world.
      require(b.is_int(), fault_kind::invalid, "encodeDownlink: bytes must be numbers from 0 to 255");
      out.bytes.push_back(char(b.as_int()));
    }
  }
  if (auto const* const port = rest.find("fPort");
      port != nullptr && port->is_int() && port->as_int() >= 0 && port->as_int() <= 255) {
    out.f_port = int(port->as_int());
  }
  return out;
}

}  // namespace dos::script
