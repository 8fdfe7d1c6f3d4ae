#include "proto/tls_files.h"

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "grpc/support/log.h"
#include "proto/small_file.h"

namespace armstate {
namespace {

constexpr unsigned kRefreshSeconds = 1;

using grpc::experimental::CertificateProviderInterface;
using grpc::experimental::FileWatcherCertificateProvider;
using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

absl::StatusOr<std::string> Read(const std::string& file) {
  absl::StatusOr<std::string> text = ReadSmallFile(file);
  return text.ok() ? text : absl::InvalidArgumentError(text.status().message());
}

Bio BioOf(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free);
}

// An encrypted key has no use here: nobody could enter the password when the file changes.
int RefusePassword(char* /*buffer*/, int /*size*/, int /*for_writing*/, void* /*data*/) { return -1; }

std::string TextOf(BIO& bio) {
  char* text = nullptr;
  const long size = BIO_get_mem_data(&bio, &text);
  return std::string(text, static_cast<size_t>(size));
}

std::string TimeText(const ASN1_TIME& time) {
  const Bio bio(BIO_new(BIO_s_mem()), &BIO_free);
  return bio == nullptr || ASN1_TIME_print(bio.get(), &time) != 1 ? "" : TextOf(*bio);
}

absl::StatusOr<Certificate> ParseCertificate(const std::string& file, const std::string& text) {
  Certificate certificate(PEM_read_bio_X509(BioOf(text).get(), nullptr, &RefusePassword, nullptr), &X509_free);
  ERR_clear_error();
  if (certificate == nullptr) return absl::InvalidArgumentError(absl::StrCat(file, " contains no certificate in PEM"));
  const ASN1_TIME* const end = X509_get0_notAfter(certificate.get());
  if (X509_cmp_current_time(end) < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(file, ": the certificate expired on ", TimeText(*end), ": replace it by a new one"));
  }
  return certificate;
}

// gRPC reads these.
struct Contents {
  std::string pair;  // the key, and then the certificates
  std::string ca;

  bool operator==(const Contents& other) const { return pair == other.pair && ca == other.ca; }
};

absl::StatusOr<std::string> LoadPair(const TlsFiles& files) {
  const absl::StatusOr<std::string> certificates = Read(files.certificate);
  if (!certificates.ok()) return certificates.status();
  const absl::StatusOr<Certificate> certificate = ParseCertificate(files.certificate, *certificates);
  if (!certificate.ok()) return certificate.status();
  const absl::StatusOr<std::string> text = Read(files.key);
  if (!text.ok()) return text.status();
  const Key key(PEM_read_bio_PrivateKey(BioOf(*text).get(), nullptr, &RefusePassword, nullptr), &EVP_PKEY_free);
  const bool fits = key != nullptr && X509_check_private_key(certificate->get(), key.get()) == 1;
  // The key's file may have more than the key: gRPC gets only that.
  const Bio key_alone(BIO_new(BIO_s_mem()), &BIO_free);
  const bool written = fits && key_alone != nullptr &&
                       PEM_write_bio_PrivateKey(key_alone.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1;
  ERR_clear_error();
  if (key == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(files.key, " contains no private key in PEM without a password"));
  }
  if (written) return absl::StrCat(TextOf(*key_alone), *certificates);
  return absl::InvalidArgumentError(absl::StrCat(files.key, " is not the key of the certificate ", files.certificate));
}

absl::StatusOr<Contents> Load(const TlsFiles& files) {
  if (files.certificate.empty() != files.key.empty()) {
    return absl::InvalidArgumentError(files.key.empty() ? "a certificate needs its private key, which is not given"
                                                        : "a private key needs its certificate, which is not given");
  }
  Contents contents;
  if (!files.key.empty()) {
    absl::StatusOr<std::string> pair = LoadPair(files);
    if (!pair.ok()) return pair.status();
    contents.pair = *std::move(pair);
  }
  if (!files.ca.empty()) {
    absl::StatusOr<std::string> ca = Read(files.ca);
    if (!ca.ok()) return ca.status();
    if (absl::Status status = ParseCertificate(files.ca, *ca).status(); !status.ok()) return status;
    contents.ca = *std::move(ca);
  }
  return contents;
}

// A file in memory at a path that is this process' own. Its content is replaced as a whole.
class MemoryFile {
 public:
  // The content's time of modification, in seconds, is `generation`.
  absl::Status Replace(absl::string_view content, time_t generation) {
    const int next = memfd_create("armstate-tls", MFD_CLOEXEC);
    if (next < 0) return Problem();
    absl::Cleanup close_next = [next] { close(next); };
    const timespec times[] = {{generation, 0}, {generation, 0}};
    if (write(next, content.data(), content.size()) != static_cast<ssize_t>(content.size()) ||
        futimens(next, times) != 0) {
      return Problem();
    }
    if (descriptor_ < 0) {
      std::move(close_next).Cancel();
      descriptor_ = next;
    } else if (dup3(next, descriptor_, O_CLOEXEC) < 0) {
      return Problem();
    }
    return absl::OkStatus();
  }
  // "" if there is nothing.
  std::string path() const { return descriptor_ < 0 ? "" : absl::StrCat("/proc/self/fd/", descriptor_); }

 private:
  static absl::Status Problem() {
    return absl::InternalError(absl::StrCat("the TLS files cannot be kept in memory: ", strerror(errno)));
  }

  int descriptor_ = -1;
};

// gRPC's FileWatcherCertificateProvider ends the process if it gets a folder, waits for a pipe, and takes a broken
// pair. So it watches checked copies, which change only as a whole: key and certificates are one file, whose time of
// modification tells gRPC that it has changed between two reads.
class WatchedFiles {
 public:
  explicit WatchedFiles(TlsFiles files) : files_(std::move(files)) {}

  const TlsFiles& files() const { return files_; }

  // Reads the copies. Precondition: Renew was OK once.
  std::shared_ptr<CertificateProviderInterface> MakeProvider() const {
    return std::make_shared<FileWatcherCertificateProvider>(pair_.path(), pair_.path(), ca_.path(), kRefreshSeconds);
  }

  absl::Status Renew() {
    absl::StatusOr<Contents> contents = Load(files_);
    if (!contents.ok()) return contents.status();
    if (*contents == contents_) return absl::OkStatus();
    ++generation_;
    if (!contents->pair.empty()) {
      if (absl::Status status = pair_.Replace(contents->pair, generation_); !status.ok()) return status;
    }
    if (!contents->ca.empty()) {
      if (absl::Status status = ca_.Replace(contents->ca, generation_); !status.ok()) return status;
    }
    contents_ = *std::move(contents);
    return absl::OkStatus();
  }

  // Logs each problem again from time to time, since the log may leave out lines when there are many.
  void RenewAndLog() {
    const absl::Status status = Renew();
    const absl::Time now = absl::Now();
    if (!status.ok() && (status.message() != problem_ || now >= next_log_)) {
      next_log_ = now + absl::Minutes(1);
      gpr_log(GPR_ERROR, "%s; the TLS files before it stay in use", std::string(status.message()).c_str());
    }
    problem_ = std::string(status.message());
  }

 private:
  TlsFiles files_;
  Contents contents_;
  time_t generation_ = 0;
  MemoryFile pair_;
  MemoryFile ca_;
  std::string problem_;  // at the last time
  absl::Time next_log_;
};

// All that were ever watched, each once: gRPC does not tell when it no longer reads a file, and a descriptor that was
// closed before might become another file's.
class AllWatchedFiles {
 public:
  static AllWatchedFiles& Get() {
    static auto* const all = new AllWatchedFiles();
    return *all;
  }

  absl::StatusOr<std::shared_ptr<CertificateProviderInterface>> Add(const TlsFiles& files) {
    const absl::MutexLock lock(&mutex_);
    for (WatchedFiles& known : all_) {
      const TlsFiles& same = known.files();
      if (same.certificate != files.certificate || same.key != files.key || same.ca != files.ca) continue;
      if (absl::Status status = known.Renew(); !status.ok()) return status;
      return known.MakeProvider();
    }
    WatchedFiles added(files);
    if (absl::Status status = added.Renew(); !status.ok()) return status;
    if (all_.empty()) std::thread([this] { Follow(); }).detach();
    all_.push_back(std::move(added));
    return all_.back().MakeProvider();
  }

 private:
  void Follow() {
    while (true) {
      absl::SleepFor(absl::Seconds(kRefreshSeconds));
      const absl::MutexLock lock(&mutex_);
      for (WatchedFiles& files : all_) files.RenewAndLog();
    }
  }

  absl::Mutex mutex_;
  std::vector<WatchedFiles> all_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

absl::StatusOr<std::shared_ptr<CertificateProviderInterface>> WatchTlsFiles(const TlsFiles& files) {
  return AllWatchedFiles::Get().Add(files);
}

}  // namespace armstate
