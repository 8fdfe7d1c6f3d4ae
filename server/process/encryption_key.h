// `ReadEncryptionKey` gets the key that wraps the keys of the database, from a file or from a command.
#ifndef ARMSTATE_SERVER_PROCESS_ENCRYPTION_KEY_H_
#define ARMSTATE_SERVER_PROCESS_ENCRYPTION_KEY_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/encryption/data_keys.h"

namespace armstate {

struct EncryptionKeySource {
  // Holds the key or, if there is a command, what the command gets on its standard input: a key that a key management
  // service has wrapped. May be empty if there is a command.
  std::string file;
  // Run by /bin/sh; prints the key.
  std::string command;
  absl::Duration patience = absl::Seconds(30);

  bool empty() const { return file.empty() && command.empty(); }
};

// FAILED_PRECONDITION, reason ENCRYPTION_KEY_WRONG: the file cannot be read, the command fails or takes too long, or
// what they give is no key. The message names the file or the command, and never shows what they give.
absl::StatusOr<WrappingKey> ReadEncryptionKey(const EncryptionKeySource& source);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROCESS_ENCRYPTION_KEY_H_
