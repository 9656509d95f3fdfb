// Query options of SensorThings from outside: every text is read or refused, whatever it is.
#include <cstdint>
#include <string_view>

#include "base/fault.h"
#include "http/percent.h"
#include "standard/sensorthings/operands.h"
#include "standard/sensorthings/options.h"
#include "standard/sensorthings/times.h"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace dos;
  using namespace dos::sensorthings;
  auto const text = std::string_view(reinterpret_cast<char const*>(data), size);
  auto const attempt = [](auto const& what) {
    try {
      what();
    } catch (fault const&) {
    }
  };
  for (auto const k : {kind::thing, kind::observation, kind::multi_datastream}) {
    attempt([&] { parse_filter(text, k); });
    attempt([&] { parse_order(text, k); });
    attempt([&] { parse_options({{"$expand", std::string(text)}}, k, limits()); });
    attempt([&] { parse_options({{"$select", std::string(text)}}, k, limits()); });
  }
  if (auto const s = parse_span(text)) holds(operation::less, *s, json::value(text));
  attempt([&] {
    for (auto const name : {"substring", "indexof", "year", "round", "trim", "concat"}) {
      call_function(name, {json::value(text), json::value(text), json::value(text)});
    }
  });
  return 0;
}
