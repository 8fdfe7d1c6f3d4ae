#include "tests/testing/certificates.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include <utility>

#include "gtest/gtest.h"

namespace armstate {
namespace {

constexpr long kDay = 24 * 60 * 60;

void AddExtension(X509* certificate, X509V3_CTX* context, int kind, const std::string& value) {
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, context, kind, value.c_str());
  ASSERT_NE(extension, nullptr) << value;
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

// Readers see the old file or the new one.
template <typename Write>
void WriteFile(const std::string& file, Write write) {
  const std::string part = file + ".part";
  BIO* const bio = BIO_new_file(part.c_str(), "w");
  ASSERT_NE(bio, nullptr) << part;
  EXPECT_EQ(write(bio), 1);
  BIO_free(bio);
  ASSERT_EQ(rename(part.c_str(), file.c_str()), 0);
}

}  // namespace

TestCa::TestCa(std::string folder, const std::string& name)
    : folder_(std::move(folder)),
      file_(folder_ + "/" + name + "-ca.pem"),
      key_(MakeKey()),
      certificate_(Make({name, "", 1}, key_.get(), /*is_ca=*/true)) {
  WriteFile(file_, [this](BIO* bio) { return PEM_write_bio_X509(bio, certificate_.get()); });
}

TlsFiles TestCa::Issue(const std::string& name, const Subject& subject) {
  const Key key = MakeKey();
  const Certificate certificate = Make(subject, key.get(), /*is_ca=*/false);
  TlsFiles files = {folder_ + "/" + name + ".pem", folder_ + "/" + name + ".key", file_};
  WriteFile(files.key,
            [&](BIO* bio) { return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
  WriteFile(files.certificate, [&](BIO* bio) { return PEM_write_bio_X509(bio, certificate.get()); });
  return files;
}

TestCa::Key TestCa::MakeKey() { return Key(EVP_EC_gen("P-256"), &EVP_PKEY_free); }

TestCa::Certificate TestCa::Make(const Subject& subject, EVP_PKEY* key, bool is_ca) const {
  Certificate made(X509_new(), &X509_free);
  X509* const certificate = made.get();
  X509_set_version(certificate, 2);
  static long serial = 0;
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -10 * kDay);
  X509_gmtime_adj(X509_getm_notAfter(certificate), subject.valid_days * kDay);
  X509_set_pubkey(certificate, key);
  X509_NAME* const name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(subject.common_name.c_str()), -1, -1, 0);
  X509* const issuer = is_ca ? certificate : certificate_.get();
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  AddExtension(certificate, &context, NID_basic_constraints, is_ca ? "critical,CA:TRUE" : "CA:FALSE");
  if (!subject.alternative_names.empty()) {
    AddExtension(certificate, &context, NID_subject_alt_name, subject.alternative_names);
  }
  EXPECT_NE(X509_sign(certificate, is_ca ? key : key_.get(), EVP_sha256()), 0);
  return made;
}

}  // namespace armstate
