#include "kernel/vault/seal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <memory>

#include "base/fault.h"
#include "base/id.h"

namespace dos::seal {
namespace {

constexpr std::size_t nonce_bytes = 12;
constexpr std::size_t tag_bytes = 16;

struct freed {
  void operator()(EVP_CIPHER_CTX* c) const { EVP_CIPHER_CTX_free(c); }
};
using context = std::unique_ptr<EVP_CIPHER_CTX, freed>;

unsigned char const* raw(std::string_view s) { return reinterpret_cast<unsigned char const*>(s.data()); }
unsigned char* raw(std::string& s, std::size_t at) { return reinterpret_cast<unsigned char*>(s.data() + at); }

}  // namespace

key::key(std::string bytes) : bytes_(std::move(bytes)) { require(bytes_.size() == key_bytes, fault_kind::internal, "a key has 32 bytes"); }

key::~key() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

key key::make() { return key(random_bytes(key_bytes)); }

key key::for_purpose(std::string_view purpose) const { return key(hmac(*this, purpose)); }

std::string hmac(key const& k, std::string_view text) {
  auto out = std::string(32, '\0');
  auto size = 0u;
  DOS_CHECK(HMAC(EVP_sha256(), k.bytes().data(), int(k.bytes().size()), raw(text), text.size(), raw(out, 0), &size) != nullptr && size == 32);
  return out;
}

std::string close(key const& k, std::string_view plain, std::string_view bound_to) {
  auto out = random_bytes(nonce_bytes);
  out.resize(nonce_bytes + plain.size() + tag_bytes);
  auto const c = context(EVP_CIPHER_CTX_new());
  auto n = 0;
  DOS_CHECK(c && EVP_EncryptInit_ex(c.get(), EVP_aes_256_gcm(), nullptr, raw(k.bytes()), raw(out)) == 1);
  DOS_CHECK(EVP_EncryptUpdate(c.get(), nullptr, &n, raw(bound_to), int(bound_to.size())) == 1);
  DOS_CHECK(EVP_EncryptUpdate(c.get(), raw(out, nonce_bytes), &n, raw(plain), int(plain.size())) == 1 && std::size_t(n) == plain.size());
  DOS_CHECK(EVP_EncryptFinal_ex(c.get(), raw(out, nonce_bytes + plain.size()), &n) == 1);
  DOS_CHECK(EVP_CIPHER_CTX_ctrl(c.get(), EVP_CTRL_GCM_GET_TAG, tag_bytes, raw(out, nonce_bytes + plain.size())) == 1);
  return out;
}

std::optional<std::string> open(key const& k, std::string_view closed, std::string_view bound_to) {
  if (closed.size() < nonce_bytes + tag_bytes) return std::nullopt;
  auto const inner = closed.substr(nonce_bytes, closed.size() - nonce_bytes - tag_bytes);
  auto tag = std::string(closed.substr(closed.size() - tag_bytes));
  auto out = std::string(inner.size(), '\0');
  auto const c = context(EVP_CIPHER_CTX_new());
  auto n = 0;
  DOS_CHECK(c && EVP_DecryptInit_ex(c.get(), EVP_aes_256_gcm(), nullptr, raw(k.bytes()), raw(closed)) == 1);
  DOS_CHECK(EVP_DecryptUpdate(c.get(), nullptr, &n, raw(bound_to), int(bound_to.size())) == 1);
  DOS_CHECK(EVP_DecryptUpdate(c.get(), raw(out, 0), &n, raw(inner), int(inner.size())) == 1);
  DOS_CHECK(EVP_CIPHER_CTX_ctrl(c.get(), EVP_CTRL_GCM_SET_TAG, tag_bytes, raw(tag, 0)) == 1);
  auto rest = 0;
  if (EVP_DecryptFinal_ex(c.get(), raw(out, 0) + n, &rest) != 1) return std::nullopt;
  return out;
}

}  // namespace dos::seal
