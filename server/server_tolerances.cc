#include "server/server_tolerances.h"

#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "core/tolerance_set.h"
#include "proto/tolerance_conversion.h"

namespace armstate {

absl::StatusOr<ServerTolerances> ServerTolerances::Load(const std::string& file) {
  std::vector<Tolerance> tolerances;
  if (file.empty()) return ServerTolerances(std::move(tolerances));
  std::ifstream stream(file);
  std::ostringstream text;
  text << stream.rdbuf();
  if (!stream) return absl::NotFoundError(absl::StrCat("cannot read the tolerances in ", file));
  const absl::StatusOr<std::vector<Tolerance>> own = ParseTolerancesText(text.str());
  if (!own.ok()) return Annotate(own.status(), file);
  tolerances.insert(tolerances.end(), own->begin(), own->end());
  if (absl::Status status = CheckTolerances(tolerances); !status.ok()) return Annotate(status, file);
  return ServerTolerances(std::move(tolerances));
}

absl::StatusOr<JudgedTolerances> ServerTolerances::With(
    const google::protobuf::RepeatedPtrField<v1::Tolerance>& request, ToleranceUse use) const {
  absl::StatusOr<std::vector<Tolerance>> own = TolerancesFromProto(request);
  if (!own.ok()) return own.status();
  std::vector<Tolerance> all;
  if (use == ToleranceUse::kServerToo) all = tolerances_;
  for (Tolerance& tolerance : *own) all.push_back(std::move(tolerance));
  return JudgedTolerances::Create(std::move(all));
}

}  // namespace armstate
