#include "net/client_tls.h"

#include "base/fault.h"

namespace dos::net {

asio::ssl::context client_tls(std::string const& ca_file) {
  auto context = asio::ssl::context(asio::ssl::context::tls_client);
  auto error = error_code();
  if (ca_file.empty()) {
    context.set_default_verify_paths(error);
  } else {
    context.load_verify_file(ca_file, error);
  }
  require(!error, fault_kind::invalid, "the certificates to trust cannot be read: " + ca_file);
  context.set_verify_mode(asio::ssl::verify_peer);
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  return context;
}

}  // namespace dos::net
