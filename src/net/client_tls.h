// TLS towards servers that we ask. For the .cc files of net/ only.
#pragma once

#include <string>

#include "net/asio.h"

namespace dos::net {

// TLS 1.2 and later, verified. `ca_file`: PEM; empty: the certificates that the system trusts. Faults: invalid.
asio::ssl::context client_tls(std::string const& ca_file);

}  // namespace dos::net
