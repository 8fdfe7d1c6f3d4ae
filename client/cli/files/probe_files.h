// `AddProbeFiles` reads the files of a host's probe that the user names.
#ifndef ARMSTATE_CLIENT_CLI_FILES_PROBE_FILES_H_
#define ARMSTATE_CLIENT_CLI_FILES_PROBE_FILES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "armstate/v1/host_service.pb.h"
#include "google/protobuf/repeated_ptr_field.h"

namespace armstate {

// Reads the files into a request; "-" is standard input. What is in them, the server checks. Errors: those of
// InputFile::Open; a usage error if they are together larger than a request may be.
absl::Status AddProbeFiles(const std::vector<std::string>& paths,
                           google::protobuf::RepeatedPtrField<v1::ProbeFile>& files);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_CLI_FILES_PROBE_FILES_H_
