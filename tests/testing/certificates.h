// TestCa issues certificates for tests of TLS.
#ifndef ARMSTATE_TESTS_TESTING_CERTIFICATES_H_
#define ARMSTATE_TESTS_TESTING_CERTIFICATES_H_

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

#include "proto/tls_files.h"

namespace armstate {

// Writes FOLDER/NAME-ca.pem. All methods fail the test if OpenSSL fails.
class TestCa {
 public:
  TestCa(std::string folder, const std::string& name);

  struct Subject {
    std::string common_name = {};
    // As in OpenSSL's configuration: "DNS:localhost,IP:127.0.0.1,URI:spiffe://a/b".
    std::string alternative_names = {};
    int valid_days = 1;  // negative: it has expired
  };
  // Writes FOLDER/NAME.pem and FOLDER/NAME.key, by renaming them over what is there, and returns them with the CA.
  TlsFiles Issue(const std::string& name, const Subject& subject);

  const std::string& file() const { return file_; }

 private:
  using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
  using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

  static Key MakeKey();
  Certificate Make(const Subject& subject, EVP_PKEY* key, bool is_ca) const;

  const std::string folder_;
  const std::string file_;
  Key key_;
  Certificate certificate_;
};

}  // namespace armstate

#endif  // ARMSTATE_TESTS_TESTING_CERTIFICATES_H_
