#include "storage/format/digest.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "absl/strings/escaping.h"
#include "tests/testing/temp_dir.h"

namespace armstate {
namespace {

// The examples of FIPS 180-4's companion (NIST, "Example Algorithms: SHA-256"), and the digest of no bytes.
TEST(DigestTest, KnownAnswers) {
  EXPECT_EQ(absl::BytesToHexString(Sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(absl::BytesToHexString(Sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(absl::BytesToHexString(Sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(CheckSha256(), absl::OkStatus());
}

// OpenSSL configured for FIPS, without a provider for it, has no algorithm at all.
TEST(DigestTest, AnOpenSslWithoutItGivesNoDigest) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // a new process, in which OpenSSL reads its configuration
  const TempDir folder;
  const std::string file = folder.path() + "/openssl.cnf";
  std::ofstream(file) << "openssl_conf = init\n[init]\nalg_section = algorithms\n"
                         "[algorithms]\ndefault_properties = fips=yes\n";
  setenv("OPENSSL_CONF", file.c_str(), 1);
  EXPECT_EXIT(std::exit(absl::IsFailedPrecondition(CheckSha256()) ? 7 : 0), testing::ExitedWithCode(7), "");
  EXPECT_DEATH(Sha256("abc"), "did not make a SHA-256");
  unsetenv("OPENSSL_CONF");
}

}  // namespace
}  // namespace armstate
