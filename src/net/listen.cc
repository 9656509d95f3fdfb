#include "net/listen.h"

#include "base/fault.h"
#include "net/address.h"

namespace dos::net {

asio::ssl::context server_tls(std::string const& certificate_file, std::string const& key_file) {
  auto context = asio::ssl::context(asio::ssl::context::tls_server);
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  auto error = error_code();
  context.use_certificate_chain_file(certificate_file, error);
  require(!error, fault_kind::invalid, "the certificate cannot be read: " + certificate_file);
  context.use_private_key_file(key_file, asio::ssl::context::pem, error);
  require(!error, fault_kind::invalid, "the key cannot be read or does not fit the certificate: " + key_file);
  return context;
}

tcp::acceptor listen(asio::io_context& io, std::string const& address_text, std::uint16_t port) {
  auto error = error_code();
  auto const addresses = addresses_in(address_text);
  require(!addresses.empty(), fault_kind::invalid, "an address to listen on is expected, not " + address_text);
  auto const endpoint = tcp::endpoint(from_ip(addresses.front()), port);
  auto acceptor = tcp::acceptor(io);
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(1024, error);
  require(!error, fault_kind::unavailable,
          "cannot listen on " + address_text + " port " + std::to_string(port) + ": " + error.message());
  return acceptor;
}

}  // namespace dos::net
