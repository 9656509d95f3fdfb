// The part of the interface description that is about commands.
#include "ingest/lorawan/command_api.h"

namespace dos::lorawan {
namespace {

json::object schema(std::string_view type, std::string_view meaning) {
  return {{"type", type}, {"description", meaning}};
}

json::value moment(std::string_view meaning) {
  auto s = schema("string", meaning);
  s.push("format", "date-time");
  return s;
}

json::value command_schema() {
  return json::object{
      {"type", "object"},
      {"required", json::array{"id", "state", "bytes", "fPort", "confirmed", "createdAt", "expiresAt"}},
      {"properties",
       json::object{
           {"id", schema("string", "a UUID")},
           {"state",
            json::object{{"enum", json::array{"queued", "sent", "acknowledged", "failed", "expired", "cancelled"}},
                         {"description",
                          "queued: here; sent: the network server has it; acknowledged: by the device, or, where no "
                          "confirmation was asked for, by the gateway that sent it"}}},
           {"data", schema("object", "what was encoded")},
           {"bytes", schema("string", "hexadecimal")},
           {"fPort", schema("integer", "1 to 223")},
           {"confirmed", schema("boolean", "the device is asked to confirm")},
           {"by", schema("string", "who asked for it")},
           {"server", schema("string", "the network server, by its name in the configuration")},
           {"networkId", schema("string", "the network server's own name for it")},
           {"reason", schema("string", "of failed: refused, handover_unknown, not_acknowledged, network, no_server, "
                                       "device_gone")},
           {"detail", schema("string", "in plain words")},
           {"createdAt", moment("when it was asked for")},
           {"expiresAt", moment("it is not handed over later than that")},
           {"handingSince", moment("it is on its way to the network server")},
           {"sentAt", moment("when the network server took it")},
           {"transmittedAt", moment("when a gateway sent it")},
           {"acknowledgedAt", moment("when it was acknowledged")}}}};
}

json::value wish_schema() {
  return json::object{
      {"type", "object"},
      {"properties",
       json::object{{"data", schema("object", "for encodeDownlink of the device's profile")},
                    {"bytes", schema("string", "instead: hexadecimal")},
                    {"payload", schema("string", "instead: base64")},
                    {"fPort", schema("integer", "1 to 223; needed where the codec tells none")},
                    {"confirmed", schema("boolean", "ask the device to confirm; false unless said")},
                    {"validFor_s", schema("integer", "seconds after which it is not handed over any more; a day unless said")},
                    {"id", schema("string", "a UUID of yours: asked for twice, it is refused the second time")}}}};
}

json::object answered(std::string_view meaning, json::value s) {
  return {{"description", meaning},
          {"content", json::object{{"application/json", json::object{{"schema", std::move(s)}}}}}};
}

json::object refusal(std::string_view meaning) {
  auto const s = json::object{{"type", "object"},
                              {"properties", json::object{{"type", schema("string", "a URI")},
                                                          {"title", schema("string", "of the kind of problem")},
                                                          {"status", schema("integer", "of the answer")},
                                                          {"detail", schema("string", "what to do about it")},
                                                          {"member", schema("string", "of the body")}}}};
  return {{"description", meaning},
          {"content", json::object{{"application/problem+json", json::object{{"schema", s}}}}}};
}

json::object operation(std::string_view summary, json::array parameters, json::object responses) {
  return {{"tags", json::array{"Devices"}},
          {"summary", summary},
          {"parameters", std::move(parameters)},
          {"responses", std::move(responses)}};
}

json::value path_parameter(std::string_view name, std::string_view meaning) {
  return json::object{{"name", name},
                      {"in", "path"},
                      {"required", true},
                      {"description", meaning},
                      {"schema", json::object{{"type", "string"}}}};
}

}  // namespace

json::value command_paths() {
  auto const device = path_parameter("id", "DevEUI or device id");
  auto const command = path_parameter("command", "id of the command");
  auto const list = json::object{{"type", "object"},
                                 {"properties", json::object{{"items", json::object{{"type", "array"},
                                                                                    {"items", command_schema()}}},
                                                             {"total", schema("integer", "how many there are")}}}};
  auto create = operation(
      "Have something sent to the device", {device},
      {{"201", answered("Queued, durable", command_schema())},
       {"400", refusal("What is asked for makes no sense, or the codec refuses it")},
       {"409", refusal("The device is not in service, nobody knows how to reach it, or the id is known")},
       {"429", refusal("Too many wait for this device")}});
  create.push("requestBody",
              json::object{{"required", true},
                           {"content", json::object{{"application/json", json::object{{"schema", wish_schema()}}}}}});
  auto const none = refusal("There is no such device or command");
  return json::object{
      {"/platform/v1/devices/{id}/commands",
       json::object{{"get", operation("Commands of a device, newest first", {device}, {{"200", answered("Its commands", list)}})},
                    {"post", std::move(create)}}},
      {"/platform/v1/devices/{id}/commands/{command}",
       json::object{{"get", operation("What became of a command", {device, command},
                                      {{"200", answered("The command", command_schema())}, {"404", none}})},
                    {"delete", operation("Take a command back that waits here", {device, command},
                                         {{"200", answered("Cancelled", command_schema())},
                                          {"404", none},
                                          {"409", refusal("The network server has it already")}})}}}};
}

}  // namespace dos::lorawan
