// WebSocket frames: the same messages come out however the bytes arrive, none is over the limit, and what a server
// writes is a frame that a masked copy of reads the same.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/fault.h"
#include "net/websocket_frames.h"

namespace {

constexpr auto bytes_max = std::size_t{5'000};

struct result {
  std::vector<dos::net::ws::message> messages;
  bool failed = false;
};

result read_all(std::string_view bytes, std::size_t step) {
  auto r = result();
  auto reader = dos::net::ws::reader(bytes_max);
  auto waiting = std::string();
  try {
    while (!bytes.empty()) {
      waiting += bytes.substr(0, step);
      bytes.remove_prefix(std::min(step, bytes.size()));
      auto rest = std::string_view(waiting);
      while (auto m = reader.next(rest)) r.messages.push_back(std::move(*m));
      waiting = std::string(rest);
    }
  } catch (dos::fault const&) {
    r.failed = true;
  }
  return r;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace dos::net;
  if (size > 20'000) return 0;
  auto const bytes = std::string_view(reinterpret_cast<char const*>(data), size);
  auto const whole = read_all(bytes, bytes.size() + 1);
  auto const in_pieces = read_all(bytes, 7);
  if (whole.failed != in_pieces.failed || whole.messages.size() != in_pieces.messages.size()) std::abort();
  for (auto i = std::size_t{0}; i < whole.messages.size(); ++i) {
    auto const& m = whole.messages[i];
    if (m.payload != in_pieces.messages[i].payload || m.kind != in_pieces.messages[i].kind) std::abort();
    if (m.payload.size() > bytes_max) std::abort();
    if (m.kind == ws::opcode::close) continue;
    auto frame = std::string();
    ws::write_frame(frame, m.kind, m.payload);
    frame[1] = char(frame[1] | 0x80);
    frame.insert(frame.size() - m.payload.size(), 4, '\0');  // a mask that changes nothing
    auto const again = read_all(frame, frame.size());
    if (again.messages.size() != 1 || again.messages[0].payload != m.payload) std::abort();
  }
  return 0;
}
