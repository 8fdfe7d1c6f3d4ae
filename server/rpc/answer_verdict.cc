#include "server/rpc/answer_verdict.h"

#include "absl/strings/strip.h"

namespace armstate {

namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

// Null: there is none.
const FieldDescriptor* VerdictField(const Descriptor& type) {
  const FieldDescriptor* const field = type.FindFieldByName("verdict");
  return field != nullptr && field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM ? field : nullptr;
}

const FieldDescriptor* ReportField(const Descriptor& type) {
  const FieldDescriptor* const field = type.FindFieldByName("report");
  return field != nullptr && field->message_type() != nullptr && !field->is_repeated() ? field : nullptr;
}

}  // namespace

std::string VerdictOfAnswer(const google::protobuf::Message& answer) {
  const google::protobuf::Reflection& reflection = *answer.GetReflection();
  if (const FieldDescriptor* const verdict = VerdictField(*answer.GetDescriptor())) {
    return std::string(absl::StripPrefix(reflection.GetEnum(answer, verdict)->name(), "VERDICT_"));
  }
  const FieldDescriptor* const report = ReportField(*answer.GetDescriptor());
  return report == nullptr ? "" : VerdictOfAnswer(reflection.GetMessage(answer, report));
}

bool GivesVerdict(const Descriptor& answer) {
  if (VerdictField(answer) != nullptr) return true;
  const FieldDescriptor* const report = ReportField(answer);
  return report != nullptr && GivesVerdict(*report->message_type());
}

}  // namespace armstate
