#include "proto/tls_files.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cerrno>
#include <cstring>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace armstate {
namespace {

constexpr unsigned kRefreshSeconds = 1;

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

absl::StatusOr<Bio> Open(const std::string& file) {
  errno = 0;
  Bio bio(BIO_new_file(file.c_str(), "r"), &BIO_free);
  if (bio == nullptr) return absl::InvalidArgumentError(absl::StrCat(file, " cannot be read: ", strerror(errno)));
  return bio;
}

// An encrypted key has no use here: nobody could enter the password when the file changes.
int RefusePassword(char* /*buffer*/, int /*size*/, int /*for_writing*/, void* /*data*/) { return -1; }

std::string TimeText(const ASN1_TIME& time) {
  const Bio bio(BIO_new(BIO_s_mem()), &BIO_free);
  char* text = nullptr;
  if (bio == nullptr || ASN1_TIME_print(bio.get(), &time) != 1) return "";
  const long size = BIO_get_mem_data(bio.get(), &text);
  return std::string(text, static_cast<size_t>(size));
}

absl::StatusOr<Certificate> ReadCertificate(const std::string& file) {
  const absl::StatusOr<Bio> bio = Open(file);
  if (!bio.ok()) return bio.status();
  Certificate certificate(PEM_read_bio_X509(bio->get(), nullptr, &RefusePassword, nullptr), &X509_free);
  ERR_clear_error();
  if (certificate == nullptr) return absl::InvalidArgumentError(absl::StrCat(file, " contains no certificate in PEM"));
  const ASN1_TIME* const end = X509_get0_notAfter(certificate.get());
  if (X509_cmp_current_time(end) < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(file, ": the certificate expired on ", TimeText(*end), ": replace it by a new one"));
  }
  return certificate;
}

absl::Status CheckPair(const TlsFiles& files) {
  const absl::StatusOr<Certificate> certificate = ReadCertificate(files.certificate);
  if (!certificate.ok()) return certificate.status();
  const absl::StatusOr<Bio> bio = Open(files.key);
  if (!bio.ok()) return bio.status();
  const Key key(PEM_read_bio_PrivateKey(bio->get(), nullptr, &RefusePassword, nullptr), &EVP_PKEY_free);
  const bool fits = key != nullptr && X509_check_private_key(certificate->get(), key.get()) == 1;
  ERR_clear_error();
  if (key == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(files.key, " contains no private key in PEM without a password"));
  }
  if (fits) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(files.key, " is not the key of the certificate ", files.certificate));
}

}  // namespace

absl::Status CheckTlsFiles(const TlsFiles& files) {
  if (files.certificate.empty() != files.key.empty()) {
    return absl::InvalidArgumentError(files.key.empty() ? "a certificate needs its private key, which is not given"
                                                        : "a private key needs its certificate, which is not given");
  }
  if (!files.key.empty()) {
    if (absl::Status status = CheckPair(files); !status.ok()) return status;
  }
  return files.ca.empty() ? absl::OkStatus() : ReadCertificate(files.ca).status();
}

std::shared_ptr<grpc::experimental::CertificateProviderInterface> WatchTlsFiles(const TlsFiles& files) {
  return std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(files.key, files.certificate, files.ca,
                                                                              kRefreshSeconds);
}

}  // namespace armstate
