#include "net/websocket_connection.h"

#include "base/fault.h"
#include "base/log.h"

namespace dos::net {
namespace {

constexpr auto websocket_read_bytes = std::size_t{16 * 1024};
constexpr auto goodbye_ms_max = std::chrono::milliseconds(5'000);

// RFC 6455, 7.4.1
std::uint16_t close_code_of(fault_kind k) {
  switch (k) {
    case fault_kind::malformed:
      return 1002;
    case fault_kind::invalid:
      return 1007;
    case fault_kind::too_large:
      return 1009;
    default:
      return 1011;
  }
}

}  // namespace

websocket_connection::websocket_connection(std::shared_ptr<byte_stream> stream, http::websocket_upgrade u)
    : stream_(std::move(stream)),
      handler_(std::move(u.handler)),
      writer_(std::make_shared<stream_writer>(stream_)),
      reader_(u.message_bytes_max),
      buffer_(websocket_read_bytes),
      last_heard_(std::chrono::steady_clock::now()) {}

void websocket_connection::start() {
  writer_->begin(
      [self = shared_from_this()] {
        // A fault of the peer's is answered and ends the connection at once; otherwise its own close is awaited.
        if (!self->closing_ && self->handler_) self->handler_->drained();
      },
      [self = shared_from_this()](error_code) { self->stream_->close(); });
  handler_->opened(shared_from_this());
  read();
}

void websocket_connection::ended() {
  if (std::exchange(ended_, true)) return;
  closing_ = true;
  writer_->end();
  if (auto const h = std::exchange(handler_, nullptr)) h->closed();
}

bool websocket_connection::is_alive(steady_time now, http_server_options const& o) {
  if (closing_since_) return now - *closing_since_ < goodbye_ms_max;
  if (closing_) closing_since_ = now;
  if (auto const since = writer_->stalled_since(); since && now - *since > o.write_idle_ms_max) return false;
  auto const silent = now - last_heard_;
  if (paused_ || silent < o.websocket_ping_ms) return true;
  if (silent >= 2 * o.websocket_ping_ms) return false;
  if (!std::exchange(asked_, true)) writer_->send([](std::string& out) { ws::write_frame(out, ws::opcode::ping, {}); });
  return true;
}

void websocket_connection::send(std::string_view message, kind k) {
  if (closing_) return;
  auto const opcode = k == kind::text ? ws::opcode::text : ws::opcode::binary;
  writer_->send([&](std::string& out) { ws::write_frame(out, opcode, message); });
}

void websocket_connection::close(std::uint16_t code, std::string_view reason) {
  if (closing_.exchange(true)) return;
  writer_->send([&](std::string& out) { ws::write_close(out, code, reason); });
}

void websocket_connection::pause(bool paused) {
  if (paused_.exchange(paused) == paused || paused) return;
  post([self = shared_from_this()] {
    self->last_heard_ = std::chrono::steady_clock::now();
    if (!self->reading_) self->received({}, 0);
  });
}

void websocket_connection::read() {
  if (reading_ || ended_ || paused_) return;
  reading_ = true;
  stream_->read_some(asio::buffer(buffer_), [self = shared_from_this()](error_code error, std::size_t n) {
    self->reading_ = false;
    self->received(error, n);
  });
}

void websocket_connection::received(error_code error, std::size_t n) {
  if (ended_) return;
  if (error) return stream_->close();
  if (n) last_heard_ = std::chrono::steady_clock::now();
  asked_ = asked_ && n == 0;
  in_.append(buffer_.data(), n);
  auto rest = std::string_view(in_);
  try {
    while (!ended_ && !paused_) {
      auto m = reader_.next(rest);
      if (!m) break;
      take(std::move(*m));
    }
  } catch (fault const& f) {
    return fail(close_code_of(f.kind), f.detail);
  } catch (std::exception const& e) {
    log::error("a WebSocket's handler failed", {{"reason", e.what()}});
    return fail(1011, "the server made a mistake");
  }
  in_.erase(0, in_.size() - rest.size());
  read();
}

void websocket_connection::take(ws::message m) {
  switch (m.kind) {
    case ws::opcode::ping:
      if (!closing_) writer_->send([&](std::string& out) { ws::write_frame(out, ws::opcode::pong, m.payload); });
      break;
    case ws::opcode::pong:
      break;
    case ws::opcode::close:
      return fail(m.close_code == 1005 ? 1000 : m.close_code, {});  // RFC 6455, 5.5.1: echoed
    default:
      if (!closing_) handler_->message(m.payload, m.kind == ws::opcode::text ? kind::text : kind::binary);
  }
}

// Says why, if that was not said yet, and ends as soon as it is written.
void websocket_connection::fail(std::uint16_t code, std::string_view reason) {
  close(code, reason);
  paused_ = true;
  writer_->begin([s = stream_] { s->close(); }, [s = stream_](error_code) { s->close(); });
  // Wakes the writer in case that everything is written already.
  if (!writer_->stalled_since()) stream_->close();
}

}  // namespace dos::net
