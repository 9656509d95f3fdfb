// Payload codecs: JavaScript by LoRa Alliance TS013 (decodeUplink, decodeDownlink, encodeDownlink) and the older forms
// Decoder(bytes, port), Decode(fPort, bytes, variables), Encoder(object, port), Encode(fPort, object, variables); as a
// script, by module.exports, or as an ES module.
//
// Each call begins in exactly the state in which compiling left the source: nothing that one message sets is seen by
// the next, also not after a codec was stopped. Date.now() is the time of reception, Math.random() always gives the
// same sequence, the time zone is UTC: the same message decodes to the same data, always.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "engine/script/engine.h"
#include "engine/script/limits.h"

namespace dos::script {

// From a device, or to it.
struct frame {
  std::string bytes;
  int f_port = 0;
  timestamp received;                      // becomes input.recvTime and Date.now()
  json::value variables = json::object();  // of the device: input.variables
};

struct decoded {
  json::value data;                   // null when the codec reports errors
  std::vector<std::string> warnings;  // the codec's, and ours: a NaN or infinite number became null
  std::vector<std::string> errors;    // the codec's: it understood that this message is none of its device's
  std::vector<std::string> log;       // console.log, at most 100 lines
};

struct encoded {
  std::string bytes;
  std::optional<int> f_port;
  std::vector<std::string> warnings, errors, log;
};

// One thread at a time. Every fault is of kind invalid and tells staff what to repair.
class codec {
 public:
  // Compiles; a fault names line and column, or says that none of the functions above was found (vendors also publish
  // sources that only encode). too_large: the source.
  explicit codec(std::string_view source, script::limits = {});

  decoded decode_uplink(frame const&);
  decoded decode_downlink(frame const&);
  encoded encode_downlink(json::value const& data, frame const& context);  // context.bytes are not used

  bool can_decode_uplink() const { return has("decodeUplink") || has("Decoder") || has("Decode"); }
  bool can_decode_downlink() const { return has("decodeDownlink"); }
  bool can_encode_downlink() const { return has("encodeDownlink") || has("Encoder") || has("Encode"); }

 private:
  void evaluate(std::string_view source);
  bool has(std::string_view function) const;
  decoded decode(std::string_view call, frame const&);
  json::value call(json::object input, frame const& context);

  script::limits limits_;
  engine engine_;
  engine::value driver_;
  std::vector<std::string> functions_;
};

}  // namespace dos::script
