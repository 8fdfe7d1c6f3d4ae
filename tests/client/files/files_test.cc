#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <utility>

#include "client/files/input_file.h"
#include "client/files/output_file.h"
#include "gtest/gtest.h"
#include "tests/testing/temp_dir.h"

namespace armstate {
namespace {

void Write(const std::string& path, const std::string& content) { std::ofstream(path, std::ios::binary) << content; }

std::string Read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

size_t CountFiles(const TempDir& dir) {
  size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(dir.path())) count += entry.exists();
  return count;
}

TEST(InputFile, RegularFile) {
  const TempDir dir;
  const std::string path = dir.path() + "/a";
  const std::string content(100000, 'x');
  Write(path, content);
  absl::StatusOr<InputFile> file = InputFile::Open(path);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_TRUE(file->bytes() == content);
  const InputFile moved = *std::move(file);
  EXPECT_TRUE(moved.bytes() == content);
}

TEST(InputFile, EmptyFile) {
  const TempDir dir;
  Write(dir.path() + "/a", "");
  const absl::StatusOr<InputFile> file = InputFile::Open(dir.path() + "/a");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->bytes(), "");
}

TEST(InputFile, Pipe) {
  const TempDir dir;
  const std::string path = dir.path() + "/pipe";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const std::string content(300000, 'y');  // more than a pipe holds
  std::thread writer([&] { Write(path, content); });
  const absl::StatusOr<InputFile> file = InputFile::Open(path);
  writer.join();
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_TRUE(file->bytes() == content);
}

TEST(InputFile, AMovedShortFileKeepsItsBytes) {
  const TempDir dir;
  const std::string path = dir.path() + "/pipe";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  std::thread writer([&] { Write(path, "ab"); });
  absl::StatusOr<InputFile> file = InputFile::Open(path);
  writer.join();
  ASSERT_TRUE(file.ok()) << file.status();
  const InputFile moved = *std::move(file);
  EXPECT_EQ(moved.bytes(), "ab");
}

TEST(InputFile, ErrorsNameTheFile) {
  const TempDir dir;
  const std::string path = dir.path() + "/none";
  const absl::Status missing = InputFile::Open(path).status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_NE(missing.message().find(path), absl::string_view::npos);
  EXPECT_FALSE(InputFile::Open(dir.path()).ok()) << "a folder is no file";
}

TEST(OutputFile, IsThereOnlyAfterCommit) {
  const TempDir dir;
  const std::string path = dir.path() + "/a";
  absl::StatusOr<OutputFile> file = OutputFile::Create(path, IfExists::kRefuse);
  ASSERT_TRUE(file.ok()) << file.status();
  file->Append("hello ");
  file->Append("");
  file->Append("world");
  EXPECT_FALSE(std::filesystem::exists(path));
  ASSERT_TRUE(file->Commit().ok());
  EXPECT_EQ(Read(path), "hello world");
  EXPECT_EQ(CountFiles(dir), 1u);
}

TEST(OutputFile, OnlyTheUserCanReadIt) {
  const TempDir dir;
  const std::string path = dir.path() + "/a";
  ASSERT_TRUE(OutputFile::Create(path, IfExists::kRefuse)->Commit().ok());
  struct stat info;
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST(OutputFile, NothingRemainsWithoutCommit) {
  const TempDir dir;
  {
    absl::StatusOr<OutputFile> file = OutputFile::Create(dir.path() + "/a", IfExists::kRefuse);
    ASSERT_TRUE(file.ok()) << file.status();
    file->Append("x");
  }
  EXPECT_EQ(CountFiles(dir), 0u);
}

TEST(OutputFile, RefusesWhatExistsBeforeAndMeanwhile) {
  const TempDir dir;
  const std::string path = dir.path() + "/a";
  absl::StatusOr<OutputFile> file = OutputFile::Create(path, IfExists::kRefuse);
  ASSERT_TRUE(file.ok()) << file.status();
  file->Append("mine");
  Write(path, "theirs");
  EXPECT_EQ(file->Commit().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(OutputFile::Create(path, IfExists::kRefuse).status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Read(path), "theirs");
}

TEST(OutputFile, ReplacesWhenAsked) {
  const TempDir dir;
  const std::string path = dir.path() + "/a";
  Write(path, "old");
  absl::StatusOr<OutputFile> file = OutputFile::Create(path, IfExists::kReplace);
  ASSERT_TRUE(file.ok()) << file.status();
  file->Append("new");
  ASSERT_TRUE(file->Commit().ok());
  EXPECT_EQ(Read(path), "new");
}

TEST(OutputFile, ASymbolicLinkStaysAndWhatItPointsToIsReplaced) {
  const TempDir dir;
  const std::string path = dir.path() + "/a";
  const std::string link = dir.path() + "/link";
  Write(path, "old");
  ASSERT_EQ(symlink("a", link.c_str()), 0);
  EXPECT_EQ(OutputFile::Create(link, IfExists::kRefuse).status().code(), absl::StatusCode::kAlreadyExists);
  absl::StatusOr<OutputFile> file = OutputFile::Create(link, IfExists::kReplace);
  ASSERT_TRUE(file.ok()) << file.status();
  file->Append("new");
  ASSERT_TRUE(file->Commit().ok());
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_EQ(Read(path), "new");
}

TEST(OutputFile, ALinkToNothingAndAFolderAreRefused) {
  const TempDir dir;
  ASSERT_EQ(symlink("none", (dir.path() + "/link").c_str()), 0);
  ASSERT_TRUE(std::filesystem::create_directory(dir.path() + "/folder"));
  for (const char* const name : {"/link", "/folder"}) {
    for (const IfExists if_exists : {IfExists::kRefuse, IfExists::kReplace}) {
      const absl::Status status = OutputFile::Create(dir.path() + name, if_exists).status();
      EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
      EXPECT_NE(status.message().find(name), absl::string_view::npos) << status;
    }
  }
  EXPECT_EQ(CountFiles(dir), 1u);  // the link does not count as one that exists
}

// /dev/null is one; that of this test can be spared.
TEST(OutputFile, APipeIsWrittenToAndStays) {
  const TempDir dir;
  const std::string path = dir.path() + "/pipe";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  Write(dir.path() + "/in", std::string("head") + std::string(300000, '\0') + "tail");
  for (const IfExists if_exists : {IfExists::kRefuse, IfExists::kReplace}) {
    std::string read;
    std::thread reader([&] { read = Read(path); });
    {
      absl::StatusOr<OutputFile> file = OutputFile::Create(path, if_exists);
      ASSERT_TRUE(file.ok()) << file.status();
      const absl::StatusOr<InputFile> in = InputFile::Open(dir.path() + "/in");
      ASSERT_TRUE(in.ok()) << in.status();
      file->Append("x");
      file->AppendFrom(*in, 0, in->bytes().size());
      EXPECT_TRUE(file->Commit().ok());
    }
    reader.join();
    EXPECT_TRUE(read == "x" + Read(dir.path() + "/in"));
    EXPECT_TRUE(std::filesystem::is_fifo(path));
  }
  EXPECT_EQ(CountFiles(dir), 2u);
}

TEST(OutputFile, WhatBecameADeviceMeanwhileIsNotReplaced) {
  const TempDir dir;
  const std::string path = dir.path() + "/a";
  absl::StatusOr<OutputFile> file = OutputFile::Create(path, IfExists::kReplace);
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(file->Commit().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(std::filesystem::is_fifo(path));
}

TEST(OutputFile, AFolderThatDoesNotExistIsNamed) {
  const TempDir dir;
  const absl::Status status = OutputFile::Create(dir.path() + "/no/a", IfExists::kRefuse).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_NE(status.message().find("/no/a"), absl::string_view::npos);
}

}  // namespace
}  // namespace armstate
