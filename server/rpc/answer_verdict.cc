#include "server/rpc/answer_verdict.h"

#include "absl/strings/strip.h"
#include "google/protobuf/descriptor.h"

namespace armstate {

std::string VerdictOfAnswer(const google::protobuf::Message& answer) {
  using google::protobuf::FieldDescriptor;
  const google::protobuf::Reflection& reflection = *answer.GetReflection();
  const FieldDescriptor* const verdict = answer.GetDescriptor()->FindFieldByName("verdict");
  if (verdict != nullptr && verdict->cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
    return std::string(absl::StripPrefix(reflection.GetEnum(answer, verdict)->name(), "VERDICT_"));
  }
  const FieldDescriptor* const report = answer.GetDescriptor()->FindFieldByName("report");
  if (report == nullptr || report->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || report->is_repeated()) return "";
  return VerdictOfAnswer(reflection.GetMessage(answer, report));
}

}  // namespace armstate
