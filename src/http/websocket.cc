#include "http/websocket.h"

#include <openssl/evp.h>

#include <algorithm>

#include "base/fault.h"
#include "base/text.h"
#include "http/problem.h"

namespace dos::http {
namespace {

bool lists(headers const& h, std::string_view name, std::string_view word) {
  auto const words = joined(h, name);
  auto const elements = list_elements(words);
  return std::any_of(elements.begin(), elements.end(),
                     [&](auto e) { return text::equal_ignoring_case(e, word); });
}

// RFC 6455, 4.2.2, 5.4
std::string accept_value(std::string_view key) {
  auto const joined = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  unsigned char digest[EVP_MAX_MD_SIZE];
  auto size = 0u;
  DOS_CHECK(EVP_Digest(joined.data(), joined.size(), digest, &size, EVP_sha1(), nullptr));
  return text::to_base64({reinterpret_cast<char const*>(digest), size});
}

}  // namespace

// RFC 6455, 4.2.1
response open_websocket(request const& r, websocket_upgrade u) {
  if (r.method != "GET" || !lists(r.headers, "Upgrade", "websocket") || !lists(r.headers, "Connection", "upgrade") ||
      r.headers.text_or("Sec-WebSocket-Version", {}) != "13") {
    auto answer = problem(426, "this address speaks WebSocket, version 13");
    answer.headers.set("Upgrade", "websocket");
    answer.headers.set("Sec-WebSocket-Version", "13");
    return answer;
  }
  auto const key = r.headers.text_or("Sec-WebSocket-Key", {});
  auto const bytes = text::from_base64(key);
  require(bytes && bytes->size() == 16, fault_kind::malformed, "the key of a WebSocket has 16 bytes, in base64",
          "Sec-WebSocket-Key");
  require(u.subprotocol.empty() || lists(r.headers, "Sec-WebSocket-Protocol", u.subprotocol),
          fault_kind::not_acceptable, "the WebSocket subprotocol spoken here is " + u.subprotocol,
          "Sec-WebSocket-Protocol");
  auto answer = response{.status = 101, .headers = {}, .body = {}, .source = {}};
  answer.headers.set("Upgrade", "websocket");
  answer.headers.set("Sec-WebSocket-Accept", accept_value(key));
  if (!u.subprotocol.empty()) answer.headers.set("Sec-WebSocket-Protocol", u.subprotocol);
  answer.upgrade = std::make_shared<websocket_upgrade>(std::move(u));
  return answer;
}

}  // namespace dos::http
