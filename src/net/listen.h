// How servers listen. For the .cc files of net/ only.
#pragma once

#include "net/asio.h"

namespace dos::net {

// Faults: invalid for no address, unavailable when it cannot be bound.
tcp::acceptor listen(asio::io_context& io, std::string const& address_text, std::uint16_t port);
// PEM files; TLS 1.2 or newer. Faults: invalid, naming the file that cannot be read.
asio::ssl::context server_tls(std::string const& certificate_file, std::string const& key_file);

}  // namespace dos::net
