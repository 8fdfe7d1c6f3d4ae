#include "server/verdict/server_tolerances.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "proto/small_file.h"
#include "proto/tolerance_conversion.h"
#include "server/verdict/built_in_tolerances.h"

namespace armstate {
namespace {

std::vector<Tolerance> ForRestore(std::vector<Tolerance> tolerances, ToleratedRestore restore) {
  if (restore == ToleratedRestore::kConversion) return tolerances;
  tolerances.erase(
      std::remove_if(tolerances.begin(), tolerances.end(), [](const Tolerance& t) { return t.conversion_only; }),
      tolerances.end());
  return tolerances;
}

}  // namespace

absl::StatusOr<ServerTolerances> ServerTolerances::Load(const std::string& file) {
  absl::StatusOr<std::vector<Tolerance>> tolerances = BuiltInTolerances();
  if (!tolerances.ok()) return tolerances.status();
  if (!file.empty()) {
    const absl::StatusOr<std::string> text = ReadSmallFile(file);
    if (!text.ok()) return text.status();
    const absl::StatusOr<std::vector<Tolerance>> own = ParseTolerancesText(*text);
    if (!own.ok()) return Annotate(own.status(), file);
    tolerances->insert(tolerances->end(), own->begin(), own->end());
  }
  absl::StatusOr<TolerancesByScheme> ready =
      TolerancesByScheme::Create(ForRestore(*tolerances, ToleratedRestore::kAsItIs));
  if (!ready.ok()) return Annotate(ready.status(), file);
  return ServerTolerances(*std::move(tolerances), *std::move(ready), *TolerancesByScheme::Create({}));
}

absl::StatusOr<TolerancesByScheme> ServerTolerances::With(
    const google::protobuf::RepeatedPtrField<v1::Tolerance>& request, ToleranceUse use,
    ToleratedRestore restore) const {
  const bool server_too = use == ToleranceUse::kServerToo;
  if (request.empty() && (!server_too || restore == ToleratedRestore::kAsItIs)) return server_too ? ready_ : none_;
  absl::StatusOr<std::vector<Tolerance>> own = TolerancesFromProto(request);
  if (!own.ok()) return own.status();
  std::vector<Tolerance> all;
  if (server_too) all = tolerances_;
  for (Tolerance& tolerance : *own) all.push_back(std::move(tolerance));
  return TolerancesByScheme::Create(ForRestore(std::move(all), restore));
}

}  // namespace armstate
