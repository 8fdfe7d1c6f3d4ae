// `PrintReport` prints restore reports for users.
#ifndef ARMSTATE_CLIENT_CLI_OUTPUT_REPORT_TEXT_H_
#define ARMSTATE_CLIENT_CLI_OUTPUT_REPORT_TEXT_H_

#include <ostream>

#include "absl/strings/string_view.h"
#include "armstate/v1/restore_service.pb.h"
#include "client/cli/output/exit_status.h"
#include "client/cli/output/palette.h"
#include "google/protobuf/repeated_ptr_field.h"

namespace armstate {

// kSummary: registers that a cause explains, and that one tolerance covers, are counted instead of shown.
enum class ReportDetail { kSummary, kEveryRegister };

// "REFUSED: `what`", the causes and consequences, and the registers of the report with wanted, got, fields and reason.
void PrintReport(const v1::RestoreReport& report, absl::string_view what, const Palette& palette, std::ostream& out,
                 ReportDetail detail = ReportDetail::kEveryRegister);

// Prints what the server's rules say, a line for each and one for what to do.
void PrintAdvice(const google::protobuf::RepeatedPtrField<v1::Advice>& advice, const Palette& palette,
                 std::ostream& out);

// kOk for ACCEPTED and ACCEPTED_WITH_CHANGES, else kRefused.
ExitStatus ExitStatusOf(const v1::RestoreReport& report);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_CLI_OUTPUT_REPORT_TEXT_H_
