// ServerTolerances holds the tolerances that apply to every verdict: the built-in ones and the operator's.
#ifndef ARMSTATE_SERVER_VERDICT_SERVER_TOLERANCES_H_
#define ARMSTATE_SERVER_VERDICT_SERVER_TOLERANCES_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "armstate/v1/tolerance.pb.h"
#include "core/tolerance.h"
#include "google/protobuf/repeated_field.h"
#include "server/verdict/judgement.h"

namespace armstate {

enum class ToleranceUse { kServerToo, kRequestOnly };
// A conversion has its own rules (Tolerance::conversion_only).
enum class ToleratedRestore { kAsItIs, kConversion };

// Immutable, thread-safe.
class ServerTolerances {
 public:
  // `file` holds the operator's tolerances in protobuf text format; empty means no file. INVALID_ARGUMENT, reason
  // TOLERANCE_MALFORMED, with metadata "line" where the file is at fault; NOT_FOUND if it cannot be read.
  static absl::StatusOr<ServerTolerances> Load(const std::string& file);

  // Returns the server's tolerances followed by those of a request. INVALID_ARGUMENT, reason TOLERANCE_MALFORMED.
  absl::StatusOr<TolerancesByScheme> With(const google::protobuf::RepeatedPtrField<v1::Tolerance>& request,
                                          ToleranceUse use, ToleratedRestore restore = ToleratedRestore::kAsItIs) const;

 private:
  ServerTolerances(std::vector<Tolerance> tolerances, TolerancesByScheme ready, TolerancesByScheme none)
      : tolerances_(std::move(tolerances)), ready_(std::move(ready)), none_(std::move(none)) {}

  std::vector<Tolerance> tolerances_;
  // Precomputed for requests without tolerances of their own, which are the majority.
  TolerancesByScheme ready_;
  TolerancesByScheme none_;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_VERDICT_SERVER_TOLERANCES_H_
