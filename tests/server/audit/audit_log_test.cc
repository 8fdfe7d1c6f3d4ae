#include "server/audit/audit_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/blocking_counter.h"
#include "tests/testing/temp_dir.h"

namespace armstate {
namespace {

using Durability = AuditLog::Durability;

std::string TextOf(const std::string& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

class AuditLogTest : public testing::Test {
 protected:
  // The outcome of a line that is waited for.
  absl::Status Append(AuditLog& log, const std::string& line) {
    absl::Status outcome;
    absl::BlockingCounter written(1);
    log.Append(line, [&](const absl::Status& status) {
      outcome = status;
      written.DecrementCount();
    });
    written.Wait();
    return outcome;
  }

  TempDir folder_;
  const std::string file_ = absl::StrCat(folder_.path(), "/audit.log");
};

TEST_F(AuditLogTest, LinesOfAllCallersAreThereWhenTheyAreTold) {
  const std::unique_ptr<AuditLog> log = *AuditLog::Open(file_, Durability::kSynced);
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 8; ++caller) {
    callers.emplace_back([&, caller] {
      for (int i = 0; i < 20; ++i) {
        const std::string line = absl::StrCat("caller ", caller, " line ", i);
        EXPECT_EQ(Append(*log, line), absl::OkStatus());
        EXPECT_THAT(TextOf(file_), testing::HasSubstr(line + "\n"));
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  const std::vector<std::string> lines = absl::StrSplit(TextOf(file_), '\n', absl::SkipEmpty());
  EXPECT_EQ(lines.size(), 160u);
}

TEST_F(AuditLogTest, AppendsAndIsPrivate) {
  Append(**AuditLog::Open(file_, Durability::kWritten), "one");
  Append(**AuditLog::Open(file_, Durability::kWritten), "two");
  EXPECT_EQ(TextOf(file_), "one\ntwo\n");
  struct stat status = {};
  ASSERT_EQ(stat(file_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(AuditLogTest, WritesWhatWaitsBeforeItEnds) {
  std::unique_ptr<AuditLog> log = *AuditLog::Open(file_, Durability::kWritten);
  for (int i = 0; i < 100; ++i) log->Append("line", [](const absl::Status&) {});
  log.reset();
  EXPECT_EQ(TextOf(file_).size(), 500u);
}

// As logrotate moves it, and as an administrator removes it.
TEST_F(AuditLogTest, AFileThatWasMovedIsCreatedAgain) {
  const std::unique_ptr<AuditLog> log = *AuditLog::Open(file_, Durability::kWritten);
  EXPECT_EQ(Append(*log, "one"), absl::OkStatus());
  ASSERT_EQ(rename(file_.c_str(), (file_ + ".1").c_str()), 0);
  EXPECT_EQ(Append(*log, "two"), absl::OkStatus());
  EXPECT_EQ(TextOf(file_ + ".1"), "one\n");
  EXPECT_EQ(TextOf(file_), "two\n");
  ASSERT_EQ(unlink(file_.c_str()), 0);
  EXPECT_EQ(Append(*log, "three"), absl::OkStatus());
  EXPECT_EQ(TextOf(file_), "three\n");
}

TEST_F(AuditLogTest, AFileThatCannotBeWrittenIsTold) {
  const std::string folder = absl::StrCat(folder_.path(), "/logs");
  ASSERT_EQ(mkdir(folder.c_str(), 0700), 0);
  const std::string file = folder + "/audit.log";
  const std::unique_ptr<AuditLog> log = *AuditLog::Open(file, Durability::kWritten);
  ASSERT_EQ(unlink(file.c_str()), 0);
  ASSERT_EQ(rmdir(folder.c_str()), 0);
  EXPECT_EQ(Append(*log, "one"), absl::UnavailableError(absl::StrCat("the audit log ", file,
                                                                     " cannot be opened: No such file or directory")));
  ASSERT_EQ(mkdir(folder.c_str(), 0700), 0);
  EXPECT_EQ(Append(*log, "two"), absl::OkStatus());
  EXPECT_EQ(TextOf(file), "two\n");
}

TEST_F(AuditLogTest, OnlyARegularFileIsALog) {
  const std::string pipe = absl::StrCat(folder_.path(), "/pipe"), link = absl::StrCat(folder_.path(), "/link");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  ASSERT_EQ(symlink(file_.c_str(), link.c_str()), 0);
  for (const std::string& file : {pipe, link, folder_.path(), std::string("/dev/null")}) {
    EXPECT_THAT(AuditLog::Open(file, Durability::kWritten).status().message(),
                testing::HasSubstr(absl::StrCat("the audit log ", file)));
  }
}

}  // namespace
}  // namespace armstate
