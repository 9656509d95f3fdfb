#include "net/http_writer.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace dos::net {
namespace {

bool is_server_business(std::string_view name) {
  constexpr auto names =
      std::array<std::string_view, 5>{"Content-Length", "Transfer-Encoding", "Connection", "Date", "Keep-Alive"};
  return std::any_of(names.begin(), names.end(), [&](auto n) { return text::equal_ignoring_case(n, name); });
}

void append_safely(std::string& out, std::string_view text) {
  for (auto const c : text) out += static_cast<unsigned char>(c) < 0x20 && c != '\t' ? ' ' : c;
}

void append_header(std::string& out, std::string_view name, std::string_view text) {
  append_safely(out, name);
  out += ": ";
  append_safely(out, text);
  out += "\r\n";
}

}  // namespace

void write_head(std::string& out, http::response const& r, head_facts const& facts) {
  out += "HTTP/1.1 ";
  out += std::to_string(r.status);
  out += ' ';
  out += http::reason(r.status);
  out += "\r\n";
  for (auto const& [name, text] : r.headers) {
    if (!is_server_business(name)) append_header(out, name, text);
  }
  append_header(out, "X-Content-Type-Options", "nosniff");
  append_header(out, "Date", facts.date);
  if (facts.content_length) append_header(out, "Content-Length", std::to_string(*facts.content_length));
  if (facts.chunked) append_header(out, "Transfer-Encoding", "chunked");
  if (facts.upgrade) append_header(out, "Connection", "Upgrade");
  if (facts.close) append_header(out, "Connection", "close");
  if (facts.keep_alive) append_header(out, "Connection", "keep-alive");
  out += "\r\n";
}

}  // namespace dos::net
