// A certificate that signs itself, for tests over TLS.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <filesystem>
#include <string>

namespace dos::net {

struct test_certificate {
  explicit test_certificate(char const* host) {
    auto const key = EVP_EC_gen("P-256");
    auto const x = X509_new();
    X509_set_version(x, 2);
    X509_gmtime_adj(X509_getm_notBefore(x), -60);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_set_pubkey(x, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               reinterpret_cast<unsigned char const*>(host), -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    auto const names =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, (std::string("DNS:") + host).c_str());
    X509_add_ext(x, names, -1);
    X509_sign(x, key, EVP_sha256());
    save(certificate_file, [&](FILE* f) { PEM_write_X509(f, x); });
    save(key_file, [&](FILE* f) { PEM_write_PrivateKey(f, key, nullptr, nullptr, 0, nullptr, nullptr); });
    X509_EXTENSION_free(names);
    X509_free(x);
    EVP_PKEY_free(key);
  }
  ~test_certificate() { std::filesystem::remove_all(folder); }

  std::filesystem::path folder = make_folder();
  std::string certificate_file = folder / "certificate.pem";
  std::string key_file = folder / "key.pem";

 private:
  static std::filesystem::path make_folder() {
    auto name = (std::filesystem::temp_directory_path() / "dos-test-XXXXXX").string();
    return mkdtemp(name.data());
  }
  template <typename Write>
  static void save(std::string const& path, Write write) {
    auto const f = std::fopen(path.c_str(), "w");
    write(f);
    std::fclose(f);
  }
};

}  // namespace dos::net
