#include "server/process/private_folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/temp_dir.h"

namespace armstate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// That of a file or folder; a link's own.
mode_t Mode(const std::string& path) {
  struct stat info = {};
  EXPECT_EQ(lstat(path.c_str(), &info), 0) << path;
  return info.st_mode & 07777;
}

void MakeFile(const std::string& path, mode_t mode) {
  std::ofstream(path) << "x";
  ASSERT_EQ(chmod(path.c_str(), mode), 0);
}

void MakeFolder(const std::string& path, mode_t mode) {
  ASSERT_EQ(mkdir(path.c_str(), 0700), 0);
  ASSERT_EQ(chmod(path.c_str(), mode), 0);
}

TEST(PrivateFolderTest, WhatOthersCouldReadIsClosed) {
  const TempDir dir;
  const std::string data = dir.path() + "/data";
  MakeFolder(data, 0755);
  MakeFile(data + "/000004.log", 0644);
  MakeFile(data + "/CURRENT", 0660);
  MakeFile(data + "/LOCK", 0600);
  MakeFolder(data + "/lost+found", 0755);  // the root of a volume has one
  const Privacy privacy = MakePrivate(data, {});
  EXPECT_EQ(privacy.mended, 3);
  EXPECT_THAT(privacy.open, IsEmpty());
  EXPECT_EQ(Mode(data), 0700u);
  EXPECT_EQ(Mode(data + "/000004.log"), 0600u);
  EXPECT_EQ(Mode(data + "/CURRENT"), 0600u);
  EXPECT_EQ(MakePrivate(data, {}).mended, 0);
}

TEST(PrivateFolderTest, ABackupsFoldersAreClosedToTheirDepth) {
  const TempDir dir;
  for (const char* const folder : {"/private", "/private/1", "/meta"}) MakeFolder(dir.path() + folder, 0755);
  MakeFile(dir.path() + "/private/1/MANIFEST-000005", 0644);
  MakeFile(dir.path() + "/meta/1", 0644);
  EXPECT_EQ(MakePrivate(dir.path(), kBackupFolders).mended, 5);  // dir itself is 0700
  EXPECT_EQ(Mode(dir.path() + "/private/1"), 0700u);
  EXPECT_EQ(Mode(dir.path() + "/private/1/MANIFEST-000005"), 0600u);
  EXPECT_EQ(Mode(dir.path() + "/meta/1"), 0600u);
}

// "--data_dir=$HOME" must not lock others out of it, and links must not lead elsewhere.
TEST(PrivateFolderTest, AFolderThatHasOtherThingsIsOnlySpokenOf) {
  for (const bool is_link : {false, true}) {
    const TempDir dir;
    const std::string home = dir.path() + "/home";
    MakeFolder(home, 0755);
    MakeFile(home + "/file", 0644);
    MakeFile(dir.path() + "/elsewhere", 0644);
    if (is_link) {
      std::filesystem::create_symlink(dir.path() + "/elsewhere", home + "/other");
    } else {
      MakeFolder(home + "/other", 0755);
    }
    const Privacy privacy = MakePrivate(home, {});
    EXPECT_EQ(privacy.mended, 0);
    EXPECT_THAT(privacy.open, ElementsAre(::testing::AllOf(HasSubstr("/home (mode 0755)"), HasSubstr("/home/other"))));
    EXPECT_EQ(Mode(home), 0755u);
    EXPECT_EQ(Mode(home + "/file"), 0644u);
    EXPECT_EQ(Mode(dir.path() + "/elsewhere"), 0644u);
  }
}

TEST(PrivateFolderTest, TheFolderItselfMayBeALink) {
  const TempDir dir;
  MakeFolder(dir.path() + "/data", 0755);
  std::filesystem::create_symlink("data", dir.path() + "/link");
  EXPECT_EQ(MakePrivate(dir.path() + "/link", {}).mended, 1);
  EXPECT_EQ(Mode(dir.path() + "/data"), 0700u);
}

TEST(PrivateFolderTest, NothingIsSaidOfNoFolder) {
  const TempDir dir;
  const Privacy privacy = MakePrivate(dir.path() + "/none", {});
  EXPECT_EQ(privacy.mended, 0);
  EXPECT_THAT(privacy.open, IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(dir.path() + "/none"));
}

}  // namespace
}  // namespace armstate
